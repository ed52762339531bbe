"""The leases of shards are let go of once whoever holds them is cancelled."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from bot.platforms.discord_shards import ShardLeases
from bot.shards import Lease
from tests.fakes.discord_records import InMemoryShardRoster


@dataclass
class DeafRoster(InMemoryShardRoster):
    """Loses a cancellation that comes while it is asked, as the pool of connections may."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0

    async def renew(
        self, application: str, owner: str, *, shards: int, serving: frozenset[int]
    ) -> Lease:
        self.calls += 1
        assert self.calls == 1, "it goes on although it was cancelled"
        self.asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await super().renew(application, owner, shards=shards, serving=serving)


class NoShards:
    """Satisfies ShardHost; nothing is ever open."""

    def list_open(self) -> frozenset[int]:
        return frozenset()

    async def open_shard(self, shard: int) -> None:
        raise AssertionError(shard)

    async def close_shard(self, shard: int) -> None:
        raise AssertionError(shard)


@pytest.mark.parametrize("work", ["obtain", "keep"])
@pytest.mark.parametrize("taken", [True, False])
async def test_a_cancellation_that_is_lost_ends_the_work_all_the_same(
    work: str, taken: bool
) -> None:
    roster = DeafRoster(held={("app", "other"): frozenset({0})} if taken else {})
    roster.shards["app"] = 1
    leases = ShardLeases(roster)
    if work == "obtain":
        task = asyncio.create_task(_obtain(leases))
    else:
        task = asyncio.create_task(leases.keep("app", 1, NoShards()))
    await roster.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leases.serving == frozenset()


async def _obtain(leases: ShardLeases) -> None:
    await leases.obtain("app", 1, lambda: None)
