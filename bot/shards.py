"""How processes share the shards of one Discord application. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

BEAT = 1.0
"""Seconds between two signs of life of a process."""
LAPSE = 5.0
"""Seconds without a sign of life after which a process counts as dead; the same in all of them."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The shards that a process may serve, of how many there are."""

    shards: int
    held: frozenset[int]


def choose_shards(
    shards: int, serving: Collection[int], others: Collection[Collection[int]]
) -> frozenset[int]:
    """What a process is to serve that serves `serving`, beside what the `others` hold.

    Each process serves at most its share, rounded up. It keeps what it has as far as it may, so
    that shards move only when a process comes or goes.
    """
    taken = {shard for held in others for shard in held}
    share = -(-shards // (len(others) + 1))
    kept = sorted(shard for shard in serving if shard < shards and shard not in taken)[:share]
    free = [shard for shard in range(shards) if shard not in taken and shard not in kept]
    return frozenset([*kept, *free[: share - len(kept)]])
