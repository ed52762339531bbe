"""The `discord` source: what people wrote in channels and forums, over Discord's REST API.

Version 10, https://discord.com/developers/docs/resources/channel. Discord's library stays with the
platform adapter; reading needs a handful of paths, and the HTTP client that every source uses.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from retrieval.errors import InvalidField, SourceRefused
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.conversations import (
    FRESH,
    LONGEST,
    Message,
    find_version,
    split_conversations,
    write_conversation,
)
from retrieval.sources.discord_rights import may_read
from retrieval.sources.fields import Config, Field, FieldKind, read_config, text, texts
from retrieval.sources.http import HttpClient
from retrieval.sources.markdown import MEDIA_TYPE
from retrieval.sources.service import (
    Forbidden,
    Json,
    Missing,
    Service,
    ServiceClient,
    as_list,
    complete,
    read_moment,
    reading_document,
)
from retrieval.sources.surroundings import Account, Surroundings

API_URL = "https://discord.com/api/v10"

_PAGE = 100
_EPOCH_MS = 1420070400000
_FORUMS = frozenset({15, 16})
_READABLE = frozenset({0, 5}) | _FORUMS
"""Text, announcement, forum and media channels."""
_PUBLIC_THREADS = frozenset({10, 11})
_WRITTEN = frozenset({0, 19})
"""The types of messages that people write: plain ones and replies."""
_MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""Flags of an application that may read what people write, the second in small ones."""

_CHANNEL = re.compile(r"(?:https://discord\.com/channels/\d+/)?(\d{1,20})/?")
_MENTION = re.compile(r"<(@[!&]?|#)(\d+)>")
_FENCE = re.compile(r"(```.*?```)", re.DOTALL)
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")

FIELDS = (
    Field(
        "channels",
        "Channels and forums",
        "Their links or ids: Copy Link in the menu of the channel.",
        kind=FieldKind.LIST,
        is_required=True,
        example="1290000000000000000",
    ),
    Field(
        "token",
        "Token",
        "Of another bot; if empty, Footnote's own is used.",
        is_secret=True,
    ),
)


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """The ids of the channels and forums that are read."""

    channels: tuple[str, ...]
    token: str = field(repr=False)
    api_url: str = API_URL


def read_discord_settings(config: Config, account: Account | None = None) -> DiscordSettings:
    """The settings of a config; `account` is the bot's own. Raises InvalidSource."""
    read = read_config("discord", FIELDS, config)
    return DiscordSettings(
        channels=tuple(_read_channel(channel) for channel in texts(read, "channels")),
        token=text(read, "token") or (account.token if account else ""),
        api_url=account.api_url if account else API_URL,
    )


def _read_channel(channel: str) -> str:
    found = _CHANNEL.fullmatch(channel)
    if found is None:
        raise InvalidField("channels", f"{channel} is no id of a channel: it has digits only.")
    return found.group(1)


def check_discord_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_discord_settings(config)
    return read_config("discord", FIELDS, config)


