"""Sources, and what is kept beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrieval.model.names import EVERYONE, SourceId, TenantId

AUTHORITY = "authority"
"""The setting of every kind of source that tells how far it is trusted."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a source is synced by itself.

    `cron` has five fields (minute, hour, day, month, weekday), read in the time zone `zone` of the
    IANA. `window` names two times of day there, HH:MM, between which a sync may begin; it may pass
    midnight.
    """

    cron: str
    zone: str = "UTC"
    window: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A knowledge source as an admin added it. `config` belongs to the connector of that kind,
    but for AUTHORITY, which all have.

    `secrets` are sealed settings of the connector, by name. A paused source is neither synced by
    its schedule nor as one of all.
    """

    tenant: TenantId
    id: SourceId
    name: str
    kind: str
    config: Mapping[str, object]
    audience: frozenset[str] = frozenset({EVERYONE})
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    schedule: Schedule | None = None
    paused: bool = False
    next_sync_at: datetime | None = None

    @property
    def authority(self) -> float:
        """The factor that its passages' scores are multiplied by, 1 where none is set."""
        set_to = self.config.get(AUTHORITY, 1.0)
        return float(set_to) if isinstance(set_to, int | float) else 1.0


MOST_COUNTED = 10_000
"""Documents of a source up to which they are counted for somebody who reads it."""


@dataclass(frozen=True, slots=True)
class ReadableSource:
    """A source as far as somebody may read it.

    `documents` is how many that are, MOST_COUNTED at most. `read_at` is when the source was last
    read to its end; `failing`: a later sync did not work.
    """

    name: str
    documents: int
    read_at: datetime | None
    paused: bool = False
    failing: bool = False


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What was said in a channel. `ts` names it, tells its moment and sorts by it; `thread` is the
    ts of the message that began its thread, its own outside threads. `edited` tells versions apart,
    later ones being greater. Of a deleted message nothing else is left.
    """

    ts: str
    thread: str
    author: str
    text: str
    edited: str = ""
    is_human: bool = True
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a channel was read through the API: in the `number`th reading of it down to the
    message `down_to`, or to its end.
    """

    number: int
    down_to: str | None
    is_complete: bool


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """What a look at a source showed.

    `listed` entries were seen; `complete` where these are all. `examples` are the ids of the
    first few. `title` is that of the document that was read to try it, and `problem` says what is
    wrong with that one, where something is.
    """

    listed: int
    complete: bool
    examples: tuple[str, ...] = ()
    title: str = ""
    problem: str = ""
