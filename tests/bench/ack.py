"""How soon what comes in is acked, at 100 events a second, by the shipped program."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from retrieval.evaluation.metrics import percentile
from retrieval.postgres.embedded import run_embedded_postgres
from tests.acceptance.program import (
    HANDBOOK,
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
GOAL = "goal: p99 at most 50 ms"

Send = Callable[[], Awaitable[float]]
"""Sends one event, and returns after how many seconds it was acked."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The platforms with the program connected to them."""

    slack: SlackEmulator
    discord: DiscordEmulator

    async def write_to_slack(self) -> float:
        """A direct message."""
        told = await self.slack.driver.dm("bruno", QUESTION)
        sent, after = self.slack.clock.now(), max(0, len(self.slack.journal) - 50)
        match = {"event_id": told["event_ids"][0]}
        (acked, *_) = await self.slack.driver.wait_for_entry(
            "event.acked", match=match, timeout=PATIENCE, after=after
        )
        return float(acked["at"]) - sent

    async def ask_in_discord(self) -> float:
        """`/ask`, which is deferred."""
        begun = await self.discord.driver.slash("ben", "#general", "/ask", {"question": QUESTION})

        async def is_acked() -> float | None:
            seen = await self.discord.driver.interaction(begun)
            seconds: float | None = seen["answered_after"]
            return seconds

        return float(await self.discord.driver.wait_until(is_acked, PATIENCE))


async def measure_acks() -> Section:
    """One row for each way in, with the answers made elsewhere and on the same machine."""
    rows: list[Row] = []
    for arguments, worker in ((("--receive-only",), "elsewhere"), ((), "beside it, busy")):
        for http in (False, True):
            async with open_stage(*arguments, http=http) as stage:
                way = "Slack over HTTP" if http else "Slack over Socket Mode"
                rows.append(await _describe(way, worker, stage.write_to_slack))
                if not http:
                    rows.append(await _describe("Discord, /ask", worker, stage.ask_in_discord))
    notes = [
        f"{EVENTS:,} questions each, {RATE:.0f} a second, written to PostgreSQL and queued",
        "the platforms' emulators run on the same cores",
        GOAL,
    ]
    return Section("ack", "Seconds until what comes in is acked", rows, notes)


async def _describe(way: str, worker: str, send: Send) -> Row:
    milliseconds = [seconds * 1_000 for seconds in await send_steadily(send)]
    return {
        "way": way,
        "answers are made": worker,
        "p50 ms": round(percentile(milliseconds, 50), 1),
        "p99 ms": round(percentile(milliseconds, 99), 1),
        "max ms": round(max(milliseconds), 1),
    }


async def send_steadily(send: Send) -> Sequence[float]:
    """Send events at the rate, whether or not those before are acked."""
    began = time.monotonic()
    sent = []
    for number in range(EVENTS):
        await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
        sent.append(asyncio.create_task(_run(send)))
    return await asyncio.gather(*sent)


async def _run(send: Send) -> float:
    return await send()


@asynccontextmanager
async def open_stage(*arguments: str, http: bool) -> AsyncIterator[Stage]:
    """The program in its process, with documents synced."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-ack-")))
        handbook = write_documents(folder / "handbook", HANDBOOK)
        url = await stack.enter_async_context(run_embedded_postgres(folder / "postgres"))
        slack = await stack.enter_async_context(SlackEmulator())
        discord = await stack.enter_async_context(DiscordEmulator())
        settings = {**point_at_slack(slack, http=http), **point_at_discord(discord)}
        shell = Shell(folder, DATABASE_URL=url, **settings)
        await shell.run("sources", "add", "handbook", str(handbook))
        await shell.run("sync", "handbook")
        bot = await stack.enter_async_context(serving(shell, *arguments))
        # What is still queued is of no interest.
        stack.push_async_callback(bot.kill)
        if http:
            await slack.driver.set_request_url(f"{bot.facts['http']}/slack/events")
        stage = Stage(slack, discord)
        await asyncio.gather(stage.write_to_slack(), stage.ask_in_discord())
        yield stage
