"""The values that the bot works with, the same for every platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from agents.model import AnswerSettings
from retrieval.model import RunId, SyncMode, TenantId

MessageKey = NewType("MessageKey", str)
"""Names one message a person wrote: 'slack:T1:C1:1700000000.000100', 'discord:G1:C1:123'."""

ThreadKey = NewType("ThreadKey", str)
"""Names one conversation: the thread, or the DM. Memory and order of answers hang on it."""

ItemId = NewType("ItemId", str)
"""Names one entry of the inbox; people see it as the reference of a failure."""


def name_conversation(tenant: TenantId, thread: ThreadKey) -> str:
    """What the agent calls a conversation."""
    return f"{tenant}:{thread}"


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


class Intent(StrEnum):
    """What the person did."""

    MENTION = "mention"
    DIRECT = "direct"
    FOLLOW_UP = "follow_up"
    OVERHEARD = "overheard"
    """Said in a channel to nobody in particular; answered where the channel wants that."""
    ASK = "ask"
    """The /ask command: the answer goes to the asker alone."""
    SHARE = "share"
    """Asked in private before, and now to be answered for everyone in the channel."""


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


class ChannelMode(StrEnum):
    """What the bot answers in a channel, besides commands.

    mentions: what mentions it. threads: also what follows in threads where it has answered. auto:
    also questions to nobody in particular, where the answer is well founded.
    """

    MENTIONS = "mentions"
    THREADS = "threads"
    AUTO = "auto"


class Visibility(StrEnum):
    """Who sees the answer to a mention: the whole channel, or the asker alone."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How the bot behaves in a channel and its threads.

    `sources` are names; empty: all that the channel may read. `hand_off` is who helps where the
    bot cannot, each as 'user:ID' or 'group:ID' (a role in Discord), in the order given. `budget` is
    how many questions are answered a day; None: no bound. `allowed_bots` are ids of other bots that
    may ask. `thread_per_question` opens a thread for each question (Discord).
    """

    mode: ChannelMode = ChannelMode.THREADS
    sources: frozenset[str] = frozenset()
    language: str = ""
    persona: str = ""
    remit: str = ""
    visibility: Visibility = Visibility.PUBLIC
    freshness_days: int | None = None
    hand_off: tuple[str, ...] = ()
    budget: int | None = None
    allowed_bots: frozenset[str] = frozenset()
    thread_per_question: bool = False

    @property
    def answering(self) -> AnswerSettings:
        """What the agent needs to know of it."""
        return AnswerSettings(self.persona, self.remit, self.language, self.freshness_days)


class Standing(StrEnum):
    """What a person is to the workspace; who is not known there is an outsider.

    A guest of Slack sees only the channels that they were invited to. People of other
    organisations, who read along in shared channels, are outsiders.
    """

    MEMBER = "member"
    GUEST = "guest"
    OUTSIDER = "outsider"


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `groups` are the platform's groups or roles by id, as far as they are known.

    `bot` is '' for people, else the platform's id of the bot, which may differ from that of its
    account.
    """

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    may_manage: bool = False
    """The platform says this person manages the workspace (Discord: Manage Server)."""
    standing: Standing = Standing.OUTSIDER
    bot: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person chose. `offers`: to be told when only they may read what would say more."""

    offers: bool = True


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads what is said in a place; as it stands here, where nothing is known of them.

    `outsiders`: somebody among them is no full member of the workspace. `groups` are the groups or
    roles that every one of them is in.
    """

    outsiders: bool = True
    groups: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a question. It is fetched when the question is answered, and not kept.

    `media_type` and `size`, in bytes, are what the platform says of it; `url` is where it keeps it,
    '' where it hands it to nobody.
    """

    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A question as it came in, its mention of the bot removed.

    `event` identifies the delivery (redeliveries share it), `message` the message itself (an
    app_mention and a message event for the same text share it). `reply_token` carries what the
    platform needs to answer an interaction (Slack response_url, Discord interaction token).
    `again` is the entry of the same question asked before, whose answer this one's replaces.
    `late`: it was asked long before it came in. `in_view` is the channel that the person looked at
    while writing directly to the bot.
    """

    event: str
    message: MessageKey
    thread: ThreadKey
    place: Place
    person: Person
    intent: Intent
    text: str
    at: datetime
    reply_token: Mapping[str, str] = field(default_factory=dict)
    again: ItemId | None = None
    late: bool = False
    in_view: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command, typed or given by a button, parsed by the platform into words.

    `/sync handbook full` is name 'sync', words ('handbook', 'full').
    """

    event: str
    name: str
    words: tuple[str, ...]
    place: Place
    person: Person
    at: datetime
    reply_token: Mapping[str, str] = field(default_factory=dict)


REPLACES = "replaces"
"""In a reply token: the reply takes the place of the private message whose button was pressed."""


THREAD = "thread"
"""In a reply token: the thread in which a private answer may be shared."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in: the command that it gives, and the values by name.

    It may hold secrets, so it is carried out while the person waits and never written down.
    """

    command: Command
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds everywhere; None: no bound.

    Questions in a minute of a person, in a channel and of a tenant: as many may come at once, and
    then so many a minute. Questions of a tenant in a day, and US dollars of a channel and of a
    tenant in a day. Days are those of UTC.
    """

    person: int | None = None
    channel: int | None = None
    tenant: int | None = None
    tenant_day: int | None = None
    channel_cost: float | None = None
    tenant_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something may be used: a level that each use raises by one, up to `most`.

    It falls by `drain` a second; 0: it stays, as in what has its day in its name.
    """

    name: str
    most: float
    drain: float


class Acceptance(StrEnum):
    """What became of a delivery at the inbox."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class ItemState(StrEnum):
    """queued → working → answered (the reply is written down) → done, or dead (given up)."""

    QUEUED = "queued"
    WORKING = "working"
    ANSWERED = "answered"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Claim:
    """An inbox entry that one attempt works on. `owner` fences it: a later claim voids this one.

    `attempts` counts claims, this one included. Exactly one of `question` and `command` is set.
    `draft` is the message in which an earlier attempt showed the answer in the making; `stopped`
    says that it is not wanted any more; `revises`, that an answer is posted, which gives way.
    """

    tenant: TenantId
    item: ItemId
    owner: str
    attempts: int
    state: ItemState
    question: IncomingMessage | None = None
    command: Command | None = None
    draft: str | None = None
    stopped: bool = False
    revises: bool = False


