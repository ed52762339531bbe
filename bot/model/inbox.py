"""What was taken down to be worked on."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.model.messages import Command, IncomingMessage
from bot.model.places import ItemId
from retrieval.model import RunId, SyncMode, TenantId


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
class Surplus:
    """A question that is one too many to wait, and how long the first in the queue has waited."""

    tenant: TenantId
    item: ItemId
    question: IncomingMessage
    waited: timedelta


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
