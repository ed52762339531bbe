"""The tables can be partitioned by tenant, and the store works on as it is."""

import re
from collections.abc import AsyncIterator

import numpy as np
import psycopg
import pytest
from pgvector import HalfVector

from migrations import runner
from retrieval.config import VectorIndex
from retrieval.model import EVERYONE, AccessScope, Source, SourceId, TenantId
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.models import ModelRegister, drop_quietly
from retrieval.postgres.pool import Pool, open_pool
from retrieval.postgres.queries import compose
from retrieval.postgres.store import PostgresDocumentStore
from tests.contract.house import House
from tests.fakes.embedder import InMemoryEmbedder

PARTITIONED = (
    "document",
    "chunk",
    "embedding",
    "lexical_chunk",
    "lexical_document",
    "lexical_term",
)
PARTITIONS = 4
TENANTS = [TenantId(name) for name in ("default", "acme", "globex", "initech", "umbrella")]


@pytest.fixture
async def pool(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    """A pool over a database whose large tables have hash partitions by tenant."""
    partitioned = [
        runner.Migration(one.version, one.name, partition_tables(one.text))
        for one in runner.load_migrations()
    ]
    monkeypatch.setattr(runner, "load_migrations", lambda: partitioned)
    async with await psycopg.AsyncConnection.connect(
        empty_database_url, autocommit=True
    ) as connection:
        await runner.migrate(connection)
        for table in PARTITIONED:
            for number in range(PARTITIONS):
                await connection.execute(
                    f"CREATE TABLE {table}_{number} PARTITION OF {table}"
                    f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
                )
    async with open_pool(empty_database_url, size=4) as opened:
        yield opened


def partition_tables(migration: str) -> str:
    """A migration that makes the large tables partitioned. These take no storage parameters."""
    names = "|".join(PARTITIONED)
    return re.sub(
        rf"(CREATE TABLE (?:{names}) \(.*?\n\))(?: WITH \([^)]*\))?;",
        r"\1 PARTITION BY HASH (tenant_id);",
        migration,
        flags=re.DOTALL,
    )


@pytest.fixture
async def houses(pool: Pool) -> dict[TenantId, House]:
    """A house for each tenant, over the same store."""
    embedder = InMemoryEmbedder()
    store = PostgresDocumentStore(pool, embedder.model)
    index = PostgresPassageIndex(pool, embedder.model)
    found = {}
    for tenant in TENANTS:
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO tenant VALUES (%s) ON CONFLICT DO NOTHING", [tenant]
            )
            cursor = await connection.execute(
                "INSERT INTO source (tenant_id, name, kind, config)"
                " VALUES (%s, 'docs', 'files', '{}') RETURNING source_id",
                [tenant],
            )
            [number] = await cursor.fetchone() or [0]
        source = Source(tenant, SourceId(number), "docs", "files", {})
        found[tenant] = House(store, index, embedder, {("default", "docs"): source})
    return found


def everyone(tenant: TenantId) -> AccessScope:
    return AccessScope(tenant, frozenset({EVERYONE}))


async def test_each_tenant_finds_its_own_and_changes_it(
    pool: Pool, houses: dict[TenantId, House]
) -> None:
    for tenant, house in houses.items():
        await house.put("sea", "Whales swim in the sea.", f"They sing of {tenant}.", title="Whales")
        await house.put("night", "Owls fly at night.")
    for tenant, house in houses.items():
        for pipeline in ("default", "naive", "bm25", "default+context"):
            found = await house.find("whales swim", everyone(tenant), pipeline=pipeline)
            assert found[0] == "sea", (tenant, pipeline)
        assert await house.find('"sing of acme"', everyone(tenant), pipeline="bm25") == (
            ["sea"] if tenant == "acme" else []
        )
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT DISTINCT tableoid::regclass::text FROM document")
        assert len(await cursor.fetchall()) > 1

    acme = houses[TenantId("acme")]
    await acme.put("sea", "Sharks hunt in the sea.", title="Sharks")
    assert await acme.find("sharks", everyone(TenantId("acme")), pipeline="bm25") == ["sea"]
    assert await acme.find("whales", everyone(TenantId("acme")), pipeline="bm25") == []
    source = acme.sources["default", "docs"]
    assert await acme.store.delete_documents(source, ["sea", "night"]) == 2
    assert await acme.find("owls", everyone(TenantId("acme"))) == []
    other = TenantId("globex")
    assert (await houses[other].find("owls", everyone(other)))[0] == "night"
    async with pool.connection() as connection:
        counted = await connection.execute(
            "SELECT chunks, documents FROM lexical_total WHERE tenant_id = 'acme'"
        )
        assert await counted.fetchone() == (0, 0)


async def test_one_partition_is_read_by_its_own_index(
    pool: Pool, houses: dict[TenantId, House]
) -> None:
    store = houses[TENANTS[0]].store
    assert isinstance(store, PostgresDocumentStore)
    for kind in (VectorIndex.BINARY, VectorIndex.HALFVEC):
        models = ModelRegister(pool, houses[TENANTS[0]].embedder.model, kind)
        await models.ensure()
        await models.drop_index()
        await models.build_concurrently()
    for house in houses.values():
        await house.put("sea", "Whales swim in the sea.")
    query = compose("find_nearest_by_index", model=1, dimensions=store.models.dimensions)
    async with pool.connection() as connection:
        await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
        cursor = await connection.execute(
            psycopg.sql.SQL("EXPLAIN ") + query,
            {
                "tenant": "acme",
                "groups": [1, 2, 3, 4, 5],
                "vector": HalfVector(np.ones(store.models.dimensions)),
                "limit": 5,
            },
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "Sort" not in plan
    assert len(set(re.findall(r"embedding_\d\b", plan))) == 1, plan
    assert re.search(r"Index Scan using embedding_\d_passage_idx", plan), plan

    async with pool.connection() as connection:
        await drop_quietly(connection, 1)
        cursor = await connection.execute(compose("read_vector_index", model=1))
        assert await cursor.fetchone() == (None,)
