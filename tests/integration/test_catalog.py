"""What there is to read for somebody: no source and no document beyond the scope is counted."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    Embeddings,
    ReadableSource,
    Source,
    Span,
    SyncCounts,
    SyncMode,
    SyncState,
    TenantId,
)
from retrieval.postgres import catalog
from retrieval.postgres.catalog import PostgresCatalog
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.pool import Pool
from retrieval.postgres.runs import find_query
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from tests.fakes.embedder import InMemoryEmbedder
from tests.integration.plans import count_rows, list_indexes, read_plan

HOME = TenantId("default")
MEMBERS = frozenset({EVERYONE})
STAFF = frozenset({EVERYONE, "staff"})


class Library:
    """Sources with documents, in a database of their own."""

    def __init__(self, pool: Pool) -> None:
        self.sources = PostgresSourceStore(pool)
        self.catalog = PostgresCatalog(pool)
        self._embedder = InMemoryEmbedder()
        self._store = PostgresDocumentStore(pool, self._embedder.model)

    async def add(self, name: str, *audiences: str) -> Source:
        """A source with a document for each of these."""
        source = await self.sources.add_source(HOME, name, "memory", {})
        for number, audience in enumerate(audiences):
            text = f"{name} {number}"
            document = Document(
                external_id=str(number),
                url=f"https://docs.test/{name}/{number}",
                title=text,
                text=text,
                content_hash=sha256(text.encode()).hexdigest(),
                audience=frozenset({audience}),
            )
            chunk = Chunk(0, text, Span(0, len(text)))
            vectors = await self._embedder.embed_passages([text])
            entry = DocumentEntry(document, [chunk], Embeddings(vectors))
            await self._store.put_documents(source, [entry])
        return source

    async def list(
        self, readers: frozenset[str] = MEMBERS, sources: frozenset[str] | None = None
    ) -> list[ReadableSource]:
        return list(await self.catalog.list_readable(AccessScope(HOME, readers, sources)))


@pytest.fixture
async def library(pool: Pool) -> Library:
    library = Library(pool)
    await library.add("wiki", EVERYONE, "staff", "staff")
    await library.add("plans", "board", "board")
    await library.add("empty")
    return library


async def test_only_what_may_be_read_is_counted_and_named(library: Library) -> None:
    assert [(each.name, each.documents) for each in await library.list()] == [("wiki", 1)]
    assert [(each.name, each.documents) for each in await library.list(STAFF)] == [("wiki", 3)]
    board = await library.list(frozenset({"board"}))
    assert [(each.name, each.documents) for each in board] == [("plans", 2)]
    assert await library.list(STAFF, frozenset({"plans"})) == []
    elsewhere = AccessScope(TenantId("other"), STAFF)
    assert await library.catalog.list_readable(elsewhere) == []


async def test_many_are_counted_up_to_a_bound(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "MOST_COUNTED", 2)
    assert [each.documents for each in await library.list(STAFF)] == [2]


async def test_its_age_is_that_of_the_last_sync_that_worked(library: Library) -> None:
    source = await library.sources.get_source(HOME, "wiki")
    (before,) = await library.list()
    assert before.read_at is not None  # that of its documents, where no sync is on record
    assert (before.paused, before.failing) == (False, False)

    done = await library.sources.start_run(source, SyncMode.INCREMENTAL)
    (running,) = await library.list()
    assert running.read_at == before.read_at
    await library.sources.finish_run(source, done.id, SyncState.SUCCEEDED, SyncCounts())
    (read,) = await library.list()
    assert read.read_at is not None
    assert before.read_at < read.read_at <= datetime.now(UTC)

    failed = await library.sources.start_run(source, SyncMode.INCREMENTAL)
    await library.sources.finish_run(source, failed.id, SyncState.FAILED, SyncCounts(), "It broke.")
    await library.sources.pause_source(HOME, "wiki", paused=True)
    assert await library.list() == [ReadableSource("wiki", 1, read.read_at, True, True)]


FILL = """
INSERT INTO document (tenant_id, source_id, external_id, url, title, body, audience, content_hash)
SELECT tenant_id, source_id, 'x' || number, 'https://docs.test/x', '', '', '{staff}', ''
FROM source, generate_series(1, 9000) AS number WHERE name = %(name)s
"""


async def test_of_a_large_source_nothing_is_looked_at_that_may_not_be_read(
    pool: Pool, library: Library
) -> None:
    source = await library.add("archive", EVERYONE, "staff", EVERYONE)
    values = {"tenant": HOME, "readers": [EVERYONE], "sources": [source.name], "most": 10_000}
    async with pool.connection() as connection:
        await connection.execute(FILL, {"name": source.name})
        await connection.execute("ANALYZE document, source, access_group")
        plan = await read_plan(connection, find_query("list_readable"), values)
    assert count_rows(plan, "document") == 2
    assert list_indexes(plan) >= {"document_by_audience", "sync_run_by_source"}
    (readable,) = await library.list(sources=frozenset({source.name}))
    assert readable.documents == 2
    (readable,) = await library.list(STAFF, frozenset({source.name}))
    assert readable.documents == 9_003
