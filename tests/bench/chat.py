"""What people wait for on the platforms, with a chat model that streams at once.

The shipped program answers over both emulators; the same questions are asked of the assistant
without a platform in the same run, each beside its twin.
"""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.rendering.phrases import making
from bot.serving.running import settle_memory
from tests.acceptance.people import OnDiscord, OnSlack
from tests.acceptance.program import (
    UNBOUNDED,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
)
from tests.bench.agent import answering_model
from tests.bench.children import Child, open_child
from tests.bench.corpora import pick_queries
from tests.bench.report import Row, Section, spread
from tests.bench.stores import Bench, open_filled
from tests.emulators.discord import DiscordEmulator
from tests.emulators.journal import Entry
from tests.emulators.slack import SlackEmulator

SIZE = 10_000
QUESTIONS = 60
"""On each platform."""
WARM_UP = 5
GOALS = {"first sign": 300.0, "first words": 600.0, "added by the platform": 100.0}
"""Milliseconds at the 95th percentile."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When something of one answer was seen, in milliseconds after its question was there."""

    sign: float
    words: float
    whole: float


async def measure_chat(bench: Bench) -> Section:
    """Rows for each platform: the first sign, the first words, the whole, and what is added."""
    picked = pick_queries(bench.sets, 2 * (QUESTIONS + WARM_UP))
    questions = [" ".join(question.split()) for question in picked]
    async with (
        open_filled(bench, SIZE) as store,
        answering_model() as model,
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
    ):
        # The emulators count their events from one, and those of the last run are known.
        async with store.pool.connection() as connection:
            await connection.execute("TRUNCATE inbox, outbox CASCADE")
        settings = {
            "DATABASE_URL": store.pool.conninfo,
            "FOOTNOTE_CHAT_MODEL": "openai:at-once",
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": model,
        }
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name:
            folder = Path(name)
            reached = point_at_slack(slack) | point_at_discord(discord) | UNBOUNDED
            alone = Shell(folder, **settings)
            async with (
                serving(Shell(folder, **settings, **reached)),
                open_child(
                    "tests.bench.asking", folder=alone.folder, environment=alone.environment
                ) as beside,
            ):
                # A pause of the emulators would count as one of the program.
                settle_memory()
                rows = [
                    *await _measure("Slack", questions[::2], beside, OnSlackStage(slack).ask),
                    *await _measure(
                        "Discord", questions[1::2], beside, OnDiscordStage(discord).ask
                    ),
                ]
    goals = ", ".join(f"{name} {limit:.0f} ms" for name, limit in GOALS.items())
    return Section(
        "chat",
        f"What people wait for at {SIZE:,} chunks",
        rows,
        [
            f"{len(questions) // 2 - WARM_UP} questions on each platform, one after the other",
            f"goals at p95: {goals}",
            "added by the platform: the whole answer less the same question asked without one",
        ],
    )


async def _measure(
    platform: str,
    questions: Sequence[str],
    beside: Child,
    ask: Callable[[str], Awaitable[Seen]],
) -> list[Row]:
    seen: list[Seen] = []
    without: list[float] = []
    for number, question in enumerate(questions):
        found = await ask(question)
        alone = float(await beside.ask(question))
        if number >= WARM_UP:
            seen.append(found)
            without.append(alone)
    added = [one.whole - alone for one, alone in zip(seen, without, strict=True)]
    figures = {
        "first sign": [one.sign for one in seen],
        "first words": [one.words for one in seen],
        "the whole answer": [one.whole for one in seen],
        "without a platform": without,
        "added by the platform": added,
    }
    return [{"platform": platform, "": name, **spread(values)} for name, values in figures.items()]


class OnSlackStage:
    """Asks in Slack, by mention."""

    def __init__(self, slack: SlackEmulator) -> None:
        self._slack = slack
        self._people = OnSlack(slack)

    async def ask(self, question: str) -> Seen:
        """Ask, and read from the journal when what was seen."""
        start = len(self._slack.journal.entries)
        asked = await self._people.mention(question)
        await self._people.wait_for_answers(asked)
        entries = self._slack.journal.entries[start:]
        began = next(entry.at for entry in entries if entry.data.get("ts") == asked["ts"])
        bot = self._slack.bot_user_id
        shown = [
            entry
            for entry in entries
            if entry.kind == "stream.appended"
            or (entry.kind in ("message.posted", "message.updated") and entry.data["user"] == bot)
        ]
        signs = [entry for entry in entries if entry.kind == "assistant.status"]
        return read_times(began, [*signs, *shown], [one for one in shown if one.data["text"]])


class OnDiscordStage:
    """Asks in Discord, by mention."""

    def __init__(self, discord: DiscordEmulator) -> None:
        self._discord = discord
        self._people = OnDiscord(discord)

    async def ask(self, question: str) -> Seen:
        """Ask, and read from the journal when what was seen."""
        journal = self._discord.world.journal
        start = len(journal.entries)
        asked = await self._people.mention(question)
        await self._people.wait_for_answers(asked)
        entries = journal.entries[start:]
        began = next(entry.at for entry in entries if entry.data.get("id") == asked["id"])
        shown = [
            entry
            for entry in entries
            if entry.kind in ("discord.message", "discord.message_edit")
            and entry.data["id"] != asked["id"]
        ]
        signs = [entry for entry in entries if entry.kind == "discord.typing"]
        spoken = [one for one in shown[:-1] if making.STILL_WRITING.en in one.data["content"]]
        return read_times(began, [*signs, *shown], [*spoken, shown[-1]])


def read_times(began: float, signs: Sequence[Entry], words: Sequence[Entry]) -> Seen:
    """The times of the first sign, of the first words and of the last."""
    return Seen(
        sign=(min(entry.at for entry in signs) - began) * 1_000,
        words=(min(entry.at for entry in words) - began) * 1_000,
        whole=(max(entry.at for entry in words) - began) * 1_000,
    )
