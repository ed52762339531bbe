"""The app's account in a workspace: Web API clients, and who the bot is there."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConnectionRefused
from bot.platforms.slack_errors import CLIENT_ERRORS, read_code, refuse_connection

SLACK_API_URL = "https://slack.com/api/"

SCOPES = frozenset(
    [
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "mpim:history",
        "mpim:read",
        "usergroups:read",
        "users:read",
    ]
)
"""What the bot token must be allowed; the manifest asks for the same."""

WHERE_TO_FIND_IT = (
    "from your app's page at api.slack.com/apps, OAuth & Permissions, Bot User OAuth Token (xoxb-…)"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """Who the bot is in the workspace. `scopes` is empty where Slack did not tell them."""

    team: str
    team_name: str
    bot_user: str
    bot_id: str
    enterprise: str = ""
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def missing_scopes(self) -> frozenset[str]:
        """The scopes that the manifest has and the installed app lacks."""
        return SCOPES - self.scopes if self.scopes else frozenset()


class ShortWaitHandler(AsyncRateLimitErrorRetryHandler):
    """Waits out a 429 that is over soon; a longer one is for the queue to wait out."""

    longest_wait = 5
    """Seconds."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        is_limit = await super()._can_retry_async(
            state=state, request=request, response=response, error=error
        )
        if not is_limit or response is None:
            return False
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            return int(headers["retry-after"][0]) <= self.longest_wait
        except (KeyError, IndexError, ValueError):
            return False


class SlackAccount:
    """Clients on one connection pool: `client` repeats failed calls, `poster` does not.

    A post that failed on the way may have been carried out, so whether to repeat it is for the
    caller, who can look. Both wait out a short 429, which is never carried out; `drafter` does not
    even do that, for what is out of date when the wait is over.
    """

    def __init__(
        self,
        bot_token: str,
        *,
        api_url: str = SLACK_API_URL,
        timeout_seconds: int = 30,
        identity: SlackIdentity | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        """`identity` spares the question who we are; `session` belongs to the caller."""

        def build(*handlers: Any) -> AsyncWebClient:
            return AsyncWebClient(
                token=bot_token,
                base_url=api_url,
                timeout=timeout_seconds,
                session=session,
                retry_handlers=list(handlers),
            )

        self._timeout_seconds = timeout_seconds
        self._identity = identity
        self._identifying = asyncio.Lock()
        self.drafter = build()
        self.poster = build(ShortWaitHandler(max_retry_count=2))
        self.client = build(
            ShortWaitHandler(max_retry_count=2),
            AsyncConnectionErrorRetryHandler(max_retry_count=2),
            AsyncServerErrorRetryHandler(max_retry_count=2),
        )

    async def open(self) -> None:
        """Keep connections to Slack open between calls from now on."""
        if self.client.session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout_seconds)
            session = aiohttp.ClientSession(timeout=timeout)
            self.client.session = self.poster.session = self.drafter.session = session

    async def close(self) -> None:
        """Close the connections."""
        if self.client.session is not None:
            await self.client.session.close()
            self.client.session = self.poster.session = self.drafter.session = None

    async def find(self, workspace: str) -> "SlackAccount":  # noqa: ARG002
        """This account, whatever the workspace: a token of the settings is for one only."""
        return self

    async def identify(self) -> SlackIdentity:
        """Who we are; asked once. Raises ConnectionRefused, whose text says how to mend it."""
        async with self._identifying:
            if self._identity is None:
                self._identity = await self._ask_identity()
        return self._identity

    async def _ask_identity(self) -> SlackIdentity:
        try:
            answer = await self.client.auth_test()
        except SlackApiError as error:
            raise refuse_connection(error, "SLACK_BOT_TOKEN", WHERE_TO_FIND_IT) from error
        except CLIENT_ERRORS as error:
            raise ConnectionRefused(
                f"Slack cannot be reached at {self.client.base_url} ({type(error).__name__}): "
                "check the network, and FOOTNOTE_SLACK_API_URL if you set it."
            ) from error
        if not answer.get("bot_id"):
            raise ConnectionRefused(
                f"SLACK_BOT_TOKEN belongs to a person, not to a bot: copy it {WHERE_TO_FIND_IT}."
            )
        granted = {name.lower(): value for name, value in answer.headers.items()}
        scopes = granted.get("x-oauth-scopes", "")
        return SlackIdentity(
            team=answer["team_id"],
            team_name=answer.get("team") or answer["team_id"],
            bot_user=answer["user_id"],
            bot_id=answer["bot_id"],
            enterprise=answer.get("enterprise_id") or "",
            scopes=frozenset(part.strip() for part in scopes.split(",") if part.strip()),
        )

    async def check_app_token(self, app_token: str) -> str:
        """A URL for Socket Mode. Raises ConnectionRefused, whose text says how to mend it."""
        where = (
            "from your app's page at api.slack.com/apps, Basic Information, App-Level Tokens "
            "(xapp-…, with connections:write)"
        )
        try:
            answer = await self.client.apps_connections_open(app_token=app_token)
        except SlackApiError as error:
            if "socket_mode" in read_code(error):
                raise ConnectionRefused(
                    "Socket Mode is off for this app: turn it on at api.slack.com/apps, Socket "
                    "Mode, or remove SLACK_APP_TOKEN and set SLACK_SIGNING_SECRET to use HTTP."
                ) from error
            raise refuse_connection(error, "SLACK_APP_TOKEN", where) from error
        except CLIENT_ERRORS as error:
            raise ConnectionRefused(
                f"Slack cannot be reached at {self.client.base_url} ({type(error).__name__})."
            ) from error
        return str(answer["url"])


class SlackAccounts(Protocol):
    """The app's accounts, by workspace. A SlackAccount alone is one too."""

    async def find(self, workspace: str) -> SlackAccount:
        """The account in a workspace. Raises AppNotInstalled, StoreUnavailable."""
        ...
