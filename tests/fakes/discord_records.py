"""What the processes of one Discord application agree on, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.shards import Lease, choose_shards
from retrieval.errors import StoreUnavailable


@dataclass
class InMemoryCursors:
    """Satisfies bot.platforms.discord_catch_up.Cursors; `failures` calls fail first."""

    held: dict[tuple[str, int], tuple[int, datetime]] = field(default_factory=dict)
    linked: set[str] = field(default_factory=lambda: {"@me", "1"})
    failures: int = 0

    async def list_cursors(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Mapping[int, int]:
        self._fail()
        found = [
            (at, channel, message)
            for (home, channel), (message, at) in self.held.items()
            if home == workspace and at > since
        ]
        latest = sorted(found, reverse=True)[:limit]
        return {channel: message for _, channel, message in latest}

    async def advance(self, positions: Mapping[tuple[str, int], int]) -> None:
        self._fail()
        for place, message in positions.items():
            if place[0] in self.linked:
                earlier = self.held.get(place, (0, None))[0]
                self.held[place] = (max(earlier, message), datetime.now(UTC))

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable


@dataclass
class InMemoryShardRoster:
    """Satisfies bot.platforms.discord_shards.ShardRoster."""

    held: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)
    next_identify: dict[tuple[str, int], float] = field(default_factory=dict)
    now: float = 0.0

    async def renew(
        self, application: str, owner: str, *, shards: int, serving: frozenset[int]
    ) -> Lease:
        others = [
            held for (home, who), held in self.held.items() if home == application and who != owner
        ]
        shards = self.shards[application] if others else shards
        granted = choose_shards(shards, serving, others)
        self.shards[application] = shards
        self.held[application, owner] = (granted | serving).difference(*others)
        return Lease(shards, granted)

    async def leave(self, application: str, owner: str) -> None:
        self.held.pop((application, owner), None)

    async def reserve_identify(self, application: str, bucket: int, pause: float) -> float:
        at = max(self.next_identify.get((application, bucket), 0.0), self.now)
        self.next_identify[application, bucket] = at + pause
        return at - self.now


class InMemoryCommandDigests(dict[str, str]):
    """Satisfies bot.platforms.discord_commands.CommandDigests."""

    async def read(self, application: str) -> str | None:
        return self.get(application)

    async def write(self, application: str, digest: str) -> None:
        self[application] = digest
