"""The demo's scenes: sync, connect, ask in both places, and print what people see."""

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.demo.stage import (
    DemoFailed,
    bot_environment,
    find_on_stage,
    open_platforms,
    run_bot,
)
from bot.demo.transcript import Line, read_discord, read_slack, render_lines

PATIENCE = 60.0
"""Seconds that anything may take."""

SYNC_ENDED = "is done"
SLACK_REPLY = "footnote_reply"
"""The kind of a finished answer, in its message's metadata."""

OWN_QUESTIONS = (
    "How do I add a folder as a knowledge source?",
    "And how do I remove it again?",
    "What does the canteen serve on Friday?",
    "Hello!",
)
"""A question, a follow-up to it, one that the documentation does not answer, and a greeting."""

DISCORD_QUESTIONS = (
    "Which PostgreSQL version do I need for my own database?",
    "And which pgvector?",
    "What is the password of the guest network?",
    "Thanks a lot!",
)

Say = Callable[[str], Any]


def _be_quiet(_: str) -> None:
    pass


async def run_demo(
    source: Path | None, questions: Sequence[str], *, say: Say | None
) -> dict[str, Any]:
    """Play the demo; returns the transcript, and whether every scene came to its end.

    `source` is a folder of the user's own, None for Footnote's documentation. `say` prints.
    """
    say = say or _be_quiet
    logging.getLogger("slack_sdk").setLevel(logging.ERROR)
    began = time.monotonic()
    name = "docs" if source is None else "yours"
    folder = find_on_stage("docs") if source is None else source
    async with AsyncExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-demo-")))
        platforms = await stack.enter_async_context(open_platforms())
        environment = bot_environment(platforms, data_dir)
        say(f"Syncing {folder.name}/ …")
        run = await _sync(environment, name, folder)
        say(_describe_run(run))
        say("Connecting the bot to a Slack workspace and a Discord server on this machine …")
        await stack.enter_async_context(run_bot(environment))
        ready = time.monotonic() - began
        say(f"Ready after {ready:.1f} s. People ask:\n")
        scenes = _choose_scenes(source, questions)
        slack = await _play_slack(platforms.slack, scenes[0], name)
        say(_title("Slack"))
        _say_channels(say, slack)
        discord = await _play_discord(platforms.discord, scenes[1], name)
        say(_title("Discord"))
        _say_channels(say, discord)
    took = time.monotonic() - began
    say(f"That took {took:.1f} s in all; nothing left this machine, and nothing stays behind.")
    return {
        "complete": True,
        "sync": run,
        "slack": _as_values(slack),
        "discord": _as_values(discord),
        "seconds": {"until_ready": round(ready, 1), "in_all": round(took, 1)},
    }


