"""The gateway client: logs in, registers the commands, hands events to the receiver."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord_errors import CLIENT_ERRORS, refuse_gateway, refuse_login
from bot.platforms.discord_pulse import LONGEST_SILENCE, quicken_library
from bot.platforms.discord_refusals import RefusalCounter
from bot.platforms.discord_shards import ShardLeases, SoleProcess

DISCORD_API_URL = "https://discord.com/api/v10"
DISCORD_GATEWAY_URL = "wss://gateway.discord.gg/"

LONGEST_WAIT = 5.0
"""Seconds; a rate limit that lasts longer is for the queue to wait out."""
IDENTIFY_PAUSE = 5.0
"""Seconds between identifies: Discord allows one in five seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DiscordIdentity:
    """Who the bot is. `guilds` has the names of the servers that it is in, by id."""

    bot_user: int
    name: str
    application: int
    guilds: Mapping[int, str]


class Listener(Protocol):
    """What is told of events; discord_receiver.DiscordReceiver."""

    async def receive_message(self, message: discord.Message, bot_user: int) -> None: ...

    async def receive_edit(self, message: discord.Message, bot_user: int) -> None: ...

    async def receive_deletion(self, guild: int | None, channel: int, message: int) -> None: ...

    async def receive_guild(self, guild: discord.Guild, bot_user: int) -> None: ...

    def receive_session(self, client: discord.Client, shard: int, shards: int) -> None:
        """A session was begun, not resumed."""
        ...

    async def receive_change(self, guild: discord.Guild) -> None:
        """Roles, channels or the owner of a guild have changed."""
        ...

    async def receive_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Of every kind; slash commands reach the receiver through the tree besides."""
        ...


def redirect_library(api_url: str, gateway_url: str) -> None:
    """Point discord.py at another Discord; it keeps the addresses in two of its classes."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def build_intents() -> discord.Intents:
    """The events that every application may ask for."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


def may_read_everything(flags: discord.ApplicationFlags) -> bool:
    """Whether the application has the privileged Message Content intent.

    Applications in fewer than 100 servers have it 'limited'. See
    https://discord.com/developers/docs/resources/application#application-object-application-flags
    """
    return flags.gateway_message_content or flags.gateway_message_content_limited


class DiscordClient(discord.AutoShardedClient):
    """One bot account, over REST alone after `open`, and over the gateway while `serve` runs."""

    def __init__(
        self,
        token: str,
        *,
        listener: Listener | None = None,
        api_url: str = DISCORD_API_URL,
        gateway_url: str = DISCORD_GATEWAY_URL,
        guild_ready_timeout: float = 2.0,
        identify_pause: float = IDENTIFY_PAUSE,
        leases: ShardLeases | None = None,
        shards: int = 0,
        refusals: RefusalCounter | None = None,
    ) -> None:
        redirect_library(api_url, gateway_url)
        quicken_library()
        # It warns of what a bot that speaks would lack.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        # The library keeps this very object, so that it can still learn what we may ask for.
        self._asked = build_intents()
        super().__init__(
            intents=self._asked,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=guild_ready_timeout,
            heartbeat_timeout=LONGEST_SILENCE,
            http_trace=(refusals or RefusalCounter()).trace(),
        )
        # Its constructor takes no less than 30 s.
        self.http.max_ratelimit_timeout = LONGEST_WAIT
        self.listener = listener
        self.api_url = api_url
        self._token = token
        self._identify_pause = identify_pause
        self._opening = asyncio.Lock()
        self._opened = False
        self._settled = asyncio.Event()
        self._leases = leases or ShardLeases(SoleProcess())
        self._wanted_shards = shards
        self._identifies_at_once = 1

    async def open(self) -> None:
        """Log in to the REST API, once. Raises ConnectionRefused, which says how to mend it."""
        async with self._opening:
            if self._opened:
                return
            try:
                await self.login(self._token)
            except (*CLIENT_ERRORS, ValueError) as error:
                await super().close()
                self._forget_connections()
                raise refuse_login(error, self.api_url) from error
            self._asked.message_content = self.application is not None and may_read_everything(
                self.application.flags
            )
            self._opened = True

    async def identify(self) -> DiscordIdentity:
        """Who we are, and where. Raises ConnectionRefused."""
        await self.open()
        try:
            guilds = {guild.id: guild.name async for guild in self.fetch_guilds(limit=None)}
        except CLIENT_ERRORS as error:
            raise refuse_login(error, self.api_url) from error
        if self.user is None or self.application_id is None:
            raise RuntimeError("the library is logged in without a user")
        return DiscordIdentity(self.user.id, self.user.name, self.application_id, guilds)

    async def serve(self) -> None:
        """Receive until cancelled, on the shards that are leased. Raises ConnectionRefused."""
        while True:
            await self.open()
            try:
                return await self._serve_leased(await self._count_shards())
            except discord.PrivilegedIntentsRequired as error:
                if not self.reads_everything:
                    raise refuse_gateway(error) from error
                log.warning("discord: the Message Content intent was taken away; going on without")
                await self._start_over()
            except CLIENT_ERRORS as error:
                raise refuse_gateway(error) from error

    async def _count_shards(self) -> int:
        """How many shards are wanted: as many as Discord recommends unless the settings say.

        Raises ConnectionRefused.
        """
        try:
            gateway = await self.request("GET", "/gateway/bot")
        except CLIENT_ERRORS as error:
            raise refuse_login(error, self.api_url) from error
        limit = gateway["session_start_limit"]
        self._identifies_at_once = int(limit["max_concurrency"])
        if int(limit["remaining"]) < 1:
            seconds = int(limit["reset_after"]) / 1000
            log.error("discord: no session may be begun for another %.0f s", seconds)
            await asyncio.sleep(seconds)
        return self._wanted_shards or int(gateway["shards"])

    async def _serve_leased(self, wanted: int) -> None:
        name = str(self.application_id)
        lease = await self._leases.obtain(name, wanted, self._settled.set)
        self.shard_count, self.shard_ids = lease.shards, sorted(lease.held)
        log.info("discord: serving %d of %d shards", len(lease.held), lease.shards)
        keeping = asyncio.create_task(self._leases.keep(name, wanted, self))
        try:
            await self.connect(reconnect=True)
        finally:
            keeping.cancel()

    def list_open(self) -> frozenset[int]:
        """The shards that are served now."""
        return frozenset(id_ for id_, shard in self.shards.items() if not shard.is_closed())

    async def open_shard(self, shard: int) -> None:
        """Begin to serve a shard besides."""
        await self.launch_shard(DiscordWebSocket.DEFAULT_GATEWAY, shard)

    async def close_shard(self, shard: int) -> None:
        """Serve a shard no more."""
        if found := self.get_shard(shard):
            await found.disconnect()

    async def _start_over(self) -> None:
        """Log in again after the library has closed everything, and ask for less."""
        async with self._opening:
            self._opened = False
            self._forget_connections()
            await self._async_setup_hook()
        await self.open()
        self._asked.message_content = False

    def _forget_connections(self) -> None:
        self.clear()
        self.http.connector = discord.utils.MISSING  # closed, and not for use again

    async def request(
        self,
        method: str,
        path: str,
        names: Mapping[str, str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """A call of the REST API, with `names` put into the path. Raises CLIENT_ERRORS.

        The library waits out short rate limits and repeats calls that failed with HTTP 5xx.
        """
        await self.open()
        route = Route(method, path, metadata=None, **(names or {}))
        more: dict[str, Any] = {}
        if body is not None:
            more["json"] = body
        if query is not None:
            more["params"] = query
        return await self.http.request(route, **more)

    @property
    def reads_everything(self) -> bool:
        """Whether messages that do not mention the bot come with their text.

        It follows from the application's flags, and is known after `open`.
        """
        return self._asked.message_content

    @property
    def is_receiving(self) -> bool:
        """Whether every shard that is leased has a session now, or others serve them all."""
        if self._leases.stands_by:
            return True
        shards = [self.get_shard(shard) for shard in self._leases.serving]
        return (
            self.is_ready()
            and bool(shards)
            and all(each and not each.is_closed() for each in shards)
        )

    async def wait_until_receiving(self) -> None:
        """Return once Discord can deliver, or others receive what it delivers."""
        # The library's own event is another one after the client has started over.
        await self._settled.wait()

    async def close(self) -> None:
        """Leave the gateway and close the connections; others may serve the shards now."""
        if self._opened:
            await super().close()
            await self._leases.give_back(str(self.application_id))

    async def before_identify_hook(
        self,
        shard_id: int | None,
        *,
        initial: bool = False,  # noqa: ARG002 - other processes may have come before the first
    ) -> None:
        """Wait until another identify is allowed."""
        bucket = (shard_id or 0) % self._identifies_at_once
        await self._leases.wait_for_turn(str(self.application_id), bucket, self._identify_pause)

    async def on_ready(self) -> None:
        self._settled.set()

    async def on_message(self, message: discord.Message) -> None:
        if self.listener is not None and self.user is not None:
            await self.listener.receive_message(message, self.user.id)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if self.listener is not None and self.user is not None:
            await self.listener.receive_edit(payload.message, self.user.id)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        if self.listener is not None:
            await self.listener.receive_deletion(
                payload.guild_id, payload.channel_id, payload.message_id
            )

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        if self.listener is not None:
            for message in sorted(payload.message_ids):
                await self.listener.receive_deletion(payload.guild_id, payload.channel_id, message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        # Buttons and modals are known by their ids alone, so that they work after a restart.
        if self.listener is not None:
            await self.listener.receive_interaction(interaction)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.on_guild_join(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if self.listener is not None and self.user is not None:
            await self.listener.receive_guild(guild, self.user.id)

    async def on_shard_connect(self, shard_id: int) -> None:
        if self.listener is not None:
            self.listener.receive_session(self, shard_id, self.shard_count or 1)

    async def on_guild_update(
        self,
        before: discord.Guild,  # noqa: ARG002 - as the library calls it
        after: discord.Guild,
    ) -> None:
        await self._tell_change(after)

    async def on_guild_role_create(self, role: discord.Role) -> None:
        await self._tell_change(role.guild)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:  # noqa: ARG002
        await self._tell_change(after.guild)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        await self._tell_change(role.guild)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell_change(channel.guild)

    async def on_guild_channel_update(
        self,
        before: discord.abc.GuildChannel,  # noqa: ARG002
        after: discord.abc.GuildChannel,
    ) -> None:
        await self._tell_change(after.guild)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell_change(channel.guild)

    async def _tell_change(self, guild: discord.Guild) -> None:
        if self.listener is not None:
            await self.listener.receive_change(guild)
