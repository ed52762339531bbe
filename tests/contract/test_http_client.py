"""The HTTP client of the connectors, over real sockets on loopback."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import httpcore
import pytest
from aiohttp import web

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import Clock, GuardedBackend, HttpClient, HttpLimits, open_http_client

LOOPBACK = AddressPolicy.parse(["127.0.0.1"])

# PORT stands for any: connections are counted where they are opened
PRIVATE = [
    # loopback by number: dotted, short, decimal, octal, hexadecimal, mixed
    "http://127.0.0.1:PORT/", "http://127.1:PORT/", "http://127.0.1:PORT/", "http://127.127.127.127:PORT/",
    "http://2130706433:PORT/", "http://017700000001:PORT/", "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/", "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/",
    "http://0177.0.0.01:PORT/", "http://0177.0x0.0.1:PORT/", "http://127.0.0x1:PORT/",
    "http://00000177.1:PORT/", "http://0x7F.0X0.0.1:PORT/", "http://127.000.000.001:PORT/",
    "http://0:PORT/", "http://0.0.0.0:PORT/", "http://0x0:PORT/", "http://00:PORT/",
    "http://127.0.0.1.:PORT/", "http://127%2e0%2e0%2e1:PORT/", "http://１２７.0.0.1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/", "http://127。0。0。1:PORT/", "http://127．0．0．1:PORT/",
    # loopback by name
    "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/",
    "http://ｌｏｃａｌｈｏｓｔ:PORT/", "http://ip6-localhost:PORT/", "http://sub.localhost:PORT/",
    "http://inside.example:PORT/", "http://metadata.example/", "http://sixtofour.example/",
    # what looks like another host
    "http://example.com@127.0.0.1:PORT/", "http://example.com:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@example.com/", "http://127.0.0.1:PORT#@example.com/",
    "http://127.0.0.1:PORT?@example.com/", "https://127.0.0.1:PORT/", "HTTP://127.0.0.1:PORT/",
    "//127.0.0.1:PORT/", "http:127.0.0.1:PORT/",
    # loopback in IPv6, plain, mapped, compatible, translated
    "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[0000::0001]:PORT/",
    "http://[::]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/", "http://[::7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://[2001::7f00:1]:PORT/",
    "http://[::1%25lo]:PORT/", "http://[fe80::1%25eth0]:PORT/",
    # private networks, carriers, link-local, what clouds answer from
    "http://10.0.0.1/", "http://0xa.1/", "http://167772161/", "http://172.16.0.1/",
    "http://192.168.0.1/", "http://0300.0250.0.1/", "http://100.64.0.1/", "http://169.254.169.254/",
    "http://0xa9fea9fe/", "http://2852039166/", "http://[::ffff:169.254.169.254]/",
    "http://169.254.170.2/", "http://100.100.100.200/", "http://168.63.129.16/",
    "http://192.0.0.192/", "http://192.0.0.9/", "http://192.88.99.1/", "http://198.18.0.1/",
    "http://[fd00:ec2::254]/", "http://[fc00::1]/", "http://[fec0::1]/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/", "http://[ff02::1]/",
    # other schemes
    "file:///etc/passwd", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/", "unix:/run/x",
    "data:text/plain,x", "javascript:1",
]  # fmt: skip

NAMES = {
    "inside.example": ["10.0.0.7"],
    "metadata.example": ["169.254.169.254", "fd00:ec2::254"],
    "sixtofour.example": ["2002:7f00:1::"],
}


class Spy(httpcore.AsyncNetworkBackend):
    """Counts the connections that are really opened, and lets those to loopback be."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.opened.append(host)
        return await self._real.connect_tcp(host, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds)


