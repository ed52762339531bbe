"""Names of things, and who may read them."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

TenantId = NewType("TenantId", str)

SourceId = NewType("SourceId", int)

DocumentId = NewType("DocumentId", int)

ChunkId = NewType("ChunkId", int)

RunId = NewType("RunId", str)

EVERYONE = "everyone"
"""The audience label that every member of a tenant's workspaces carries."""

PUBLIC = "public"
"""The audience label that anybody carries, guests and people of other organisations too."""


@dataclass(frozen=True, slots=True)
class AccessScope:
    """Who is asking, as the search sees it.

    A document is visible when its audience shares a label with `readers`. `sources` narrows the
    search to sources of these names; None means all of the tenant's sources.
    """

    tenant: TenantId
    readers: frozenset[str]
    sources: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """When documents were last changed: from `since` up to, not including, `until`; None is open.

    At least one is given, and both carry a time zone. A document without a date lies in no period.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.since is None and self.until is None:
            raise ValueError("a period without a beginning and an end is none")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError(f"a period runs forward, not from {self.since} to {self.until}")

    def __contains__(self, moment: object) -> bool:
        return (
            isinstance(moment, datetime)
            and (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )
