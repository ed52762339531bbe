"""The `slack` source: what people wrote in channels, over Slack's Web API.

https://docs.slack.dev/reference/methods/conversations.history. Slack's library stays with the
platform adapter; reading needs four methods, and the guarded HTTP client that every source uses.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from retrieval.errors import InvalidField, SourceRefused, SourceUnreadable
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.conversations import (
    FRESH,
    LONGEST,
    Message,
    find_version,
    split_conversations,
    write_conversation,
)
from retrieval.sources.fields import Config, Field, FieldKind, read_config, text, texts
from retrieval.sources.http import HttpClient
from retrieval.sources.markdown import MEDIA_TYPE
from retrieval.sources.service import (
    Forbidden,
    Json,
    Missing,
    Params,
    Service,
    ServiceClient,
    complete,
    reading_document,
)
from retrieval.sources.slack_text import write_text
from retrieval.sources.surroundings import Account, Surroundings

API_URL = "https://slack.com/api"

_PAGE = 200
_PEOPLE = frozenset({None, "thread_broadcast", "file_share", "me_message"})
"""The subtypes of messages that people write; all others tell of joins, topics and the like."""
_GONE = frozenset({"thread_not_found", "message_not_found"})
_NO_TOKEN = frozenset(
    {"not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive"}
)
_IN_TROUBLE = frozenset({"internal_error", "fatal_error", "service_unavailable", "ratelimited"})

_CHANNEL = re.compile(r"(?:https://[\w.-]+/archives/)?([CG][A-Z0-9]{5,})/?")
_USER = re.compile(r"<@([UW][A-Z0-9]+)")
_USER_ID = re.compile(r"[UW][A-Z0-9]{5,}")

FIELDS = (
    Field(
        "channels",
        "Channels",
        "Their links or ids (channel details, at the bottom). Invite the app to each.",
        kind=FieldKind.LIST,
        is_required=True,
        example="C0123456789",
    ),
    Field(
        "since",
        "From which day on",
        "Older messages are left out.",
        example="2025-01-31",
    ),
    Field(
        "token",
        "Token",
        "Of another app; if empty, Footnote's own is used.",
        is_secret=True,
        example="xoxb-…",
    ),
)


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """The ids of the channels that are read, and from which day on."""

    channels: tuple[str, ...]
    token: str = field(repr=False)
    since: datetime | None = None
    api_url: str = API_URL


def read_slack_settings(config: Config, account: Account | None = None) -> SlackSettings:
    """The settings of a config; `account` is the bot's own. Raises InvalidSource."""
    read = read_config("slack", FIELDS, config)
    return SlackSettings(
        channels=tuple(_read_channel(channel) for channel in texts(read, "channels")),
        token=text(read, "token") or (account.token if account else ""),
        since=_read_day(text(read, "since")),
        api_url=account.api_url if account else API_URL,
    )


def _read_channel(channel: str) -> str:
    found = _CHANNEL.fullmatch(channel)
    if found is None:
        raise InvalidField("channels", f"{channel} is no id of a channel, such as C0123456789.")
    return found.group(1)


def _read_day(day: str) -> datetime | None:
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) if day else None
    except ValueError as error:
        raise InvalidField("since", f"{day} is no day such as 2025-01-31.") from error


def check_slack_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_slack_settings(config)
    return read_config("slack", FIELDS, config)


