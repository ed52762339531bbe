"""Syncs of services into a real database; only the embedding model is a stand-in."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from retrieval.model import (
    EVERYONE,
    AccessScope,
    Source,
    SyncCounts,
    SyncRun,
    SyncState,
    TenantId,
    WeightedQuery,
)
from retrieval.parsing.process import ProcessParser
from retrieval.ports import Connector
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher
from retrieval.sources.http import HttpClient
from retrieval.sync.engine import SyncEngine
from tests.contract.service_benches import (
    SERVICES,
    GitHubBench,
    ServiceBench,
)
from tests.contract.source_benches import open_loopback_client
from tests.fakes.embedder import InMemoryEmbedder

TENANT = TenantId("default")


class Counting:
    """A connector that counts what is fetched."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self.fetched: list[str] = []
        self.list_entries = connector.list_entries

    async def fetch(self, entry: Any) -> Any:
        self.fetched.append(entry.external_id)
        return await self._connector.fetch(entry)


class Syncing:
    """An engine over one service."""

    def __init__(self, pool: Pool, parser: ProcessParser) -> None:
        self.embedder = InMemoryEmbedder()
        self.records = PostgresSourceStore(pool)
        self.index = PostgresPassageIndex(pool, self.embedder.model)
        self.store = PostgresDocumentStore(pool, self.embedder.model)
        self.parser = parser
        self.source: Source

    async def run(self, connect: Callable[[], Connector]) -> tuple[SyncRun, list[str]]:
        """Sync; returns the run, and what was fetched."""
        connector = Counting(connect())
        engine = SyncEngine(
            self.store, self.records, self.embedder, self.parser, connect=lambda source: connector
        )
        return await engine.run(self.source), connector.fetched

    async def find(self, query: str, *readers: str) -> list[tuple[str, str]]:
        """Address and text of what is found."""
        searcher = PassageSearcher(self.index, self.embedder)
        scope = AccessScope(TENANT, frozenset({EVERYONE, *readers}))
        result = await searcher.search([WeightedQuery(query)], scope)
        return [(passage.url, passage.text) for passage in result.passages]


@pytest.fixture
async def syncing(pool: Pool) -> AsyncIterator[Syncing]:
    async with ProcessParser(workers=1) as parser:
        made = Syncing(pool, parser)
        made.source = await made.records.add_source(TENANT, "service", "github", {})
        yield made


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


@pytest.mark.parametrize("name", SERVICES)
async def test_a_sync_fetches_what_changed_and_deletes_only_what_is_gone(
    name: str, syncing: Syncing, http: HttpClient
) -> None:
    async with SERVICES[name]() as opened:
        bench: ServiceBench = opened
        for number in range(3):
            await bench.put(f"document {number}", f"Text number {number}.")
        run, fetched = await syncing.run(lambda: bench.connect(http))
        assert (run.state, run.counts.added, len(fetched)) == (SyncState.SUCCEEDED, 3, 3)
        run, fetched = await syncing.run(lambda: bench.connect(http))
        assert (run.counts, fetched) == (SyncCounts(listed=3, unchanged=3), [])
        await bench.put("document 1", "Another text now.")
        await bench.remove("document 2")
        run, fetched = await syncing.run(lambda: bench.connect(http))
        assert run.counts == SyncCounts(listed=2, unchanged=1, updated=1, deleted=1, chunks=1)
        assert len(fetched) == 1
        found = " ".join(text for _, text in await syncing.find("text"))
        assert "Another text now." in found
        assert "number 2" not in found
        await bench.fail(403, listing=True)
        run, _ = await syncing.run(lambda: bench.connect(http))
        assert (run.state, run.counts.deleted) == (SyncState.FAILED, 0)
        assert run.error
        assert len(await syncing.find("text")) == 2


async def test_a_citation_opens_at_the_comment(syncing: Syncing, http: HttpClient) -> None:
    async with GitHubBench() as bench:
        topic = bench.server.open_topic("issue", "Crash", "It crashes at noon. " * 40)
        post = bench.server.comment(topic, "Turn the flux capacitor off and on again. " * 20)
        await syncing.run(lambda: bench.connect(http))
        (url, _), *_ = await syncing.find("flux capacitor")
        assert url == f"https://github.com/acme/app/issues/1#issuecomment-{post.id}"
