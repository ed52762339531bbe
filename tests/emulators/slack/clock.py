"""A clock that runs with real time, or stands still, and can be moved forward."""

import asyncio
import time
from typing import Any


class Clock:
    """Unix time in seconds, ahead of real time by what `advance` was given.

    The rules of 3 s, 2 min, 306 s, 30 min and the delays between redeliveries are kept on this
    clock, so a test that calls `advance` never waits for them. A `frozen` clock moves by `advance`
    alone.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        self._ahead = 0.0
        self._frozen_at = time.time() if frozen else None
        self._advanced = asyncio.Event()

    def now(self) -> float:
        """Seconds since the epoch."""
        base = time.time() if self._frozen_at is None else self._frozen_at
        return base + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward and wake every sleeper whose time has come."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._ahead += seconds
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of this clock."""
        deadline = self.now() + seconds
        while (remaining := deadline - self.now()) > 0:
            try:
                async with asyncio.timeout(None if self._frozen_at is not None else remaining):
                    await self._advanced.wait()
            except TimeoutError:
                continue

    async def within(self, seconds: float, future: "asyncio.Future[Any]") -> bool:
        """True if `future` is done before `seconds` of this clock have passed."""
        if future.done():
            return True
        sleeper = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({sleeper, future}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
        return future.done()
