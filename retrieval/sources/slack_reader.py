"""Reads channels of Slack over its Web API, with the bot's own account or another's token.

https://docs.slack.dev/reference/methods/conversations.history. Slack's library stays with the
platform adapter; reading needs five methods, and the guarded HTTP client that every source uses.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from retrieval.errors import SourceRefused, SourceUnreadable
from retrieval.sources.conversations import Message
from retrieval.sources.http import HttpClient
from retrieval.sources.service import Forbidden, Json, Missing, Params, Service, ServiceClient
from retrieval.sources.slack_text import write_text
from retrieval.sources.surroundings import Account

_PAGE = 200
_PEOPLE = frozenset({None, "thread_broadcast", "file_share", "me_message"})
"""The subtypes of messages that people write; all others tell of joins, topics and the like."""
_GONE = frozenset({"thread_not_found", "message_not_found"})
_NO_TOKEN = frozenset(
    {"not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive"}
)
_IN_TROUBLE = frozenset({"internal_error", "fatal_error", "service_unavailable", "ratelimited"})

_USER = re.compile(r"<@([UW][A-Z0-9]+)")
_USER_ID = re.compile(r"[UW][A-Z0-9]{5,}")

FindAccounts = Callable[[], Awaitable[Sequence[Account]]]
"""The accounts with which a channel may be read, one of which is in its workspace."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as documents need it; `base` is the address below which its messages lie."""

    id: str
    workspace: str
    place: str
    base: str
    audience: frozenset[str] | None
    client: ServiceClient

    def link(self, ts: str) -> str:
        """The permalink of a message."""
        return f"{self.base}archives/{self.id}/p{ts.replace('.', '')}"


class SlackReader:
    """Reads with the first account that is shown a channel. Raises SourceRefused,
    SourceUnreadable.
    """

    def __init__(self, find_accounts: FindAccounts, http: HttpClient) -> None:
        self._find_accounts = find_accounts
        self._http = http
        self._channels: dict[str, Channel] = {}
        self._names: dict[str, str] = {}

    async def find_channel(self, channel_id: str) -> Channel:
        """The channel of that id."""
        if channel_id not in self._channels:
            self._channels[channel_id] = await self._look_up(channel_id)
        return self._channels[channel_id]

    async def _look_up(self, channel_id: str) -> Channel:
        refused = SourceRefused(
            "Footnote is in no workspace of Slack that could show this channel. Install it there."
        )
        for account in await self._find_accounts():
            client = ServiceClient(_describe_service(account), self._http)
            try:
                team = await _call(client, "auth.test")
                found = (await _call(client, "conversations.info", channel=channel_id))["channel"]
            except SourceRefused as error:
                refused = error
                continue
            private = found.get("is_private") or found.get("is_im") or found.get("is_mpim")
            return Channel(
                id=channel_id,
                workspace=found.get("context_team_id") or team.get("team_id") or "",
                place=f"#{found.get('name') or channel_id}",
                base=team["url"],
                audience=frozenset({f"slack:channel:{channel_id}"}) if private else None,
                client=client,
            )
        raise refused

    async def read_history(self, channel: Channel, **window: str) -> AsyncIterator[Json]:
        """The messages of a channel, newest first, replies left out."""
        async for page in self.read_history_pages(channel, **window):
            for message in page:
                yield message

    async def read_history_pages(
        self, channel: Channel, **window: str
    ) -> AsyncIterator[list[Json]]:
        """As read_history, as many at a time as Slack gives."""
        async for page in _read_pages(channel, "conversations.history", **window):
            yield page

    async def read_thread(self, channel: Channel, ts: str) -> list[Json]:
        """The message that began a thread, and its replies. Raises Missing."""
        return [
            message
            async for page in _read_pages(channel, "conversations.replies", ts=ts)
            for message in page
        ]

    async def name_people(self, channel: Channel, message: Message) -> Message:
        """A message as listed, with names for ids and its text as Markdown."""
        for user in {message.author, *_USER.findall(message.text)}:
            await self._learn_name(channel, user)
        return replace(
            message,
            author=self._names[message.author],
            text=write_text(message.text, self._names),
        )

    async def _learn_name(self, channel: Channel, user: str) -> None:
        if user in self._names:
            return
        if not _USER_ID.fullmatch(user):
            self._names[user] = user
            return
        try:
            found = (await _call(channel.client, "users.info", user=user))["user"]
        except (Missing, Forbidden):
            # names make answers better, and are no reason to go without the messages
            self._names[user] = user
            return
        profile = found.get("profile") or {}
        self._names[user] = (
            profile.get("display_name") or found.get("real_name") or found.get("name") or user
        )


def _describe_service(account: Account) -> Service:
    return Service(
        name="Slack",
        url=account.api_url.rstrip("/"),
        entry="Copy the app's Bot User OAuth Token (xoxb-…).",
        rights="Give the app the scopes channels:read and channels:history.",
        headers={"Authorization": f"Bearer {account.token}"},
    )


async def _call(client: ServiceClient, method: str, **params: str) -> Json:
    return check(await client.get(method, params))


async def _read_pages(channel: Channel, method: str, **more: str) -> AsyncIterator[list[Json]]:
    params: Params = {"channel": channel.id, "limit": _PAGE, **more}

    def find_next(page: Json, headers: Mapping[str, str]) -> str | None:  # noqa: ARG001
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        return f"{method}?{urlencode({**params, 'cursor': cursor})}" if cursor else None

    seen: set[str] = set()
    async for page in channel.client.get_pages(method, params, find_next):
        # every page of a thread begins with the message that began it
        fresh = [item for item in check(page)["messages"] if item["ts"] not in seen]
        seen.update(item["ts"] for item in fresh)
        yield fresh


def is_human(message: Mapping[str, Any]) -> bool:
    """Whether a person wrote it."""
    return not message.get("bot_id") and message.get("subtype") in _PEOPLE


def read_ts(ts: str) -> datetime:
    """The moment that a ts tells."""
    return datetime.fromtimestamp(float(ts), UTC)


def check(answer: Any) -> Json:
    """An answer that is one; Slack refuses with status 200 and a word."""
    if answer.get("ok"):
        body: Json = answer
        return body
    error = str(answer.get("error"))
    if error in _GONE:
        raise Missing(error)
    if error in _NO_TOKEN:
        raise SourceRefused(
            f"Slack does not accept the token ({error}). Copy the app's Bot User OAuth Token."
        )
    if error == "missing_scope":
        raise Forbidden(
            f"Slack wants the scope {answer.get('needed')}. Add it, and reinstall the app."
        )
    if error == "not_allowed_token_type":
        raise SourceRefused(
            "Slack does not show threads to this kind of token. Give the token of a user (xoxp-…)."
        )
    if error in {"not_in_channel", "channel_not_found"}:
        raise SourceRefused(
            f"Slack does not show this channel ({error}). Check its id, and invite the app: type"
            " /invite in the channel."
        )
    if error in _IN_TROUBLE:
        raise SourceUnreadable(f"Slack is in trouble ({error}). Sync again later.")
    raise SourceRefused(f"Slack answers {error}. Check the source's settings.")