def connect_discord(config: Config, surroundings: Surroundings) -> "DiscordConnector":
    """The connector, with the bot's own token where there is no other. Raises InvalidSource."""
    settings = read_discord_settings(config, surroundings.accounts.get("discord"))
    if not settings.token:
        raise InvalidField("token", "Footnote has no token of its own for Discord. Give one.")
    return DiscordConnector(settings, surroundings.http)


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel or forum as documents need it."""

    id: str
    guild: str
    name: str
    is_forum: bool
    tags: Mapping[str, str]
    audience: frozenset[str] | None

    def link(self, *parts: str) -> str:
        """The address of the channel, or of a message in it."""
        return "/".join(("https://discord.com/channels", self.guild, *parts))


class DiscordConnector:
    """Lists and reads threads, posts and conversations.

    External ids are `channel/thread` and `channel/message`, the first message of a conversation,
    which Discord keeps apart by itself. Messages outside threads come with the listing, and are
    kept until they are fetched.
    """

    def __init__(
        self,
        settings: DiscordSettings,
        http: HttpClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now
        service = Service(
            name="Discord",
            url=settings.api_url.rstrip("/"),
            entry="Copy the bot's token at discord.com/developers/applications.",
            rights="Give the bot View Channel and Read Message History in this channel.",
            headers={"Authorization": f"Bot {settings.token}"},
        )
        self._client = ServiceClient(service, http)
        self._listed: dict[str, list[Message]] = {}
        self._channels: dict[str, _Channel] = {}

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every public thread, post and conversation. Complete, or SourceUnreadable."""
        self._listed.clear()
        await self._check_intent()
        for channel_id in self._settings.channels:
            try:
                channel = await self._find_channel(channel_id)
                async for thread in self._list_threads(channel):
                    yield self._describe_thread(channel, thread)
                if channel.is_forum:
                    continue
                loose = [item async for item in self._read_messages(channel_id) if _is_loose(item)]
            except Missing as error:
                raise SourceRefused(
                    f"Discord shows no channel {channel_id}. Correct its id, or add the bot to its"
                    " server."
                ) from error
            for messages in split_conversations(map(_read_message, reversed(loose))):
                entry = _describe(channel, messages)
                self._listed[entry.external_id] = messages
                yield entry

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One thread, post or conversation, as Markdown."""
        channel_id, _, item = entry.external_id.partition("/")
        with reading_document():
            channel = await self._find_channel(channel_id)
            messages = self._listed.pop(entry.external_id, None)
            if messages is not None:
                content = write_conversation(f"#{channel.name}", messages)
            else:
                content = await self._read_item(channel, item)
        return RawDocument(entry, content, MEDIA_TYPE)

    async def _check_intent(self) -> None:
        application = await self._client.get("applications/@me")
        if not int(application.get("flags") or 0) & _MESSAGE_CONTENT:
            raise SourceRefused(
                "Discord hides what people write from this bot. Switch on the Message Content"
                " Intent: discord.com/developers/applications › Bot."
            )

    async def _find_channel(self, channel_id: str) -> _Channel:
        if channel_id not in self._channels:
            found = await self._client.get(f"channels/{channel_id}")
            if found["type"] not in _READABLE:
                raise SourceRefused(
                    f"{channel_id} is no text channel and no forum. Give the id of one."
                )
            public = await self._check_rights(found)
            self._channels[channel_id] = _Channel(
                id=channel_id,
                guild=found["guild_id"],
                name=found["name"],
                is_forum=found["type"] in _FORUMS,
                tags={tag["id"]: tag["name"] for tag in found.get("available_tags") or ()},
                audience=None if public else frozenset({f"discord:channel:{channel_id}"}),
            )
        return self._channels[channel_id]

    async def _check_rights(self, channel: Json) -> bool:
        """Whether everyone of the server may read the channel.

        Raises Forbidden if the bot itself may not: Discord then lists no messages, without a word.
        """
        guild = channel["guild_id"]
        own = (await self._client.get("users/@me"))["id"]
        member = await self._client.get(f"guilds/{guild}/members/{own}")
        roles = {role["id"]: role for role in await self._client.get(f"guilds/{guild}/roles")}
        if not may_read(channel, roles, member["roles"], own):
            raise Forbidden(
                f"The bot may not read #{channel['name']}. Give it View Channel and Read Message"
                " History there."
            )
        return may_read(channel, roles, [], "")

    async def _list_threads(self, channel: _Channel) -> AsyncIterator[Json]:
        active = await self._client.get(f"guilds/{channel.guild}/threads/active")
        seen = set()
        for thread in active["threads"]:
            if thread["parent_id"] == channel.id and thread["type"] in _PUBLIC_THREADS:
                seen.add(thread["id"])
                yield thread
        async for thread in self._list_archived(channel):
            # one may be archived while the others are listed
            if thread["id"] not in seen:
                seen.add(thread["id"])
                yield thread

    async def _list_archived(self, channel: _Channel) -> AsyncIterator[Json]:
        params: dict[str, str | int] = {"limit": _PAGE}
        while True:
            path = f"channels/{channel.id}/threads/archived/public"
            found = await self._client.get(path, params)
            for thread in found["threads"]:
                yield thread
            if not found["has_more"] or not found["threads"]:
                return
            params["before"] = found["threads"][-1]["thread_metadata"]["archive_timestamp"]

    async def _read_messages(self, channel_id: str, **window: str) -> AsyncIterator[Json]:
        """Messages of a channel or thread, newest first."""
        params: dict[str, str | int] = {"limit": _PAGE, **window}
        while True:
            page = as_list(await self._client.get(f"channels/{channel_id}/messages", params))
            for message in page:
                yield message
            if len(page) < _PAGE:
                return
            params["before"] = page[-1]["id"]

    async def _read_item(self, channel: _Channel, item: str) -> bytes:
        """A thread, or the conversation that a message begins. Raises Missing."""
        try:
            thread = await self._client.get(f"channels/{item}")
        except Missing:
            return write_conversation(
                f"#{channel.name}", await self._read_conversation(channel.id, item)
            )
        messages = [message async for message in self._read_messages(item)]
        messages.reverse()
        if not channel.is_forum:
            messages[:0] = await self._read_starter(channel.id, item)
        kept = [
            _read_message(message)
            for message in messages
            if _is_human(message) or message["id"] == item
        ]
        return write_conversation(_find_place(channel, thread), kept, title=thread["name"])

    async def _read_starter(self, channel_id: str, thread_id: str) -> list[Json]:
        """The message from which a thread was started: it has the thread's id."""
        try:
            return [await self._client.get(f"channels/{channel_id}/messages/{thread_id}")]
        except Missing:
            return []

    async def _read_conversation(self, channel_id: str, first: str) -> list[Message]:
        end = int(first) + (int(LONGEST.total_seconds() * 1000) << 22) + 1
        loose: list[Json] = []
        async for message in self._read_messages(channel_id, before=str(end)):
            if int(message["id"]) < int(first):
                break
            if _is_loose(message):
                loose.insert(0, message)
        if not loose or loose[0]["id"] != first:
            raise Missing
        return next(split_conversations(map(_read_message, loose)))

    def _describe_thread(self, channel: _Channel, thread: Json) -> SourceEntry:
        latest = _read_time(thread.get("last_message_id") or thread["id"])
        version = "-".join(
            str(part)
            for part in (
                thread.get("last_message_id"),
                thread.get("message_count"),
                thread.get("total_message_sent"),
                thread["name"],
                *(thread.get("applied_tags") or ()),
            )
        )
        return SourceEntry(
            external_id=f"{channel.id}/{thread['id']}",
            url=channel.link(thread["id"]),
            modified_at=latest,
            fingerprint=None if self._now() - latest < FRESH else version,
            audience=channel.audience,
        )


