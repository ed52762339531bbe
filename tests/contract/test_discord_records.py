"""What the processes of one Discord application agree on: in memory and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Platform
from bot.platforms.discord_catch_up import Cursors
from bot.platforms.discord_commands import CommandDigests
from bot.platforms.discord_shards import ShardRoster
from bot.storage.directory import PostgresWorkspaces
from bot.storage.discord import PostgresCommandDigests, PostgresCursors, PostgresShardRoster
from retrieval.postgres.pool import Pool
from tests.fakes.discord_records import (
    InMemoryCommandDigests,
    InMemoryCursors,
    InMemoryShardRoster,
)

EVER = datetime(2020, 1, 1, tzinfo=UTC)


class CursorsContract:
    """Every keeper of cursors; the workspaces '@me' and '1' are linked."""

    async def test_cursors_go_forward_only(self, cursors: Cursors) -> None:
        await cursors.advance({("1", 10): 100, ("1", 11): 100, ("@me", 20): 7})
        await cursors.advance({("1", 10): 200, ("1", 11): 50})
        assert await cursors.list_cursors("1", since=EVER, limit=10) == {10: 200, 11: 100}
        assert await cursors.list_cursors("@me", since=EVER, limit=10) == {20: 7}

    async def test_those_heard_last_come_first(self, cursors: Cursors) -> None:
        for channel in (10, 11, 12):
            await cursors.advance({("1", channel): 100})
        await cursors.advance({("1", 10): 101})
        latest = await cursors.list_cursors("1", since=EVER, limit=2)
        assert list(latest) == [10, 12]
        later = datetime.now(UTC) + timedelta(minutes=5)
        assert await cursors.list_cursors("1", since=later, limit=2) == {}

    async def test_a_workspace_that_is_not_linked_has_none(self, cursors: Cursors) -> None:
        await cursors.advance({("2", 10): 100, ("1", 10): 100})
        assert await cursors.list_cursors("2", since=EVER, limit=10) == {}
        assert await cursors.list_cursors("1", since=EVER, limit=10) == {10: 100}


class TestInMemoryCursors(CursorsContract):
    @pytest.fixture
    def cursors(self) -> Cursors:
        return InMemoryCursors()


class TestPostgresCursors(CursorsContract):
    @pytest.fixture
    async def cursors(self, pool: Pool) -> Cursors:
        for workspace in ("@me", "1"):
            await PostgresWorkspaces(pool).link(Platform.DISCORD, workspace, workspace)
        return PostgresCursors(pool)


def shards(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


class ShardRosterContract:
    """Every roster of the processes of an application."""

    async def test_the_first_process_serves_everything(self, roster: ShardRoster) -> None:
        lease = await roster.renew("1", "a", shards=2, serving=shards())
        assert (lease.shards, lease.held) == (2, shards(0, 1))
        other = await roster.renew("2", "a", shards=1, serving=shards())
        assert (other.shards, other.held) == (1, shards(0))

    async def test_a_second_process_gets_its_share_once_that_is_given_up(
        self, roster: ShardRoster
    ) -> None:
        mine = (await roster.renew("1", "a", shards=4, serving=shards())).held
        assert (await roster.renew("1", "b", shards=4, serving=shards())).held == shards()
        # The first is told to give up two, but still serves them.
        assert (await roster.renew("1", "a", shards=4, serving=mine)).held == shards(0, 1)
        assert (await roster.renew("1", "b", shards=4, serving=shards())).held == shards()
        assert (await roster.renew("1", "a", shards=4, serving=shards(0, 1))).held == shards(0, 1)
        assert (await roster.renew("1", "b", shards=4, serving=shards())).held == shards(2, 3)

    async def test_those_who_are_there_say_how_many_shards_there_are(
        self, roster: ShardRoster
    ) -> None:
        await roster.renew("1", "a", shards=2, serving=shards())
        lease = await roster.renew("1", "b", shards=8, serving=shards())
        assert (lease.shards, lease.held) == (2, shards())
        await roster.leave("1", "a")
        await roster.leave("1", "b")
        assert (await roster.renew("1", "b", shards=8, serving=shards())).shards == 8

    async def test_who_leaves_gives_everything_back(self, roster: ShardRoster) -> None:
        await roster.renew("1", "a", shards=1, serving=shards())
        assert (await roster.renew("1", "b", shards=1, serving=shards())).held == shards()
        await roster.leave("1", "a")
        assert (await roster.renew("1", "b", shards=1, serving=shards())).held == shards(0)
        # Whoever was taken for dead learns that others serve now.
        assert (await roster.renew("1", "a", shards=1, serving=shards(0))).held == shards()

    async def test_shards_of_a_bucket_identify_one_after_the_other(
        self, roster: ShardRoster
    ) -> None:
        assert await roster.reserve_identify("1", 0, 500.0) == 0
        assert await roster.reserve_identify("1", 0, 500.0) == pytest.approx(500, abs=60)
        assert await roster.reserve_identify("1", 0, 500.0) == pytest.approx(1000, abs=60)
        assert await roster.reserve_identify("1", 1, 500.0) == 0
        assert await roster.reserve_identify("2", 0, 500.0) == 0


class TestInMemoryShardRoster(ShardRosterContract):
    @pytest.fixture
    def roster(self) -> ShardRoster:
        return InMemoryShardRoster()


class TestPostgresShardRoster(ShardRosterContract):
    @pytest.fixture
    async def roster(self, pool: Pool) -> ShardRoster:
        return PostgresShardRoster(pool, lapse=3600)

    async def test_who_gives_no_sign_of_life_is_taken_for_dead(self, pool: Pool) -> None:
        roster = PostgresShardRoster(pool, lapse=0)
        assert (await roster.renew("1", "a", shards=1, serving=shards())).held == shards(0)
        assert (await roster.renew("1", "b", shards=1, serving=shards())).held == shards(0)


@pytest.mark.parametrize("build", [lambda _: InMemoryCommandDigests(), PostgresCommandDigests])
async def test_the_digest_of_the_commands_is_kept(
    pool: Pool, build: Callable[[Pool], CommandDigests]
) -> None:
    digests = build(pool)
    assert await digests.read("1") is None
    await digests.write("1", "first")
    await digests.write("1", "second")
    await digests.write("2", "other")
    assert (await digests.read("1"), await digests.read("2")) == ("second", "other")
