"""Fixtures that several suites share."""

import pytest
from psycopg.types.json import Jsonb

from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.store import PostgresDocumentStore
from tests.contract.house import CONFIGS, NAMES, House, make_sources
from tests.fakes.document_store import InMemoryDocumentStore
from tests.fakes.embedder import InMemoryEmbedder


@pytest.fixture
def memory_house() -> House:
    embedder = InMemoryEmbedder()
    memory = InMemoryDocumentStore(embedder.model)
    numbers = {name: place for place, name in enumerate(NAMES, start=1)}
    return House(memory, memory, embedder, make_sources(numbers))


@pytest.fixture
async def postgres_house(pool: Pool) -> House:
    embedder = InMemoryEmbedder()
    numbers = {}
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO tenant (tenant_id) VALUES ('other')")
        for tenant, name in NAMES:
            cursor = await connection.execute(
                "INSERT INTO source (tenant_id, name, kind, config) VALUES (%s, %s, 'files', %s)"
                " RETURNING source_id",
                [tenant, name, Jsonb(CONFIGS.get(name, {}))],
            )
            row = await cursor.fetchone()
            assert row is not None
            numbers[tenant, name] = row[0]
    store = PostgresDocumentStore(pool, embedder.model)
    index = PostgresPassageIndex(pool, embedder.model)
    return House(store, index, embedder, make_sources(numbers))


@pytest.fixture(params=["memory", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(f"{request.param}_house")
    assert isinstance(found, House)
    return found
