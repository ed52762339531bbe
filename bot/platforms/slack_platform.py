"""Slack as one thing to wire: the account, what it says, what it hears."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp.web import RouteDef
from slack_bolt.async_app import AsyncApp

from bot.clock import read_clock
from bot.errors import SettingsInvalid
from bot.model import Platform
from bot.platforms.freshness import FRESH_SECONDS, RightsCache
from bot.platforms.slack_account import SLACK_API_URL, SlackAccount, SlackIdentity
from bot.platforms.slack_app import build_app
from bot.platforms.slack_catch_up import CatchUp, Gaps
from bot.platforms.slack_directory import SlackChannels, SlackDirectory
from bot.platforms.slack_forms import SlackForms
from bot.platforms.slack_home import SlackHome
from bot.platforms.slack_http import HealthCheck, SlackHttp, find_nothing_wrong
from bot.platforms.slack_installations import InstalledAccounts
from bot.platforms.slack_membership import SlackMembership
from bot.platforms.slack_messenger import SlackMessenger
from bot.platforms.slack_oauth import SlackOAuth
from bot.platforms.slack_pane import SlackPane
from bot.platforms.slack_receiver import SlackReceiver
from bot.platforms.slack_socket import CONNECTIONS, SlackSockets
from bot.platforms.slack_transcript import SlackTranscriber
from bot.ports import (
    FormDesk,
    Homes,
    Installations,
    InstallationStates,
    Intake,
    Prompts,
    RightsChanges,
    SourceNames,
    Transcripts,
    Workspaces,
)
from bot.tasks import running_beside

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlackPlatform:
    """One Slack app, over Socket Mode or over HTTP: in one workspace by a token of the settings, or
    over HTTP in as many as install it.

    `messenger` and `directory` work without `connect` and `run`. Exactly one of `sockets` and
    `http` is set. Use: `connect`, then `run` until cancelled, then `close`.
    """

    accounts: SlackAccount | InstalledAccounts
    messenger: SlackMessenger
    directory: SlackDirectory
    workspaces: Workspaces
    receiver: SlackReceiver
    transcriber: SlackTranscriber | None
    catch_up: CatchUp | None
    sockets: SlackSockets | None
    http: SlackHttp | None
    app_token: str = ""

    async def connect(self) -> SlackIdentity | None:
        """Check the token of the settings and link its workspace; before `run`.

        Returns who we are there, None where there is no such token. Raises ConnectionRefused, whose
        text says how to mend it, and StoreUnavailable.
        """
        await self.accounts.open()
        if isinstance(self.accounts, InstalledAccounts):
            return None
        try:
            identity = await self.accounts.identify()
            await self.workspaces.link(Platform.SLACK, identity.team, identity.team_name)
        except BaseException:
            await self.accounts.close()
            raise
        if identity.missing_scopes:
            log.warning(
                "slack: the app lacks the scopes %s; install it again with the current manifest",
                ", ".join(sorted(identity.missing_scopes)),
            )
        return identity

    async def run(self) -> None:
        """Receive until cancelled. Raises ConnectionRefused or SettingsInvalid at the start."""
        beside = [] if self.transcriber is None else [self.transcriber.run(self._receiving)]
        if self.catch_up is not None:
            beside.append(self.catch_up.run(self._receiving, await self._find_workspace()))
        async with AsyncExitStack() as stack:
            for work in beside:
                await stack.enter_async_context(running_beside(work))
            await self._receive()

    async def _find_workspace(self) -> str | None:
        """The only one that is served; None where it is every one that installs the app."""
        if isinstance(self.accounts, InstalledAccounts):
            return None
        return (await self.accounts.identify()).team

    async def _receive(self) -> None:
        if self.http is not None:
            await self.http.run()
        elif self.sockets is not None and isinstance(self.accounts, SlackAccount):
            await self.sockets.run(await self.accounts.check_app_token(self.app_token))

    @property
    def _receiving(self) -> asyncio.Event:
        """Set while Slack can deliver."""
        if self.http is not None:
            return self.http.ready
        assert self.sockets is not None  # noqa: S101  # one of the two is set
        return self.sockets.connected

    async def wait_until_receiving(self) -> None:
        """Return once Slack can deliver: every socket is live, or the server listens."""
        if self.http is not None:
            await self.http.ready.wait()
        elif self.sockets is not None:
            await self.sockets.wait_until_all_live()

    @property
    def is_receiving(self) -> bool:
        """Whether Slack can deliver now."""
        return self._receiving.is_set()

    @property
    def reads_all(self) -> bool:
        """Whether what does not mention the bot is delivered: in every channel that it is in."""
        return True

    async def close(self) -> None:
        """Give up what is still being shown, and close the connections to the Web API."""
        await self.receiver.close()
        await self.accounts.close()


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """What an app needs to be installed by OAuth."""

    client_id: str
    client_secret: str = field(repr=False)
    installations: Installations
    states: InstallationStates


@dataclass(frozen=True, slots=True)
class SlackPorts:
    """What Slack turns to.

    Ports that are left out leave something out: with a `desk` and `source_names` commands open
    modals, `transcripts` take channels down, `prompts` suggest questions in the agent's pane,
    `homes` make home pages, `changes` count what Slack tells of rights, and with `gaps` what was
    missed is read.
    """

    intake: Intake
    workspaces: Workspaces
    desk: FormDesk | None = None
    source_names: SourceNames | None = None
    transcripts: Transcripts | None = None
    prompts: Prompts | None = None
    homes: Homes | None = None
    changes: RightsChanges | None = None
    gaps: Gaps | None = None


@dataclass(frozen=True, slots=True)
class HttpServer:
    """Where events are received over HTTP, and what tells of the process's health."""

    signing_secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    check_health: HealthCheck = find_nothing_wrong


