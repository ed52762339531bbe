"""The query pipeline: what the index has is read, ranked again, and chosen from."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from retrieval.calibration import estimate_relevance
from retrieval.config import Pipeline
from retrieval.errors import SearchTimedOut
from retrieval.lexical import Analyzer
from retrieval.model import (
    NO_QUERY,
    AccessScope,
    ChunkId,
    Passage,
    Period,
    SearchResult,
    TenantId,
    WeightedQuery,
)
from retrieval.phrasing import clean_query, read_terms
from retrieval.ports import Embedder, IndexSnapshot, PassageIndex, Reranker
from retrieval.ranking import PreparedQuery, Ranking, mix_stage
from retrieval.reading import Found, IndexReader
from retrieval.selection import (
    adjust_scores,
    drop_contained,
    fit_budget,
    score_passage,
    select_places,
)
from retrieval.timing import Stopwatch

AT_ONCE = 4
"""Searches that read the index at the same time; the others wait for their turn. On two cores four
give all that the machine has. Sixteen cost it 40 % more each, and so answer fewer in a second."""

_log = logging.getLogger(__name__)


class PassageSearcher:
    """Satisfies agents.ports.PassageSearch.

    A search reads all that it needs of the index, in its turn and in one snapshot. It holds
    neither any more when the reranker reads, which may take seconds. `seconds` bounds whatever is
    asked for, None being no bound: an index that has not answered by then raises SearchTimedOut;
    a reranker that has not is done without.

    Raises SearchTimedOut, StoreUnavailable and EmbeddingFailed; what cannot be found is a value,
    not an error.
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
        seconds: float | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._pipeline = pipeline or Pipeline()
        self._reranker = reranker if self._pipeline.rerank else None
        self._analyzer = analyzer or Analyzer()
        self._now = now
        self._turns = asyncio.Semaphore(at_once)
        self._seconds = seconds
        reranked = self._pipeline.rerank if self._reranker is not None else 0
        self._reader = IndexReader(index, embedder, self._pipeline, reranked)

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
        seconds: float | None = None,
    ) -> SearchResult:
        """The best passages for several phrasings of one need, fused by weight in score space.

        With a period, only those of documents that were last changed in it. `seconds` bounds this
        search where they are fewer than those of all.
        """
        worded = self._word(queries, scope.tenant)
        if not worded or limit < 1:
            return SearchResult((), reason=NO_QUERY)
        watch, deadline = Stopwatch(), self._find_deadline(seconds)
        with watch.measure("total"):
            async with _until(deadline), self._turns:
                found = await self._reader.read(worded, scope, period, limit, watch)
            if isinstance(found, Found):
                result = await self._choose(found, limit, deadline, watch)
            else:
                result = found
        return replace(result, timings_ms=watch.timings)

    async def load_context(
        self, passage: Passage, scope: AccessScope, *, before: int = 1, after: int = 1
    ) -> Sequence[Passage]:
        """A hit with its neighbours in the document, in the order of the text."""
        async with self._open(scope) as snapshot:
            return await snapshot.load_neighbours(passage.chunk, before, after)

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """Those of the chunks that are there still and may be read in the scope."""
        async with self._open(scope) as snapshot:
            return await snapshot.load_passages(chunks)

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """Names of the sources of which something may be read."""
        async with self._open(scope) as snapshot:
            return await snapshot.list_sources()

    async def _choose(
        self, found: Found, limit: int, deadline: float | None, watch: Stopwatch
    ) -> SearchResult:
        """The passages to show of what was found, ranked again where there is a reranker."""
        ranking, trouble = await self._rerank(found, deadline, watch)
        with watch.measure("select"):
            ranking, passages = self._select(found, ranking, limit)
        relevance = estimate_relevance(
            [query.terms for query in found.queries],
            found.statistics,
            ranking.candidates,
            ranking.order(),
            ranking.stages,
        )
        return SearchResult(passages, relevance=relevance, trouble=trouble)

    @asynccontextmanager
    async def _open(self, scope: AccessScope) -> AsyncIterator[IndexSnapshot]:
        async with _until(self._find_deadline()), self._index.open_snapshot(scope) as snapshot:
            yield snapshot

    def _find_deadline(self, seconds: float | None = None) -> float | None:
        """By the event loop's clock; None for none."""
        bounds = [bound for bound in (seconds, self._seconds) if bound is not None]
        return asyncio.get_running_loop().time() + min(bounds) if bounds else None

    def _word(self, queries: Sequence[WeightedQuery], tenant: TenantId) -> list[PreparedQuery]:
        """The phrasings that count and say something, with their terms."""
        cleaned = [
            (text, query.weight)
            for query in queries
            if query.weight > 0 and (text := clean_query(query.text))
        ]
        if not self._pipeline.lexical:
            return [PreparedQuery(text, weight, None, {}, (), ()) for text, weight in cleaned]
        return [read_terms(text, weight, tenant, self._analyzer) for text, weight in cleaned]

    async def _rerank(
        self, found: Found, deadline: float | None, watch: Stopwatch
    ) -> tuple[Ranking, tuple[str, ...]]:
        """The ranking with what the reranker says of the best, and what went wrong with that."""
        reranker = self._reranker
        if reranker is None:
            return found.ranking, ()
        try:
            with watch.measure("rerank"):
                async with asyncio.timeout_at(deadline):
                    return await self._mix(found, reranker), ()
        except TimeoutError:
            spent = watch.timings["rerank"] / 1000
            trouble = (
                f"the reranker {reranker.name} is left out: it had {spent:.1f} s until the search's"
                " time was up"
            )
            _log.warning("Of a search, %s", trouble)
            return found.ranking, (trouble,)

    async def _mix(self, found: Found, reranker: Reranker) -> Ranking:
        """Mix the reranker's scores into those of the best; the others keep their place below."""
        ranking = found.ranking
        best = ranking.order()[: self._pipeline.rerank]
        places = [place for place in best if ranking.chunks[place] in found.passages]
        passages = [found.passages[ranking.chunks[place]] for place in places]
        texts = [f"{passage.title}\n{passage.text}" for passage in passages]
        read = [(await reranker.score(query.text, texts), query.weight) for query in found.queries]
        return mix_stage(ranking, places, read, "rerank", self._pipeline.rerank_weight)

    def _select(
        self, found: Found, ranking: Ranking, limit: int
    ) -> tuple[Ranking, tuple[Passage, ...]]:
        """The passages that are worth their place, as a reader is shown them."""
        pipeline = self._pipeline
        ranking = adjust_scores(
            ranking, found.passages, pipeline, authorities=found.authorities, now=self._now()
        )
        readable = [p for p in ranking.order() if ranking.chunks[p] in found.passages]
        shown = [
            score_passage(found.widened[chunk], ranking, place)
            for place in select_places(ranking, readable, pipeline, limit)
            if (chunk := ranking.chunks[place]) in found.widened
        ]
        if pipeline.context:
            shown = list(drop_contained(shown))
        if pipeline.budget:
            sizes = self._embedder.count_tokens([passage.text for passage in shown])
            shown = [shown[place] for place in fit_budget(sizes, pipeline.budget)]
        return ranking, tuple(shown)


@asynccontextmanager
async def _until(deadline: float | None) -> AsyncIterator[None]:
    """Have what takes longer raise SearchTimedOut."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError as error:
        raise SearchTimedOut from error