def _describe(channel: _Channel, messages: Sequence[Message]) -> SourceEntry:
    first = messages[0]
    return SourceEntry(
        external_id=f"{channel.id}/{first.id}",
        url=channel.link(channel.id, first.id),
        modified_at=messages[-1].moment,
        fingerprint=find_version(messages),
        audience=channel.audience,
    )


def _find_place(channel: _Channel, thread: Json) -> str:
    tags = [channel.tags[tag] for tag in thread.get("applied_tags") or () if tag in channel.tags]
    return f"#{channel.name}{': ' if tags else ''}{', '.join(tags)}"


def _is_loose(message: Json) -> bool:
    """Whether it stands outside threads, and a person wrote it."""
    return "thread" not in message and _is_human(message)


def _is_human(message: Json) -> bool:
    return message["type"] in _WRITTEN and not message["author"].get("bot")


def _read_message(message: Json) -> Message:
    author = message["author"]
    return Message(
        id=message["id"],
        author=author.get("global_name") or author["username"],
        moment=read_moment(message["timestamp"]) or _read_time(message["id"]),
        text=_write_text(message),
        edited=message.get("edited_timestamp") or "",
    )


def _write_text(message: Json) -> str:
    """Discord's text is Markdown; people are called by their names."""
    names: dict[str, str] = {
        person["id"]: person.get("global_name") or person["username"]
        for person in message.get("mentions") or ()
    }

    def name(found: re.Match[str]) -> str:
        return str(found[1])[0] + names.get(found[2], "role" if "&" in found[1] else "channel")

    text = _EMOJI.sub(r"\1", _MENTION.sub(name, message["content"]))
    # a line ends where it was ended, but within code that is so anyway
    parts = _FENCE.split(text)
    return "".join(
        part if position % 2 else part.replace("\n", "  \n") for position, part in enumerate(parts)
    )


def _read_time(snowflake: str) -> datetime:
    """The moment in an id."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH_MS) / 1000, UTC)
