"""Connections that cannot lead to private addresses.

Every new connection is checked where it is made, after the name was resolved, and goes to the
address that was checked: redirects, odd spellings of addresses and names that resolve differently
the second time all end there.
"""

import asyncio
import socket
import ssl
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from functools import cache
from typing import Never

import httpcore
import httpx

from retrieval.errors import (
    SourceRefused,
    SourceUnreadable,
)
from retrieval.sources.addresses import AddressPolicy

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text, best first."""


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


class GuardedTransport(httpx.AsyncBaseTransport):
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
