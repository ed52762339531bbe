"""A Discord on loopback: REST and gateway version 10, with people who act through a driver.

    async with DiscordEmulator() as discord:
        discord.api_url, discord.gateway_url, discord.bot_token   # for the bot
        await discord.driver.mention("ben", "#general", "How long is the trial?")

discord.py is pointed at it by `discord.http.Route.BASE = api_url` and
`discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)`.
"""

from types import TracebackType
from typing import Any

from aiohttp import web

from ..journal import Journal
from . import driver_http, permissions, rest_guilds, rest_interactions, rest_messages
from .clock import Clock
from .driver import DiscordDriver
from .driver_client import DiscordDriverClient
from .errors import DriverError
from .faults import FaultQueue, RateLimits
from .gateway import Gateway
from .models import FORUM, Overwrite
from .rest import RestApi
from .state import World

__all__ = ["DiscordDriver", "DiscordDriverClient", "DiscordEmulator", "DriverError"]

BOT_TOKEN = "emulated-discord-token"


class DiscordEmulator:
    """The server, an async context manager; listens on 127.0.0.1 only.

    The default world: guild `Acme` with owner `olivia`, `ada` (role `Admins`, manage_guild), `ben`
    and `chloe`; channels `general`, `help`, `leads` (role `Leads`: ada, and the bot), `vault` (role
    `Leads`, without the bot) and the forum `questions`.

    `port` 0 takes a free one. `clock` is shared by the 3 s, 60 s and 15 min rules.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        bot_token: str = BOT_TOKEN,
        bot_name: str = "Footnote",
        guild_name: str = "Acme",
        clock: Clock | None = None,
        empty: bool = False,
        **gateway_options: Any,
    ) -> None:
        self.clock = clock or Clock()
        self.journal = Journal(self.clock.now)
        self.bot_token = bot_token
        self.world = World(self.clock, self.journal, bot_token, bot_name)
        self.gateway = Gateway(self.world, **gateway_options)
        self.faults = FaultQueue()
        self.limits = RateLimits(self.clock)
        self.driver = DiscordDriver(self.world, self.gateway, self.faults, self.limits, self.clock)
        self.api_url = self.gateway_url = self.driver_url = ""
        self._port = port
        self._rest: RestApi | None = None
        self._runner: web.AppRunner | None = None
        if not empty:
            _furnish(self.world, guild_name)

    async def __aenter__(self) -> "DiscordEmulator":
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/_cdn/attachments/{channel}/{number}/{name}", self._file)
        driver_http.mount(app, self.driver)
        self._rest = RestApi(self.world, self.gateway, self.faults, self.limits)
        self._rest.mount(
            app, (*rest_messages.ROUTES, *rest_interactions.ROUTES, *rest_guilds.ROUTES)
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.world.base_url = f"http://127.0.0.1:{port}"
        self.api_url = f"{self.world.base_url}/api/v10"
        self.driver_url = f"{self.world.base_url}/_driver"
        self.gateway_url = self.gateway.url = f"ws://127.0.0.1:{port}/gateway"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._rest is not None:
            self._rest.closing.set()
        self.gateway.abort_all()
        if self._runner is not None:
            await self._runner.cleanup()

    def describe(self) -> dict[str, str]:
        """What another process needs to connect a bot and a `DiscordDriverClient`."""
        return {
            "api_url": self.api_url,
            "gateway_url": self.gateway_url,
            "driver_url": self.driver_url,
            "bot_token": self.bot_token,
            "bot_id": str(self.world.bot.id),
            "application_id": str(self.world.application_id),
        }

    async def _file(self, request: web.Request) -> web.Response:
        content = self.world.attachments.get(int(request.match_info["number"]))
        if content is None:
            return web.Response(status=404)
        return web.Response(body=content, content_type="application/octet-stream")


def _furnish(world: World, guild_name: str) -> None:
    people = {
        name: world.add_user(name, display_name=name.title())
        for name in ("olivia", "ada", "ben", "chloe")
    }
    guild = world.add_guild(guild_name, people["olivia"])
    admins = world.add_role(guild, "Admins", permissions.bits(("manage_guild",)))
    leads = world.add_role(guild, "Leads")
    world.add_member(guild, people["ada"], [admins.id, leads.id])
    world.add_member(guild, people["ben"])
    world.add_member(guild, people["chloe"])
    view = permissions.BITS["view_channel"]
    closed = [Overwrite(guild.id, 0, deny=view), Overwrite(leads.id, 0, allow=view)]
    bot = Overwrite(world.bot_role(guild).id, 0, allow=view)
    world.add_channel(guild, "general", topic="Everything")
    world.add_channel(guild, "help", topic="Ask here")
    world.add_channel(guild, "leads", overwrites=[*closed, bot])
    world.add_channel(guild, "vault", overwrites=list(closed))
    world.add_channel(guild, "questions", kind=FORUM, tags=("open", "answered"))
