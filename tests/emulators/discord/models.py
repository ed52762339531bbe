"""What exists in the emulated Discord. Ids are ints here and strings in JSON."""

from dataclasses import dataclass, field
from typing import Any

GUILD_TEXT, DM, GROUP_DM, GUILD_CATEGORY, GUILD_NEWS = 0, 1, 3, 4, 5
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 10, 11, 12, 15
THREADS = frozenset({NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})

SUPPRESS_EMBEDS = 1 << 2
HAS_THREAD = 1 << 5
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15


@dataclass(slots=True)
class User:
    id: int
    name: str
    display_name: str | None = None
    bot: bool = False
    accepts_direct: bool = True
    locale: str = "en-US"


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: int = 0
    position: int = 1
    managed: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """`kind` 0 is a role, 1 a member."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Member:
    user_id: int
    joined_at: str
    nick: str | None = None
    roles: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Guild:
    id: int
    name: str
    owner_id: int
    joined_at: str
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    """A text channel, category, forum, thread or direct message."""

    id: int
    type: int
    name: str
    guild_id: int | None = None
    position: int = 0
    topic: str | None = None
    parent_id: int | None = None
    overwrites: list[Overwrite] = field(default_factory=list)
    last_message_id: int | None = None
    recipients: list[int] = field(default_factory=list)
    available_tags: list[dict[str, Any]] = field(default_factory=list)
    # threads only
    owner_id: int | None = None
    created_at: str | None = None
    archived: bool = False
    archived_at: str | None = None
    locked: bool = False
    auto_archive: int = 1440
    invitable: bool = True
    thread_members: dict[int, str] = field(default_factory=dict)
    message_count: int = 0
    applied_tags: list[int] = field(default_factory=list)
    slowmode: int = 0

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS


@dataclass(slots=True)
class Message:
    id: int
    channel_id: int
    guild_id: int | None
    author_id: int
    content: str = ""
    type: int = 0
    flags: int = 0
    created_at: str = ""
    edited_at: str | None = None
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reference: dict[str, Any] | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict)
    nonce: str | int | None = None
    tts: bool = False
    pinned: bool = False
    thread_id: int | None = None
    ephemeral_for: int | None = None
    interaction: dict[str, Any] | None = None
    webhook_id: int | None = None
    deleted: bool = False
    revisions: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Interaction:
    """A slash command (2), component (3), autocomplete (4) or modal (5) on its way to the bot."""

    id: int
    token: str
    type: int
    user_id: int
    guild_id: int | None
    channel_id: int
    data: dict[str, Any]
    created_at: float
    name: str = ""
    message_id: int | None = None
    from_interaction: int | None = None
    response_type: int | None = None
    acknowledged_at: float | None = None
    deferred: bool = False
    ephemeral: bool = False
    original_id: int | None = None
    followups: list[int] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
