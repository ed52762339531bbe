"""A store in memory: both sides, DocumentStore and PassageIndex, without a database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from retrieval.errors import EmbeddingFailed
from retrieval.lexical import (
    Analyzer,
    Terms,
    count_terms,
    gather_counts,
    gather_sequences,
    hash_terms,
    saturate,
)
from retrieval.model import (
    AccessScope,
    Candidates,
    Chunk,
    ChunkId,
    Document,
    DocumentId,
    EmbeddingModel,
    Embeddings,
    FirstScores,
    Passage,
    Period,
    Phrase,
    Source,
    SourceEntry,
    Span,
    StoredDocument,
    StoredTokens,
    TermCounts,
    TermStatistics,
    Vector,
)


@dataclass(frozen=True)
class _Chunk:
    id: ChunkId
    chunk: Chunk
    terms: Terms
    title_length: int
    passage: Vector
    sentences: Vector
    tokens: StoredTokens | None


@dataclass(frozen=True)
class _Held:
    id: DocumentId
    source: Source
    document: Document
    synced_at: datetime
    counts: TermCounts
    chunks: tuple[_Chunk, ...]


@dataclass
class InMemoryDocumentStore:
    """Implements DocumentStore and PassageIndex."""

    model: EmbeddingModel
    analyzer: Analyzer = field(default_factory=Analyzer)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    _held: dict[tuple[str, int, str], _Held] = field(default_factory=dict)
    _next: int = 1

    def _number(self) -> int:
        self._next += 1
        return self._next

    async def list_documents(self, source: Source) -> Mapping[str, StoredDocument]:
        return {
            held.document.external_id: StoredDocument(
                held.document.external_id,
                held.id,
                held.document.content_hash,
                held.document.fingerprint,
                held.document.audience,
                held.synced_at,
            )
            for (tenant, number, _), held in self._held.items()
            if (tenant, number) == (source.tenant, source.id)
        }

    async def put_document(
        self,
        source: Source,
        document: Document,
        chunks: Sequence[Chunk],
        embeddings: Embeddings | Vector,
    ) -> None:
        vectors = embeddings if isinstance(embeddings, Embeddings) else Embeddings(embeddings)
        if len(vectors) != len(chunks) or (
            len(chunks) and vectors.passages.shape[1] != self.model.dimensions
        ):
            raise EmbeddingFailed("The vectors do not fit.")
        key = (source.tenant, source.id, document.external_id)
        number = self._held[key].id if key in self._held else DocumentId(self._number())
        whole = self.analyzer.tokenize(f"{document.title}\n{document.text}")
        self._held[key] = _Held(
            number,
            source,
            document,
            self.now,
            count_terms(hash_terms(source.tenant, whole)),
            tuple(
                self._make_chunk(source, document, chunk, vectors, place)
                for place, chunk in enumerate(chunks)
            ),
        )

    def _make_chunk(
        self, source: Source, document: Document, chunk: Chunk, vectors: Embeddings, place: int
    ) -> _Chunk:
        title = self.analyzer.tokenize("\n".join([document.title, *chunk.heading_path]))
        terms = [*title, *self.analyzer.tokenize(chunk.text)]
        return _Chunk(
            ChunkId(self._number()),
            chunk,
            hash_terms(source.tenant, terms),
            len(title),
            vectors.passages[place],
            vectors.sentences[place]
            if vectors.sentences is not None
            else vectors.passages[place][None, :],
            vectors.tokens[place] if vectors.tokens is not None else None,
        )

    async def touch_document(self, source: Source, entry: SourceEntry) -> None:
        key = (source.tenant, source.id, entry.external_id)
        if key in self._held:
            held = self._held[key]
            document = replace(
                held.document,
                url=entry.url,
                fingerprint=entry.fingerprint,
                audience=entry.audience if entry.audience is not None else source.audience,
            )
            self._held[key] = replace(held, document=document, synced_at=self.now)

    async def hide_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        hidden = 0
        for name in external_ids:
            held = self._held.get((source.tenant, source.id, name))
            if held is not None and held.document.audience:
                document = replace(held.document, audience=frozenset())
                self._held[source.tenant, source.id, name] = replace(held, document=document)
                hidden += 1
        return hidden

    async def delete_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        keys = [(source.tenant, source.id, name) for name in external_ids]
        return sum(1 for key in keys if self._held.pop(key, None) is not None)

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AsyncIterator["InMemorySnapshot"]:
        held = [held for (tenant, _, _), held in self._held.items() if tenant == scope.tenant]
        yield InMemorySnapshot(scope, held, period, terms)


class InMemorySnapshot:
    """Implements IndexSnapshot."""

    def __init__(
        self,
        scope: AccessScope,
        tenant: Sequence[_Held],
        period: Period | None = None,
        terms: Sequence[int] = (),
    ) -> None:
        self._terms = terms
        self._tenant = tenant
        self._period = period
        self._chunks = {
            chunk.id: (held, chunk)
            for held in tenant
            if held.document.audience & scope.readers
            and (scope.sources is None or held.source.name in scope.sources)
            for chunk in held.chunks
        }

    @property
    def visible(self) -> int:
        return len(self._chunks)

    @property
    def held(self) -> int:
        return sum(len(held.chunks) for held in self._tenant)

    async def list_sources(self) -> frozenset[str]:
        return frozenset(held.source.name for held, _ in self._chunks.values())

    @property
    def authorities(self) -> Mapping[str, float]:
        weighed = {held.source.name: held.source.authority for held, _ in self._chunks.values()}
        return {name: factor for name, factor in weighed.items() if factor != 1}

    @property
    def statistics(self) -> tuple[TermStatistics, TermStatistics]:
        chunks = [count_terms(chunk.terms) for held in self._tenant for chunk in held.chunks]
        return (
            _count(chunks, self._terms),
            _count([held.counts for held in self._tenant], self._terms),
        )

    async def find_nearest(self, vector: Vector, limit: int) -> Sequence[ChunkId]:
        scored = sorted((-float(c.passage @ vector), i) for i, (_, c) in self._in_reach())
        return [number for _, number in scored[:limit]]

    async def find_matching(
        self,
        weights: Mapping[int, float],
        phrases: Sequence[Phrase],
        any_of: Sequence[int],
        limit: int,
    ) -> Sequence[ChunkId]:
        scored = []
        for number, (held, chunk) in self._in_reach():
            counts = count_terms(chunk.terms)
            text = f"{held.document.title}\n{chunk.chunk.text}".lower()
            wanted = (
                all(phrase.text.lower() in text for phrase in phrases)
                if phrases
                else bool(set(any_of) & set(counts.terms.tolist()))
            )
            if any_of and wanted:
                scored.append((-self._score(chunk, weights), number))
        return [number for _, number in sorted(scored)[:limit]]

    def _score(self, chunk: _Chunk, weights: Mapping[int, float]) -> float:
        lengths = [len(chunk.terms) for held in self._tenant for chunk in held.chunks]
        counts = count_terms(chunk.terms)
        shares = saturate(
            counts.frequencies.astype(np.float32), counts.length, float(np.mean(lengths))
        )
        return sum(
            weights.get(term, 0.0) * share
            for term, share in zip(counts.terms.tolist(), shares.tolist(), strict=True)
        )

    def _in_reach(self) -> list[tuple[ChunkId, tuple[_Held, _Chunk]]]:
        return [
            (number, (held, chunk))
            for number, (held, chunk) in self._chunks.items()
            if self._period is None or held.document.modified_at in self._period
        ]

    async def weigh(
        self,
        chunks: Sequence[ChunkId],
        vectors: Sequence[Vector | None],
        weights: Sequence[Mapping[int, float]],
    ) -> FirstScores:
        found = [self._chunks[number][1] for number in chunks if number in self._chunks]
        dense = [
            [0.0 if vector is None else float(chunk.passage @ vector) for chunk in found]
            for vector in vectors
        ]
        lexical = [[self._score(chunk, weighed) for chunk in found] for weighed in weights]
        return FirstScores(
            tuple(chunk.id for chunk in found),
            np.array(dense, np.float32),
            np.array(lexical, np.float32),
        )

    async def load_candidates(
        self, chunks: Sequence[ChunkId], *, tokens: bool = False
    ) -> Candidates:
        found = [self._chunks[number] for number in chunks if number in self._chunks]
        sentences = [chunk.sentences for _, chunk in found]
        documents = list({held.id: held for held, _ in found}.values())
        places = {held.id: place for place, held in enumerate(documents)}
        return Candidates(
            chunks=tuple(chunk.id for _, chunk in found),
            documents=tuple(held.id for held, _ in found),
            passages=np.array([chunk.passage for _, chunk in found], np.float32),
            sentences=np.concatenate(sentences) if found else np.zeros((0, 1), np.float32),
            starts=np.cumsum([0, *(len(one) for one in sentences[:-1])], dtype=np.int64),
            terms=gather_sequences([chunk.terms for _, chunk in found]),
            title_lengths=np.array([chunk.title_length for _, chunk in found], np.int64),
            document_terms=gather_counts([held.counts for held in documents]),
            document_places=np.array([places[held.id] for held, _ in found], np.int64),
            tokens={
                chunk.id: chunk.tokens for _, chunk in found if tokens and chunk.tokens is not None
            },
        )

    async def load_passages(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, Passage]:
        return {number: _show(*self._chunks[number]) for number in chunks if number in self._chunks}

    async def load_widened(
        self, chunks: Sequence[ChunkId], reach: int
    ) -> Mapping[ChunkId, Passage]:
        found = {}
        for number in chunks:
            around = await self.load_neighbours(number, reach, reach)
            if around:
                held, hit = self._chunks[number]
                span = Span(
                    min(one.span.start for one in around), max(one.span.end for one in around)
                )
                text = held.document.text[span.start : span.end]
                found[number] = replace(_show(held, hit), text=text, span=span)
        return found

    async def load_neighbours(self, chunk: ChunkId, before: int, after: int) -> Sequence[Passage]:
        if chunk not in self._chunks:
            return []
        held, hit = self._chunks[chunk]
        first, last = hit.chunk.ordinal - before, hit.chunk.ordinal + after
        return [_show(held, one) for one in held.chunks if first <= one.chunk.ordinal <= last]


def _count(texts: Sequence[TermCounts], terms: Sequence[int]) -> TermStatistics:
    lengths = [text.length for text in texts]
    frequencies = {
        term: found
        for term in terms
        if (found := sum(1 for text in texts if term in text.terms.tolist()))
    }
    return TermStatistics(len(texts), float(np.mean(lengths)) if texts else 0.0, frequencies)


def _show(held: _Held, one: _Chunk) -> Passage:
    document, chunk = held.document, one.chunk
    url = document.url
    return Passage(
        chunk=one.id,
        document=held.id,
        source=held.source.name,
        title=document.title,
        url=f"{url}#{chunk.anchor}" if chunk.anchor and "#" not in url else url,
        text=chunk.text,
        span=chunk.span,
        heading_path=chunk.heading_path,
        page=chunk.page,
        ordinal=chunk.ordinal,
        modified_at=document.modified_at,
        synced_at=held.synced_at,
        score=0.0,
    )