def _choose_scenes(
    source: Path | None, questions: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    if questions:
        return (*questions, "Hello!"), (*questions, "Thanks a lot!")
    if source is not None:
        asked = ("What is this about?", "Hello!")
        return asked, asked
    return OWN_QUESTIONS, DISCORD_QUESTIONS


async def _sync(environment: dict[str, str], name: str, folder: Path) -> dict[str, Any]:
    exclude = ("--exclude", "adr/*", "--exclude", "adr/**") if name == "docs" else ()
    await _footnote(environment, "sources", "add", name, str(folder), *exclude)
    return await _footnote(environment, "sync", name, accept=(0, 1))


async def _footnote(
    environment: dict[str, str], *arguments: str, accept: Sequence[int] = (0,)
) -> dict[str, Any]:
    """Run a command of the shipped program; returns the JSON that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        "--json",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, log = await process.communicate()
    try:
        value: dict[str, Any] = json.loads(output)
    except ValueError as error:
        raise DemoFailed(f"footnote {arguments[0]} failed: {log.decode()[-800:]}") from error
    if process.returncode not in accept or ("error" in value and "counts" not in value):
        raise DemoFailed(str(value.get("error", {}).get("message", value)))
    return value


def _describe_run(run: dict[str, Any]) -> str:
    counts = run["counts"]
    lines = [
        f"{counts['added']} documents, {counts['chunks']} passages"
        + (f", {counts['failed']} documents failed" if counts["failed"] else "")
        + "."
    ]
    lines.extend(f"  {failure['document']}: {failure['reason']}" for failure in run["failures"])
    if run["state"] != "succeeded":
        raise DemoFailed(f"The sync did not succeed: {run['error']}")
    return "\n".join(lines)


# Slack


async def _play_slack(slack: Any, questions: Sequence[str], source: str) -> dict[str, list[Line]]:
    driver = slack.driver
    await driver.wait_for_sockets(1, timeout=PATIENCE)
    first, *others = questions
    asked = await driver.mention("bruno", "help", first)
    await _wait_for_answers(slack, "help", asked["ts"], 1)
    if len(others) > 1:
        follow_up, *others = others
        await driver.post("bruno", "help", follow_up, thread_ts=asked["ts"])
        await _wait_for_answers(slack, "help", asked["ts"], 2)
    for question in others:
        message = await driver.mention("chen", "general", question)
        await _wait_for_answers(slack, "general", message["ts"], 1)
    await driver.command("bruno", "general", "/sync", source)
    await driver.wait_for_ephemeral("general", "bruno", count=2, timeout=PATIENCE)
    await driver.command("alma", "general", "/sync", source)
    await driver.wait_for_reply("general", None, containing=SYNC_ENDED, timeout=PATIENCE)
    names = {person.id: person.real_name for person in slack.workspace.users.values()}
    return {
        "#help": read_slack(await driver.transcript("help"), names),
        "#general": _show_commands(
            read_slack(await driver.transcript("general"), names), f"/sync {source}"
        ),
    }


async def _wait_for_answers(slack: Any, channel: str, thread: str, count: int) -> None:
    """Until so many answers in a thread are finished, and none is still being made."""

    def are_there() -> bool:
        messages = slack.workspace.thread(slack.workspace.channel(channel), thread)
        kinds = [(m.metadata or {}).get("event_type") for m in messages if m.bot_id]
        return len(kinds) == count and set(kinds) == {SLACK_REPLY}

    await slack.driver.wait_for(are_there, PATIENCE)


def _show_commands(lines: Sequence[Line], command: str) -> list[Line]:
    """Slack shows nobody what was typed after a slash; here it stands before its first reply."""
    shown: list[Line] = []
    seen: set[str] = set()
    for line in lines:
        if line.only_for is not None and line.only_for not in seen:
            seen.add(line.only_for)
            shown.append(Line(line.only_for, command))
        shown.append(line)
    return shown


# Discord


async def _play_discord(
    discord: Any, questions: Sequence[str], source: str
) -> dict[str, list[Line]]:
    driver = discord.driver
    first, *others = questions
    asked = await driver.mention("ben", "general", first)
    reply = await driver.wait_for_reply(asked, _is_finished, timeout=PATIENCE)
    if len(others) > 1:
        follow_up, *others = others
        asked = await driver.post("ben", "general", follow_up, reply_to=reply)
        await driver.wait_for_reply(asked, _is_finished, timeout=PATIENCE)
    for question in others:
        message = await driver.mention("chloe", "general", question)
        await driver.wait_for_reply(message, _is_finished, timeout=PATIENCE)
    await driver.slash("ada", "general", "sync now", {"source": source})
    await driver.wait_for_message("general", contains=SYNC_ENDED, timeout=PATIENCE)
    names = {str(user.id): user.display_name or user.name for user in discord.world.users.values()}
    return {"#general": read_discord(await driver.transcript("general"), names)}


def _is_finished(message: dict[str, Any]) -> bool:
    """Whether a message is an answer that is not being made any more: none that can be stopped."""
    return "answer stop" not in json.dumps(message["components"])


# Saying


def _title(platform: str) -> str:
    return f"{platform}\n{'═' * len(platform)}"


def _say_channels(say: Say, channels: dict[str, list[Line]]) -> None:
    for name, lines in channels.items():
        say(f"{name}\n")
        say(render_lines(lines))


def _as_values(channels: dict[str, list[Line]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(line) for line in lines] for name, lines in channels.items()}
