"""What is asked of search, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retrieval.model.documents import Span
from retrieval.model.names import ChunkId, DocumentId

NO_QUERY = "The query has no words to search for."
NO_DOCUMENTS = "Nothing has been synced yet."
NOT_VISIBLE = "None of the synced documents may be read here."
NOT_FOUND = "No document matches."

NOTHING_TO_READ = frozenset({NO_DOCUMENTS, NOT_VISIBLE})
"""Reasons for which nothing can be found, whatever is asked."""


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
    `trouble` says what was done without because it failed, and why.
    """

    passages: tuple[Passage, ...]
    relevance: float = 0.0
    reason: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()
