"""Faults that a test queues for routes, and rate limits."""

import fnmatch
import math
import random
from dataclasses import dataclass
from typing import Any

from .clock import Clock

KINDS = ("rate_limit", "error", "timeout", "reset", "lost")
VIA = "1.1 google"


@dataclass(slots=True)
class Fault:
    """One kind of failure for requests whose method and path match.

    `rate_limit`: 429 (`retry_after` s, `scope` user/global/shared, `via` False leaves the Via
    header out); `error`: `status`; `timeout`: no answer until the emulator closes; `reset`: the
    connection breaks before anything happens; `lost`: it breaks after the request took effect.
    `path` is a glob over the path below the version, e.g. `/channels/*/messages`. `after` lets so
    many matching requests through first. `times` None: for ever. `share` is the part of the
    matching requests that fail, drawn from a seeded generator.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    status: int = 500
    retry_after: float = 0.05
    scope: str = "user"
    via: bool = True
    after: int = 0
    share: float = 1.0

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatch.fnmatchcase(path, self.path)


class FaultQueue:
    """Faults in the order in which they were queued; each is used `times` times."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}: use one of {', '.join(KINDS)}")
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    @property
    def pending(self) -> int:
        """How many failures are still to come; those for ever left out."""
        return sum(fault.times or 0 for fault in self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """The failure for this request, if one is queued."""
        for fault in self._faults:
            if fault.matches(method, path):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.share < 1 and self._random.random() >= fault.share:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


@dataclass(slots=True)
class _Window:
    started: float
    used: int = 0


class RateLimits:
    """Fixed windows per bucket and major parameter, and one over all requests.

    A route has its default limit until `set` gives another, e.g. `set("messages.create", 5, 5)`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, tuple[int, float]] = {}
        self._default = (1000, 1.0)
        self._windows: dict[tuple[str, str], _Window] = {}

    def set(self, bucket: str, limit: int, per: float) -> None:
        """Allow `limit` requests in `per` seconds; bucket `global` counts all requests."""
        self._limits[bucket] = (limit, per)

    def _spend(self, bucket: str, major: str, limit: int, per: float) -> tuple[int, float]:
        """What remains (negative: too much) and the seconds until the window ends."""
        now = self._clock.monotonic()
        window = self._windows.get((bucket, major))
        if window is None or now - window.started >= per:
            window = self._windows[bucket, major] = _Window(now)
        window.used += 1
        return limit - window.used, max(0.0, window.started + per - now)

    def spend(self, bucket: str, major: str) -> tuple[dict[str, str], dict[str, Any] | None]:
        """Count one request: the headers of its answer and, if it is too many, the 429 body."""
        if "global" in self._limits:
            remaining, after = self._spend("global", "", *self._limits["global"])
            if remaining < 0:
                return refusal(after, "global")
        limit, per = self._limits.get(bucket, self._default)
        remaining, after = self._spend(bucket, major, limit, per)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, remaining)),
            "X-RateLimit-Reset": f"{self._clock.now() + after:.3f}",
            # Rounded up, so that a client that waits so long does not come too early.
            "X-RateLimit-Reset-After": f"{math.ceil(after * 1000) / 1000:.3f}",
            "X-RateLimit-Bucket": f"{hash_name(bucket):016x}",
        }
        if remaining >= 0:
            return headers, None
        extra, body = refusal(after, "user")
        return headers | extra, body


def hash_name(bucket: str) -> int:
    """A stable number for a bucket's name, as Discord names buckets by opaque hashes."""
    value = 0
    for letter in bucket:
        value = (value * 131 + ord(letter)) % (1 << 64)
    return value


def refusal(after: float, scope: str, *, via: bool = True) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body of a 429."""
    headers = {"Retry-After": str(max(1, round(after + 0.5))), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    if via:
        headers["Via"] = VIA
    body = {
        "message": "You are being rate limited.",
        "retry_after": math.ceil(after * 1000) / 1000,
        "global": scope == "global",
    }
    return headers, body
