"""The `slack` source: what people wrote in channels, read over the API at each sync.

With the bot's own account a source is read from a transcript instead; see slack_transcript.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from retrieval.errors import InvalidField
from retrieval.model import RawDocument, SourceEntry
from retrieval.ports import Connector
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
from retrieval.sources.service import Json, Missing, complete, reading_document
from retrieval.sources.slack_reader import Channel, FindAccounts, SlackReader, is_human, read_ts
from retrieval.sources.slack_transcript import TranscriptConnector
from retrieval.sources.surroundings import Account, Surroundings

API_URL = "https://slack.com/api"

_CHANNEL = re.compile(r"(?:https://[\w.-]+/archives/)?([CG][A-Z0-9]{5,})/?")

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


def connect_slack(config: Config, surroundings: Surroundings) -> Connector:
    """The connector, with the bot's own account where there is no token. Raises InvalidSource."""
    settings = read_slack_settings(config, surroundings.accounts.get("slack"))
    if settings.token and (text(config, "token") or surroundings.transcript is None):
        return SlackConnector(settings, surroundings.http)
    find_accounts = surroundings.slack_accounts
    if settings.token:
        find_accounts = _offer(settings)
    if find_accounts is None:
        raise InvalidField("token", "Footnote has no token of its own for Slack. Give one.")
    reader = SlackReader(find_accounts, surroundings.http)
    if surroundings.transcript is None:
        return SlackConnector(settings, surroundings.http, reader=reader)
    return TranscriptConnector(
        settings.channels, reader, surroundings.transcript, since=settings.since
    )


def _offer(settings: SlackSettings) -> FindAccounts:
    """The account of a token that is given."""

    async def find_accounts() -> Sequence[Account]:
        return [Account(settings.api_url, settings.token)]

    return find_accounts


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
        reader: SlackReader | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now
        self._reader = reader or SlackReader(_offer(settings), http)
        self._listed: dict[str, list[Message]] = {}

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every thread and conversation of the channels. Complete, or SourceUnreadable."""
        self._listed.clear()
        for channel_id in self._settings.channels:
            channel = await self._reader.find_channel(channel_id)
            loose: list[Json] = []
            async for message in self._read_history(channel):
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
            channel = await self._reader.find_channel(channel_id)
            messages = self._listed.pop(entry.external_id, None)
            if messages is None:
                messages = await self._read_conversation(channel, ts)
            shown = [await self._reader.name_people(channel, message) for message in messages]
        return RawDocument(entry, write_conversation(channel.place, shown), MEDIA_TYPE)

    def _read_history(self, channel: Channel, **window: str) -> AsyncIterator[Json]:
        if self._settings.since is not None:
            window.setdefault("oldest", f"{self._settings.since.timestamp():.6f}")
        return self._reader.read_history(channel, **window)

    async def _read_conversation(self, channel: Channel, ts: str) -> list[Message]:
        """The thread that a message began, or the conversation. Raises Missing."""
        found = await self._reader.read_thread(channel, ts)
        if len(found) > 1:
            return [_read_message(item) for item in found if _is_kept(item, ts)]
        latest = f"{float(ts) + LONGEST.total_seconds():.6f}"
        window = {"oldest": ts, "latest": latest, "inclusive": "true"}
        loose = [item async for item in self._read_history(channel, **window) if _is_loose(item)]
        loose.sort(key=lambda item: float(item["ts"]))
        if not loose or loose[0]["ts"] != ts:
            raise Missing
        return next(split_conversations(map(_read_message, loose)))

    def _describe_thread(self, channel: Channel, parent: Json) -> SourceEntry:
        latest = read_ts(parent.get("latest_reply") or parent["ts"])
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


def _describe(channel: Channel, messages: Sequence[Message]) -> SourceEntry:
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
    return thread in {None, message["ts"]} and not message.get("reply_count") and is_human(message)


def _is_kept(message: Json, parent: str) -> bool:
    """Whether it belongs into the document of a thread: what people wrote, and what began it."""
    return is_human(message) or (message["ts"] == parent and message.get("subtype") != "tombstone")


def _read_message(message: Json) -> Message:
    """A message as it is listed: its author an id, its text Slack's own."""
    return Message(
        id=message["ts"],
        author=message.get("user") or message.get("username") or "bot",
        moment=read_ts(message["ts"]),
        text=message.get("text") or "",
        edited=(message.get("edited") or {}).get("ts", ""),
    )
