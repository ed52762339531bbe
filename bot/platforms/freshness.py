"""What a platform told of rights, remembered until it changes, and never for long."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bot.model import Platform
from bot.ports import RightsChanges

FRESH_SECONDS = 300.0
MOST_ENTRIES = 10_000

Clock = Callable[[], float]
V = TypeVar("V")


class RightsCache:
    """Keeps look-ups for `seconds` at most, and only until `changes` counts one of their subject.

    `clock` counts seconds. Without `changes` the bound alone keeps them fresh.
    """

    def __init__(
        self,
        platform: Platform,
        changes: RightsChanges | None = None,
        *,
        seconds: float = FRESH_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._platform = platform
        self._changes = changes
        self._seconds = seconds
        self._clock = clock
        self._entries: dict[tuple[str, str], tuple[float, int, Any]] = {}

    async def get(self, workspace: str, subject: str, look_up: Callable[[], Awaitable[V]]) -> V:
        """What is known of the subject, looked up where it is not fresh. Raises StoreUnavailable.

        The count is read before the look-up: a change in between is seen by the next one.
        """
        count = 0
        if self._changes is not None:
            count = await self._changes.count(self._platform, workspace, subject)
        found = self._entries.get((workspace, subject))
        if found is not None:
            at, counted, value = found
            if counted == count and self._clock() - at < self._seconds:
                known: V = value
                return known
        began = self._clock()
        fresh = await look_up()
        if len(self._entries) >= MOST_ENTRIES:
            self._entries.clear()
        self._entries[workspace, subject] = (began, count, fresh)
        return fresh
