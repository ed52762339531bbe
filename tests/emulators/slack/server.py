"""The emulator as one object: started, it listens on loopback."""

from dataclasses import replace
from types import TracebackType
from typing import Any

from aiohttp import web

from ..journal import Journal
from .backend import App, Backend
from .clock import Clock
from .driver import Driver
from .driver_http import DriverHttp
from .faults import FaultQueue
from .state import Workspace
from .web_api import WebApi

HOST = "127.0.0.1"
BODY_LIMIT = 16 * 1024 * 1024


class SlackEmulator:
    """A Slack workspace with one app installed.

    `async with SlackEmulator() as slack:` serves the Web API at `slack.api_url` (for the SDK's
    `base_url`), Socket Mode, response_urls and the driver. `app` says who the app is and what it
    may do. People by default: alma (an admin), bruno, chen; channels: general, help, leads
    (private: alma, bruno), all with the bot in them, and random without it.
    `populate=False` leaves all of that to the caller. `frozen`: the clock moves by `advance` only.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        app: App | None = None,
        team_id: str = "T0FOOTNOTE1",
        team_name: str = "Footnote Works",
        domain: str = "footnote-works",
        frozen: bool = False,
        seed: int = 0,
        populate: bool = True,
    ) -> None:
        self._port = port
        self._runner: web.AppRunner | None = None
        team = {"team_id": team_id, "team_name": team_name, "domain": domain}
        self.backend = Backend(app or App(), frozen=frozen, seed=seed, team=team)
        self.driver = Driver(self.backend)
        self._backends = [self.backend]
        self._api = WebApi(self._backends)
        self._add_bot()
        if populate:
            self._populate()

    def add_workspace(
        self, team_id: str, name: str, *, organisation: str | None = None, installed: bool = False
    ) -> Driver:
        """Another workspace, with an app of its own to be installed; returns what acts in it.

        There are dora, an admin, and emil, and the channels general and help with both of them.
        """
        number = len(self._backends) + 1
        first = self.app
        app = replace(
            first, bot_user=f"U0FOOTNOTE{number}", bot_id=f"B0FOOTNOTE{number}",
            bot_token=f"xoxb-none-{number}", scopes=set(first.scopes), installed=installed,
            subscriptions=set(first.subscriptions),
        )  # fmt: skip
        team = {"team_id": team_id, "team_name": name, "domain": name.lower().replace(" ", "-")}
        backend = Backend(app, team=team, organisation=organisation, beside=self.backend)
        self._backends.append(backend)
        there = backend.workspace
        there.start_numbers(number * 1_000_000)
        there.add_user(
            app.name, id=app.bot_user, real_name=app.name.title(), bot_id=app.bot_id,
            app_id=app.app_id,
        )  # fmt: skip
        there.add_user("dora", real_name="Dora Klein", is_admin=True)
        there.add_user("emil", real_name="Emil Roth")
        for channel in ("general", "help"):
            there.add_channel(channel, members=["dora", "emil", app.bot_user])
        return Driver(backend)

    @property
    def app(self) -> App:
        """The installed app; its fields can be changed while the emulator runs."""
        return self.backend.app

    @property
    def workspace(self) -> Workspace:
        """The state."""
        return self.backend.workspace

    @property
    def journal(self) -> Journal:
        """What happened."""
        return self.backend.journal

    @property
    def clock(self) -> Clock:
        """The clock of all rules about time."""
        return self.backend.clock

    @property
    def faults(self) -> FaultQueue:
        """The faults that wait for their calls."""
        return self.backend.faults

    @property
    def api_url(self) -> str:
        """The Web API, e.g. http://127.0.0.1:40001/api/."""
        return f"{self.backend.origin}/api/"

    @property
    def driver_url(self) -> str:
        """Where SlackDriverClient connects to."""
        return f"{self.backend.origin}/_driver"

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.workspace.team_id

    @property
    def bot_user_id(self) -> str:
        """The id by which people mention the bot."""
        return self.app.bot_user

    @property
    def bot_token(self) -> str:
        """For SLACK_BOT_TOKEN."""
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        """For SLACK_APP_TOKEN."""
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        """For SLACK_SIGNING_SECRET."""
        return self.app.signing_secret

    def describe(self) -> dict[str, Any]:
        """All that another process needs to use the emulator."""
        return {
            "api_url": self.api_url,
            "driver_url": self.driver_url,
            "team_id": self.team_id,
            "bot_user_id": self.bot_user_id,
            "bot_token": self.bot_token,
            "app_token": self.app_token,
            "signing_secret": self.signing_secret,
        }

    async def __aenter__(self) -> "SlackEmulator":
        application = web.Application(client_max_size=BODY_LIMIT)
        application.add_routes([web.get("/link/", self.backend.sockets.handle)])
        application.add_routes(DriverHttp(self.driver).routes())
        application.add_routes(self._api.routes())
        # A wait of a driver that went away must not linger.
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self.backend.origin = f"http://{HOST}:{self._runner.addresses[0][1]}"
        await self.backend.courier.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._api.close()
        await self.backend.courier.close()
        await self.backend.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _add_bot(self) -> None:
        app = self.backend.app
        self.workspace.add_user(
            app.name, id=app.bot_user, real_name=app.name.title(), bot_id=app.bot_id,
            app_id=app.app_id,
        )  # fmt: skip

    def _populate(self) -> None:
        workspace, bot = self.workspace, self.app.bot_user
        workspace.add_user("alma", id="U0ALMA00001", real_name="Alma Reyes", is_admin=True)
        workspace.add_user("bruno", id="U0BRUNO0001", real_name="Bruno Lindt")
        workspace.add_user("chen", id="U0CHEN00001", real_name="Chen Wei")
        people = ["alma", "bruno", "chen"]
        workspace.add_channel("general", id="C0GENERAL01", members=[*people, bot])
        workspace.add_channel("help", id="C0HELP00001", members=[*people, bot])
        workspace.add_channel(
            "leads", id="C0LEADS0001", kind="group", members=["alma", "bruno", bot]
        )
        workspace.add_channel("random", id="C0RANDOM001", members=people)
        for name in people:
            workspace.direct(name, bot)