class Hold(StrEnum):
    """How an attempt stands while it works: go on, stop (people ask for it), or lost to another."""

    HELD = "held"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that nobody works on yet, and its number in the queue, from 1."""

    tenant: TenantId
    item: ItemId
    question: IncomingMessage
    number: int


@dataclass(frozen=True, slots=True)
class AnswerJob:
    """Answer the question in the inbox."""

    tenant: TenantId
    item: ItemId


@dataclass(frozen=True, slots=True)
class CommandJob:
    """Carry out the command in the inbox."""

    tenant: TenantId
    item: ItemId


@dataclass(frozen=True, slots=True)
class SyncJob:
    """Sync a source, and report to where the command in the inbox was given.

    `confirm` is a run whose held deletions may go.
    """

    tenant: TenantId
    item: ItemId
    source: str
    mode: SyncMode
    confirm: RunId | None = None


@dataclass(frozen=True, slots=True)
class ScheduledSyncJob:
    """Sync a source because its schedule says so."""

    tenant: TenantId
    source: str


Job = AnswerJob | CommandJob | SyncJob | ScheduledSyncJob


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who commanded what, where, and what became of it (`outcome`: allowed, refused, invalid …)."""

    tenant: TenantId
    item: ItemId
    place: Place
    person: Person
    command: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry of the audit log, as it is read again."""

    at: datetime
    platform: str
    workspace: str
    channel: str
    person: str
    command: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """A source with what the store holds of it.

    `schedule` is in words, '' where there is none; `next_sync` is when it is due by that.
    """

    name: str
    kind: str
    where: str
    audience: tuple[str, ...]
    documents: int
    last_sync: datetime | None
    schedule: str = ""
    paused: bool = False
    next_sync: datetime | None = None
