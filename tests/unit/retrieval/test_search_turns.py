"""Only so many searches are worked on at the same time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from retrieval.model import EVERYONE, AccessScope, Period, TenantId, WeightedQuery
from retrieval.search import PassageSearcher
from tests.fakes.document_store import InMemoryDocumentStore, InMemorySnapshot
from tests.fakes.embedder import InMemoryEmbedder

SCOPE = AccessScope(TenantId("default"), frozenset({EVERYONE}))


class CountingIndex:
    """Counts the snapshots that are open."""

    def __init__(self, store: InMemoryDocumentStore) -> None:
        self.store = store
        self.open = self.most = self.opened = 0

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AsyncIterator[InMemorySnapshot]:
        async with self.store.open_snapshot(scope, period, terms=terms) as snapshot:
            self.open += 1
            self.opened += 1
            self.most = max(self.most, self.open)
            for _ in range(5):
                await asyncio.sleep(0)
            yield snapshot
            self.open -= 1


async def test_searches_take_turns() -> None:
    embedder = InMemoryEmbedder()
    index = CountingIndex(InMemoryDocumentStore(embedder.model))
    searcher = PassageSearcher(index, embedder, at_once=3)
    await asyncio.gather(*(searcher.search([WeightedQuery("whales")], SCOPE) for _ in range(8)))
    assert (index.opened, index.most) == (8, 3)
