"""Serves the shards that this process leases, no matter which they are."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.cancellation import heed_cancellation
from bot.shards import BEAT, Lease
from retrieval.errors import StoreUnavailable

Pause = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


class ShardRoster(Protocol):
    """Where the processes of an application share its shards. Raises StoreUnavailable."""

    async def renew(
        self, application: str, owner: str, *, shards: int, serving: frozenset[int]
    ) -> Lease:
        """Give a sign of life; what the process may serve from now on.

        `serving` is what it serves so far. What of that is not granted any more it is to give up,
        and is given to others once a later call leaves it out. `shards` counts only where no other
        process is there.
        """
        ...

    async def leave(self, application: str, owner: str) -> None:
        """Give everything back."""
        ...

    async def reserve_identify(self, application: str, bucket: int, pause: float) -> float:
        """Take the next place in a bucket, `pause` seconds long; in how many seconds it begins."""
        ...


class SoleProcess:
    """The roster of a process that shares with nobody."""

    def __init__(self) -> None:
        self._next: dict[int, float] = {}

    async def renew(
        self,
        application: str,  # noqa: ARG002 - as the roster is called
        owner: str,  # noqa: ARG002
        *,
        shards: int,
        serving: frozenset[int],  # noqa: ARG002
    ) -> Lease:
        return Lease(shards, frozenset(range(shards)))

    async def leave(self, application: str, owner: str) -> None:
        """Nobody waits for anything."""

    async def reserve_identify(
        self,
        application: str,  # noqa: ARG002
        bucket: int,
        pause: float,
    ) -> float:
        now = asyncio.get_running_loop().time()
        at = max(self._next.get(bucket, 0.0), now)
        self._next[bucket] = at + pause
        return at - now


class ShardHost(Protocol):
    """What serves shards; discord_client.DiscordClient."""

    def list_open(self) -> frozenset[int]:
        """The shards that are served now."""
        ...

    async def open_shard(self, shard: int) -> None:
        """Begin to serve a shard; returns when it has identified itself."""
        ...

    async def close_shard(self, shard: int) -> None:
        """Serve a shard no more."""
        ...


class ShardLeases:
    """The shards that this process may serve. `lease` is None until it was asked once.

    While the database cannot be reached, what is served goes on being served: others cannot take it
    over either.
    """

    def __init__(
        self, roster: ShardRoster, *, beat: float = BEAT, pause: Pause = asyncio.sleep
    ) -> None:
        self._roster = roster
        self._owner = uuid.uuid4().hex
        self._beat = beat
        self._pause = pause
        self._opening: dict[int, asyncio.Task[None]] = {}
        self.serving: frozenset[int] = frozenset()
        self.lease: Lease | None = None

    @property
    def stands_by(self) -> bool:
        """Whether other processes serve every shard."""
        return self.lease is not None and not self.lease.held

    async def obtain(self, application: str, shards: int, stand_by: Callable[[], None]) -> Lease:
        """Wait for a first shard; `stand_by` is told when there is none for now."""
        while True:
            lease = await self._renew(application, shards)
            if lease is not None and lease.held:
                self.serving = lease.held
                return lease
            if lease is not None:
                stand_by()
            await self._pause(self._beat)

    async def keep(self, application: str, shards: int, host: ShardHost) -> None:
        """Keep the leases, and serve what they name, until cancelled."""
        try:
            while True:
                lease = await self._renew(application, shards)
                if lease is not None:
                    await self._follow(lease, host)
                await self._pause(self._beat)
        finally:
            for task in self._opening.values():
                task.cancel()

    async def _renew(self, application: str, shards: int) -> Lease | None:
        lease = None
        try:
            lease = self.lease = await self._roster.renew(
                application, self._owner, shards=shards, serving=self.serving
            )
        except StoreUnavailable as error:
            log.warning("discord: the leases of shards could not be renewed: %s", error)
        heed_cancellation()
        return lease

    async def _follow(self, lease: Lease, host: ShardHost) -> None:
        for shard in sorted((self.serving | host.list_open()) - lease.held):
            log.info("discord: shard %d is given up", shard)
            if opening := self._opening.get(shard):
                opening.cancel()
            await host.close_shard(shard)
        for shard in sorted(lease.held - self.serving):
            log.info("discord: shard %d is taken over", shard)
            # It may have to wait for its turn, and the leases must be renewed meanwhile.
            self._opening[shard] = asyncio.create_task(host.open_shard(shard))
        self.serving = lease.held

    async def give_back(self, application: str) -> None:
        """Let others have them at once; never raises for the database."""
        self.serving = frozenset()
        try:
            await self._roster.leave(application, self._owner)
        except StoreUnavailable as error:
            log.warning("discord: the leases of shards lapse by themselves: %s", error)

    async def wait_for_turn(self, application: str, bucket: int, pause: float) -> None:
        """Return when another identify is allowed in this bucket."""
        try:
            seconds = await self._roster.reserve_identify(application, bucket, pause)
        except StoreUnavailable as error:
            log.warning("discord: the turn to identify is guessed: %s", error)
            seconds = pause
        if seconds:
            await self._pause(seconds)
