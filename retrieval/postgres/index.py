"""The read side of the store: candidates, their features, and the passages shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from retrieval.model import (
    AccessScope,
    Candidates,
    ChunkId,
    DocumentId,
    EmbeddingModel,
    Passage,
    Period,
    Phrase,
    Span,
    StoredTokens,
    TermStatistics,
    Vector,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.packing import (
    sparse_vector,
    unpack_counts,
    unpack_halfvecs,
    unpack_sequences,
    unpack_vectors,
)
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose

OPENING = """
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL random_page_cost = 1.1;
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;
SET LOCAL hnsw.iterative_scan = relaxed_order;
"""
"""Plans are made for the groups at hand, since how many rows they hold differs a thousandfold;
pages are expected in memory; comparing whole arrays of terms row by row costs twenty times what
the planner believes, so sequential scans are the last resort; compiling a query of milliseconds
only delays it; the walk through the graph goes on until enough of what it finds is visible (it is
ordered by exact scores later).
"""

EXACT_ROWS = 4_000
"""Up to so many visible chunks, reading them all costs no more than walking the HNSW graph."""

SCAN_FACTOR = 6
"""The graph walk visits about this many rows for each that it finds, before any filter."""

LEAST_EFFORT = 100
MOST_EFFORT = 1000
"""Bounds of hnsw.ef_search; pgvector takes at most 1000."""


@dataclass(frozen=True, slots=True)
class _Size:
    """`indexed` estimates the rows of the vector index, over all tenants."""

    visible: int
    held: int
    indexed: int
    dimensions: int


class PostgresPassageIndex:
    """Implements PassageIndex over PostgreSQL with pgvector."""

    def __init__(self, pool: Pool, model: EmbeddingModel) -> None:
        self._pool = pool
        self._models = ModelRegister(pool, model)

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None
    ) -> AsyncIterator["PostgresSnapshot"]:
        """One repeatable-read transaction, which is what makes the view consistent."""
        async with translate_errors(), self._pool.connection() as connection:
            await connection.execute(OPENING)
            try:
                model = await self._models.find(connection)
                cursor = await connection.execute(compose("read_scope"), _bind(scope))
                groups = await cursor.fetchall()
                cursor = await connection.execute(compose("estimate_embeddings"))
                row = await cursor.fetchone()
                held = sum(chunks for _, chunks, *_ in groups)
                size = _Size(
                    visible=sum(chunks for _, chunks, visible, *_ in groups if visible),
                    held=held,
                    indexed=max(held, row[0] if row else 0),
                    dimensions=self._models.dimensions,
                )
                bound = _bind(scope) | {"groups": [group for group, _, seen, *_ in groups if seen]}
                authorities = {
                    name: float(factor)
                    for _, _, visible, name, factor in groups
                    if visible and factor is not None
                }
                yield PostgresSnapshot(
                    connection,
                    bound,
                    model=model or 0,
                    size=size,
                    authorities=authorities,
                    period=period,
                )
            finally:
                if not connection.closed:
                    await connection.rollback()


class PostgresSnapshot:
    """Implements IndexSnapshot. Valid only inside PostgresPassageIndex.open_snapshot."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection,
        scope: Mapping[str, object],
        *,
        model: int,
        size: _Size,
        authorities: Mapping[str, float],
        period: Period | None = None,
    ) -> None:
        self._connection = connection
        self._scope = {
            **scope,
            "since": None if period is None else period.since,
            "until": None if period is None else period.until,
        }
        self._dated = period is not None
        self._model = model
        self._size = size
        self._authorities = authorities

    @property
    def visible(self) -> int:
        """How many chunks the scope may see."""
        return self._size.visible

    @property
    def held(self) -> int:
        """How many chunks the tenant holds in all."""
        return self._size.held

    async def list_sources(self) -> frozenset[str]:
        """Names of the sources that hold something visible."""
        return frozenset(row[0] for row in await self._fetch(compose("list_visible_sources")))

    @property
    def authorities(self) -> Mapping[str, float]:
        """How far visible sources are trusted, by name, where that is not 1."""
        return self._authorities

    async def count_terms(self, terms: Sequence[int]) -> tuple[TermStatistics, TermStatistics]:
        """The tenant's statistics over chunks, and over whole documents."""
        totals = await self._fetch(compose("read_totals"))
        rows = await self._fetch(compose("read_term_frequencies"), terms=list(terms))
        chunks, chunk_length, documents, document_length = totals[0] if totals else (0, 0, 0, 0)
        return (
            TermStatistics(chunks, chunk_length / max(chunks, 1), {r[0]: r[1] for r in rows}),
            TermStatistics(
                documents, document_length / max(documents, 1), {r[0]: r[2] for r in rows}
            ),
        )

    async def find_nearest(self, vector: Vector, limit: int) -> Sequence[ChunkId]:
        """The chunks whose vectors have the greatest inner product with `vector`, best first."""
        exact = scan_exactly(await self._count_in_reach(), self._size.indexed, limit)
        if not exact:
            effort = min(max(limit, LEAST_EFFORT), MOST_EFFORT)
            await self._connection.execute(
                sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(effort))
            )
        if self._dated:
            name = "find_nearest_dated_exactly" if exact else "find_nearest_dated_by_index"
        else:
            name = "find_nearest_exactly" if exact else "find_nearest_by_index"
        rows = await self._fetch(
            compose(name, model=self._model, dimensions=self._size.dimensions),
            vector=HalfVector(vector),
            limit=limit,
        )
        return [ChunkId(row[0]) for row in rows]

    async def find_matching(
        self,
        weights: Mapping[int, float],
        phrases: Sequence[Phrase],
        any_of: Sequence[int],
        limit: int,
    ) -> Sequence[ChunkId]:
        """The chunks with the greatest weighted sum of terms (BM25), best first."""
        if not any_of:
            return []
        query = sparse_vector(list(weights), list(weights.values()))
        if phrases:
            rows = await self._fetch(
                compose("find_matching_phrases"),
                all_of=sorted({term for phrase in phrases for term in phrase.terms}),
                phrases=[phrase.text for phrase in phrases],
                weights=query,
                limit=limit,
            )
        else:
            name = "find_matching_dated" if self._dated else "find_matching"
            rows = await self._fetch(compose(name), any_of=list(any_of), weights=query, limit=limit)
        return [ChunkId(row[0]) for row in rows]

    async def load_candidates(self, chunks: Sequence[ChunkId]) -> Candidates:
        """What ranking needs, in no particular order; unknown chunks are left out."""
        rows = await self._fetch(
            compose("load_candidates", model=self._model), binary=True, chunks=list(chunks)
        )
        columns = list(zip(*rows, strict=True)) or [()] * 6
        passages = unpack_halfvecs(columns[2], self._size.dimensions)
        sentences, starts = unpack_vectors(columns[3], passages)
        documents = await self._fetch(
            compose("load_document_counts"), binary=True, documents=list(columns[1])
        )
        found = {row[0]: row[1:] for row in documents}
        counts = [found.get(document, (0, b"", b"")) for document in columns[1]]
        return Candidates(
            chunks=tuple(ChunkId(chunk) for chunk in columns[0]),
            documents=tuple(DocumentId(document) for document in columns[1]),
            passages=passages,
            sentences=sentences,
            starts=starts,
            terms=unpack_sequences(columns[5]),
            title_lengths=np.array(columns[4], np.int64),
            document_terms=unpack_counts(
                [one[0] for one in counts], [one[1] for one in counts], [one[2] for one in counts]
            ),
        )

    async def load_tokens(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, StoredTokens]:
        """Stored token vectors; chunks that have none are left out."""
        rows = await self._fetch(
            compose("load_tokens", model=self._model), binary=True, chunks=list(chunks)
        )
        return {
            ChunkId(row[0]): np.frombuffer(row[1], np.uint8).reshape(-1, row[2]) for row in rows
        }

    async def load_passages(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, Passage]:
        """What a reader is shown, with a score of 0; unknown chunks are left out."""
        rows = await self._fetch(compose("load_passages"), chunks=list(chunks))
        return {ChunkId(row[0]): _passage_from(row) for row in rows}

    async def load_widened(
        self, chunks: Sequence[ChunkId], reach: int
    ) -> Mapping[ChunkId, Passage]:
        """As load_passages, each with the text of `reach` neighbours before and after it."""
        rows = await self._fetch(compose("load_widened"), chunks=list(chunks), reach=reach)
        return {ChunkId(row[0]): _passage_from(row) for row in rows}

    async def load_neighbours(self, chunk: ChunkId, before: int, after: int) -> Sequence[Passage]:
        """The chunk and those around it in its document, in the order of the text."""
        rows = await self._fetch(
            compose("load_neighbours"), chunk=chunk, before=before, after=after
        )
        return [_passage_from(row) for row in rows]

    async def _count_in_reach(self) -> int:
        """How many chunks may be found; for a period an estimate: its share of all documents."""
        if not self._dated:
            return self._size.visible
        dated: int = (await self._fetch(compose("count_dated")))[0][0]
        totals = await self._fetch(compose("read_totals"))
        documents: int = totals[0][2] if totals else 0
        return self._size.visible * dated // max(documents, 1)

    async def _fetch(
        self, query: sql.Composed, *, binary: bool = False, **bound: object
    ) -> list[tuple[Any, ...]]:
        async with self._connection.cursor(binary=binary) as cursor:
            await cursor.execute(query, {**self._scope, **bound})
            return await cursor.fetchall()


def scan_exactly(visible: int, indexed: int, limit: int) -> bool:
    """Whether to compare every visible vector instead of walking the HNSW graph.

    The walk must visit about limit · SCAN_FACTOR rows, times as many again as are hidden for each
    one that is visible; reading rows by their group costs about the same a row.
    """
    if visible <= EXACT_ROWS:
        return True
    return visible <= limit * SCAN_FACTOR * indexed / visible


def _bind(scope: AccessScope) -> dict[str, object]:
    return {
        "tenant": scope.tenant.replace("\0", ""),
        "readers": [label.replace("\0", "") for label in sorted(scope.readers)],
        "sources": None
        if scope.sources is None
        else [name.replace("\0", "") for name in sorted(scope.sources)],
    }


def _passage_from(row: Sequence[Any]) -> Passage:
    return Passage(
        chunk=ChunkId(row[0]),
        document=DocumentId(row[1]),
        source=row[2],
        title=row[3],
        url=f"{row[4]}#{row[10]}" if row[10] and "#" not in row[4] else row[4],
        text=row[5],
        span=Span(row[6], row[7]),
        heading_path=tuple(row[8]),
        page=row[9],
        ordinal=row[11],
        modified_at=row[12],
        synced_at=row[13],
        score=0.0,
    )