def connect_slack(config: Config, surroundings: Surroundings) -> "SlackConnector":
    """The connector, with the bot's own token where there is no other. Raises InvalidSource."""
    settings = read_slack_settings(config, surroundings.accounts.get("slack"))
    if not settings.token:
        raise InvalidField("token", "Footnote has no token of its own for Slack. Give one.")
    return SlackConnector(settings, surroundings.http)


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel as documents need it; `base` is the address below which its messages lie."""

    id: str
    place: str
    base: str
    audience: frozenset[str] | None

    def link(self, ts: str) -> str:
        """The permalink of a message."""
        return f"{self.base}archives/{self.id}/p{ts.replace('.', '')}"


class SlackConnector:
    """Lists and reads threads and conversations, whose external ids are `channel/ts` of the first
    message.

    Messages outside threads come with the listing already, and are kept until they are fetched, so
    that they need not be asked for twice: Slack allows some apps one request a minute.
    """

    def __init__(
        self,
        settings: SlackSettings,
        http: HttpClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now
        service = Service(
            name="Slack",
            url=settings.api_url.rstrip("/"),
            entry="Copy the app's Bot User OAuth Token (xoxb-…).",
            rights="Give the app the scopes channels:read and channels:history.",
            headers={"Authorization": f"Bearer {settings.token}"},
        )
        self._client = ServiceClient(service, http)
        self._listed: dict[str, list[Message]] = {}
        self._channels: dict[str, _Channel] = {}
        self._names: dict[str, str] = {}

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every thread and conversation of the channels. Complete, or SourceUnreadable."""
        self._listed.clear()
        for channel_id in self._settings.channels:
            channel = await self._find_channel(channel_id)
            loose: list[Json] = []
            async for message in self._read_history(channel_id):
                if message.get("reply_count"):
                    yield self._describe_thread(channel, message)
                elif _is_loose(message):
                    loose.append(message)
            loose.sort(key=lambda item: float(item["ts"]))
            for messages in split_conversations(map(_read_message, loose)):
                entry = _describe(channel, messages)
                self._listed[entry.external_id] = messages
                yield entry

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One thread or conversation, as Markdown."""
        channel_id, _, ts = entry.external_id.partition("/")
        with reading_document():
            channel = await self._find_channel(channel_id)
            messages = self._listed.pop(entry.external_id, None)
            if messages is None:
                messages = await self._read_conversation(channel_id, ts)
            shown = [await self._name_people(message) for message in messages]
        return RawDocument(entry, write_conversation(channel.place, shown), MEDIA_TYPE)

    async def _find_channel(self, channel_id: str) -> _Channel:
        if channel_id not in self._channels:
            team = await self._call("auth.test")
            found = (await self._call("conversations.info", channel=channel_id))["channel"]
            private = found.get("is_private") or found.get("is_im") or found.get("is_mpim")
            self._channels[channel_id] = _Channel(
                id=channel_id,
                place=f"#{found.get('name') or channel_id}",
                base=team["url"],
                audience=frozenset({f"slack:channel:{channel_id}"}) if private else None,
            )
        return self._channels[channel_id]

    async def _read_history(self, channel_id: str, **window: str) -> AsyncIterator[Json]:
        if self._settings.since is not None:
            window.setdefault("oldest", f"{self._settings.since.timestamp():.6f}")
        async for message in self._read_pages("conversations.history", channel_id, **window):
            yield message

    async def _read_conversation(self, channel_id: str, ts: str) -> list[Message]:
        """The thread that a message began, or the conversation. Raises Missing."""
        found = [
            item async for item in self._read_pages("conversations.replies", channel_id, ts=ts)
        ]
        if len(found) > 1:
            return [_read_message(item) for item in found if _is_kept(item, ts)]
        latest = f"{float(ts) + LONGEST.total_seconds():.6f}"
        window = {"oldest": ts, "latest": latest, "inclusive": "true"}
        loose = [item async for item in self._read_history(channel_id, **window) if _is_loose(item)]
        loose.sort(key=lambda item: float(item["ts"]))
        if not loose or loose[0]["ts"] != ts:
            raise Missing
        return next(split_conversations(map(_read_message, loose)))

    async def _read_pages(self, method: str, channel: str, **more: str) -> AsyncIterator[Json]:
        params: Params = {"channel": channel, "limit": _PAGE, **more}

        def find_next(page: Json, headers: Mapping[str, str]) -> str | None:  # noqa: ARG001
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            return f"{method}?{urlencode({**params, 'cursor': cursor})}" if cursor else None

        seen = set()
        async for page in self._client.get_pages(method, params, find_next):
            for message in _check(page)["messages"]:
                # every page of a thread begins with the message that began it
                if message["ts"] not in seen:
                    seen.add(message["ts"])
                    yield message

    async def _call(self, method: str, **params: str) -> Json:
        return _check(await self._client.get(method, params))

    async def _name_people(self, message: Message) -> Message:
        """A message as listed, with names for ids and its text as Markdown."""
        for user in {message.author, *_USER.findall(message.text)}:
            await self._learn_name(user)
        return replace(
            message,
            author=self._names[message.author],
            text=write_text(message.text, self._names),
        )

    async def _learn_name(self, user: str) -> None:
        if user in self._names:
            return
        if not _USER_ID.fullmatch(user):
            self._names[user] = user
            return
        try:
            found = (await self._call("users.info", user=user))["user"]
        except (Missing, Forbidden):
            # names make answers better, and are no reason to go without the messages
            self._names[user] = user
            return
        profile = found.get("profile") or {}
        self._names[user] = (
            profile.get("display_name") or found.get("real_name") or found.get("name") or user
        )

    def _describe_thread(self, channel: _Channel, parent: Json) -> SourceEntry:
        latest = _read_ts(parent.get("latest_reply") or parent["ts"])
        edited = (parent.get("edited") or {}).get("ts", "")
        fresh = self._now() - latest < FRESH
        return SourceEntry(
            external_id=f"{channel.id}/{parent['ts']}",
            url=channel.link(parent["ts"]),
            modified_at=latest,
            fingerprint=(
                None if fresh else f"{parent['reply_count']}-{parent['latest_reply']}-{edited}"
            ),
            audience=channel.audience,
        )


def _describe(channel: _Channel, messages: Sequence[Message]) -> SourceEntry:
    first = messages[0]
    return SourceEntry(
        external_id=f"{channel.id}/{first.id}",
        url=channel.link(first.id),
        modified_at=messages[-1].moment,
        fingerprint=find_version(messages),
        audience=channel.audience,
    )


def _is_loose(message: Json) -> bool:
    """Whether it stands outside threads, and a person wrote it."""
    thread = message.get("thread_ts")
    return thread in {None, message["ts"]} and not message.get("reply_count") and _is_human(message)


def _is_kept(message: Json, parent: str) -> bool:
    """Whether it belongs into the document of a thread: what people wrote, and what began it."""
    return _is_human(message) or (message["ts"] == parent and message.get("subtype") != "tombstone")


def _is_human(message: Json) -> bool:
    return not message.get("bot_id") and message.get("subtype") in _PEOPLE


def _read_message(message: Json) -> Message:
    """A message as it is listed: its author an id, its text Slack's own."""
    return Message(
        id=message["ts"],
        author=message.get("user") or message.get("username") or "bot",
        moment=_read_ts(message["ts"]),
        text=message.get("text") or "",
        edited=(message.get("edited") or {}).get("ts", ""),
    )


def _read_ts(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _check(answer: Any) -> Json:
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
