"""What admins look at."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.people import Person
from bot.model.places import ItemId, Place
from retrieval.model import TenantId


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
