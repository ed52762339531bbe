"""Where things are said, and how what is there is named."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from retrieval.model import TenantId

MessageKey = NewType("MessageKey", str)
"""Names one message a person wrote: 'slack:T1:C1:1700000000.000100', 'discord:G1:C1:123'."""

ThreadKey = NewType("ThreadKey", str)
"""Names one conversation: the thread, or the DM. Memory and order of answers hang on it."""

ItemId = NewType("ItemId", str)
"""Names one entry of the inbox; people see it as the reference of a failure."""


def name_conversation(tenant: TenantId, thread: ThreadKey) -> str:
    """What the agent calls a conversation."""
    return f"{tenant}:{thread}"


def name_private_thread(thread: ThreadKey, person: str) -> ThreadKey:
    """A person's own conversation beside that of a thread; the others there know nothing of it."""
    return ThreadKey(f"{name_shared_thread(thread, person)}:{person}")


def name_shared_thread(thread: ThreadKey, person: str) -> ThreadKey:
    """The conversation of the thread that a person's own one may stand beside."""
    return ThreadKey(thread.removesuffix(f":{person}"))


class Platform(StrEnum):
    """Where people ask."""

    SLACK = "slack"
    DISCORD = "discord"
    CLI = "cli"


class ChannelKind(StrEnum):
    """Who can see what is said: public = the whole workspace, private = members, direct = one."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation on a platform.

    `thread` is the platform's id of the thread to answer in (Slack: ts of its first message;
    Discord: id of the message to reply to, the thread itself being `channel`); None = the channel.
    `parent` is the channel that a thread with an id of its own belongs to: who reads the thread
    may read the channel.
    """

    platform: Platform
    workspace: str
    channel: str
    channel_kind: ChannelKind
    thread: str | None = None
    parent: str | None = None

    @property
    def home(self) -> str:
        """The channel whose settings hold here: a thread inherits those of its channel."""
        return self.parent or self.channel


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in a Slack workspace (`id` is its T…) or in a whole organisation (its E…).

    `enterprise` is the organisation that the workspace is of, '' where it is of none. Where tokens
    are rotated, `token` is good until `expires_at`, and `refresh_token` gets the next one.
    """

    id: str
    enterprise: str
    name: str
    bot_user: str
    bot_id: str
    scopes: frozenset[str]
    installed_at: datetime
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
