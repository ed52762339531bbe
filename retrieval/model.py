"""The values that retrieval works with. No I/O, no library types but numpy arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, `text[start:end]`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span runs forward from zero, not {self.start}..{self.end}")


class BlockKind(StrEnum):
    """What a stretch of a parsed document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document's text that belongs together.

    `level` is the depth of a heading (1 = top), 0 for everything else; `page` counts from 1 in
    paged formats; `anchor` is the fragment that a link can point at, without '#'.
    """

    kind: BlockKind
    span: Span
    level: int = 0
    page: int | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """Plain text and its structure; block spans point into `text`, in order, not overlapping."""

    title: str
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: the unit that is embedded, found and cited.

    `text` equals `document.text[span.start:span.end]`; `heading_path` runs from the top heading
    down and excludes the title; `tokens` is counted by the embedding model's tokenizer.
    """

    ordinal: int
    text: str
    span: Span
    heading_path: tuple[str, ...] = ()
    page: int | None = None
    anchor: str | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Identifies an embedding model; vectors of different models are never mixed."""

    name: str
    dimensions: int
    max_tokens: int


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


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One document as a source lists it, before it is fetched.

    `external_id` is stable and unique within the source. `fingerprint` is whatever the source
    offers to tell cheaply that nothing changed (size and mtime, ETag); None if it offers nothing.
    `known` is set for a fetch alone: the fingerprint under which the store holds the document, so
    that a connector can ask its source for changes only (If-None-Match).
    """

    external_id: str
    url: str
    modified_at: datetime | None = None
    fingerprint: str | None = None
    audience: frozenset[str] | None = None
    size: int | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that a document is about: one of its headings, '' for the document as a whole."""

    source: str
    title: str
    heading: str


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


@dataclass(frozen=True, slots=True)
class RawDocument:
    """What a connector fetched: bytes, and their media type (RFC 6838), e.g. text/markdown.

    `entry` is the one that was asked for, with whatever the answer told better (fingerprint, url).
    `name` titles a document that has no title, where its external id does not read well.
    """

    entry: SourceEntry
    content: bytes
    media_type: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document ready to be stored. `content_hash` is SHA-256 (hex) over the raw content."""

    external_id: str
    url: str
    title: str
    text: str
    content_hash: str
    audience: frozenset[str]
    modified_at: datetime | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the sync plan needs to know of a document that the store holds."""

    external_id: str
    document: DocumentId
    content_hash: str
    fingerprint: str | None
    audience: frozenset[str]
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnreadableDocument:
    """A document that could not be read, and under which fingerprint; None where it had none."""

    external_id: str
    fingerprint: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChunkReport:
    """A chunk of a stored document, for an admin who looks at it."""

    ordinal: int
    section: str
    tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What the store holds of a document, for an admin. Nobody reads a hidden document."""

    source: str
    external_id: str
    url: str
    title: str
    audience: frozenset[str]
    modified_at: datetime | None
    synced_at: datetime
    version: int
    chunks: tuple[ChunkReport, ...]

    @property
    def hidden(self) -> bool:
        """Whether it was missing at its source and waits to be deleted or to come back."""
        return not self.audience


