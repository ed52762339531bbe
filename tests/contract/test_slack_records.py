"""What the processes of one Slack app agree on: in memory and PostgreSQL."""

from datetime import datetime, timedelta
from typing import Protocol

import pytest

from bot.gaps import LEASE, OVERLAP, PATIENCE
from bot.model import Platform
from bot.platforms.slack_catch_up import Gaps
from bot.storage.directory import PostgresWorkspaces
from bot.storage.slack import PostgresGaps
from retrieval.postgres.pool import Pool
from tests.fakes.slack_records import Heard, InMemoryGaps

SOON = timedelta(seconds=5)


class Bench(Protocol):
    """Gaps of the workspaces T1 and T2, and the time."""

    gaps: Gaps

    async def wait(self, span: timedelta) -> None:
        """Let time pass."""
        ...


async def hear_for(bench: Bench, span: timedelta, workspace: str | None = None) -> None:
    """Hear for a while without a gap."""
    await bench.gaps.hear(workspace, doubtful=False)
    for _ in range(int(span / PATIENCE * 2)):
        await bench.wait(PATIENCE / 2)
        await bench.gaps.hear(workspace, doubtful=False)


def is_about(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < PATIENCE


class GapsContract:
    """Every keeper of gaps."""

    async def test_a_workspace_that_was_never_heard_has_no_gap(self, bench: Bench) -> None:
        await bench.gaps.hear(None, doubtful=True)
        assert await bench.gaps.take(None, "a") is None

    async def test_what_is_heard_all_the_time_has_no_gap(self, bench: Bench) -> None:
        await hear_for(bench, timedelta(minutes=5))
        assert await bench.gaps.take(None, "a") is None

    async def test_where_nobody_was_there_is_a_long_gap(self, bench: Bench) -> None:
        await bench.gaps.hear("T1", doubtful=False)
        await bench.wait(timedelta(hours=3))
        await bench.gaps.hear("T1", doubtful=False)
        gap = await bench.gaps.take("T1", "a")
        assert gap is not None
        assert gap.workspace == "T1"
        assert gap.is_long
        assert is_about(gap.since, gap.until - timedelta(hours=3) - OVERLAP)
        assert is_about(gap.until, gap.at)

    async def test_a_process_that_starts_makes_a_short_one(self, bench: Bench) -> None:
        await hear_for(bench, timedelta(minutes=1))
        await bench.gaps.hear(None, doubtful=True)
        gap = await bench.gaps.take("T2", "a")
        assert gap is not None
        assert not gap.is_long
        assert is_about(gap.since, gap.until - OVERLAP)

    async def test_one_process_reads_while_it_gives_signs_of_life(self, bench: Bench) -> None:
        gaps = bench.gaps
        await gaps.hear("T1", doubtful=True)
        await gaps.hear("T1", doubtful=True)
        assert await gaps.take("T2", "a") is None
        assert await gaps.take(None, "a")
        assert await gaps.take(None, "b") is None
        await bench.wait(LEASE - SOON)
        await gaps.keep("a", ["T1"])
        await bench.wait(LEASE - SOON)
        assert await gaps.take(None, "b") is None
        await gaps.keep("a", [])
        await bench.wait(SOON * 2)
        assert await gaps.take(None, "b")
        await gaps.leave("a")
        assert await gaps.take(None, "a") is None
        await gaps.leave("b")
        assert await gaps.take(None, "a")

    async def test_what_was_read_is_closed_but_not_by_who_lost_it(self, bench: Bench) -> None:
        gaps = bench.gaps
        await gaps.hear("T1", doubtful=True)
        await gaps.hear("T1", doubtful=True)
        lost = await gaps.take("T1", "a")
        await bench.wait(LEASE + SOON)
        held = await gaps.take("T1", "b")
        assert lost is not None
        assert held is not None
        await gaps.close("a", lost)
        await gaps.leave("b")
        again = await gaps.take("T1", "b")
        assert again is not None
        await gaps.close("b", again)
        assert await gaps.take("T1", "b") is None

    async def test_what_was_missed_during_the_reading_is_still_to_be_read(
        self, bench: Bench
    ) -> None:
        gaps = bench.gaps
        await gaps.hear("T1", doubtful=True)
        await bench.wait(timedelta(hours=2))
        await gaps.hear("T1", doubtful=True)
        first = await gaps.take("T1", "a")
        assert first is not None
        await bench.wait(SOON)
        await gaps.hear("T1", doubtful=True)
        await gaps.close("a", first)
        second = await gaps.take("T1", "a")
        assert second is not None
        assert is_about(second.since, first.at - OVERLAP)
        assert not second.is_long

    async def test_gaps_that_follow_each_other_are_one(self, bench: Bench) -> None:
        gaps = bench.gaps
        await gaps.hear("T1", doubtful=False)
        await bench.wait(timedelta(hours=1))
        await gaps.hear("T1", doubtful=True)
        await bench.wait(timedelta(hours=1))
        await gaps.hear("T1", doubtful=True)
        gap = await gaps.take("T1", "a")
        assert gap is not None
        assert is_about(gap.since, gap.until - timedelta(hours=2) - OVERLAP)


class InMemoryBench:
    def __init__(self) -> None:
        self.gaps = InMemoryGaps({"T1": Heard(), "T2": Heard()})

    async def wait(self, span: timedelta) -> None:
        self.gaps.passed += span


class TestInMemoryGaps(GapsContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return InMemoryBench()


class PostgresBench:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.gaps = PostgresGaps(pool)

    async def wait(self, span: timedelta) -> None:
        """The rows age."""
        columns = ("heard_at", "missed_since", "missed_until", "catch_up_until")
        aged = ", ".join(f"{column} = {column} - %(span)s" for column in columns)
        async with self.pool.connection() as connection:
            await connection.execute(f"UPDATE workspace SET {aged}", {"span": span})


class TestPostgresGaps(GapsContract):
    @pytest.fixture
    async def bench(self, pool: Pool) -> Bench:
        workspaces = PostgresWorkspaces(pool)
        for workspace in ("T1", "T2"):
            await workspaces.link(Platform.SLACK, workspace, workspace)
        await workspaces.link(Platform.DISCORD, "T1", "a server")
        return PostgresBench(pool)

    async def test_a_workspace_that_comes_back_has_missed_nothing(
        self, bench: PostgresBench
    ) -> None:
        workspaces = PostgresWorkspaces(bench.pool)
        await bench.gaps.hear("T1", doubtful=True)
        await bench.wait(timedelta(hours=1))
        await bench.gaps.hear("T1", doubtful=True)
        await workspaces.unlink(Platform.SLACK, "T1")
        assert await bench.gaps.take(None, "a") is None
        await workspaces.link(Platform.SLACK, "T1", "T1")
        await bench.gaps.hear("T1", doubtful=True)
        assert await bench.gaps.take(None, "a") is None
