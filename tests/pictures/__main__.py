"""`make pictures`: plays scenes with the shipped program, and takes pictures of what was posted."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.program import Shell, point_at_discord, point_at_slack, serving
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.pictures import discord_page, slack_page
from tests.pictures.page import Picture, PictureFailed, take_pictures

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "docs/pictures"
PATIENCE = 240.0
"""Seconds; nobody waits for the pictures."""
ADD = "How do I add a folder as a knowledge source?"
CANTEEN = "What does the canteen serve on Friday?"
VERSION = "Which PostgreSQL version do I need for my own database?"


async def play_slack(slack: SlackEmulator) -> list[Picture]:
    """An answer, a private one, sources removed and added, and the Home tab."""
    driver = slack.driver
    asked = await driver.mention("bruno", "help", ADD)
    answer = await _wait_in_thread(slack, asked, "sources add handbook")
    question = slack_page.draw_message("Bruno", "10:02", [], text=f"@Footnote {ADD}")
    said = slack_page.draw_message("Footnote", "10:02", answer.blocks)
    pictures = [_on_slack("slack-answer", "An answer in Slack", question + said)]

    channel = slack.workspace.channel("help")
    whisper = await _command(slack, "bruno", "/ask", VERSION, "15 or later")
    said = slack_page.draw_message("Footnote", "10:05", whisper.blocks, only=True)
    pictures.append(_on_slack("slack-private", "A private answer in Slack", said))

    await _command(slack, "alma", "/sources", "remove docs", "Remove")
    asked_back = slack_page.draw_message(
        "Footnote", "10:08", channel.ephemerals[-1].blocks, only=True
    )
    pictures.append(_on_slack("slack-remove", "A question back to an admin", asked_back))

    await driver.command("alma", "help", "/sources", "add website")
    view = await driver.wait_for_view("alma", timeout=PATIENCE)
    modal = slack_page.draw_view(view)
    pictures.append(_on_slack("slack-modal", "A source is added in Slack", modal))

    await driver.open_home("alma")
    home = await driver.wait_for(lambda: slack.workspace.homes.get("U0ALMA00001"), PATIENCE)
    page = slack_page.draw_view(home.definition)
    pictures.append(_on_slack("slack-home", "The Home tab of an admin in Slack", page))
    return pictures


async def play_discord(discord: DiscordEmulator) -> list[Picture]:
    """An answer, one that the documents do not hold, and a sync."""
    driver = discord.driver
    pictures = []
    for name, title, text, words in (
        ("discord-answer", "An answer in Discord", VERSION, "15 or later"),
        ("discord-unknown", "What the documents do not hold", CANTEEN, "I don't know"),
    ):
        asked = await driver.mention("ben", "#help", text)

        async def find(asked: Any = asked, words: str = words) -> Any:
            found = [m for m in await driver.replies(asked) if words in str(m["components"])]
            return found[0] if found and not _is_draft(found[0]["components"]) else None

        answer = await driver.wait_until(find, PATIENCE)
        question = discord_page.draw_message("Ben", "Today at 10:02", [], text=f"@Footnote {text}")
        said = discord_page.draw_message(
            "Footnote", "Today at 10:02", answer["components"], replies_to=f"@Ben {text}"
        )
        pictures.append(_on_discord(name, title, question + said))
    await driver.slash("ada", "#general", "sync now", {"source": "docs"})
    done = await driver.wait_for_message("#general", contains="is done", timeout=PATIENCE)
    said = discord_page.draw_message("Footnote", "Today at 10:09", done["components"])
    pictures.append(_on_discord("discord-sync", "A sync in Discord", said))
    return pictures


async def _wait_in_thread(slack: SlackEmulator, asked: Any, words: str) -> Any:
    def find() -> Any:
        thread = slack.workspace.thread(slack.workspace.channel(asked["channel"]), asked["ts"])
        found = [m for m in thread if m.user == slack.bot_user_id and words in str(m.blocks)]
        return next((m for m in found if not _is_draft(m.blocks)), None)

    return await slack.driver.wait_for(find, PATIENCE)


async def _command(slack: SlackEmulator, person: str, name: str, text: str, words: str) -> Any:
    """What a command whispers in the end."""
    whispers = slack.workspace.channel("help").ephemerals
    await slack.driver.command(person, "help", name, text)

    def find() -> Any:
        return next((m for m in reversed(whispers) if words in str(m.blocks)), None)

    return await slack.driver.wait_for(find, PATIENCE)


def _is_draft(parts: object) -> bool:
    """Whether an answer is still being made."""
    return "answer stop" in str(parts)


def _on_slack(name: str, title: str, body: str) -> Picture:
    return Picture(name, title, slack_page.STYLE, body)


def _on_discord(name: str, title: str, body: str) -> Picture:
    return Picture(name, title, discord_page.STYLE, body)


async def draw() -> list[Path]:
    """Play everything, and take the pictures."""
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        with tempfile.TemporaryDirectory() as scratch:
            reached = point_at_slack(slack) | point_at_discord(discord)
            shell = Shell(Path(scratch), FOOTNOTE_DATA_DIR=scratch, **reached)
            for words in (("sources", "add", "docs", str(REPOSITORY / "docs")), ("sync", "docs")):
                outcome = await shell.run(*words)
                if outcome.code:
                    raise PictureFailed(outcome.errors)
            async with serving(shell):
                pictures = [*await play_slack(slack), *await play_discord(discord)]
    return await take_pictures(pictures, FOLDER)


def main() -> int:
    try:
        for path in asyncio.run(draw()):
            print(f"{path.relative_to(REPOSITORY)}  {path.stat().st_size:,} bytes")
    except PictureFailed as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
