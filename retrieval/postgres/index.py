"""The read side of the store: candidates, their features, and the passages shown."""

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector

from retrieval.config import VectorIndex
from retrieval.links import link_place
from retrieval.model import (
    AccessScope,
    Candidates,
    ChunkId,
    DocumentId,
    EmbeddingModel,
    FirstScores,
    Passage,
    Period,
    Phrase,
    Span,
    StoredTokens,
    TermStatistics,
    Vector,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.fetching import Query, fetch_together
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.packing import (
    array_literal,
    sparse_vector,
    split_bytes,
    unpack_halfvecs,
    unpack_terms,
    unpack_vectors,
)
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import render

BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
SETTINGS = (
    b"SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
    b" set_config('random_page_cost', '1.1', true), set_config('enable_seqscan', 'off', true),"
    b" set_config('jit', 'off', true),"
    b" set_config('hnsw.iterative_scan', 'relaxed_order', true)"
)
"""Plans are made for the groups at hand, since how many rows they hold differs a thousandfold;
pages are expected in memory; comparing whole arrays of terms row by row costs twenty times what
the planner believes, so sequential scans are the last resort; compiling a query of milliseconds
only delays it; the walk through the graph goes on until enough of what it finds is visible (it is
ordered by exact scores later).
"""

SET_EFFORT = b"SELECT set_config('hnsw.ef_search', %s, true)"

EXACT_ROWS = 4_000
"""Up to so many visible chunks, reading them all costs no more than walking the HNSW graph."""

SCAN_FACTOR = 10
"""The graph walk costs about as much as comparing so many rows for each that it finds, before any
filter: of 100,000 chunks, 9 % visible, comparing all took 15 ms of CPU and the walk 18."""

SMALL_GRAPH = 10_000
"""Up to so many vectors, as many looked at as are wanted find 98 of 100."""

GROWTH = 0.35
"""By which power of its size more is to be looked at in a larger graph. Of 40,000 vectors of six
sets' passages, 160 looked at find 98 of 100, and 250 find 99."""

LEAST_EFFORT = 100
MOST_EFFORT = 1000
"""Bounds of hnsw.ef_search; pgvector takes at most 1000."""


RESCORED = 4
"""So many times as many are taken from an index of bits as are wanted after comparing vectors."""

_NEAREST = {
    (False, None): "find_nearest_exactly",
    (False, VectorIndex.HALFVEC): "find_nearest_by_index",
    (False, VectorIndex.BINARY): "find_nearest_by_code",
    (True, None): "find_nearest_dated_exactly",
    (True, VectorIndex.HALFVEC): "find_nearest_dated_by_index",
    (True, VectorIndex.BINARY): "find_nearest_dated_by_code",
}
"""By whether a period is asked for, and which index is walked, if any."""

_NO_DOCUMENTS: tuple[Any, ...] = ((), (), (), b"", b"")
_NO_STATISTICS: tuple[Any, ...] = (0, 0, 0, 0, (), (), ())


@dataclass(frozen=True, slots=True)
class _Size:
    """`indexed` estimates the rows of the vector index, over all tenants."""

    visible: int
    held: int
    indexed: int
    dimensions: int


class PostgresPassageIndex:
    """Implements PassageIndex over PostgreSQL with pgvector."""

    def __init__(
        self, pool: Pool, model: EmbeddingModel, *, index: VectorIndex = VectorIndex.HALFVEC
    ) -> None:
        self._pool = pool
        self._models = ModelRegister(pool, model)
        self._index = index

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AsyncIterator["PostgresSnapshot"]:
        """One repeatable-read transaction, which is what makes the view consistent."""
        async with translate_errors(), self._pool.connection() as connection:
            try:
                model = await self._models.find(connection)
                bound = _bind(scope)
                _, groups, counted = await fetch_together(
                    connection,
                    Query(BEGIN, rows=False),
                    Query(SETTINGS),
                    Query(render("read_scope"), bound),
                    Query(render("read_statistics"), {**bound, "terms": array_literal(terms)}),
                )
                held = sum(chunks for _, chunks, *_ in groups)
                size = _Size(
                    visible=sum(chunks for _, chunks, visible, *_ in groups if visible),
                    held=held,
                    indexed=max(held, *(group[-1] for group in groups), 0),
                    dimensions=self._models.dimensions,
                )
                bound["groups"] = array_literal(group for group, _, seen, *_ in groups if seen)
                authorities = {
                    name: float(factor)
                    for _, _, visible, name, factor, _ in groups
                    if visible and factor is not None
                }
                yield PostgresSnapshot(
                    connection,
                    bound,
                    model=model or 0,
                    size=size,
                    statistics=_read_statistics(*(counted[0] if counted else _NO_STATISTICS)),
                    index=self._index,
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
        statistics: tuple[TermStatistics, TermStatistics],
        index: VectorIndex,
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
        self._statistics = statistics
        self._index = index
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
        [rows] = await self._fetch(self._ask("list_visible_sources"))
        return frozenset(row[0] for row in rows)

    @property
    def authorities(self) -> Mapping[str, float]:
        """How far visible sources are trusted, by name, where that is not 1."""
        return self._authorities

    @property
    def statistics(self) -> tuple[TermStatistics, TermStatistics]:
        """The tenant's, over chunks and over whole documents, with the terms asked for."""
        return self._statistics

    async def find_nearest(self, vector: Vector, limit: int) -> Sequence[ChunkId]:
        """The chunks whose vectors have the greatest inner product with `vector`, best first."""
        visible = await self._count_in_reach()
        exact = scan_exactly(visible, self._size.indexed, limit)
        coarse = limit * RESCORED
        wanted = coarse if self._index is VectorIndex.BINARY else limit
        effort = choose_effort(wanted, self._size.indexed, visible)
        name = _NEAREST[self._dated, None if exact else self._index]
        query = render(name, model=self._model, dimensions=self._size.dimensions)
        bound = {**self._scope, "vector": HalfVector(vector), "limit": limit, "coarse": coarse}
        _, rows = await self._fetch(Query(SET_EFFORT, [str(effort)]), Query(query, bound))
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
        bound = {"weights": sparse_vector(list(weights), list(weights.values())), "limit": limit}
        if phrases:
            query = self._ask(
                "find_matching_phrases",
                all_of=array_literal({term for phrase in phrases for term in phrase.terms}),
                phrases=[phrase.text for phrase in phrases],
                **bound,
            )
        else:
            name = "find_matching_dated" if self._dated else "find_matching"
            query = self._ask(name, any_of=array_literal(any_of), **bound)
        [rows] = await self._fetch(query)
        return [ChunkId(row[0]) for row in rows]

    async def weigh(
        self,
        chunks: Sequence[ChunkId],
        vectors: Sequence[Vector | None],
        weights: Sequence[Mapping[int, float]],
    ) -> FirstScores:
        """What chunks score for phrasings, in no particular order; unknown chunks are left out."""
        query = render("weigh", model=self._model, dimensions=self._size.dimensions)
        wanted = {**self._scope, "chunks": array_literal(chunks)}
        phrasings = [
            Query(
                query,
                {
                    **wanted,
                    "vector": None if vector is None else HalfVector(vector),
                    "weights": sparse_vector(list(weighed), list(weighed.values())),
                },
                binary=True,
            )
            for vector, weighed in zip(vectors, weights, strict=True)
        ]
        rows = [row for [row] in await self._fetch(*phrasings)]
        found = tuple(ChunkId(chunk) for chunk in rows[0][0] or ())
        scores = np.zeros((2, len(rows), len(found)), np.float32)
        places = {chunk: place for place, chunk in enumerate(found)}
        for number, (ids, dense, lexical) in enumerate(rows):
            order = [places[chunk] for chunk in ids or ()]
            # Where a passage has no vector there is NULL, which becomes NaN.
            scores[0, number, order] = np.nan_to_num(np.array(dense or (), np.float32))
            scores[1, number, order] = lexical or ()
        return FirstScores(found, scores[0], scores[1])

    async def load_candidates(
        self, chunks: Sequence[ChunkId], *, tokens: bool = False
    ) -> Candidates:
        """What close reading needs, in no particular order; unknown chunks are left out."""
        wanted = {**self._scope, "chunks": array_literal(chunks), "with_tokens": tokens}
        rows, [documents] = await self._fetch(
            Query(render("load_candidates", model=self._model), wanted, binary=True),
            Query(render("load_document_counts"), wanted, binary=True),
        )
        found, belonging, title_lengths, counts, terms, known, *vectors = _join(rows)
        passages = np.zeros((len(found), self._size.dimensions), np.float32)
        passages[np.array(known, bool)] = unpack_halfvecs(vectors[0], self._size.dimensions)
        sentences, starts = unpack_vectors(split_bytes(vectors[2], vectors[1]), passages)
        numbers, lengths, distinct, document_terms, frequencies = (
            documents if found else _NO_DOCUMENTS
        )
        places = {number: place for place, number in enumerate(numbers)}
        return Candidates(
            chunks=tuple(ChunkId(chunk) for chunk in found),
            documents=tuple(DocumentId(document) for document in belonging),
            passages=passages,
            sentences=sentences,
            starts=starts,
            terms=unpack_terms(terms, counts),
            title_lengths=np.array(title_lengths, np.int64),
            document_terms=replace(
                unpack_terms(document_terms, distinct, frequencies),
                lengths=np.array(lengths, np.int64),
            ),
            document_places=np.array([places[number] for number in belonging], np.int64),
            tokens=_read_tokens(found, *vectors[3:]) if tokens else {},
        )

    async def load_passages(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, Passage]:
        """What a reader is shown, with a score of 0; unknown chunks are left out."""
        [rows] = await self._fetch(self._ask("load_passages", chunks=array_literal(chunks)))
        return {ChunkId(row[0]): _passage_from(row) for row in rows}

    async def load_widened(
        self, chunks: Sequence[ChunkId], reach: int
    ) -> Mapping[ChunkId, Passage]:
        """As load_passages, each with the text of `reach` neighbours before and after it."""
        query = self._ask("load_widened", chunks=array_literal(chunks), reach=reach)
        [rows] = await self._fetch(query)
        return {ChunkId(row[0]): _passage_from(row) for row in rows}

    async def load_neighbours(self, chunk: ChunkId, before: int, after: int) -> Sequence[Passage]:
        """The chunk and those around it in its document, in the order of the text."""
        query = self._ask("load_neighbours", chunk=chunk, before=before, after=after)
        [rows] = await self._fetch(query)
        return [_passage_from(row) for row in rows]

    async def _count_in_reach(self) -> int:
        """How many chunks may be found; for a period an estimate: its share of all documents."""
        if not self._dated:
            return self._size.visible
        [[dated]] = await self._fetch(self._ask("count_dated"))
        return int(self._size.visible * dated[0] // max(self._statistics[1].size, 1))

    def _ask(self, name: str, **bound: object) -> Query:
        """A query without literals, within the scope."""
        return Query(render(name), {**self._scope, **bound})

    async def _fetch(self, *queries: Query) -> list[list[tuple[Any, ...]]]:
        return await fetch_together(self._connection, *queries)


def choose_effort(limit: int, indexed: int, visible: int) -> int:
    """hnsw.ef_search for that many results: the larger the graph, and the more of it is hidden,
    the more of it is to be looked at. A walk that begins with too little goes on where it is
    hidden, at the same cost, but finds less."""
    depth = math.pow(max(1.0, indexed / SMALL_GRAPH), GROWTH)
    hidden = max(1.0, indexed / max(visible, 1))
    return min(round(max(limit, LEAST_EFFORT) * depth * hidden), MOST_EFFORT)


def scan_exactly(visible: int, indexed: int, limit: int) -> bool:
    """Whether to compare every visible vector instead of walking the HNSW graph.

    The walk must visit about limit · SCAN_FACTOR rows, times as many again as are hidden for each
    one that is visible; reading rows by their group costs about the same a row.
    """
    if visible <= EXACT_ROWS:
        return True
    return visible <= limit * SCAN_FACTOR * indexed / visible


def _join(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The columns of load_candidates, each put together from all rows."""
    if not rows:
        return [[], [], [], [], b"", [], b"", [], b"", [], [], b""]
    return [
        b"".join(column) if isinstance(column[0], bytes) else list(chain.from_iterable(column))
        for column in zip(*rows, strict=True)
    ]


def _read_statistics(
    chunks: int,
    chunk_length: int,
    documents: int,
    document_length: int,
    *frequencies: Sequence[int] | None,
) -> tuple[TermStatistics, TermStatistics]:
    terms, in_chunks, in_documents = (column or () for column in frequencies)
    return (
        TermStatistics(
            chunks, chunk_length / max(chunks, 1), dict(zip(terms, in_chunks, strict=True))
        ),
        TermStatistics(
            documents,
            document_length / max(documents, 1),
            dict(zip(terms, in_documents, strict=True)),
        ),
    )


def _read_tokens(
    chunks: Sequence[int], widths: Sequence[int], sizes: Sequence[int], joined: bytes
) -> dict[ChunkId, StoredTokens]:
    return {
        ChunkId(chunk): np.frombuffer(one, np.uint8).reshape(-1, width)
        for chunk, width, one in zip(chunks, widths, split_bytes(joined, sizes), strict=True)
        if one
    }


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
        url=link_place(row[4], row[10]),
        text=row[5],
        span=Span(row[6], row[7]),
        heading_path=tuple(row[8]),
        page=row[9],
        ordinal=row[11],
        modified_at=row[12],
        synced_at=row[13],
        score=0.0,
    )