class Time:
    """A clock that a wait moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, sleep=self.sleep)


@asynccontextmanager
async def serve(*routes: web.RouteDef, host: str = "127.0.0.1") -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    limits: HttpLimits | None = None, time: Time | None = None
) -> AsyncIterator[HttpClient]:
    async with open_http_client(LOOPBACK, limits=limits, clock=(time or Time()).clock) as opened:
        yield opened


async def look_up(host: str, port: int) -> Sequence[str]:
    if host in NAMES:
        return NAMES[host]
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    return [str(address[0]) for *_, address in found]


def test_there_are_many_spellings() -> None:
    assert len(set(PRIVATE)) == len(PRIVATE) >= 60


@pytest.mark.parametrize("url", PRIVATE)
async def test_no_spelling_of_a_private_address_is_connected_to(url: str) -> None:
    spy = Spy()

    async def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return await look_up(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    backend = GuardedBackend(AddressPolicy(), resolve=resolve, inner=spy)
    async with open_http_client(backend=backend, clock=Time().clock) as opened:
        with pytest.raises(SourceUnreadable):
            await opened.get(url.replace("PORT", "9"))
    assert spy.opened == []


async def test_without_the_guard_the_same_spellings_would_get_through() -> None:
    """What the guard is for: several spellings do reach a server on loopback."""
    reached = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal reached
        reached += 1
        return web.Response(text="inside")

    async with serve(web.get("/", answer)) as base:
        port = base.rpartition(":")[2]
        everything = AddressPolicy.parse(["0.0.0.0/0", "::/0"])
        async with open_http_client(everything, clock=Time().clock) as opened:
            for url in PRIVATE[:16]:
                with suppress(SourceUnreadable):
                    await opened.get(url.replace("PORT", port))
    assert reached > 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://localhost.example/", "file:///x"])
async def test_a_redirect_to_a_private_address_is_not_followed(status: int, target: str) -> None:
    spy = Spy()

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2"] if host == "localhost.example" else [host]

    async with serve(web.get("/", redirect)) as base:
        backend = GuardedBackend(LOOPBACK, resolve=resolve, inner=spy)
        async with open_http_client(backend=backend, clock=Time().clock) as opened:
            with pytest.raises(SourceRefused):
                await opened.get(base)
    assert spy.opened == ["127.0.0.1"]


async def test_a_name_that_changes_its_address_is_checked_at_each_connection() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]])
    spy = Spy()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="public", headers={"Connection": "close"})

    async with serve(web.get("/", answer)) as base:
        backend = GuardedBackend(LOOPBACK, resolve=resolve, inner=spy)
        async with open_http_client(backend=backend, clock=Time().clock) as opened:
            url = base.replace("127.0.0.1", "rebinding.example")
            assert (await opened.get(url)).content == b"public"
            for _ in range(2):
                with pytest.raises(SourceRefused, match="private"):
                    await opened.get(url)
    assert spy.opened == ["127.0.0.1"]


async def test_only_the_allowed_addresses_of_a_name_are_tried() -> None:
    spy = Spy()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.0.0.1", "127.0.0.1"]

    async with serve(web.get("/", _hello)) as base:
        backend = GuardedBackend(LOOPBACK, resolve=resolve, inner=spy)
        async with open_http_client(backend=backend) as opened:
            await opened.get(base.replace("127.0.0.1", "both.example"))
    assert spy.opened == ["127.0.0.1"]


async def _hello(request: web.Request) -> web.Response:
    return web.Response(text="hello", content_type="text/plain")


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serve(web.get("/", _hello)) as base, client() as opened:
        assert (await opened.get(base)).content == b"hello"


async def test_a_server_that_asks_for_patience_is_given_it() -> None:
    time = Time()
    answers = iter([429, 503, 200])

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=next(answers), headers={"Retry-After": "7"})

    async with serve(web.get("/", answer)) as base, client(time=time) as opened:
        assert (await opened.get(base)).status == 200
    assert time.waits == [7, 7]


async def test_patience_has_an_end_and_says_when_to_come_back() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    async with serve(web.get("/", answer)) as base, client() as opened:
        with pytest.raises(SourceUnreadable, match="too often") as caught:
            await opened.get(base)
    assert caught.value.retry_after == 3600


async def test_a_spent_quota_is_a_request_for_patience() -> None:
    async def answer(request: web.Request) -> web.Response:
        reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
        return web.Response(status=403, headers=reset)

    async with serve(web.get("/", answer)) as base, client() as opened:
        with pytest.raises(SourceUnreadable) as caught:
            await opened.get(base)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 3600


async def test_a_fault_of_the_server_is_tried_again_a_few_times() -> None:
    time = Time()
    calls = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=500)

    async with serve(web.get("/", answer)) as base, client(time=time) as opened:
        with pytest.raises(SourceUnreadable, match="500"):
            await opened.get(base)
    assert calls == 3
    assert time.waits == [1, 2]


async def test_requests_to_one_host_keep_their_distance() -> None:
    time = Time()
    async with serve(web.get("/", _hello)) as base, client(time=time) as opened:
        for _ in range(4):
            await opened.get(base, pace=0.5)
    assert time.seconds == 1.5


async def test_answers_that_are_too_large_are_cut_off() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    async with serve(web.get("/", endless)) as base, client(HttpLimits(size=2**20)) as opened:
        with pytest.raises(DocumentUnreadable, match="more than 1 MB"):
            await opened.get(base)
    assert sent < 20 * 2**20


async def test_packed_answers_are_unpacked_within_the_limit() -> None:
    bomb = gzip.compress(bytes(20 * 2**20))

    async def answer(request: web.Request) -> web.Response:
        body = bomb if request.path == "/bomb" else gzip.compress(b"hello")
        if request.path == "/cut":
            body = body[:-6]
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async def doubled(request: web.Request) -> web.Response:
        body = zlib.compress(b"x")
        return web.Response(body=body, headers={"Content-Encoding": "deflate, gzip"})

    routes = [web.get(f"/{name}", answer) for name in ("fine", "bomb", "cut")]
    small = client(HttpLimits(size=2**20))
    async with serve(*routes, web.get("/doubled", doubled)) as base, small as opened:
        assert (await opened.get(f"{base}/fine")).content == b"hello"
        with pytest.raises(DocumentUnreadable, match="more than 1 MB"):
            await opened.get(f"{base}/bomb")
        with pytest.raises(SourceUnreadable, match="part"):
            await opened.get(f"{base}/cut")
        with pytest.raises(SourceUnreadable, match="not asked for"):
            await opened.get(f"{base}/doubled")


async def test_silence_and_slow_answers_end() -> None:
    waiting = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await waiting.wait()
        return web.Response()

    limits = HttpLimits(seconds=0.2, silence_seconds=5, attempts=1)
    async with serve(web.get("/", silent)) as base:
        async with client(limits) as opened:
            with pytest.raises(SourceUnreadable, match=r"took more than 0.2 s"):
                await opened.get(base)
        waiting.set()


async def test_a_server_that_is_not_there_is_unreadable() -> None:
    async with serve() as base:
        pass
    async with client() as opened:
        with pytest.raises(SourceUnreadable, match="reached"):
            await opened.get(base)
        with pytest.raises(SourceUnreadable, match="reached"):
            await opened.get("http://no-such-host.invalid/")


async def test_redirects_are_followed_unless_told_otherwise() -> None:
    async def move(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/new"})

    async def circle(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/circle"})

    routes = [web.get("/old", move), web.get("/new", _hello), web.get("/circle", circle)]
    async with serve(*routes) as base, client() as opened:
        answer = await opened.get(f"{base}/old")
        assert (answer.url, answer.content, answer.is_permanent) == (f"{base}/new", b"hello", True)
        stopped = await opened.get(f"{base}/old", follow=lambda url: False)
        assert (stopped.status, stopped.headers["location"]) == (301, "/new")
        with pytest.raises(DocumentUnreadable, match="circles"):
            await opened.get(f"{base}/circle")


async def test_credentials_do_not_follow_to_another_host_and_cookies_are_not_kept() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def note(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Authorization"), request.headers.get("Cookie")))
        return web.Response(headers={"Set-Cookie": "session=1"})

    async with serve(web.get("/", note)) as other:

        async def redirect(request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": other})

        async with serve(web.get("/", redirect)) as base, client() as opened:
            await opened.get(base, headers={"Authorization": "Bearer canary"})
            await opened.get(other)
    assert seen == [(None, None), (None, None)]


async def test_bodies_of_other_types_are_not_read() -> None:
    async with serve(web.get("/", _hello)) as base, client() as opened:
        answer = await opened.get(base, media_types={"text/html"})
    assert (answer.media_type, answer.content) == ("text/plain", b"")


async def test_statuses_have_their_meaning() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    async with serve(web.get("/{status}", answer)) as base, client() as opened:
        for status in (404, 410):
            with pytest.raises(DocumentGone):
                (await opened.get(f"{base}/{status}")).expect_document()
        for status in (400, 401, 403):
            found = await opened.get(f"{base}/{status}?token=canary")
            with pytest.raises(DocumentUnreadable) as caught:
                found.expect_document()
            assert not isinstance(caught.value, DocumentGone)
            assert "canary" not in str(caught.value)
        for status in (401, 403, 404):
            with pytest.raises(SourceRefused):
                (await opened.get(f"{base}/{status}")).expect_listing()
        (await opened.get(f"{base}/200")).expect_listing()


async def test_queries_are_posted_and_answers_are_read_as_json() -> None:
    async def echo(request: web.Request) -> web.Response:
        sent = await request.json() if request.content_type.endswith("json") else None
        return web.json_response({"sent": sent or dict(await request.post())})

    async with serve(web.post("/", echo), web.get("/", _hello)) as base, client() as opened:
        assert (await opened.post(base, json={"a": 1})).json() == {"sent": {"a": 1}}
        assert (await opened.post(base, form={"a": "1"})).json() == {"sent": {"a": "1"}}
        with pytest.raises(SourceUnreadable, match="JSON"):
            (await opened.get(base)).json()
