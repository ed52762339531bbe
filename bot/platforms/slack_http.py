"""Events, commands and interactivity over signed HTTP."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import Clock, SignatureVerifier

from bot.errors import SettingsInvalid

MOST_BYTES = 1024 * 1024
PATH = "/slack/events"

HealthCheck = Callable[[], Awaitable[str]]
"""Returns why this process cannot do its work now; '' when it can."""

log = logging.getLogger(__name__)


async def find_nothing_wrong() -> str:
    """The check of a server that depends on nothing else."""
    return ""


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


class SlackHttp:
    """Serves `/slack/events` for all that Slack sends, `/healthz`, and what else is in `routes`.

    `port` 0 picks a free one. Requests with a wrong signature, or older than five minutes, are
    refused before anything reads them. `/healthz` answers 200, or 503 with what `check_health`
    has found.
    """

    def __init__(
        self,
        app: AsyncApp,
        signing_secret: str,
        *,
        host: str,
        port: int,
        check_health: HealthCheck = find_nothing_wrong,
        routes: Sequence[web.RouteDef] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._routes = routes
        self._app = app
        self._verifier = SignatureVerifier(signing_secret, clock=_Clock(now))
        self._host, self._port = host, port
        self._check_health = check_health
        self.ready = asyncio.Event()
        self.address = ""
        """The base address, e.g. 'http://127.0.0.1:8080', once `ready` is set."""

    async def run(self) -> None:
        """Serve until cancelled."""
        server = web.Application(client_max_size=MOST_BYTES)
        server.router.add_post(PATH, self._receive)
        server.router.add_get("/healthz", self._tell_health)
        server.router.add_routes(self._routes)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port)
            try:
                await site.start()
            except OSError as error:
                raise SettingsInvalid(
                    f"Footnote cannot listen on {self._host}:{self._port} ({error.strerror}): set "
                    "FOOTNOTE_HOST and FOOTNOTE_PORT to an address that is free."
                ) from error
            host, port = runner.addresses[0][:2]
            self.address = f"http://{host}:{port}"
            self.ready.set()
            log.info("slack: receiving at %s%s", self.address, PATH)
            await asyncio.Event().wait()
        finally:
            self.ready.clear()
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_genuine(body, request):
            log.warning("slack: refused a request with a wrong signature from %s", request.remote)
            return web.json_response({"error": "invalid signature"}, status=401)
        try:
            bolt_request = await to_bolt_request(request)
        except ValueError:
            return web.json_response({"error": "unreadable body"}, status=400)
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    def _is_genuine(self, body: bytes, request: web.Request) -> bool:
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):
            # A timestamp that is no number, a body that is not UTF-8, a signature not in ASCII.
            return False

    async def _tell_health(self, _: web.Request) -> web.Response:
        reason = await self._check_health()
        if reason:
            return web.json_response({"status": "unavailable", "reason": reason}, status=503)
        return web.json_response({"status": "ok"})
