"""Counts the requests that Discord refuses, since too many of them are answered with a ban.

10,000 invalid requests in ten minutes, those answered with HTTP 401, 403 or 429, ban an address:
https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
"""

import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

WINDOW = 600.0
"""Seconds in which they are counted."""
MOST = 2_500
"""A quarter of what is allowed, since other processes share the address."""

_INVALID = frozenset({401, 403, 429})


class TooManyRefusals(aiohttp.ClientError):
    """Discord refused so many requests that none is made for some minutes."""


class RefusalCounter:
    """Counts refused requests, and stops further ones at `most` of them within the window."""

    def __init__(self, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._refused: deque[float] = deque(maxlen=most)

    @property
    def is_closed(self) -> bool:
        """Whether no request may be made now."""
        if len(self._refused) < self._most:
            return False
        return self._clock() - self._refused[0] < WINDOW

    def record(self, status: int, scope: str | None) -> None:
        """Note an answer. A shared rate limit, which others have used up, does not count."""
        if status in _INVALID and not (status == 429 and scope == "shared"):
            self._refused.append(self._clock())

    def trace(self) -> aiohttp.TraceConfig:
        """What makes an aiohttp session count, and raise TooManyRefusals in place of a request."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._begin)
        config.on_request_end.append(self._end)
        return config

    async def _begin(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        _params: aiohttp.TraceRequestStartParams,
    ) -> None:
        if self.is_closed:
            raise TooManyRefusals("too many requests were refused")

    async def _end(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        answer = params.response
        self.record(answer.status, answer.headers.get("X-RateLimit-Scope"))
