"""What the demo plays on: emulated platforms, documents, and the shipped program beside them."""

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot.errors import BotError

READY_WITHIN = 60.0
"""Seconds that the bot may take until it is connected; a slow disk is the usual reason."""

LOG_LINES = 30


class DemoFailed(BotError):
    """The demo could not be played."""


@dataclass(frozen=True, slots=True)
class Platforms:
    """The emulated workspace and guild, with drivers that act as people."""

    slack: Any
    discord: Any


def find_on_stage(name: str) -> Path:
    """A folder that ships with the demo: `emulators` or `docs`.

    In a checkout they lie where they belong, in an installed package beside this module.
    """
    package = Path(str(files("bot.demo")))
    checkout = package.parent.parent
    places = {
        "emulators": checkout / "tests" / "emulators",
        "docs": checkout / "docs",
    }
    for place in (places[name], package / "stage" / name):
        if place.is_dir():
            return place
    raise DemoFailed(f"The demo's {name} are missing: install Footnote anew.")


@asynccontextmanager
async def open_platforms() -> AsyncIterator[Platforms]:
    """A Slack workspace and a Discord guild on loopback."""
    folder = str(find_on_stage("emulators").parent)
    sys.path.insert(0, folder)
    try:
        slack = importlib.import_module("emulators.slack")
        discord = importlib.import_module("emulators.discord")
    finally:
        sys.path.remove(folder)
    async with slack.SlackEmulator() as workspace, discord.DiscordEmulator() as guild:
        yield Platforms(workspace, guild)


@asynccontextmanager
async def run_bot(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """`footnote serve` as a process of its own, entered once it has said that it is ready.

    Raises DemoFailed with the end of its log where it does not become ready, or where something
    that was waited for within did not come about.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        "--json",
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    log: list[str] = []
    reading = asyncio.create_task(_keep_log(process, log))
    try:
        await _wait_until_ready(process, log)
        yield
    except TimeoutError as error:
        raise DemoFailed(_with_log(f"Waited in vain: {error}.", log)) from error
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()
        with contextlib.suppress(asyncio.CancelledError):
            reading.cancel()
            await reading


async def _wait_until_ready(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stdout is not None  # noqa: S101  # asked for above
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)
        json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise DemoFailed(_with_log("The bot did not become ready.", log)) from error


def _with_log(words: str, log: Sequence[str]) -> str:
    return "\n".join([words, "The end of the bot's log:", *log[-LOG_LINES:]])


async def _keep_log(process: asyncio.subprocess.Process, log: list[str]) -> None:
    assert process.stderr is not None  # noqa: S101  # asked for above
    while line := await process.stderr.readline():
        log.append(line.decode(errors="replace").rstrip())


def bot_environment(platforms: Platforms, data_dir: Path) -> dict[str, str]:
    """The environment of the bot: this process's, pointed at the emulators."""
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251  # handed on, not read
        if not name.startswith(("FOOTNOTE_", "SLACK_", "DISCORD_", "DATABASE_URL"))
        or name in ("FOOTNOTE_CHAT_MODEL", "FOOTNOTE_LOG_LEVEL")
    }
    slack, discord = platforms.slack, platforms.discord
    return inherited | {
        "FOOTNOTE_DATA_DIR": str(data_dir),
        "FOOTNOTE_ADMINS": "slack:U0ALMA00001",
        "FOOTNOTE_PORT": "0",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "FOOTNOTE_SLACK_API_URL": slack.api_url,
        "DISCORD_TOKEN": discord.bot_token,
        "FOOTNOTE_DISCORD_API_URL": discord.api_url,
        "FOOTNOTE_DISCORD_GATEWAY_URL": discord.gateway_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
