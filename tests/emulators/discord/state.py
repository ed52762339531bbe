"""The emulated world: people, guilds, channels and messages, and the events they give off."""

import bisect
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..journal import Journal
from . import permissions, render
from .clock import Clock
from .commands import CommandStore
from .errors import DriverError, api_error
from .intents import PRIVILEGED
from .models import (
    DM,
    GROUP_DM,
    GUILD_TEXT,
    PRIVATE_THREAD,
    THREADS,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)

EPOCH = 1420070400000
BOT_PERMISSIONS = permissions.EVERYONE | permissions.bits(("manage_messages", "manage_threads"))


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatch. `message` is set where content may have to be withheld."""

    name: str
    data: dict[str, Any]
    guild_id: int | None = None
    channel_id: int | None = None
    message: Message | None = None


class World:
    """Everything that exists. All changes happen on the event loop that runs the emulator."""

    def __init__(self, clock: Clock, journal: Journal, token: str, bot_name: str) -> None:
        self.clock = clock
        self.journal = journal
        self.token = token
        self.base_url = ""
        self.privileged = sum(PRIVILEGED.values())
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.interactions: dict[int, Interaction] = {}
        self.interaction_tokens: dict[str, int] = {}
        self.installed_by: set[int] = set()
        self.attachments: dict[int, bytes] = {}
        self.nonces: dict[tuple[int, str], tuple[int, float]] = {}
        self.subscribers: list[Callable[[Event], None]] = []
        self._history: dict[int, list[int]] = {}
        self._last_id = 0
        self._tokens = itertools.count(1)
        self.bot = self.add_user(bot_name, bot=True)
        self.application_id = self.bot.id
        self.commands = CommandStore(self.application_id)

    # time and ids

    def snowflake(self) -> int:
        """A new id: the time in its upper bits, and always greater than the one before."""
        fresh = (int(self.clock.now() * 1000) - EPOCH) << 22
        self._last_id = max(fresh, self._last_id + 1)
        return self._last_id

    def timestamp(self) -> str:
        """The present as ISO 8601 with microseconds, as Discord writes it."""
        return datetime.fromtimestamp(self.clock.now(), UTC).isoformat(timespec="microseconds")

    def secret(self) -> str:
        """A token that nobody guesses."""
        return f"{next(self._tokens)}.{secrets.token_urlsafe(48)}"

    def emit(self, event: Event) -> None:
        """Hand an event to the gateway."""
        for subscriber in self.subscribers:
            subscriber(event)

    # people and guilds

    def add_user(
        self,
        name: str,
        *,
        display_name: str | None = None,
        bot: bool = False,
        locale: str = "en-US",
        accepts_direct: bool = True,
    ) -> User:
        user = User(self.snowflake(), name, display_name, bot, accepts_direct, locale)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, owner: User, *, locale: str = "en-US") -> Guild:
        """A guild with its owner and the bot, whose managed role carries `BOT_PERMISSIONS`."""
        now = self.timestamp()
        guild = Guild(self.snowflake(), name, owner.id, now, locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE, 0)
        guild.members[owner.id] = Member(owner.id, now)
        self.guilds[guild.id] = guild
        role = Role(
            self.snowflake(), self.bot.name, BOT_PERMISSIONS, 1, managed=True, bot_id=self.bot.id
        )
        guild.roles[role.id] = role
        guild.members[self.bot.id] = Member(self.bot.id, now, roles=[role.id])
        self.emit(Event("GUILD_CREATE", {"id": str(guild.id)}, guild.id))
        return guild

    def bot_role(self, guild: Guild) -> Role:
        """The role that came with the bot's installation."""
        return next(role for role in guild.roles.values() if role.managed)

    def add_role(self, guild: Guild, name: str, granted: int = 0) -> Role:
        role = Role(self.snowflake(), name, granted, len(guild.roles))
        guild.roles[role.id] = role
        data = {"guild_id": str(guild.id), "role": render.role(role)}
        self.emit(Event("GUILD_ROLE_CREATE", data, guild.id))
        return role

    def add_member(self, guild: Guild, user: User, roles: list[int] | None = None) -> Member:
        member = Member(user.id, self.timestamp(), roles=list(roles or []))
        guild.members[user.id] = member
        data = {"guild_id": str(guild.id), **render.member(self, guild, user.id)}
        self.emit(Event("GUILD_MEMBER_ADD", data, guild.id))
        return member

    def set_roles(self, guild: Guild, user: User, roles: list[int]) -> None:
        guild.members[user.id].roles = list(roles)
        data = {"guild_id": str(guild.id), **render.member(self, guild, user.id)}
        self.emit(Event("GUILD_MEMBER_UPDATE", data, guild.id))

    def remove_member(self, guild: Guild, user: User) -> None:
        """Leave or be kicked; for the bot itself the guild vanishes."""
        data = {"guild_id": str(guild.id), "user": render.user(user)}
        del guild.members[user.id]
        if user.id == self.bot.id:
            self.emit(Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id))
        else:
            self.emit(Event("GUILD_MEMBER_REMOVE", data, guild.id))

    # channels

    def add_channel(
        self,
        guild: Guild,
        name: str,
        *,
        kind: int = GUILD_TEXT,
        topic: str | None = None,
        parent_id: int | None = None,
        overwrites: list[Overwrite] | None = None,
        tags: tuple[str, ...] = (),
    ) -> Channel:
        position = sum(c.guild_id == guild.id for c in self.channels.values())
        channel = Channel(
            self.snowflake(),
            kind,
            name,
            guild.id,
            position,
            topic,
            parent_id,
            list(overwrites or []),
        )
        channel.available_tags = [
            {
                "id": str(self.snowflake()),
                "name": tag,
                "moderated": False,
                "emoji_id": None,
                "emoji_name": None,
            }
            for tag in tags
        ]
        self.channels[channel.id] = channel
        self.emit_channel("CHANNEL_CREATE", channel)
        return channel

    def emit_channel(self, name: str, channel: Channel, **extra: Any) -> None:
        data = render.channel(self, channel) | extra
        self.emit(Event(name, data, channel.guild_id, channel.id))

    def remove_channel(self, channel: Channel) -> None:
        kind = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.emit_channel(kind, channel)
        for thread in self.threads(channel.id):
            del self.channels[thread.id]
        del self.channels[channel.id]

    def direct_channel(self, user: User) -> Channel:
        """The direct message channel between the bot and this person, opened if need be."""
        for channel in self.channels.values():
            if channel.type == DM and channel.recipients == [user.id]:
                return channel
        channel = Channel(self.snowflake(), DM, "", recipients=[user.id])
        self.channels[channel.id] = channel
        return channel

    def open_group(self, people: list[User]) -> Channel:
        """A channel in which people talk to each other, without the bot."""
        channel = Channel(self.snowflake(), GROUP_DM, "", recipients=[each.id for each in people])
        self.channels[channel.id] = channel
        return channel

    def is_installed(self, guild_id: int | None) -> bool:
        """Whether the application was added to this guild."""
        return guild_id is not None and self.bot.id in self.guilds[guild_id].members

    def threads(self, parent_id: int) -> list[Channel]:
        return [c for c in self.channels.values() if c.type in THREADS and c.parent_id == parent_id]

    def guild_channels(self, guild: Guild, *, threads: bool = False) -> list[Channel]:
        return [
            channel
            for channel in self.channels.values()
            if channel.guild_id == guild.id and channel.is_thread == threads
        ]

    def allowed(self, channel: Channel, user_id: int) -> int:
        """The permission bits of this user in the channel, thread or direct message."""
        if channel.guild_id is None:
            bot = channel.type == DM and user_id == self.bot.id
            return permissions.DIRECT if bot or user_id in channel.recipients else 0
        parent = self.channels[channel.parent_id] if channel.is_thread else channel
        value = permissions.in_channel(self.guilds[channel.guild_id], parent, user_id)
        if channel.type == PRIVATE_THREAD and user_id not in channel.thread_members:
            value = value if value & permissions.BITS["manage_threads"] else 0
        return value

    def can(self, channel: Channel, user_id: int, name: str) -> bool:
        return bool(self.allowed(channel, user_id) & permissions.BITS[name])

    # messages

    def keep_message(self, message: Message) -> None:
        """Store a message as the newest of its channel."""
        self.messages[message.id] = message
        self._history.setdefault(message.channel_id, []).append(message.id)
        if message.ephemeral_for is None:
            channel = self.channels[message.channel_id]
            channel.last_message_id = message.id
            channel.message_count += 1

    def history(self, channel_id: int, after: int = 0) -> list[Message]:
        """Messages of a channel, oldest first, ephemeral and deleted ones included."""
        ids = self._history.get(channel_id, [])
        return [self.messages[number] for number in ids[bisect.bisect_right(ids, after) :]]

    def page(
        self,
        channel_id: int,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> list[Message]:
        """Visible messages of a channel, newest first, as the API lists them."""
        ids = self._history.get(channel_id, [])
        if around is not None:
            middle = bisect.bisect_left(ids, around)
            ids = ids[max(0, middle - limit // 2) : middle + limit - limit // 2]
        if before is not None:
            ids = ids[: bisect.bisect_left(ids, before)]
        if after is not None:
            ids = ids[bisect.bisect_right(ids, after) :]
        ordered = ids if after is not None else reversed(ids)
        visible = (
            message
            for message in map(self.messages.__getitem__, ordered)
            if not message.deleted and message.ephemeral_for is None
        )
        return sorted(itertools.islice(visible, limit), key=lambda m: m.id, reverse=True)

    def message(self, channel_id: int, message_id: int) -> Message:
        """A public message of this channel. Raises ApiError 10008."""
        message = self.messages.get(message_id)
        gone = message is None or message.deleted or message.ephemeral_for is not None
        if message is None or gone or message.channel_id != channel_id:
            raise api_error(10008)
        return message

    def channel(self, channel_id: int) -> Channel:
        """Raises ApiError 10003."""
        if channel_id not in self.channels:
            raise api_error(10003)
        return self.channels[channel_id]

    def guild_of(self, channel: Channel) -> Guild | None:
        return None if channel.guild_id is None else self.guilds[channel.guild_id]

    # finding by what a person would say

    def find_user(self, who: Any) -> User:
        """A user by id, name or `{"id"}`. Raises DriverError."""
        who = who.get("id") if isinstance(who, dict) else who
        for user in self.users.values():
            if str(who).lstrip("@") in (str(user.id), user.name, user.display_name):
                return user
        raise DriverError(f"there is no user {who!r}; add one with add_user")

    def find_guild(self, which: Any = None) -> Guild:
        """A guild by id or name; the first one by default. Raises DriverError."""
        which = which.get("id") if isinstance(which, dict) else which
        for guild in self.guilds.values():
            if which is None or str(which) in (str(guild.id), guild.name):
                return guild
        raise DriverError(f"there is no guild {which!r}; add one with add_guild")

    def find_channel(self, where: Any) -> Channel:
        """A channel by id, `#name`, `Guild/#name`, `@person` (direct) or `{"id"}`.

        Raises DriverError.
        """
        where = str(where.get("id") if isinstance(where, dict) else where)
        if where.isdigit() and int(where) in self.channels:
            return self.channels[int(where)]
        if where.startswith("@"):
            return self.direct_channel(self.find_user(where))
        guild_name, _, name = where.rpartition("/")
        guild = self.find_guild(guild_name or None)
        wanted = name.removeprefix("#")
        named = (c for c in self.channels.values() if c.guild_id == guild.id and c.name == wanted)
        thread = None
        for channel in named:
            if not channel.is_thread:
                return channel
            thread = thread or channel
        if thread is None:
            raise DriverError(f"there is no channel {where!r} in {guild.name}")
        return thread
