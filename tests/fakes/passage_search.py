"""Passages and sentence similarity in memory, by words alone: deterministic and quick."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from agents.language import find_terms
from retrieval.model import (
    EVERYONE,
    NOT_FOUND,
    NOT_VISIBLE,
    AccessScope,
    ChunkId,
    DocumentId,
    Passage,
    Period,
    SearchResult,
    SourceOutline,
    Span,
    TenantId,
    WeightedQuery,
)

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def make_passage(number: int, title: str, text: str, **fields: object) -> Passage:
    """A passage of a document of its own."""
    defaults: dict[str, object] = {
        "chunk": ChunkId(number),
        "document": DocumentId(number),
        "source": "handbook",
        "title": title,
        "url": f"https://docs.test/{title.lower().replace(' ', '-')}",
        "text": text,
        "span": Span(0, len(text)),
        "heading_path": (),
        "page": None,
        "ordinal": 0,
        "modified_at": datetime(2026, 1, 1, tzinfo=UTC),
        "synced_at": NOW,
        "score": 0.0,
    }
    return Passage(**{**defaults, **fields})  # type: ignore[arg-type]


def make_passages(documents: Mapping[str, str]) -> list[Passage]:
    """A passage for each title and text."""
    return [make_passage(at, *one) for at, one in enumerate(documents.items(), start=1)]


@dataclass
class InMemoryPassageSearch:
    """Satisfies agents.ports.PassageSearch, SourceCatalog and SourceGuide over passages.

    `audience` tells who may read a chunk, everyone by default. Every search is kept in `calls`,
    with its period in `periods` and its time in `seconds`. Each says that it had the `trouble`.
    """

    passages: Sequence[Passage]
    audience: Mapping[ChunkId, frozenset[str]] = field(default_factory=dict)
    calls: list[tuple[tuple[WeightedQuery, ...], AccessScope]] = field(default_factory=list)
    periods: list[Period | None] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)
    trouble: tuple[str, ...] = ()

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
        seconds: float | None = None,
    ) -> SearchResult:
        """Passages by the share of the query's words they hold."""
        self.calls.append((tuple(queries), scope))
        self.periods.append(period)
        self.seconds.append(seconds)
        visible = [
            one
            for one in self.passages
            if self._may_see(one, scope) and (period is None or one.modified_at in period)
        ]
        scored = [(self._score(one, queries), one) for one in visible]
        scored = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])[:limit]
        found = tuple(replace(one, score=score) for score, one in scored)
        best = scored[0][0] if scored else 0.0
        reason = None if found else NOT_FOUND if visible else NOT_VISIBLE
        return SearchResult(found, relevance=min(1.0, best), reason=reason, trouble=self.trouble)

    async def load_context(
        self, passage: Passage, scope: AccessScope, *, before: int = 1, after: int = 1
    ) -> Sequence[Passage]:
        """Those of its document within the reach of its ordinal."""
        reach = range(passage.ordinal - before, passage.ordinal + after + 1)
        beside = [
            one
            for one in self.passages
            if one.document == passage.document
            and one.ordinal in reach
            and self._may_see(one, scope)
        ]
        return sorted(beside, key=lambda one: one.ordinal)

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """Those of the chunks that may be seen."""
        return {
            one.chunk: one
            for one in self.passages
            if one.chunk in chunks and self._may_see(one, scope)
        }

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """Names of the sources of what may be seen."""
        return frozenset(one.source for one in self.passages if self._may_see(one, scope))

    async def outline_sources(self, scope: AccessScope) -> Sequence[SourceOutline]:
        """The sources of what may be seen, with the titles of that."""
        titles: dict[str, dict[str, None]] = {}
        for one in self.passages:
            if self._may_see(one, scope):
                titles.setdefault(one.source, {})[one.title] = None
        return [SourceOutline(name, "files", tuple(titles[name])) for name in sorted(titles)]

    def _may_see(self, passage: Passage, scope: AccessScope) -> bool:
        readers = self.audience.get(passage.chunk, frozenset({EVERYONE}))
        in_sources = scope.sources is None or passage.source in scope.sources
        return bool(readers & scope.readers) and in_sources

    @staticmethod
    def _score(passage: Passage, queries: Sequence[WeightedQuery]) -> float:
        held = set(find_terms(f"{passage.title} {passage.text}"))
        total = sum(query.weight for query in queries) or 1.0
        score = 0.0
        for query in queries:
            wanted = set(find_terms(query.text))
            score += query.weight * len(wanted & held) / (len(wanted) or 1)
        return score / total


class InMemorySentenceScorer:
    """Satisfies agents.ports.SentenceScorer by the cosine of word counts."""

    async def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Cosine of each sentence to the text, 0..1."""
        query = Counter(find_terms(text))
        return [_cosine(query, Counter(find_terms(one))) for one in sentences]


def make_scope(*readers: str, sources: frozenset[str] | None = None) -> AccessScope:
    """What a reader of the tenant 'acme' may see."""
    return AccessScope(TenantId("acme"), frozenset(readers or {EVERYONE}), sources)


def _cosine(left: Counter[str], right: Counter[str]) -> float:
    dot = sum(count * right[term] for term, count in left.items())
    norms = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return dot / norms if norms else 0.0
