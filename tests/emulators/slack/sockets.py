"""Socket Mode: WebSocket connections of the app, and everything that can go wrong with them."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from ..journal import Journal

MAX_CONNECTIONS = 10


@dataclass(eq=False, slots=True)
class Connection:
    """One WebSocket; `half_open` answers nothing any more, `draining` gets nothing new."""

    id: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    half_open: bool = False
    draining: bool = False


class SocketHub:
    """The live connections of the app; envelopes go to them in turn."""

    def __init__(self, journal: Journal, app_id: str) -> None:
        self._journal = journal
        self._app_id = app_id
        self._tickets: dict[str, bool] = {}
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._opened = 0
        self._turn = 0
        self.dead_urls = 0
        self.connections: list[Connection] = []

    def new_url(self, origin: str) -> str:
        """A WebSocket URL for `apps.connections.open`; a dead one answers 404 for ever."""
        ticket = secrets.token_hex(16)
        alive = self.dead_urls <= 0
        self.dead_urls = max(0, self.dead_urls - 1)
        self._tickets[ticket] = alive
        self._journal.append("socket.url_issued", dead=not alive)
        return f"{origin.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if not self._tickets.get(request.query.get("ticket", ""), False):
            self._journal.append("socket.refused")
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(autoping=False, autoclose=False)
        await socket.prepare(request)
        if len(self.connections) >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._opened += 1
        connection = Connection(self._opened, socket, request.transport)
        self.connections.append(connection)
        try:
            await socket.send_json(self._hello())
            await socket.ping(b"Ping from applink")
            self._journal.append("socket.opened", connection=connection.id)
            await self._listen(connection)
        except (ConnectionError, RuntimeError):
            pass
        finally:
            self.connections.remove(connection)
            self._journal.append("socket.closed", connection=connection.id)
        return socket

    async def deliver(self, envelope: dict[str, Any]) -> asyncio.Future[Any] | None:
        """Send an envelope on the next connection; None if there is none.

        The future's result is the payload of the ack, which may come on any connection.
        """
        loop = asyncio.get_running_loop()
        ack = self._acks[envelope["envelope_id"]] = loop.create_future()
        ack.add_done_callback(lambda _: self._acks.pop(envelope["envelope_id"], None))
        for _ in range(len(self.connections)):
            ready = [item for item in self.connections if not item.draining]
            if not ready:
                break
            self._turn += 1
            connection = ready[self._turn % len(ready)]
            if await self._send(connection, envelope):
                return ack
        ack.cancel()
        return None

    async def disconnect(
        self, reason: str = "refresh_requested", *, connection: int | None = None
    ) -> int:
        """Tell connections that they will be closed (`refresh_requested`, `warning`,
        `link_disabled`); after a warning they still get envelopes. Returns how many were told."""
        told = 0
        for item in self._pick(connection):
            item.draining = reason != "warning"
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "emulator"}}
            told += await self._send(item, message)
        self._journal.append("socket.disconnect_sent", reason=reason, connections=told)
        return told

    def abort(self, *, connection: int | None = None) -> int:
        """Cut connections without a closing handshake."""
        picked = self._pick(connection)
        for item in picked:
            item.draining = True
            if item.transport is not None:
                item.transport.abort()
        return len(picked)

    def half_open(self, *, connection: int | None = None) -> int:
        """Let connections stay up and answer nothing more: no pong, no ack read, no close."""
        picked = self._pick(connection)
        for item in picked:
            item.half_open = True
        return len(picked)

    async def close(self) -> None:
        """Close all connections and give up waiting for acks."""
        for ack in list(self._acks.values()):
            ack.cancel()
        for item in list(self.connections):
            if item.half_open and item.transport is not None:
                item.transport.abort()
            else:
                await item.socket.close()

    def _pick(self, connection: int | None) -> list[Connection]:
        return [item for item in self.connections if connection in (None, item.id)]

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": self._app_id},
            "debug_info": {
                "host": "emulator",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }

    async def _send(self, connection: Connection, message: dict[str, Any]) -> bool:
        if connection.half_open:
            return True  # as far as Slack can see, the bytes went out
        try:
            await connection.socket.send_json(message)
        except (ConnectionError, RuntimeError):
            return False
        return True

    async def _listen(self, connection: Connection) -> None:
        socket = connection.socket
        while True:
            message = await socket.receive()
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return
            if connection.half_open:
                if message.type is WSMsgType.CLOSE:
                    await self._until_gone(connection)
                    return
            elif message.type is WSMsgType.CLOSE:
                await socket.close()
                return
            elif message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._journal.append("socket.pong", connection=connection.id)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(connection, message.data)

    async def _until_gone(self, connection: Connection) -> None:
        # receive() would answer a second CLOSE; the reader ends when the peer drops the TCP link.
        while connection.transport is not None and not connection.transport.is_closing():
            message = await connection.socket.receive()
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return

    def _acknowledge(self, connection: Connection, data: str) -> None:
        try:
            message = json.loads(data)
        except ValueError:
            self._journal.append("socket.garbage", connection=connection.id, text=data)
            return
        ack = self._acks.get(message.get("envelope_id"))
        if ack is not None and not ack.done():
            ack.set_result(message.get("payload"))
