"""The accounts of an app that is installed by OAuth: one for each workspace, by its own token.

Which token is good now is read from the database each time, so that what another process has
installed, renewed or let go of counts at once. https://docs.slack.dev/authentication/using-token-rotation
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import AppNotInstalled
from bot.model import Installation
from bot.platforms.slack_account import SLACK_API_URL, SlackAccount, SlackIdentity
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.ports import Installations
from retrieval.model import TenantId

RENEWED_BEFORE = timedelta(hours=2)
"""So long before a token expires the next one is asked for; Slack's live for twelve hours."""

RENEWAL_PAUSE = timedelta(minutes=1)
"""So long after a renewal that failed the next one is tried: events wait for it."""

MOST_ACCOUNTS = 1000
TIMEOUT_SECONDS = 30

log = logging.getLogger(__name__)


class InstalledAccounts:
    """Satisfies SlackAccounts. All accounts share one pool of connections.

    Use: `open`, then `find`, then `close`.
    """

    def __init__(
        self,
        installations: Installations,
        *,
        client_id: str,
        client_secret: str,
        api_url: str = SLACK_API_URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._installations = installations
        self._api_url = api_url
        self._now = now
        self._accounts: dict[tuple[str, str], SlackAccount] = {}
        self._session: aiohttp.ClientSession | None = None
        self._renewing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed_at: dict[str, datetime] = {}
        self._rotator = AsyncTokenRotator(
            client_id=client_id,
            client_secret=client_secret,
            client=AsyncWebClient(base_url=api_url, timeout=TIMEOUT_SECONDS),
        )

    async def open(self) -> None:
        """Keep connections to Slack open between calls from now on."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
            self._session = self._rotator.client.session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        """Close the connections."""
        self._accounts.clear()
        if self._session is not None:
            await self._session.close()
            self._session = self._rotator.client.session = None

    async def find(self, workspace: str) -> SlackAccount:
        """The account in a workspace. Raises AppNotInstalled, StoreUnavailable."""
        found = await self._installations.find(workspace)
        installation = found and await self._keep_fresh(found)
        if installation is None:
            raise AppNotInstalled(f"The app is not installed in the workspace {workspace}.")
        key = workspace, installation.token
        if key not in self._accounts:
            if len(self._accounts) >= MOST_ACCOUNTS:
                self._accounts.clear()
            self._accounts[key] = SlackAccount(
                installation.token,
                api_url=self._api_url,
                identity=_identify(workspace, installation),
                session=self._session,
            )
        return self._accounts[key]

    async def list_tokens(self, tenant: TenantId) -> list[str]:
        """The tokens of a tenant's workspaces that are good now. Raises StoreUnavailable."""
        kept = [
            await self._keep_fresh(installation)
            for installation in await self._installations.list_for(tenant)
        ]
        return [installation.token for installation in kept if installation is not None]

    async def _keep_fresh(self, installation: Installation) -> Installation | None:
        """The installation with a token that is good for a while; None where there is none."""
        expires_at = installation.expires_at
        if expires_at is None or expires_at - self._now() > RENEWED_BEFORE:
            return installation
        # In turn, for each that waits in the store holds a connection to the database.
        async with self._renewing[installation.id]:
            is_good = expires_at > self._now()
            failed_at = self._failed_at.get(installation.id)
            if is_good and failed_at is not None and self._now() - failed_at < RENEWAL_PAUSE:
                return installation
            try:
                return await self._installations.renew(installation, self._renew)
            except (SlackTokenRotationError, *CLIENT_ERRORS) as error:
                self._failed_at[installation.id] = self._now()
                log.warning("slack: the token of %s was not renewed: %s", installation.id, error)
                return installation if is_good else None

    async def _renew(self, installation: Installation) -> Installation:
        """The installation with the next token. Raises what the SDK raises."""
        expires_at = installation.expires_at
        assert expires_at is not None  # noqa: S101  # only such tokens are renewed
        rotated = await self._rotator.perform_bot_token_rotation(
            bot=Bot(
                bot_token=installation.token,
                bot_id=installation.bot_id,
                bot_user_id=installation.bot_user,
                bot_refresh_token=installation.refresh_token,
                bot_token_expires_at=int(expires_at.timestamp()),
                installed_at=installation.installed_at,
            ),
            # whether it is time was decided by our clock
            minutes_before_expiration=2**31,
        )
        if rotated is None or rotated.bot_token_expires_at is None:
            return installation
        log.info("slack: the token of %s was renewed", installation.id)
        return replace(
            installation,
            token=rotated.bot_token,
            refresh_token=rotated.bot_refresh_token or "",
            expires_at=datetime.fromtimestamp(rotated.bot_token_expires_at, UTC),
        )


def _identify(workspace: str, installation: Installation) -> SlackIdentity:
    return SlackIdentity(
        team=workspace,
        team_name=installation.name,
        bot_user=installation.bot_user,
        bot_id=installation.bot_id,
        enterprise=installation.enterprise,
        scopes=installation.scopes,
    )
