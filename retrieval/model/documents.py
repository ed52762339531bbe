"""Documents, from what a source lists to what the store holds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from retrieval.model.names import DocumentId


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
class SourceOutline:
    """What a source is about: its kind, and titles or headings of some of its documents."""

    name: str
    kind: str
    topics: tuple[str, ...] = ()


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
