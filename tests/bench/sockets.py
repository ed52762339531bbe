"""How soon the shipped program receives again after its connections broke, and what is lost."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from retrieval.postgres.embedded import run_embedded_postgres
from tests.acceptance.program import Shell, point_at_discord, point_at_slack, serving
from tests.bench.report import Row, Section
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

QUESTIONS = 5
LOOK = 0.05
PATIENCE = 120.0
REDELIVERY = 61.0

DISCORD_SESSIONS = ("discord.identified", "discord.resumed")

Act = Callable[[], Awaitable[Any]]


async def _kill_url(slack: SlackEmulator) -> None:
    await slack.driver.kill_urls(1)
    await slack.driver.abort_sockets()


def list_slack_faults(slack: SlackEmulator) -> Mapping[str, Act]:
    return {
        "refresh": slack.driver.disconnect_sockets,
        "abort": slack.driver.abort_sockets,
        "half-open": slack.driver.half_open_sockets,
        "dead URL": lambda: _kill_url(slack),
    }


def list_discord_faults(discord: DiscordEmulator) -> Mapping[str, Act]:
    return {
        "op 7": discord.driver.ask_reconnect,
        "op 9, resumable": lambda: discord.driver.invalidate_sessions(resumable=True),
        "op 9": discord.driver.invalidate_sessions,
        "close 4000": discord.driver.close_gateway,
        "abort": discord.driver.abort_gateway,
        "half-open": discord.driver.mute_gateway,
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One platform's connections: how to ask, how to see that they are back, what comes again.

    `watch` is called before a fault; what it returns waits until the connections are back after it.
    """

    platform: str
    faults: Mapping[str, Act]
    ask: Act
    watch: Callable[[], Act]
    hurry: Act


def list_lines(slack: SlackEmulator, discord: DiscordEmulator) -> Sequence[Line]:
    async def do_nothing() -> None:
        """Discord delivers nothing again by itself."""

    def watch_slack() -> Act:
        return lambda: slack.driver.wait_for_sockets(2, timeout=PATIENCE)

    def watch_discord() -> Act:
        def count() -> int:
            return len(discord.journal.of_kind(*DISCORD_SESSIONS))

        before = count()
        return lambda: discord.journal.wait_for(lambda: count() > before, PATIENCE)

    return (
        Line(
            "slack",
            list_slack_faults(slack),
            lambda: slack.driver.dm("bruno", "So?"),
            watch_slack,
            lambda: slack.driver.advance(REDELIVERY),
        ),
        Line(
            "discord",
            list_discord_faults(discord),
            lambda: discord.driver.mention("ben", "#general", "So?"),
            watch_discord,
            do_nothing,
        ),
    )


async def measure_sockets() -> Section:
    """One row for each fault, right after which questions are asked."""
    rows: list[Row] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-sockets-")))
        url = await stack.enter_async_context(run_embedded_postgres(folder / "postgres"))
        slack = await stack.enter_async_context(SlackEmulator())
        discord = await stack.enter_async_context(DiscordEmulator())
        settings = {**point_at_slack(slack), **point_at_discord(discord)}
        shell = Shell(folder, DATABASE_URL=url, **settings)
        await stack.enter_async_context(serving(shell, "--receive-only"))
        await slack.driver.wait_for_sockets(2, timeout=PATIENCE)
        for line in list_lines(slack, discord):
            rows += [await _break(url, line, name) for name in line.faults]
    notes = [
        f"Discord asks for a heartbeat every {discord.gateway.heartbeat_interval:g} s, as it does",
        f"{QUESTIONS} questions right after each fault; goal: back within 30 s, 0 lost",
        "what Slack saw no ack for comes again after a minute; its clock is moved forward",
    ]
    return Section("sockets", "Until the program receives again after a fault", rows, notes)


async def _break(url: str, line: Line, name: str) -> Row:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:

        async def count() -> int:
            cursor = await connection.execute(
                "SELECT count(*) FROM inbox WHERE platform = %s", [line.platform]
            )
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

        before, wait = await count(), line.watch()
        began = time.monotonic()
        await line.faults[name]()
        for _ in range(QUESTIONS):
            await line.ask()
        await wait()
        back = time.monotonic() - began
        await line.hurry()
        while (taken := await count() - before) < QUESTIONS:
            if time.monotonic() - began > PATIENCE:
                break
            await asyncio.sleep(LOOK)
    return {
        "platform": line.platform,
        "fault": name,
        "back after s": round(back, 2),
        "all taken down after s": round(time.monotonic() - began, 2),
        "lost": QUESTIONS - taken,
    }
