"""The gateway, version 10: sessions, shards, intents, compression, resume and its failures."""

import asyncio
import json
import math
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from . import intents, render
from .state import Event, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 7, 8, 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, INVALID_SHARD, SHARDING_REQUIRED = 4005, 4007, 4010, 4011
INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4012, 4013, 4014
RESUME_WINDOW = 60.0
REMEMBERED = 5000


class Encoder(Protocol):
    """Turns one payload into one WebSocket message."""

    def encode(self, text: str) -> str | bytes: ...


class PlainEncoder:
    def encode(self, text: str) -> str:
        return text


class ZlibEncoder:
    """`zlib-stream`: one context per connection, each payload ended by a sync flush."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def encode(self, text: str) -> bytes:
        return self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class ZstdEncoder:
    """`zstd-stream`: one frame per connection, each payload ended by a block flush."""

    def __init__(self) -> None:
        # Only clients that have zstandard themselves ask for this encoding.
        import zstandard

        self._stream = zstandard.ZstdCompressor().compressobj()
        self._flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def encode(self, text: str) -> bytes:
        return self._stream.compress(text.encode()) + self._stream.flush(self._flush)


ENCODERS = {None: PlainEncoder, "zlib-stream": ZlibEncoder, "zstd-stream": ZstdEncoder}


@dataclass(eq=False, slots=True)
class Session:
    """One identified bot session; it outlives its connection while it may be resumed."""

    id: str
    intents: int
    shard: tuple[int, int]
    sequence: int = 0
    sent: deque[tuple[int, dict[str, Any]]] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED)
    )
    connection: "Connection | None" = None
    lost_at: float | None = None

    def wants_guild(self, guild_id: int | None) -> bool:
        if guild_id is None:
            return self.shard[0] == 0
        return (guild_id >> 22) % self.shard[1] == self.shard[0]


class Connection:
    """One WebSocket with its queue of outgoing payloads."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, encoder: Encoder
    ) -> None:
        self.socket = socket
        self.transport = transport
        self.session: Session | None = None
        self.muted = False
        self.close_code: int | None = None
        self._encoder = encoder
        self._outgoing: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def send(self, payload: dict[str, Any]) -> None:
        self._outgoing.put_nowait(payload)

    def close(self, code: int) -> None:
        """Close with this code once everything queued has been sent."""
        self.close_code = code
        self._outgoing.put_nowait(None)
        if self.muted:
            self.abort()

    def abort(self) -> None:
        """Cut it without a closing handshake."""
        if self.transport is not None:
            self.transport.abort()

    def mute(self) -> None:
        """Say nothing from now on and read nothing, not even that the other side takes leave."""
        self.muted = True
        if self.transport is not None:
            self.transport.pause_reading()

    async def write(self) -> None:
        """Send what is queued until `close`; a muted connection swallows everything."""
        while (payload := await self._outgoing.get()) is not None:
            if self.muted:
                continue
            try:
                data = self._encoder.encode(json.dumps(payload))
                if isinstance(data, str):
                    await self.socket.send_str(data)
                else:
                    await self.socket.send_bytes(data)
            except ConnectionError:
                return
        await self.socket.close(code=self.close_code or WSCloseCode.OK)


