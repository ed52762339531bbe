"""The HTTP client of all connectors: bounded, polite, and unable to reach private addresses.

Every new connection is checked where it is made, after the name was resolved, and goes to the
address that was checked: redirects, odd spellings of addresses and names that resolve differently
the second time all end there. Nothing is taken from the environment, no proxies and no passwords.
"""

import asyncio
import json
import socket
import ssl
import zlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Never

import httpcore
import httpx

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.sources.addresses import AddressPolicy

USER_AGENT: Final = "Footnote/0.1 (knowledge sync of a team's chat bot)"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text, best first."""

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


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server said. `url` is where the last redirect led; `headers` ignore case.

    `content` is empty where the media type was not wanted. `is_permanent` tells that every redirect
    on the way was a permanent one.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes
    is_permanent: bool = True

    @property
    def media_type(self) -> str:
        """The media type in lower case without its parameters, '' if none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises SourceUnreadable."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise SourceUnreadable(f"{_show(self.url)} does not answer with JSON.") from error

    def expect_listing(self) -> None:
        """Raise SourceRefused unless the request succeeded: a listing is complete or an error."""
        if self.status < 400:
            return
        raise SourceRefused(f"{_show(self.url)} {_explain_status(self.status)}")

    def expect_document(self) -> None:
        """Raise DocumentGone or DocumentUnreadable unless the request succeeded."""
        if self.status in {404, 410}:
            raise DocumentGone(f"It is gone from {_show(self.url)} ({self.status}).")
        if self.status >= 400:
            raise DocumentUnreadable(f"{_show(self.url)} {_explain_status(self.status)}")


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the policy allows, and to no others."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        resolve: Resolve | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._policy = policy
        self._resolve = resolve or _resolve_host
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that is allowed and answers."""
        allowed = choose_allowed(self._policy, host, await self._resolve(host, port))
        failure: Exception | None = None
        for address in allowed:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = failure or error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the signature is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> Never:
        """Refused: no source is behind a socket of this machine."""
        raise SourceRefused(f"{path} is a socket of this machine.")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


def choose_allowed(policy: AddressPolicy, host: str, found: Sequence[str]) -> list[str]:
    """Those addresses of a host that may be read. Raises SourceRefused if there is none."""
    allowed = [address for address in found if policy.allows(host, address)]
    if not allowed:
        raise SourceRefused(
            f"{host} is at {', '.join(found) or 'no address'}, which is private. If Footnote is"
            " meant to read it, the operator adds it to FOOTNOTE_PRIVATE_HOSTS."
        )
    return allowed


async def find_allowed(policy: AddressPolicy, host: str, port: int) -> list[str]:
    """The addresses at which a host may be read by other means than this client.

    Raises SourceRefused, and SourceUnreadable for a name that is not known.
    """
    try:
        return choose_allowed(policy, host, await _resolve_host(host, port))
    except httpcore.ConnectError as error:
        raise SourceUnreadable(f"{host} cannot be reached: {error}.") from error


async def _resolve_host(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the name {host} is not known") from error
    return [str(address[0]) for *_, address in found]


@cache
def _load_authorities() -> ssl.SSLContext:
    return ssl.create_default_context()


class _GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over a connection pool whose connections are guarded."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_load_authorities(), network_backend=backend, keepalive_expiry=15
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        response = await self._pool.handle_async_request(asked)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


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
        shown = _show(asked.url)
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
        raise DocumentUnreadable(f"{_show(asked.url)} redirects in circles.")

    async def _read(
        self, asked: _Asked, response: httpx.Response, *, is_permanent: bool
    ) -> HttpAnswer:
        url = str(response.url)
        status = response.status_code
        wait = _read_wait(response.headers)
        limited = status == 429 or (status == 403 and wait is not None)
        if limited or status >= 500:
            raise SourceUnreadable(f"{_show(url)} {_explain_status(status)}", retry_after=wait)
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
        transport=_GuardedTransport(backend or GuardedBackend(policy or AddressPolicy())),
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
            f"{_show(str(response.url))} sends {coding}, which was not asked for."
        )
    unpacker = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    content = bytearray()
    async for part in response.aiter_raw():
        content += unpacker.decompress(part, limit + 1 - len(content)) if unpacker else part
        if len(content) > limit:
            raise DocumentUnreadable(f"It has more than {limit / 2**20:,.0f} MB. Split it.")
    if unpacker and content and not unpacker.eof:
        raise SourceUnreadable(f"{_show(str(response.url))} sent a part of its answer only.")
    return bytes(content)


def _read_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, None if it did not say."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    if asked:
        try:
            then = parsedate_to_datetime(asked)
        except ValueError:
            return None
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None


def _explain_status(status: int) -> str:
    match status:
        case 401:
            return "asks for credentials, or refuses those that it got (401)."
        case 403:
            return "refuses access (403). Check the rights of the token."
        case 404 | 410:
            return f"does not exist ({status})."
        case 429:
            return "is asked too often (429)."
        case _ if status >= 500:
            return f"has a fault of its own ({status})."
        case _:
            return f"answers {status}."


def _show(url: str) -> str:
    """A URL without what may be a secret in it: the user's part and the query."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "The address"
    return f"{parts.scheme}://{parts.netloc.decode('ascii', 'replace')}{parts.path}"
