"""Reads of the index what one search needs: candidates, first scores, close reading, passages.

All of it happens in one snapshot, and nothing else does: what comes after has all that it needs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from retrieval.config import Pipeline
from retrieval.lexical import choose_rare, weigh_inverse
from retrieval.model import (
    NO_DOCUMENTS,
    NOT_FOUND,
    NOT_VISIBLE,
    AccessScope,
    ChunkId,
    FirstScores,
    Passage,
    Period,
    SearchResult,
    TermStatistics,
)
from retrieval.ports import Embedder, IndexSnapshot, PassageIndex, TokenEmbedder
from retrieval.ranking import PreparedQuery, Ranking, choose_best, mix_stage, rank_candidates
from retrieval.timing import Stopwatch

CANDIDATE_ROWS = 5_000
"""Terms that together occur in more chunks than this do not pick candidates, they only score."""

SELECTED_FROM = 50
"""Passages that are read for each search whose stages choose among more than they show."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search read of the index, ranked by it; `statistics` are those of chunks.

    `passages` are the best of the ranking, `widened` the same with their neighbours, where the
    pipeline shows them so. `authorities` are factors by the name of the source.
    """

    queries: Sequence[PreparedQuery]
    statistics: TermStatistics
    ranking: Ranking
    passages: Mapping[ChunkId, Passage]
    widened: Mapping[ChunkId, Passage]
    authorities: Mapping[str, float]


class IndexReader:
    """Reads for one search after another; `reranked` is how many of the best a reranker reads.

    Raises StoreUnavailable and EmbeddingFailed.
    """

    def __init__(
        self, index: PassageIndex, embedder: Embedder, pipeline: Pipeline, reranked: int
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._pipeline = pipeline
        self._reranked = reranked

    async def read(
        self,
        worded: Sequence[PreparedQuery],
        scope: AccessScope,
        period: Period | None,
        limit: int,
        watch: Stopwatch,
    ) -> Found | SearchResult:
        """What there is for the phrasings, or an empty result with its reason."""
        async with (
            self._embedding(worded) as embedding,
            self._open(worded, scope, period, watch) as snapshot,
        ):
            if not snapshot.visible:
                return SearchResult((), reason=NOT_VISIBLE if snapshot.held else NO_DOCUMENTS)
            statistics = snapshot.statistics
            pool = max(self._pipeline.pool, limit)
            matching = await self._find_matching(snapshot, worded, statistics[0], pool, watch)
            with watch.measure("embed"):
                queries = await embedding
            found = await self._add_nearest(snapshot, queries, matching, pool, watch)
            with watch.measure("weigh"):
                first = await snapshot.weigh(
                    found,
                    [query.vector for query in queries],
                    [_weigh_terms(query, statistics[0]) for query in queries],
                )
            if not len(first):
                return SearchResult((), reason=NOT_FOUND)
            ranking = await self._read_closely(snapshot, first, queries, statistics, watch)
            with watch.measure("passages"):
                passages, widened = await self._load(snapshot, ranking, limit)
            authorities = snapshot.authorities
        return Found(queries, statistics[0], ranking, passages, widened, authorities)

    @asynccontextmanager
    async def _open(
        self,
        worded: Sequence[PreparedQuery],
        scope: AccessScope,
        period: Period | None,
        watch: Stopwatch,
    ) -> AsyncIterator[IndexSnapshot]:
        terms = sorted({term for query in worded for term in query.terms})
        async with AsyncExitStack() as stack:
            with watch.measure("open"):
                opening = self._index.open_snapshot(scope, period, terms=terms)
                snapshot = await stack.enter_async_context(opening)
            yield snapshot

    @asynccontextmanager
    async def _embedding(
        self, worded: Sequence[PreparedQuery]
    ) -> AsyncIterator[asyncio.Task[list[PreparedQuery]]]:
        """The phrasings with their vectors, made while the database looks for their terms."""
        task = asyncio.create_task(self._embed(worded))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _embed(self, worded: Sequence[PreparedQuery]) -> list[PreparedQuery]:
        if not self._pipeline.dense:
            return list(worded)
        vectors = await asyncio.gather(
            *(self._embedder.embed_query(query.text) for query in worded)
        )
        return [
            replace(query, vector=vector) for query, vector in zip(worded, vectors, strict=True)
        ]

    async def _find_matching(
        self,
        snapshot: IndexSnapshot,
        worded: Sequence[PreparedQuery],
        statistics: TermStatistics,
        pool: int,
        watch: Stopwatch,
    ) -> list[Sequence[ChunkId]]:
        """The best by terms for each phrasing."""
        with watch.measure("lexical"):
            return [
                await snapshot.find_matching(
                    _weigh_terms(query, statistics),
                    query.phrases,
                    choose_rare(query.terms, statistics, CANDIDATE_ROWS),
                    pool,
                )
                if query.terms
                else ()
                for query in worded
            ]

    async def _add_nearest(
        self,
        snapshot: IndexSnapshot,
        queries: Sequence[PreparedQuery],
        matching: Sequence[Sequence[ChunkId]],
        pool: int,
        watch: Stopwatch,
    ) -> list[ChunkId]:
        """The candidates of all phrasings; where a phrase is quoted, only those that have it."""
        found = dict.fromkeys(chunk for chunks in matching for chunk in chunks)
        for query, chunks in zip(queries, matching, strict=True):
            if query.vector is not None and not (query.phrases and chunks):
                with watch.measure("dense"):
                    nearest = await snapshot.find_nearest(query.vector, pool)
                found.update(dict.fromkeys(nearest))
        return list(found)

    async def _read_closely(
        self,
        snapshot: IndexSnapshot,
        first: FirstScores,
        queries: Sequence[PreparedQuery],
        statistics: tuple[TermStatistics, TermStatistics],
        watch: Stopwatch,
    ) -> Ranking:
        """Rank all by what the best of them hold, tokens included."""
        pipeline = self._pipeline
        best = choose_best(first, queries, statistics[0], pipeline)
        interacts = pipeline.interaction > 0 and isinstance(self._embedder, TokenEmbedder)
        with watch.measure("features"):
            candidates = await snapshot.load_candidates(best, tokens=interacts)
        with watch.measure("fuse"):
            ranking = rank_candidates(first, candidates, queries, statistics, pipeline)
        return await self._interact(ranking, queries, watch)

    async def _interact(
        self, ranking: Ranking, queries: Sequence[PreparedQuery], watch: Stopwatch
    ) -> Ranking:
        """Compare the query's tokens with those of the best, where the store has them."""
        tokens = ranking.candidates.tokens
        best = ranking.order()[: self._pipeline.interaction]
        places = [place for place in best if ranking.chunks[place] in tokens]
        if not places or not isinstance(self._embedder, TokenEmbedder):
            return ranking
        stored = [tokens[ranking.chunks[place]] for place in places]
        with watch.measure("interaction"):
            read = [
                (await self._embedder.score_tokens(query.text, stored), query.weight)
                for query in queries
            ]
        return mix_stage(ranking, places, read, "interaction", self._pipeline.interaction_weight)

    async def _load(
        self, snapshot: IndexSnapshot, ranking: Ranking, limit: int
    ) -> tuple[Mapping[ChunkId, Passage], Mapping[ChunkId, Passage]]:
        """The best passages as they are compared, and as they are shown."""
        pipeline = self._pipeline
        weighed = pipeline.selects or (pipeline.authority and snapshot.authorities)
        read = max(limit, self._reranked, SELECTED_FROM if weighed else 0)
        chunks = [ranking.chunks[place] for place in ranking.order()[:read]]
        passages = await snapshot.load_passages(chunks)
        if not pipeline.context:
            return passages, passages
        return passages, await snapshot.load_widened(chunks, pipeline.context)


def _weigh_terms(query: PreparedQuery, statistics: TermStatistics) -> dict[int, float]:
    """What each term of a phrasing counts."""
    return {term: w * weigh_inverse(statistics, term) for term, w in query.terms.items()}