def build_slack(
    ports: SlackPorts,
    *,
    bot_token: str | None = None,
    oauth: OAuthApp | None = None,
    app_token: str | None = None,
    server: HttpServer | None = None,
    api_url: str = SLACK_API_URL,
    connections: int = CONNECTIONS,
    rights_seconds: float = FRESH_SECONDS,
    guests_are_members: bool = False,
    span: timedelta = timedelta(0),
) -> SlackPlatform:
    """Put the parts together. With an `app_token` over Socket Mode, else over signed HTTP.

    With `oauth` in place of a `bot_token` workspaces install the app themselves, over HTTP. What
    Slack tells of rights is kept for `rights_seconds` at most, and until a change is counted. What
    was missed is read unless it is older than `span`. Opens nothing yet. Raises SettingsInvalid
    where a token or secret is missing.
    """
    accounts = _build_accounts(bot_token, oauth, api_url)
    messenger = SlackMessenger(accounts)
    membership = SlackMembership(accounts, ports.workspaces, oauth.installations if oauth else None)
    transcriber = SlackTranscriber(ports.transcripts) if ports.transcripts else None
    receiver = _build_receiver(ports, messenger, accounts, membership, transcriber)
    app = build_app(receiver, api_url=api_url)
    sockets = http = None
    if app_token and isinstance(accounts, SlackAccount):
        sockets = SlackSockets(app, accounts.client, app_token, connections=connections)
    else:
        routes = _build_oauth(oauth, ports.workspaces, api_url).routes() if oauth else ()
        http = _build_http(app, server, routes)
    rights = RightsCache(Platform.SLACK, ports.changes, seconds=rights_seconds)
    return SlackPlatform(
        accounts=accounts,
        messenger=messenger,
        directory=SlackDirectory(accounts, rights, guests_are_members=guests_are_members),
        workspaces=ports.workspaces,
        receiver=receiver,
        transcriber=transcriber,
        catch_up=_build_catch_up(ports, accounts, receiver, span),
        sockets=sockets,
        http=http,
        app_token=app_token or "",
    )


def _build_receiver(
    ports: SlackPorts,
    messenger: SlackMessenger,
    accounts: SlackAccount | InstalledAccounts,
    membership: SlackMembership,
    transcriber: SlackTranscriber | None,
) -> SlackReceiver:
    forms = home = None
    if ports.desk is not None and ports.source_names is not None:
        forms = SlackForms(
            accounts,
            messenger,
            ports.intake,
            desk=ports.desk,
            source_names=ports.source_names,
            now=read_clock,
        )
    if ports.homes is not None:
        home = SlackHome(
            accounts, membership, ports.intake, homes=ports.homes, forms=forms, now=read_clock
        )
    return SlackReceiver(
        membership=membership,
        channels=SlackChannels(accounts),
        intake=ports.intake,
        forms=forms,
        changes=ports.changes,
        transcriber=transcriber,
        pane=SlackPane(accounts, ports.prompts) if ports.prompts else None,
        home=home,
    )


def _build_catch_up(
    ports: SlackPorts,
    accounts: SlackAccount | InstalledAccounts,
    receiver: SlackReceiver,
    span: timedelta,
) -> CatchUp | None:
    if ports.gaps is None or not span:
        return None

    def is_allowed(workspace: str) -> bool:
        return ports.workspaces.is_allowed(Platform.SLACK, workspace)

    return CatchUp(
        ports.gaps, accounts, receiver.hear, is_allowed, untaken=receiver.untaken, span=span
    )


def _build_http(app: AsyncApp, server: HttpServer | None, routes: Sequence[RouteDef]) -> SlackHttp:
    if server is None:
        raise SettingsInvalid(
            "Slack has no way to reach Footnote: set SLACK_APP_TOKEN for Socket Mode, or "
            "SLACK_SIGNING_SECRET for HTTP."
        )
    return SlackHttp(
        app,
        server.signing_secret,
        host=server.host,
        port=server.port,
        check_health=server.check_health,
        routes=routes,
    )


def _build_accounts(
    bot_token: str | None, oauth: OAuthApp | None, api_url: str
) -> SlackAccount | InstalledAccounts:
    if oauth is not None:
        return InstalledAccounts(
            oauth.installations,
            client_id=oauth.client_id,
            client_secret=oauth.client_secret,
            api_url=api_url,
        )
    if not bot_token:
        raise SettingsInvalid("Slack needs SLACK_BOT_TOKEN, or SLACK_CLIENT_ID for OAuth.")
    return SlackAccount(bot_token, api_url=api_url)


def _build_oauth(oauth: OAuthApp, workspaces: Workspaces, api_url: str) -> SlackOAuth:
    return SlackOAuth(
        oauth.installations,
        oauth.states,
        workspaces,
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
        api_url=api_url,
    )
