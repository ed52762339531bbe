"""An append-only record of what happened in an emulator, and waiting on it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `seq` counts from 1 without gaps, `at` is Unix time in seconds, `kind` is a dotted name such as
    `message.posted`, `data` is read-only.
    """

    seq: int
    at: float
    kind: str
    data: Mapping[str, Any]


class Journal:
    """Entries in the order in which they happened; nothing is ever changed or removed.

    All calls belong on the event loop that runs the emulator.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._grown = asyncio.Condition()
        self._waker: asyncio.Task[None] | None = None

    @property
    def entries(self) -> Sequence[Entry]:
        """Everything recorded so far, oldest first; it grows, and is not to be changed."""
        return self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def of_kind(self, *kinds: str) -> list[Entry]:
        """The entries of these kinds, oldest first."""
        return [entry for entry in self._entries if entry.kind in kinds]

    def append(self, kind: str, /, **data: Any) -> Entry:
        """Record one entry and wake everyone who waits."""
        entry = Entry(len(self._entries) + 1, self._clock(), kind, MappingProxyType(data))
        self._entries.append(entry)
        # append is called from synchronous state changes, the condition's lock needs a task; one
        # that has not run yet serves all entries of this turn of the loop.
        if self._waker is None:
            self._waker = asyncio.get_running_loop().create_task(self._wake())
        return entry

    async def _wake(self) -> None:
        async with self._grown:
            self._waker = None
            self._grown.notify_all()

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 10) -> T:
        """Wait until `predicate()` is true, asked again after each append; return its value.

        The predicate reads the state of the emulator or this journal. Raises TimeoutError after
        `timeout` seconds, naming the last entries, which say what did happen.
        """
        try:
            async with asyncio.timeout(timeout), self._grown:
                return await self._grown.wait_for(predicate)
        except TimeoutError:
            tail = "\n".join(
                f"  {e.seq} {e.kind} {dict(e.data)!r:.200}" for e in self._entries[-12:]
            )
            raise TimeoutError(
                f"the awaited condition did not come true in {timeout:g} s; last entries:\n{tail}"
            ) from None
