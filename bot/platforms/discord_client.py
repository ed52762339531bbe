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

    async def receive_guild(self, guild: discord.Guild) -> None: ...

    async def receive_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Of every kind; slash commands reach the receiver through the tree besides."""
        ...


def redirect_library(api_url: str, gateway_url: str) -> None:
    """Point discord.py at another Discord; it keeps the addresses in two of its classes."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def build_intents(*, message_content: bool = False) -> discord.Intents:
    """The events that we ask for; of the privileged ones only what the settings ask for."""
    return discord.Intents(
        guilds=True, guild_messages=True, dm_messages=True, message_content=message_content
    )


class DiscordClient(discord.AutoShardedClient):
    """One bot account, over REST alone after `open`, and over the gateway while `serve` runs."""

    def __init__(
        self,
        token: str,
        *,
        listener: Listener | None = None,
        api_url: str = DISCORD_API_URL,
        gateway_url: str = DISCORD_GATEWAY_URL,
        message_content: bool = False,
        guild_ready_timeout: float = 2.0,
        identify_pause: float = IDENTIFY_PAUSE,
    ) -> None:
        redirect_library(api_url, gateway_url)
        super().__init__(
            intents=build_intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=guild_ready_timeout,
        )
        # Its constructor takes no less than 30 s.
        self.http.max_ratelimit_timeout = LONGEST_WAIT
        self.listener = listener
        self.api_url = api_url
        self._token = token
        self._identify_pause = identify_pause
        self._opening = asyncio.Lock()
        self._opened = False

    async def open(self) -> None:
        """Log in to the REST API, once. Raises ConnectionRefused, which says how to mend it."""
        async with self._opening:
            if self._opened:
                return
            try:
                await self.login(self._token)
            except (*CLIENT_ERRORS, ValueError) as error:
                await super().close()
                self.clear()
                self.http.connector = discord.utils.MISSING  # closed, and not for use again
                raise refuse_login(error, self.api_url) from error
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
        """Receive until cancelled. Raises ConnectionRefused."""
        await self.open()
        try:
            await self.connect(reconnect=True)
        except (discord.DiscordException, OSError) as error:
            raise refuse_gateway(error) from error

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
    def is_receiving(self) -> bool:
        """Whether every shard has a session now."""
        shards = self.shards.values()
        return self.is_ready() and bool(shards) and not any(shard.is_closed() for shard in shards)

    async def close(self) -> None:
        """Leave the gateway and close the connections."""
        if self._opened:
            await super().close()

    async def before_identify_hook(
        self,
        shard_id: int | None,  # noqa: ARG002 - as the library calls it
        *,
        initial: bool = False,
    ) -> None:
        """Wait until another identify is allowed."""
        if not initial:
            await asyncio.sleep(self._identify_pause)

    async def on_message(self, message: discord.Message) -> None:
        if self.listener is not None and self.user is not None:
            await self.listener.receive_message(message, self.user.id)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        # Buttons and modals are known by their ids alone, so that they work after a restart.
        if self.listener is not None:
            await self.listener.receive_interaction(interaction)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.on_guild_join(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if self.listener is not None:
            await self.listener.receive_guild(guild)
