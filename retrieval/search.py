"""The query pipeline: candidates from both sides, first scores, close reading, passages."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from retrieval.calibration import estimate_relevance
from retrieval.config import Pipeline
from retrieval.lexical import BREAK, Analyzer, choose_rare, find_phrases, hash_term, weigh_inverse
from retrieval.model import (
    AccessScope,
    ChunkId,
    FirstScores,
    Passage,
    Period,
    Phrase,
    SearchResult,
    TenantId,
    TermStatistics,
    WeightedQuery,
)
from retrieval.ports import Embedder, IndexSnapshot, PassageIndex, Reranker, TokenEmbedder
from retrieval.ranking import PreparedQuery, Ranking, choose_best, mix_stage, rank_candidates
from retrieval.selection import (
    adjust_scores,
    drop_contained,
    fit_budget,
    score_passage,
    select_places,
)

LONGEST_QUERY = 4_000
"""Characters of a query that are looked at; the embedding model reads fewer still."""

MOST_TERMS = 64
"""Distinct terms of a query that are looked up, in the order in which they come."""

CANDIDATE_ROWS = 5_000
"""Terms that together occur in more chunks than this do not pick candidates, they only score."""

SELECTED_FROM = 50
"""Passages that are read for each search whose stages choose among more than they show."""

AT_ONCE = 4
"""Searches that are worked on at the same time; the others wait for their turn. On two cores four
give all that the machine has. Sixteen cost it 40 % more each, and so answer fewer in a second."""

NO_QUERY = "The query has no words to search for."
NO_DOCUMENTS = "Nothing has been synced yet."
NOT_VISIBLE = "None of the synced documents may be read here."
NOT_FOUND = "No document matches."


class _Stopwatch:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.timings[stage] = self.timings.get(stage, 0.0) + spent


class PassageSearcher:
    """Satisfies agents.ports.PassageSearch.

    Raises StoreUnavailable and EmbeddingFailed; what cannot be found is a value, not an error.
    """

    def __init__(
        self,
        index: PassageIndex,
        embedder: Embedder,
        *,
        pipeline: Pipeline | None = None,
        reranker: Reranker | None = None,
        analyzer: Analyzer | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        at_once: int = AT_ONCE,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._pipeline = pipeline or Pipeline()
        self._reranker = reranker
        self._analyzer = analyzer or Analyzer()
        self._now = now
        self._turns = asyncio.Semaphore(at_once)

    @property
    def pipeline(self) -> Pipeline:
        return self._pipeline

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
    ) -> SearchResult:
        """The best passages for several phrasings of one need, fused by weight in score space.

        With a period, only those of documents that were last changed in it.
        """
        watch = _Stopwatch()
        with watch.measure("total"):
            async with self._turns:
                result = await self._search(queries, scope, limit, period, watch)
        return replace(result, timings_ms=watch.timings)

    async def load_context(
        self, passage: Passage, scope: AccessScope, *, before: int = 1, after: int = 1
    ) -> Sequence[Passage]:
        """A hit with its neighbours in the document, in the order of the text."""
        async with self._index.open_snapshot(scope) as snapshot:
            return await snapshot.load_neighbours(passage.chunk, before, after)

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """Those of the chunks that are there still and may be read in the scope."""
        async with self._index.open_snapshot(scope) as snapshot:
            return await snapshot.load_passages(chunks)

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """Names of the sources of which something may be read."""
        async with self._index.open_snapshot(scope) as snapshot:
            return await snapshot.list_sources()

    async def _search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        limit: int,
        period: Period | None,
        watch: _Stopwatch,
    ) -> SearchResult:
        worded = [
            self._analyse(text, query.weight, scope.tenant)
            for query in queries
            if query.weight > 0 and (text := _clean(query.text))
        ]
        if not worded or limit < 1:
            return SearchResult((), reason=NO_QUERY)
        async with (
            self._embed(worded) as embedding,
            self._open(scope, period, worded, watch) as snapshot,
        ):
            if not snapshot.visible:
                return SearchResult((), reason=NOT_VISIBLE if snapshot.held else NO_DOCUMENTS)
            statistics = snapshot.statistics
            pool = max(self._pipeline.pool, limit)
            matching = await self._find_matching(snapshot, worded, statistics[0], pool, watch)
            with watch.measure("embed"):
                prepared = await embedding
            found = await self._add_nearest(snapshot, prepared, matching, pool, watch)
            with watch.measure("weigh"):
                first = await snapshot.weigh(
                    found,
                    [query.vector for query in prepared],
                    [_weigh_terms(query, statistics[0]) for query in prepared],
                )
            if not len(first):
                return SearchResult((), reason=NOT_FOUND)
            ranking = await self._read_closely(snapshot, first, prepared, statistics, watch)
            ranking, passages = await self._finish(snapshot, ranking, prepared, limit, watch)
        relevance = estimate_relevance(
            [query.terms for query in prepared],
            statistics[0],
            ranking.candidates,
            ranking.order(),
            ranking.stages,
        )
        return SearchResult(passages, relevance=relevance)

    @asynccontextmanager
    async def _open(
        self,
        scope: AccessScope,
        period: Period | None,
        worded: Sequence[PreparedQuery],
        watch: _Stopwatch,
    ) -> AsyncIterator[IndexSnapshot]:
        terms = sorted({term for query in worded for term in query.terms})
        async with AsyncExitStack() as stack:
            with watch.measure("open"):
                opening = self._index.open_snapshot(scope, period, terms=terms)
                snapshot = await stack.enter_async_context(opening)
            yield snapshot

    @asynccontextmanager
    async def _embed(
        self, worded: Sequence[PreparedQuery]
    ) -> AsyncIterator[asyncio.Task[list[PreparedQuery]]]:
        """The phrasings with their vectors, made while the database looks for their terms."""

        async def embed() -> list[PreparedQuery]:
            if not self._pipeline.dense:
                return list(worded)
            vectors = await asyncio.gather(
                *(self._embedder.embed_query(query.text) for query in worded)
            )
            return [
                replace(query, vector=vector) for query, vector in zip(worded, vectors, strict=True)
            ]

        task = asyncio.create_task(embed())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _analyse(self, text: str, weight: float, tenant: TenantId) -> PreparedQuery:
        """A phrasing with its terms, and as yet without a vector."""
        if not self._pipeline.lexical:
            return PreparedQuery(text, weight, None, {}, (), ())
        sequence = self._number_terms(text, tenant)
        terms = {term: 1.0 for term in sequence if term != BREAK}
        phrases = [
            Phrase(
                phrase, tuple(hash_term(tenant, t) for t in self._analyzer.tokenize_phrase(phrase))
            )
            for phrase in find_phrases(text)
        ]
        worded = tuple(phrase for phrase in phrases if phrase.terms)
        return PreparedQuery(text, weight, None, terms, tuple(sequence), worded)

    def _number_terms(self, text: str, tenant: TenantId) -> list[int]:
        """The terms in their order, of which at most MOST_TERMS are distinct."""
        sequence: list[int] = []
        for terms in self._analyzer.tokenize_query(text):
            for term in terms:
                number = hash_term(tenant, term)
                if number in sequence or len(set(sequence)) < MOST_TERMS:
                    sequence.append(number)
            sequence.append(BREAK)
        return sequence[:-1]

    async def _find_matching(
        self,
        snapshot: IndexSnapshot,
        worded: Sequence[PreparedQuery],
        statistics: TermStatistics,
        pool: int,
        watch: _Stopwatch,
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
        prepared: Sequence[PreparedQuery],
        matching: Sequence[Sequence[ChunkId]],
        pool: int,
        watch: _Stopwatch,
    ) -> list[ChunkId]:
        """The candidates of all phrasings; where a phrase is quoted, only those that have it."""
        found = dict.fromkeys(chunk for chunks in matching for chunk in chunks)
        for query, chunks in zip(prepared, matching, strict=True):
            if query.vector is not None and not (query.phrases and chunks):
                with watch.measure("dense"):
                    nearest = await snapshot.find_nearest(query.vector, pool)
                found.update(dict.fromkeys(nearest))
        return list(found)

    async def _read_closely(
        self,
        snapshot: IndexSnapshot,
        first: FirstScores,
        prepared: Sequence[PreparedQuery],
        statistics: tuple[TermStatistics, TermStatistics],
        watch: _Stopwatch,
    ) -> Ranking:
        """Rank all by what the best of them hold, tokens included."""
        pipeline = self._pipeline
        best = choose_best(first, prepared, statistics[0], pipeline)
        interacts = pipeline.interaction > 0 and isinstance(self._embedder, TokenEmbedder)
        with watch.measure("features"):
            candidates = await snapshot.load_candidates(best, tokens=interacts)
        with watch.measure("fuse"):
            ranking = rank_candidates(first, candidates, prepared, statistics, pipeline)
        return await self._interact(ranking, prepared, watch)

    async def _finish(
        self,
        snapshot: IndexSnapshot,
        ranking: Ranking,
        prepared: Sequence[PreparedQuery],
        limit: int,
        watch: _Stopwatch,
    ) -> tuple[Ranking, tuple[Passage, ...]]:
        """Read the best, let the reranker have its say, and select."""
        pipeline = self._pipeline
        depth = pipeline.rerank if self._reranker is not None else 0
        weighed = pipeline.selects or (pipeline.authority and snapshot.authorities)
        read = max(limit, depth, SELECTED_FROM if weighed else 0)
        order = ranking.order()[:read]
        with watch.measure("passages"):
            found = await snapshot.load_passages([ranking.chunks[place] for place in order])
        if depth and self._reranker is not None:
            with watch.measure("rerank"):
                ranking = await self._rerank(ranking, order[:depth], found, prepared)
        with watch.measure("select"):
            ranking = adjust_scores(
                ranking, found, pipeline, authorities=snapshot.authorities, now=self._now()
            )
            readable = [p for p in ranking.order() if ranking.chunks[p] in found]
            places = select_places(ranking, readable, pipeline, limit)
            passages = await self._show(snapshot, ranking, places, found)
        return ranking, passages

    async def _show(
        self,
        snapshot: IndexSnapshot,
        ranking: Ranking,
        places: Sequence[int],
        found: Mapping[ChunkId, Passage],
    ) -> tuple[Passage, ...]:
        """The passages at these places as a reader is shown them, wider or fewer if so wished."""
        chunks = [ranking.chunks[place] for place in places]
        if self._pipeline.context:
            found = await snapshot.load_widened(chunks, self._pipeline.context)
        shown = [
            score_passage(found[chunk], ranking, place)
            for chunk, place in zip(chunks, places, strict=True)
            if chunk in found
        ]
        if self._pipeline.context:
            shown = list(drop_contained(shown))
        if self._pipeline.budget:
            sizes = self._embedder.count_tokens([passage.text for passage in shown])
            shown = [shown[place] for place in fit_budget(sizes, self._pipeline.budget)]
        return tuple(shown)

    async def _interact(
        self, ranking: Ranking, prepared: Sequence[PreparedQuery], watch: _Stopwatch
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
                for query in prepared
            ]
        return mix_stage(ranking, places, read, "interaction", self._pipeline.interaction_weight)

    async def _rerank(
        self,
        ranking: Ranking,
        best: Sequence[int],
        found: Mapping[ChunkId, Passage],
        prepared: Sequence[PreparedQuery],
    ) -> Ranking:
        """Mix the reranker's scores into those of the best; the others keep their place below."""
        assert self._reranker is not None  # noqa: S101 - the caller has looked
        places = [place for place in best if ranking.chunks[place] in found]
        texts = [
            f"{passage.title}\n{passage.text}"
            for place in places
            if (passage := found[ranking.chunks[place]])
        ]
        read = [(await self._reranker.score(query.text, texts), query.weight) for query in prepared]
        return mix_stage(ranking, places, read, "rerank", self._pipeline.rerank_weight)


def _weigh_terms(query: PreparedQuery, statistics: TermStatistics) -> dict[int, float]:
    """What each term of a phrasing counts."""
    return {term: w * weigh_inverse(statistics, term) for term, w in query.terms.items()}


def _clean(text: str) -> str:
    cut = text[:LONGEST_QUERY].replace("\0", " ")
    return cut.encode("utf-8", "replace").decode("utf-8").strip()
