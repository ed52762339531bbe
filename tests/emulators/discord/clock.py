"""Time as the emulator sees it: real time plus what a test has added."""

import time


class Clock:
    """Wall and monotonic time that a test can move forward or freeze.

    The 3 s, 60 s and 15 min rules read this clock, so a test never has to wait for them.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        self._added = 0.0
        self._frozen_at: float | None = time.time() if frozen else None

    def now(self) -> float:
        """Seconds since 1970, moved by `advance`."""
        base = time.time() if self._frozen_at is None else self._frozen_at
        return base + self._added

    def monotonic(self) -> float:
        """Seconds for rate limit windows: never frozen, as clients really sleep on them."""
        return time.monotonic() + self._added

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        if seconds < 0:
            raise ValueError("time only moves forward: give seconds >= 0")
        self._added += seconds

    def freeze(self) -> None:
        """Stop time until `thaw`; `advance` still moves it."""
        if self._frozen_at is None:
            self._frozen_at = time.time()

    def thaw(self) -> None:
        """Let time run again from where it stands."""
        if self._frozen_at is not None:
            self._added += self._frozen_at - time.time()
            self._frozen_at = None
