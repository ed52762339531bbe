"""The workspace: people, channels, messages, views, and nothing that talks to a network."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from .clock import Clock
from .errors import SlackError

STREAM_LIFETIME = 306.0
STATUS_LIFETIME = 120.0

ChannelKind = Literal["channel", "group", "im", "mpim"]

DEFAULT_SCOPES = frozenset(
    [
        "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write",
        "commands", "files:read", "groups:history", "groups:read", "im:history", "im:read",
        "im:write", "mpim:history", "mpim:read", "reactions:read", "reactions:write", "team:read",
        "usergroups:read", "users:read",
    ]
)  # fmt: skip
DEFAULT_SUBSCRIPTIONS = frozenset(
    [
        "app_context_changed", "app_home_opened", "app_mention", "app_uninstalled",
        "channel_archive", "channel_rename", "channel_shared", "channel_unshared",
        "member_joined_channel", "member_left_channel",
        "message.channels", "message.groups", "message.im", "message.mpim", "reaction_added",
        "reaction_removed", "subteam_created", "subteam_members_changed", "subteam_updated",
        "team_join", "tokens_revoked", "user_change",
    ]
)  # fmt: skip


@dataclass(slots=True)
class User:
    """A person or a bot (then with `bot_id`); Slack Connect strangers have another `team_id`."""

    id: str
    name: str
    real_name: str
    team_id: str
    is_admin: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    email: str | None = None
    locale: str = "en-US"
    enterprise_user: dict[str, Any] | None = None


@dataclass(slots=True)
class Stream:
    """A message that is being streamed."""

    started_at: float
    state: Literal["open", "stopped", "stopped_by_user"] = "open"
    markdown: str = ""
    plan_title: str | None = None
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    task_display_mode: str = "timeline"

    def is_open(self, now: float) -> bool:
        """Whether text can be appended at `now`."""
        return self.state == "open" and now - self.started_at < STREAM_LIFETIME


@dataclass(slots=True)
class Message:
    """A message; `ephemeral_for` names the one person who sees it, else it is in the channel."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    client_msg_id: str | None = None
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)
    edited: dict[str, str] | None = None
    broadcast: bool = False
    ephemeral_for: str | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    username: str | None = None
    stream: Stream | None = None
    app_context: dict[str, Any] | None = None

    @property
    def is_reply(self) -> bool:
        """Whether it sits inside a thread, the parent itself not counted."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True)
class Channel:
    """A conversation; messages by ts in the order of their ts."""

    id: str
    name: str
    kind: ChannelKind
    members: list[str] = field(default_factory=list)
    archived: bool = False
    is_ext_shared: bool = False
    topic: str = ""
    creator: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)

    @property
    def channel_type(self) -> str:
        """The word that message events use."""
        return self.kind


@dataclass(slots=True)
class View:
    """A modal or a Home tab."""

    id: str
    user: str
    definition: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None
    closed: bool = False
    values: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class AssistantStatus:
    """What `assistant.threads.setStatus` shows under a thread."""

    status: str
    loading_messages: tuple[str, ...]
    at: float


class Workspace:
    """All that a workspace holds, and how things in it are found."""

    def __init__(self, clock: Clock, *, team_id: str, team_name: str, domain: str) -> None:
        self.clock = clock
        self.team_id = team_id
        self.team_name = team_name
        self.domain = domain
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.statuses: dict[tuple[str, str], AssistantStatus] = {}
        self.prompts: dict[str, dict[str, Any]] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self._numbers = itertools.count(1)
        self._last_ts = 0

    def start_numbers(self, first: int) -> None:
        """Count ids from here on, so that those of two workspaces differ."""
        self._numbers = itertools.count(first)

    def next_id(self, prefix: str) -> str:
        """A new id of Slack's shape, e.g. `Ev00000000A7`."""
        number, digits = next(self._numbers), ""
        while number:
            number, remainder = divmod(number, 36)
            digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[remainder] + digits
        return f"{prefix}{digits.rjust(10, '0')}"

    def next_ts(self) -> str:
        """A timestamp `seconds.microseconds` that no message had before."""
        self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add_user(self, name: str, **options: Any) -> User:
        """Let a person or a bot join the workspace."""
        options.setdefault("id", self.next_id("U"))
        options.setdefault("real_name", name.title())
        options.setdefault("team_id", self.team_id)
        user = User(name=name, **options)
        self.users[user.id] = user
        return user

    def add_channel(
        self,
        name: str,
        *,
        kind: ChannelKind = "channel",
        members: Iterable[str] = (),
        **options: Any,
    ) -> Channel:
        """Open a conversation; members are names or ids."""
        prefix = {"channel": "C", "group": "C", "im": "D", "mpim": "C"}[kind]
        options.setdefault("id", self.next_id(prefix))
        ids = [self.user(member).id for member in members]
        options.setdefault("creator", ids[0] if ids else "")
        channel = Channel(name=name, kind=kind, members=ids, **options)
        self.channels[channel.id] = channel
        return channel

    def user(self, name_or_id: str) -> User:
        """A user by id, name or @name."""
        wanted = name_or_id.removeprefix("@")
        if wanted in self.users:
            return self.users[wanted]
        for user in self.users.values():
            if wanted in (user.name, user.bot_id):
                return user
        raise SlackError("user_not_found")

    def channel(self, name_or_id: str) -> Channel:
        """A conversation by id, name or #name."""
        wanted = name_or_id.removeprefix("#")
        if wanted in self.channels:
            return self.channels[wanted]
        for channel in self.channels.values():
            if channel.kind != "im" and channel.name == wanted:
                return channel
        raise SlackError("channel_not_found")

    def direct(self, *names_or_ids: str) -> Channel:
        """The direct (or group direct) conversation of these people, opened if need be."""
        ids = sorted({self.user(item).id for item in names_or_ids})
        kind: ChannelKind = "im" if len(ids) <= 2 else "mpim"
        for channel in self.channels.values():
            if channel.kind == kind and sorted(channel.members) == ids:
                return channel
        name = "" if kind == "im" else "mpdm-" + "--".join(self.users[i].name for i in ids) + "-1"
        return self.add_channel(name, kind=kind, members=ids)

    def message(self, channel: Channel, ts: str) -> Message:
        """A message in the channel, or `message_not_found`."""
        try:
            return channel.messages[ts]
        except KeyError:
            raise SlackError("message_not_found") from None

    def thread(self, channel: Channel, ts: str) -> list[Message]:
        """The parent and its replies, oldest first."""
        parent = channel.messages.get(ts)
        if parent is None:
            raise SlackError("thread_not_found")
        return [parent, *(channel.messages[reply] for reply in parent.replies)]

    def store(self, message: Message) -> Message:
        """Put a message into its channel and under its parent."""
        channel = self.channels[message.channel]
        if message.ephemeral_for is not None:
            channel.ephemerals.append(message)
            return message
        channel.messages[message.ts] = message
        if message.is_reply and message.thread_ts is not None:
            parent = channel.messages[message.thread_ts]
            parent.thread_ts = parent.ts
            parent.replies.append(message.ts)
        return message

    def remove(self, message: Message) -> None:
        """Take a message away; a parent with replies leaves a tombstone, as in Slack."""
        channel = self.channels[message.channel]
        if message.ephemeral_for is not None:
            channel.ephemerals.remove(message)
        elif message.replies:
            channel.messages[message.ts] = Message(
                ts=message.ts, channel=channel.id, user="USLACKBOT", subtype="tombstone",
                text="This message was deleted.", thread_ts=message.ts, replies=message.replies,
            )  # fmt: skip
        else:
            del channel.messages[message.ts]
            if message.is_reply and message.thread_ts is not None:
                channel.messages[message.thread_ts].replies.remove(message.ts)

    def status_of(self, channel: str, thread_ts: str) -> AssistantStatus | None:
        """The status shown in a thread now; it goes after two minutes or with a reply."""
        found = self.statuses.get((channel, thread_ts))
        if found is None or self.clock.now() - found.at >= STATUS_LIFETIME:
            return None
        return found