@dataclass(frozen=True, slots=True)
class WeightedQuery:
    """One phrasing of what is sought; several are fused by weight in score space."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found, with what is needed to show, cite and rank it.

    `score` is the final score, higher is better; `scores` has one entry per stage that saw the
    passage (dense, lexical, fused, rerank …). `span` points into the document's text.
    """

    chunk: ChunkId
    document: DocumentId
    source: str
    title: str
    url: str
    text: str
    span: Span
    heading_path: tuple[str, ...]
    page: int | None
    ordinal: int
    modified_at: datetime | None
    synced_at: datetime
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def section(self) -> str:
        """The heading path in one line, or the page, or ''."""
        if self.heading_path:
            return " › ".join(self.heading_path)
        return f"page {self.page}" if self.page is not None else ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked passages, best first; `reason` says why there are none; timings in milliseconds.

    `relevance` in 0..1 is the calibrated likelihood that the best passage bears on the query.
    """

    passages: tuple[Passage, ...]
    relevance: float = 0.0
    reason: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class SyncMode(StrEnum):
    """incremental: fetch what changed; full: fetch everything; dry_run: plan only."""

    INCREMENTAL = "incremental"
    FULL = "full"
    DRY_RUN = "dry-run"


class SyncState(StrEnum):
    """Where a sync run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """Documents by what became of them in a run; `chunks` counts chunks written.

    `skipped` could not be read before and have not changed since.
    """

    listed: int = 0
    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A document that could not be synced, and why, in words for an admin."""

    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncRun:
    """The record of one run over one source.

    Of `total` documents that needed work, `done` are done. `held` names the documents that would
    have been deleted but for the brake. `began_at` is when the work began that the run goes on
    with: earlier than `started_at` where it took over from a run that was interrupted.
    """

    id: RunId
    source: str
    mode: SyncMode
    state: SyncState
    started_at: datetime
    finished_at: datetime | None
    counts: SyncCounts
    failures: tuple[SyncFailure, ...] = ()
    error: str | None = None
    done: int = 0
    total: int = 0
    held: tuple[str, ...] = ()
    began_at: datetime | None = None

    def measure_rate(self, now: datetime) -> float:
        """Documents a second since the run started."""
        seconds = ((self.finished_at or now) - self.started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    def estimate_left(self, now: datetime) -> float | None:
        """Seconds until it is done if it goes on as fast; None where nobody can tell."""
        if self.finished_at is not None:
            return 0.0
        rate = self.measure_rate(now)
        return (self.total - self.done) / rate if rate else None


class RunSignal(StrEnum):
    """What a run learns when it gives a sign of life."""

    GO_ON = "go on"
    CANCEL = "cancel"
    LOST = "lost"
    """It was taken for dead and closed, or its source was removed."""


Vector = NDArray[np.float32]
"""Shape (d,) for one text, (n, d) for n texts; L2-normalised."""


StoredTokens = NDArray[np.uint8]
"""A passage's token vectors in the embedder's own compact form, shape (t, bytes a token)."""


@dataclass(frozen=True, slots=True)
class EncodedPassages:
    """What one pass gives for n texts: vectors (n, d), vectors (k, d) of each text's spans, and
    each text's token vectors as they are stored.
    """

    vectors: Vector
    spans: tuple[Vector, ...]
    tokens: tuple[StoredTokens, ...]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of one document's chunks, in the order of the chunks.

    `passages` has shape (n, d). `sentences`, where there are any, has one array (k, d) for each
    chunk; `tokens` one array of stored token vectors (t, bytes), in the form of the embedder.
    """

    passages: Vector
    sentences: tuple[Vector, ...] | None = None
    tokens: tuple[StoredTokens, ...] | None = None

    def __len__(self) -> int:
        return len(self.passages)


@dataclass(frozen=True, slots=True)
class TermCounts:
    """The terms of one text for lexical search.

    `terms` are sorted hashes, shape (t,); `frequencies` how often each occurs, aligned with them;
    `length` counts all occurrences.
    """

    terms: NDArray[np.int32]
    frequencies: NDArray[np.uint16]
    length: int


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know of a collection: its size, its mean length, terms' frequencies."""

    size: int
    mean_length: float
    frequencies: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class TermTable:
    """The terms of n texts, one after the other: `terms[starts[i]:starts[i + 1]]` are text i's.

    `terms` and `frequencies` have shape (t,), `starts` (n + 1,), `lengths` (n,). A term may come
    more than once in a text; its frequencies then add up.
    """

    terms: NDArray[np.int32]
    frequencies: NDArray[np.uint16]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the ranking of n chunks is computed from, column by column.

    `passages` has shape (n, d), with zeros where a chunk has no vector of the model in use.
    `sentences` (m, d) holds the sentences of all, those of candidate i from `starts[i]` on; each
    has at least one, which is its passage's vector where it has none of its own. `terms` are the
    chunks' terms in the order of the text, of which the first `title_lengths` (n,) come from title
    and headings. `document_terms` are those of the documents that they belong to, each document
    once; candidate i belongs to number `document_places[i]` of them.
    """

    chunks: tuple[ChunkId, ...]
    documents: tuple[DocumentId, ...]
    passages: Vector
    sentences: Vector
    starts: NDArray[np.int64]
    terms: TermTable
    title_lengths: NDArray[np.int64]
    document_terms: TermTable
    document_places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.chunks)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand together: their terms, and the text to be found (any case)."""

    text: str
    terms: tuple[int, ...]
