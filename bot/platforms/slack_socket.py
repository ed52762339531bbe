"""Socket Mode over several connections, each watched.

Slack delivers to any of an app's connections, so while one reconnects the other takes events. The
SDK's client reconnects by itself, with two ways to stay deaf: it tries a URL that was refused once
for ever again, and a hung handshake holds it up without end. So the watch takes a dead URL away
from it, and builds a new client where one has had no live session for `longest_silence`.
"""

import asyncio
import logging
import re
from contextlib import suppress

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

CONNECTIONS = 2
LONGEST_SILENCE = 30.0
"""Seconds without a live session after which a client is replaced."""
PING_SECONDS = 4.0
"""The SDK takes a session for dead after four unanswered pings."""
WATCH_SECONDS = 0.2

_TICKET = re.compile(r"(ticket=)[^&\s'\")]+")

log = logging.getLogger(__name__)


class SlackSockets:
    """Keeps `connections` sessions open. `connected` is set while at least one is live."""

    def __init__(
        self,
        app: AsyncApp,
        client: AsyncWebClient,
        app_token: str,
        *,
        connections: int = CONNECTIONS,
        longest_silence: float = LONGEST_SILENCE,
        ping_seconds: float = PING_SECONDS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._app = app
        self._client = client
        self._app_token = app_token
        self._connections = connections
        self._longest_silence = longest_silence
        self._ping_seconds = ping_seconds
        self._watch_seconds = watch_seconds
        self._live: set[int] = set()
        self.connected = asyncio.Event()
        self._all_connected = asyncio.Event()

    @property
    def live(self) -> int:
        """How many sessions are live."""
        return len(self._live)

    async def wait_until_all_live(self) -> None:
        """Wait until every connection has a live session."""
        await self._all_connected.wait()

    async def run(self, first_url: str | None = None) -> None:
        """Stay connected until cancelled. `first_url`, unused so far, serves one connection."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._connections):
                group.create_task(self._keep(number, first_url if number == 0 else None))

    async def _keep(self, number: int, url: str | None) -> None:
        """Replace a client by the next for ever."""
        while True:
            handler = AsyncSocketModeHandler(
                self._app,
                self._app_token,
                logger=_sdk_logger(),
                web_client=self._client,
                ping_interval=self._ping_seconds,
            )
            handler.client.wss_uri = url
            url = None
            try:
                await self._watch(number, handler)
            finally:
                self._note(number, live=False)
                await _close(handler, self._ping_seconds)
            log.warning(
                "slack: socket %d had no session for %g s; starting it anew",
                number,
                self._longest_silence,
            )

    async def _watch(self, number: int, handler: AsyncSocketModeHandler) -> None:
        """Return when there was no live session for `longest_silence` seconds."""
        loop = asyncio.get_running_loop()
        client = handler.client
        connecting = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call]
        last_live = loop.time()
        try:
            while (silence := loop.time() - last_live) < self._longest_silence:
                live = await client.is_connected()
                self._note(number, live=live)
                if live:
                    last_live = loop.time()
                elif silence > self._ping_seconds / 2:
                    # The attempt with this URL failed or hangs; the next one shall ask for a new.
                    client.wss_uri = None
                await asyncio.sleep(self._watch_seconds)
        finally:
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                await connecting

    def _note(self, number: int, *, live: bool) -> None:
        if live and number not in self._live:
            log.info("slack: socket %d is live", number)
            self._live.add(number)
        elif not live and number in self._live:
            log.info("slack: socket %d is down; %d left", number, len(self._live) - 1)
            self._live.discard(number)
        _set(self.connected, value=bool(self._live))
        _set(self._all_connected, value=len(self._live) == self._connections)


def _set(event: asyncio.Event, *, value: bool) -> None:
    if value:
        event.set()
    else:
        event.clear()


async def _close(handler: AsyncSocketModeHandler, seconds: float) -> None:
    """Close a client, by force where the closing handshake of a dead session takes too long."""
    try:
        async with asyncio.timeout(seconds):
            await handler.close_async()  # type: ignore[no-untyped-call]
    except TimeoutError:
        log.info("slack: a session did not close in time")
    finally:
        client = handler.client
        tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
        for task in tasks:
            if task is not None:
                task.cancel()
        await client.aiohttp_client_session.close()


def _sdk_logger() -> logging.Logger:
    """The SDK's log without tracebacks, without the tickets in the addresses of sessions, and
    without what people typed, which it holds at DEBUG.
    """
    logger = logging.getLogger(f"{__name__}.sdk")
    logger.addFilter(_hide_secrets)
    return logger


def _hide_secrets(record: logging.LogRecord) -> bool:
    if record.levelno < logging.INFO:
        return False
    record.msg, record.args = _TICKET.sub(r"\1…", record.getMessage()), ()
    record.exc_info = record.exc_text = None
    return True
