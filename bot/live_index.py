"""Search and sync with the embedding model in use, and a change of it while they go on."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.errors import RetrievalError
from retrieval.model import (
    AccessScope,
    ChunkId,
    Passage,
    Period,
    RunId,
    SearchResult,
    Source,
    SyncMode,
    SyncRun,
    WeightedQuery,
)
from retrieval.ports import Embedder, Progress
from retrieval.search import PassageSearcher
from retrieval.sync.engine import SyncEngine

LOOK_SECONDS = 2.0
"""Another process may have changed the model; so often it is looked at, at most."""

_log = logging.getLogger(__name__)


class ModelPointer(Protocol):
    """Knows which embedding model is in use. Raises StoreUnavailable."""

    async def read(self) -> str | None:
        """How to load the model in use."""
        ...


@dataclass(frozen=True, slots=True)
class Index:
    """What hangs on one embedding model; `spec` says how to load it."""

    spec: str
    embedder: Embedder
    searcher: PassageSearcher
    engine: SyncEngine


class LiveIndex:
    """Satisfies agents.ports.PassageSearch and SourceCatalog, and runs syncs.

    When another model comes into use, it is loaded while the one before goes on answering from its
    own vectors, which stay until they are discarded.
    """

    def __init__(
        self,
        first: Index,
        pointer: ModelPointer,
        build: Callable[[str], Awaitable[Index]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = first
        self._pointer = pointer
        self._build = build
        self._clock = clock
        self._looked_at = clock()
        self._turning = asyncio.Lock()
        self._work: set[asyncio.Task[None]] = set()

    @property
    def embedder(self) -> Embedder:
        """The embedder of the model that this process uses just now."""
        return self._index.embedder

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
        seconds: float | None = None,
    ) -> SearchResult:
        """As PassageSearcher.search."""
        searcher = self._follow().searcher
        return await searcher.search(queries, scope, limit=limit, period=period, seconds=seconds)

    async def load_context(
        self, passage: Passage, scope: AccessScope, *, before: int = 1, after: int = 1
    ) -> Sequence[Passage]:
        """As PassageSearcher.load_context."""
        searcher = self._follow().searcher
        return await searcher.load_context(passage, scope, before=before, after=after)

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """As PassageSearcher.read."""
        return await self._follow().searcher.read(chunks, scope)

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """As PassageSearcher.list_sources."""
        return await self._follow().searcher.list_sources(scope)

    async def run(
        self,
        source: Source,
        mode: SyncMode,
        *,
        confirm_deletions: bool = False,
        confirmed: Collection[str] = (),
        run: RunId | None = None,
        progress: Progress | None = None,
    ) -> SyncRun:
        """As SyncEngine.run, with the model that is in use when it begins."""
        await self.turn()
        return await self._index.engine.run(
            source,
            mode,
            confirm_deletions=confirm_deletions,
            confirmed=confirmed,
            run=run,
            progress=progress,
        )

    def _follow(self) -> Index:
        """The index to use now; now and then, a look in the background whether it is the one."""
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock()
            task = asyncio.create_task(self._turn_quietly())
            self._work.add(task)
            task.add_done_callback(self._work.discard)
        return self._index

    async def _turn_quietly(self) -> None:
        try:
            await self.turn()
        except RetrievalError as error:
            _log.warning("The embedding model in use could not be taken up: %s", error)

    async def turn(self) -> None:
        """Take up the model that is in use. Raises StoreUnavailable, EmbeddingFailed."""
        async with self._turning:
            spec = await self._pointer.read()
            if spec is not None and spec != self._index.spec:
                self._index = await self._build(spec)
                _log.info("The embedding model is now %s", spec)
