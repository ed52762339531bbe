"""The client of all connectors: bounded and polite."""

import asyncio
import ssl
import zlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import httpcore
import httpx

from retrieval.errors import (
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http.answers import HttpAnswer, explain_status, read_wait, show_url
from retrieval.sources.http.network import GuardedBackend, GuardedTransport

USER_AGENT: Final = "Footnote/0.1 (knowledge sync of a team's chat bot)"

Follow = Callable[[str], bool]
"""Whether a redirect to this URL is to be followed."""


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one request may cost.

    `size` bounds a body in bytes, unpacked; `seconds` one attempt from the connection to the last
    byte; `silence_seconds` the wait for the next byte; up to `attempts` are made, as long as the
    waits between them come to no more than `patience_seconds`.
    """

    size: int = 50 * 2**20
    seconds: float = 120.0
    silence_seconds: float = 20.0
    redirects: int = 8
    attempts: int = 3
    patience_seconds: float = 60.0
    at_once: int = 4


@dataclass(slots=True)
class _Lane:
    """The requests to one host: so many at once, and none before its time."""

    slots: asyncio.Semaphore
    earliest: float = 0.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request with what is wanted of its answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    pace: float
    media_types: Collection[str] | None
    follow: Follow | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Time in seconds that only grows, and a way to let it pass."""

    now: Callable[[], float] = field(default_factory=lambda: asyncio.get_running_loop().time)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class HttpClient:
    """Reads from servers. One for all connectors; opened by `open_http_client`."""

    def __init__(self, client: httpx.AsyncClient, limits: HttpLimits, clock: Clock) -> None:
        self._client = client
        self._limits = limits
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        pace: float = 0.0,
        media_types: Collection[str] | None = None,
        follow: Follow | None = None,
    ) -> HttpAnswer:
        """GET a URL, following redirects.

        `pace` is the least time in seconds between two requests to the host. Where `media_types`
        is given, a body of another type is not read. A redirect that `follow` refuses is returned
        as it is. Any answer is returned but 429 and 5xx, which are tried again after the time that
        the server asks for, and then raise SourceUnreadable(retry_after); so does a server that
        does not answer. A body above the limit raises DocumentUnreadable, an address that may not
        be read SourceRefused.
        """
        body = {"params": dict(params)} if params else {}
        return await self._request(
            _Asked("GET", url, headers or {}, body, pace, media_types, follow)
        )

    async def post(
        self,
        url: str,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        pace: float = 0.0,
    ) -> HttpAnswer:
        """POST a query, as JSON or as a form; it may be sent more than once. As `get` otherwise."""
        body: dict[str, Any] = {"data": dict(form)} if form is not None else {"json": json}
        return await self._request(_Asked("POST", url, headers or {}, body, pace, None, None))

    async def _request(self, asked: _Asked) -> HttpAnswer:
        lane = self._find_lane(asked.url)
        waited = 0.0
        attempt = 1
        while True:
            try:
                async with lane.slots:
                    await self._await_turn(lane, asked.pace)
                    return await self._attempt(asked)
            except SourceRefused:
                raise
            except SourceUnreadable as error:
                wait = 2.0 ** (attempt - 1) if error.retry_after is None else error.retry_after
                waited += wait
                attempt += 1
                if attempt > self._limits.attempts or waited > self._limits.patience_seconds:
                    raise
                # the others who read from this host are to wait as well
                lane.earliest = max(lane.earliest, self._clock.now() + wait)

    def _find_lane(self, url: str) -> _Lane:
        try:
            host = httpx.URL(url).netloc.decode("ascii", "replace")
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceUnreadable(f"{url!r} is no web address.") from error
        if host not in self._lanes:
            self._lanes[host] = _Lane(asyncio.Semaphore(self._limits.at_once))
        return self._lanes[host]

    async def _await_turn(self, lane: _Lane, pace: float) -> None:
        now = self._clock.now()
        start = max(now, lane.earliest)
        lane.earliest = start + pace
        if start > now:
            await self._clock.sleep(start - now)

    async def _attempt(self, asked: _Asked) -> HttpAnswer:
        shown = show_url(asked.url)
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._exchange(asked)
        except TimeoutError as error:
            raise SourceUnreadable(
                f"{shown} took more than {self._limits.seconds:g} s to answer."
            ) from error
        except (httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol) as error:
            raise SourceRefused(f"{shown} is no http:// or https:// address.") from error
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            raise SourceUnreadable(f"{shown} does not answer.") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.ProtocolError) as error:
            raise SourceUnreadable(f"{shown} cannot be read: {error}.") from error
        except (httpcore.NetworkError, ssl.SSLError, OSError, UnicodeError) as error:
            raise SourceUnreadable(f"{shown} cannot be reached: {error}.") from error

    async def _exchange(self, asked: _Asked) -> HttpAnswer:
        request: httpx.Request | None = self._client.build_request(
            asked.method, asked.url, headers=dict(asked.headers), **asked.body
        )
        is_permanent = True
        for _ in range(self._limits.redirects + 1):
            if request is None:
                break
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                request = response.next_request
                if request is None or (asked.follow and not asked.follow(str(request.url))):
                    return await self._read(asked, response, is_permanent=is_permanent)
                is_permanent = is_permanent and response.status_code in {301, 308}
            finally:
                await response.aclose()
        raise DocumentUnreadable(f"{show_url(asked.url)} redirects in circles.")

    async def _read(
        self, asked: _Asked, response: httpx.Response, *, is_permanent: bool
    ) -> HttpAnswer:
        url = str(response.url)
        status = response.status_code
        wait = read_wait(response.headers)
        limited = status == 429 or (status == 403 and wait is not None)
        if limited or status >= 500:
            raise SourceUnreadable(f"{show_url(url)} {explain_status(status)}", retry_after=wait)
        answer = HttpAnswer(status, url, response.headers, b"", is_permanent)
        wanted = (
            asked.media_types is None or status >= 300 or answer.media_type in asked.media_types
        )
        if response.has_redirect_location or not wanted:
            return answer
        content = await _read_body(response, self._limits.size)
        return HttpAnswer(status, url, response.headers, content, is_permanent)


@asynccontextmanager
async def open_http_client(
    policy: AddressPolicy | None = None,
    *,
    limits: HttpLimits | None = None,
    backend: httpcore.AsyncNetworkBackend | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[HttpClient]:
    """The client, with a connection pool that is closed at the end."""
    limits = limits or HttpLimits()
    client = httpx.AsyncClient(
        transport=GuardedTransport(backend or GuardedBackend(policy or AddressPolicy())),
        trust_env=False,
        timeout=httpx.Timeout(limits.silence_seconds),
        # gzip alone, since only what is unpacked here is unpacked within a limit
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
    )
    # sources share the client, and must not share their cookies
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    async with client:
        yield HttpClient(client, limits, clock or Clock())


async def _read_body(response: httpx.Response, limit: int) -> bytes:
    """The body, unpacked here, so that a small answer cannot become a large one."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise SourceUnreadable(
            f"{show_url(str(response.url))} sends {coding}, which was not asked for."
        )
    unpacker = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    content = bytearray()
    async for part in response.aiter_raw():
        content += unpacker.decompress(part, limit + 1 - len(content)) if unpacker else part
        if len(content) > limit:
            raise DocumentUnreadable(f"It has more than {limit / 2**20:,.0f} MB. Split it.")
    if unpacker and content and not unpacker.eof:
        raise SourceUnreadable(f"{show_url(str(response.url))} sent a part of its answer only.")
    return bytes(content)
