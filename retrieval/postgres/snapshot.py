"""What a search asks of the store, under one snapshot: candidates, their features, and passages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from pgvector import HalfVector

from retrieval.config import VectorIndex
from retrieval.model import (
    Candidates,
    ChunkId,
    FirstScores,
    Passage,
    Period,
    Phrase,
    TermStatistics,
    Vector,
)
from retrieval.postgres.effort import choose_effort, scan_exactly
from retrieval.postgres.fetching import Query, fetch_together
from retrieval.postgres.packing import array_literal, sparse_vector
from retrieval.postgres.queries import render
from retrieval.postgres.rows import read_candidates, read_first_scores, read_passage

SET_EFFORT = b"SELECT set_config('hnsw.ef_search', %s, true)"

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


@dataclass(frozen=True, slots=True)
class Size:
    """`indexed` estimates the rows of the vector index, over all tenants."""

    visible: int
    held: int
    indexed: int
    dimensions: int


class PostgresSnapshot:
    """Implements IndexSnapshot. Valid only inside PostgresPassageIndex.open_snapshot."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection,
        scope: Mapping[str, object],
        *,
        model: int,
        size: Size,
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
        return read_first_scores([row for [row] in await self._fetch(*phrasings)])

    async def load_candidates(
        self, chunks: Sequence[ChunkId], *, tokens: bool = False
    ) -> Candidates:
        """What close reading needs, in no particular order; unknown chunks are left out."""
        wanted = {**self._scope, "chunks": array_literal(chunks), "with_tokens": tokens}
        rows, [documents] = await self._fetch(
            Query(render("load_candidates", model=self._model), wanted, binary=True),
            Query(render("load_document_counts"), wanted, binary=True),
        )
        return read_candidates(rows, documents, self._size.dimensions, tokens=tokens)

    async def load_passages(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, Passage]:
        """What a reader is shown, with a score of 0; unknown chunks are left out."""
        [rows] = await self._fetch(self._ask("load_passages", chunks=array_literal(chunks)))
        return {ChunkId(row[0]): read_passage(row) for row in rows}

    async def load_widened(
        self, chunks: Sequence[ChunkId], reach: int
    ) -> Mapping[ChunkId, Passage]:
        """As load_passages, each with the text of `reach` neighbours before and after it."""
        query = self._ask("load_widened", chunks=array_literal(chunks), reach=reach)
        [rows] = await self._fetch(query)
        return {ChunkId(row[0]): read_passage(row) for row in rows}

    async def load_neighbours(self, chunk: ChunkId, before: int, after: int) -> Sequence[Passage]:
        """The chunk and those around it in its document, in the order of the text."""
        query = self._ask("load_neighbours", chunk=chunk, before=before, after=after)
        [rows] = await self._fetch(query)
        return [read_passage(row) for row in rows]

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
