"""Installing the app in a workspace or an organisation by OAuth, over our own HTTP server.

The steps are slack_bolt's (https://docs.slack.dev/authentication/installing-with-oauth); what was
begun and what was installed lies in the database, so that any process may go on with it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from logging import Logger
from typing import Any
from urllib.parse import urljoin

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Installation as SdkInstallation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.model import Installation, Platform
from bot.platforms.slack_account import SCOPES, SLACK_API_URL
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.ports import Installations, InstallationStates, Workspaces

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
STATE_SECONDS = 600.0
"""How long a person may take to agree."""

log = logging.getLogger(__name__)


class SlackOAuth:
    """Serves the pages of an installation. The two paths are those of an app's manifest."""

    def __init__(
        self,
        installations: Installations,
        states: InstallationStates,
        workspaces: Workspaces,
        *,
        client_id: str,
        client_secret: str,
        api_url: str = SLACK_API_URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        client = AsyncWebClient(base_url=api_url)
        logger = logging.getLogger(f"{__name__}.flow")
        settings = AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=sorted(SCOPES),
            user_scopes=[],
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            # of slack.com/api/ this is slack.com/oauth/v2/authorize
            authorization_url=urljoin(api_url, "/oauth/v2/authorize"),
            installation_store=_InstallationStore(installations, workspaces, client, now),
            installation_store_bot_only=True,
            state_store=_StateStore(states),
            state_expiration_seconds=int(STATE_SECONDS),
            logger=logger,
        )
        self._flow = AsyncOAuthFlow(client=client, logger=logger, settings=settings)

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves for it."""
        return [
            web.get(INSTALL_PATH, self._begin),
            web.get(REDIRECT_PATH, self._finish),
        ]

    async def _begin(self, request: web.Request) -> web.Response:
        answer = await self._flow.handle_installation(await to_bolt_request(request))
        return await to_aiohttp_response(answer)

    async def _finish(self, request: web.Request) -> web.Response:
        answer = await self._flow.handle_callback(await to_bolt_request(request))
        return await to_aiohttp_response(answer)


class _InstallationStore(AsyncInstallationStore):
    """Keeps what the flow has brought about, and links the workspace."""

    def __init__(
        self,
        installations: Installations,
        workspaces: Workspaces,
        client: AsyncWebClient,
        now: Callable[[], datetime],
    ) -> None:
        self._installations = installations
        self._workspaces = workspaces
        self._client = client
        self._now = now

    @property
    def logger(self) -> Logger:
        return log

    async def async_save(self, installation: SdkInstallation) -> None:
        """Keep it, or give it back where the settings exclude the workspace."""
        kept = _read_installation(installation, self._now())
        if not self._workspaces.is_allowed(Platform.SLACK, kept.id):
            await self._give_back(kept)
            raise BoltError(f"FOOTNOTE_WORKSPACES does not name slack:{kept.id}.")
        tenant = await self._workspaces.link(Platform.SLACK, kept.id, kept.name)
        await self._installations.put(tenant, kept)
        log.info("slack: installed in %s (%s)", kept.name, kept.id)

    async def _give_back(self, installation: Installation) -> None:
        try:
            await self._client.auth_revoke(token=installation.token)
        except CLIENT_ERRORS as error:
            log.warning("slack: the token of %s was not given back: %s", installation.id, error)


class _StateStore(AsyncOAuthStateStore):
    def __init__(self, states: InstallationStates) -> None:
        self._states = states

    @property
    def logger(self) -> Logger:
        return log

    async def async_issue(self, *_: Any, **__: Any) -> str:
        return await self._states.issue(STATE_SECONDS)

    async def async_consume(self, state: str) -> bool:
        return await self._states.consume(state)


def _read_installation(given: SdkInstallation, at: datetime) -> Installation:
    organisation = given.enterprise_id or ""
    whole = bool(given.is_enterprise_install)
    expires_at = given.bot_token_expires_at
    return Installation(
        id=organisation if whole else str(given.team_id),
        enterprise=organisation,
        name=(given.enterprise_name if whole else given.team_name) or "",
        bot_user=str(given.bot_user_id),
        bot_id=str(given.bot_id),
        scopes=frozenset(given.bot_scopes or ()),
        installed_at=at,
        token=str(given.bot_token),
        refresh_token=given.bot_refresh_token or "",
        expires_at=datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
    )
