"""How soon what comes in is acked, at 100 events a second, by the shipped program."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.serving.running import settle_memory
from retrieval.evaluation.metrics import percentile
from retrieval.postgres.embedded import run_embedded_postgres
from tests.acceptance.program import (
    HANDBOOK,
    UNBOUNDED,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    write_documents,
)
from tests.bench.report import Row, Section
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

EVENTS, RATE = 1_000, 100.0
QUESTION = "What is the PIN of the printer?"
PATIENCE = 120.0
LOOK = 0.2
GIVEN_UP = 3.0
"""Seconds after which Discord takes no answer to an interaction any more."""
GOAL = "goal: p99 at most 50 ms"

Send = Callable[[], Awaitable[Any]]
"""Sends one event, and returns what it is known by."""
Read = Callable[[Sequence[Any]], Awaitable[Sequence[float]]]
"""Waits until all of these events are acked, and returns after how many seconds each was."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The platforms with the program connected to them.

    The acks are read when all is sent: who waits for each disturbs what is measured.
    """

    slack: SlackEmulator
    discord: DiscordEmulator

    async def write_to_slack(self) -> str:
        """A direct message."""
        told = await self.slack.driver.dm("bruno", QUESTION)
        return str(told["event_ids"][0])

    async def read_slack(self, events: Sequence[str]) -> Sequence[float]:
        """From the first delivery to the ack."""
        last = {"event_id": events[-1]}
        await self.slack.driver.wait_for_entry("event.acked", match=last, timeout=PATIENCE)
        await _wait_until(lambda: set(events) <= self._list_times("event.acked").keys())
        sent, acked = self._list_times("event.sent"), self._list_times("event.acked")
        return [acked[event] - sent[event] for event in events]

    def _list_times(self, kind: str) -> dict[str, float]:
        """When something first happened to each event."""
        entries = reversed(self.slack.journal.of_kind(kind))
        return {entry.data["event_id"]: entry.at for entry in entries}

    async def ask_in_discord(self) -> Any:
        """`/ask`, which is deferred."""
        return await self.discord.driver.slash("ben", "#general", "/ask", {"question": QUESTION})

    async def read_discord(self, begun: Sequence[Any]) -> Sequence[float]:
        """From the delivery to the deferral; an interaction that was given up counts as late."""
        world = self.discord.world
        interactions = [world.interactions[int(each["id"])] for each in begun]
        await asyncio.sleep(GIVEN_UP)
        return [
            GIVEN_UP if each.acknowledged_at is None else each.acknowledged_at - each.created_at
            for each in interactions
        ]


async def _wait_until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(LOOK)


async def measure_acks() -> Section:
    """One row for each way in, with the answers made elsewhere and on the same machine."""
    rows: list[Row] = []
    for arguments, worker in ((("--receive-only",), "elsewhere"), ((), "beside it, busy")):
        for http in (False, True):
            async with open_stage(*arguments, http=http) as stage:
                way = "Slack over HTTP" if http else "Slack over Socket Mode"
                rows.append(await _describe(way, worker, stage.write_to_slack, stage.read_slack))
                if not http:
                    rows.append(
                        await _describe(
                            "Discord, /ask", worker, stage.ask_in_discord, stage.read_discord
                        )
                    )
    notes = [
        f"{EVENTS:,} questions each, {RATE:.0f} a second, written to PostgreSQL and queued",
        "the platforms' emulators run on the same cores",
        GOAL,
    ]
    return Section("ack", "Seconds until what comes in is acked", rows, notes)


async def _describe(way: str, worker: str, send: Send, read: Read) -> Row:
    sent = await send_steadily(send)
    milliseconds = [seconds * 1_000 for seconds in await read(sent)]
    return {
        "way": way,
        "answers are made": worker,
        "p50 ms": round(percentile(milliseconds, 50), 1),
        "p99 ms": round(percentile(milliseconds, 99), 1),
        "max ms": round(max(milliseconds), 1),
    }


async def send_steadily(send: Send) -> Sequence[Any]:
    """Send events at the rate, whether or not those before are acked."""
    began = time.monotonic()
    sent = []
    for number in range(EVENTS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
        sent.append(await send())
    return sent


@asynccontextmanager
async def open_stage(*arguments: str, http: bool) -> AsyncIterator[Stage]:
    """The program in its process, with documents synced."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-ack-")))
        handbook = write_documents(folder / "handbook", HANDBOOK)
        url = await stack.enter_async_context(run_embedded_postgres(folder / "postgres"))
        slack = await stack.enter_async_context(SlackEmulator())
        discord = await stack.enter_async_context(DiscordEmulator())
        settings = point_at_slack(slack, http=http) | point_at_discord(discord) | UNBOUNDED
        shell = Shell(folder, DATABASE_URL=url, **settings)
        await shell.run("sources", "add", "handbook", str(handbook))
        await shell.run("sync", "handbook")
        bot = await stack.enter_async_context(serving(shell, *arguments))
        # What is still queued is of no interest.
        stack.push_async_callback(bot.kill)
        if http:
            await slack.driver.set_request_url(f"{bot.facts['http']}/slack/events")
        stage = Stage(slack, discord)
        await stage.read_slack([await stage.write_to_slack()])
        await stage.read_discord([await stage.ask_in_discord()])
        # A pause of the emulators would count as one of the program.
        settle_memory()
        yield stage