class Gateway:
    """All sessions of the bot, several processes of it included."""

    def __init__(
        self,
        world: World,
        *,
        heartbeat_interval: float = 41.25,
        shards: int = 1,
        max_concurrency: int = 1,
        sharding_from: int = 2500,
        identify_seconds: float = 0.0,
    ) -> None:
        self.heartbeat_interval = heartbeat_interval
        self.shards = shards
        self.max_concurrency = max_concurrency
        self.sharding_from = sharding_from
        self.identify_seconds = identify_seconds
        self.identifies_left = 1000
        self._identified_at: dict[int, float] = {}
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self._world = world
        world.subscribers.append(self.publish)

    # serving

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Handle one WebSocket until it closes."""
        socket = web.WebSocketResponse(max_msg_size=4096 * 4, autoping=True)
        await socket.prepare(request)
        encoder = ENCODERS.get(request.query.get("compress"))
        if request.query.get("v") != "10" or request.query.get("encoding", "json") != "json":
            await socket.close(code=INVALID_VERSION)
            return socket
        if encoder is None:
            await socket.close(code=DECODE_ERROR)
            return socket
        connection = Connection(socket, request.transport, encoder())
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        interval = int(self.heartbeat_interval * 1000)
        connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}, "s": None, "t": None})
        try:
            await self._read(connection)
        finally:
            self.connections.discard(connection)
            self._part(connection)
            connection.close(connection.close_code or WSCloseCode.OK)
            await writer
        return socket

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            try:
                payload = json.loads(message.data)
                opcode = payload["op"]
            except (ValueError, KeyError, TypeError):
                connection.close(DECODE_ERROR)
                continue
            if not connection.muted:
                self._handle(connection, opcode, payload.get("d"))

    def _part(self, connection: Connection) -> None:
        """Leave the session of a connection that is going away open for a resume."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.lost_at = self._world.clock.now()
        code = connection.close_code or connection.socket.close_code
        self._world.journal.append("discord.disconnected", session=session.id, code=code)
        # A client that closes with 1000 or 1001 says that it will not come back.
        if connection.close_code is None and code in (1000, 1001):
            self.sessions.pop(session.id, None)

    def _handle(self, connection: Connection, opcode: int, data: Any) -> None:
        if opcode == HEARTBEAT:
            self._world.journal.append("discord.heartbeat")
            connection.send({"op": ACK, "d": None, "s": None, "t": None})
        elif opcode == IDENTIFY:
            self._identify(connection, data)
        elif opcode == RESUME:
            self._resume(connection, data)
        elif opcode not in (PRESENCE, VOICE, REQUEST_MEMBERS):
            connection.close(UNKNOWN_OPCODE)
        elif connection.session is None:
            connection.close(NOT_AUTHENTICATED)
        elif opcode == REQUEST_MEMBERS:
            self._send_members(connection.session, data)

    # identify

    def _refusal(self, connection: Connection, data: dict[str, Any]) -> int | None:
        asked = data.get("intents")
        shard, count = data.get("shard") or (0, 1)
        checks = (
            (connection.session is not None, ALREADY_AUTHENTICATED),
            (data.get("token") != self._world.token, AUTHENTICATION_FAILED),
            (not isinstance(asked, int) or asked & ~intents.VALID, INVALID_INTENTS),
            (not 0 <= shard < count, INVALID_SHARD),
            (len(self._world.guilds) >= self.sharding_from * count, SHARDING_REQUIRED),
        )
        for wrong, code in checks:
            if wrong:
                return code
        privileged = sum(intents.PRIVILEGED.values()) & ~self._world.privileged
        return DISALLOWED_INTENTS if asked & privileged else None

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        code = self._refusal(connection, data)
        if code is not None:
            self._world.journal.append("discord.identify_refused", code=code)
            connection.close(code)
            return
        shard = data.get("shard") or (0, 1)
        if self._is_early(shard[0]):
            self._world.journal.append("discord.identify_early", shard=shard[0])
            connection.send({"op": INVALID_SESSION, "d": False, "s": None, "t": None})
            return
        session = Session(secrets.token_hex(16), data["intents"], (shard[0], shard[1]))
        session.connection = connection
        connection.session = session
        self.sessions[session.id] = session
        self.identifies_left -= 1
        guilds = [
            guild
            for guild in self._world.guilds.values()
            if session.wants_guild(guild.id) and self._world.bot.id in guild.members
        ]
        ready: dict[str, Any] = {
            "v": 10,
            "user": render.user(self._world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "private_channels": [],
            "relationships": [],
            "application": {
                "id": str(self._world.application_id),
                "flags": render.application_flags(self._world),
            },
        }
        if data.get("shard"):
            ready["shard"] = list(data["shard"])
        self._send(session, "READY", ready)
        for guild in guilds:
            self._send(session, "GUILD_CREATE", self._guild(session, guild.id))
        self._world.journal.append(
            "discord.identified", session=session.id, shard=list(session.shard)
        )

    def _is_early(self, shard: int) -> bool:
        """Whether a shard of this one's bucket identified itself less than the window ago."""
        bucket = shard % self.max_concurrency
        now = self._world.clock.now()
        early = now - self._identified_at.get(bucket, -math.inf) < self.identify_seconds
        if not early:
            self._identified_at[bucket] = now
        return early

    def _guild(self, session: Session, guild_id: int) -> dict[str, Any]:
        guild = self._world.guilds[guild_id]
        listed = bool(session.intents & intents.GUILD_MEMBERS)
        return render.guild_create(self._world, guild, all_members=listed)

    # resume

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        if data.get("token") != self._world.token:
            connection.close(AUTHENTICATION_FAILED)
            return
        session = self.sessions.get(data.get("session_id") or "")
        if session is None or self._is_stale(session, data.get("seq") or 0):
            self._world.journal.append("discord.resume_refused", session=data.get("session_id"))
            connection.send({"op": INVALID_SESSION, "d": False, "s": None, "t": None})
            return
        if (data.get("seq") or 0) > session.sequence:
            connection.close(INVALID_SEQUENCE)
            return
        if session.connection is not None:
            session.connection.close(4000)
        session.connection = connection
        connection.session = session
        session.lost_at = None
        missed = [payload for number, payload in session.sent if number > (data.get("seq") or 0)]
        for payload in missed:
            connection.send(payload)
        self._send(session, "RESUMED", {"_trace": []})
        self._world.journal.append("discord.resumed", session=session.id, replayed=len(missed))

    def _is_stale(self, session: Session, sequence: int) -> bool:
        now = self._world.clock.now()
        expired = session.lost_at is not None and now - session.lost_at > RESUME_WINDOW
        forgotten = bool(session.sent) and session.sent[0][0] > sequence + 1
        if expired or forgotten:
            del self.sessions[session.id]
        return expired or forgotten

    # dispatch

    def publish(self, event: Event) -> None:
        """Send an event to each session whose shard, intents and sight it falls under."""
        for session in list(self.sessions.values()):
            expired = session.lost_at is not None and (
                self._world.clock.now() - session.lost_at > RESUME_WINDOW
            )
            if expired:
                del self.sessions[session.id]
            elif self._may_see(session, event):
                self._send(session, event.name, self._fit(session, event))

    def _may_see(self, session: Session, event: Event) -> bool:
        if not session.wants_guild(event.guild_id):
            return False
        needed = intents.needed(event.name, direct=event.guild_id is None)
        if needed and not session.intents & needed:
            return False
        if event.name.startswith(("CHANNEL_", "GUILD_")) or event.channel_id is None:
            return True
        channel = self._world.channels.get(event.channel_id)
        return channel is None or self._world.can(channel, self._world.bot.id, "view_channel")

    def _fit(self, session: Session, event: Event) -> dict[str, Any]:
        if event.name == "GUILD_CREATE":
            return self._guild(session, int(event.data["id"]))
        content = session.intents & intents.MESSAGE_CONTENT
        if event.message is not None and event.guild_id is not None and not content:
            return render.withhold(self._world, event.data)
        return event.data

    def _send(self, session: Session, name: str, data: dict[str, Any]) -> None:
        session.sequence += 1
        payload = {"op": DISPATCH, "t": name, "s": session.sequence, "d": data}
        session.sent.append((session.sequence, payload))
        if session.connection is not None:
            session.connection.send(payload)

    def _send_members(self, session: Session, data: dict[str, Any]) -> None:
        guild = self._world.guilds[int(data["guild_id"])]
        wanted = data.get("user_ids")
        start = (data.get("query") or "").lower()
        if wanted is not None:
            numbers = [int(n) for n in (wanted if isinstance(wanted, list) else [wanted])]
            found = [number for number in numbers if number in guild.members]
        else:
            found = [
                n for n in guild.members if self._world.users[n].name.lower().startswith(start)
            ]
            found = found[: data.get("limit") or None]
        chunk: dict[str, Any] = {
            "guild_id": str(guild.id),
            "members": [render.member(self._world, guild, number) for number in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        self._send(session, "GUILD_MEMBERS_CHUNK", chunk)

    # failures on demand

    def ask_reconnect(self) -> int:
        """Op 7 to every connection; clients come back and resume. Returns how many."""
        return self._each({"op": RECONNECT, "d": None, "s": None, "t": None})

    def invalidate(self, *, resumable: bool = False) -> int:
        """Op 9 to every connection; unless resumable, the sessions are gone."""
        count = self._each({"op": INVALID_SESSION, "d": resumable, "s": None, "t": None})
        if not resumable:
            self.sessions.clear()
        return count

    def _each(self, payload: dict[str, Any]) -> int:
        live = [connection for connection in self.connections if connection.session]
        for connection in live:
            connection.send(payload)
        return len(live)

    def close_all(self, code: int = 4000) -> int:
        """Close every connection with this code."""
        live = [connection for connection in self.connections if connection.session]
        for connection in live:
            connection.close(code)
            self._part(connection)
        return len(live)

    def abort_all(self) -> int:
        """Cut every connection without a closing handshake."""
        live = list(self.connections)
        for connection in live:
            self._part(connection)
            connection.abort()
        return len(live)

    def mute_all(self) -> int:
        """Half-open: connections stay up, but nothing is sent or heard any more."""
        for connection in self.connections:
            connection.mute()
        return len(self.connections)
