"""The SQL of the store: every query is sound and used, and the indexes are really used."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pgvector import HalfVector
from psycopg import sql

from retrieval.config import VectorIndex
from retrieval.lexical import hash_term
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    EmbeddingModel,
    Embeddings,
    Period,
    Source,
    SourceId,
    Span,
    TenantId,
)
from retrieval.postgres.effort import choose_effort, scan_exactly
from retrieval.postgres.index import BEGIN, SETTINGS, PostgresPassageIndex
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.outlines import LOOKED_AT
from retrieval.postgres.packing import pack_vectors, sparse_vector, unpack_vectors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose, load_queries
from retrieval.postgres.store import PostgresDocumentStore
from tests.integration.plans import count_rows, list_indexes, read_plan

HOME = TenantId("default")
EVERYBODY = AccessScope(HOME, frozenset({EVERYONE}))
SIZE = 16
MODEL = EmbeddingModel("words", SIZE, 256)
ROWS = 9_000
FEW = 120
DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)


def random_vectors(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_entries(
    count: int, *, first: int = 0, audience: frozenset[str] = frozenset({EVERYONE})
) -> list[DocumentEntry]:
    """One document a number, changed at that second after DAY_ONE."""
    vectors = random_vectors(count, first)
    entries = []
    for place in range(count):
        number = first + place
        text = f"shared group{number % 40} word{number} " + " ".join(
            f"filler{(number * 31 + step) % 3000}" for step in range(60)
        )
        changed = DAY_ONE + timedelta(seconds=number)
        document = Document(str(number), f"https://x/{number}", "", text, "h", audience, changed)
        chunk = Chunk(0, text, Span(0, len(text)))
        entries.append(DocumentEntry(document, [chunk], Embeddings(vectors[place : place + 1])))
    return entries


async def add_source(pool: Pool, name: str = "docs") -> Source:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO source (tenant_id, name, kind, config) VALUES (%s, %s, 'files', '{}')"
            " RETURNING source_id",
            [HOME, name],
        )
        row = await cursor.fetchone()
    assert row is not None
    return Source(HOME, SourceId(row[0]), name, "files", {})


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    """9,000 chunks, of which `staff` may see 120 and `half` about half."""
    store = PostgresDocumentStore(pool, MODEL)
    source = await add_source(pool)
    await store.models.drop_index()
    half = ROWS // 2
    await store.put_documents(source, make_entries(half))
    await store.put_documents(
        source,
        make_entries(half - FEW, first=half, audience=frozenset({EVERYONE, "half"})),
    )
    staff = frozenset({EVERYONE, "half", "staff"})
    await store.put_documents(source, make_entries(FEW, first=ROWS - FEW, audience=staff))
    await store.models.build_index()
    return pool


async def explain(pool: Pool, query: sql.Composed, readers: str, *, since: int = 0) -> str:
    """The plan of a query as a snapshot of these readers would run it."""
    async with pool.connection() as connection:
        await connection.execute(BEGIN)
        await connection.execute(SETTINGS)
        cursor = await connection.execute(
            compose("read_scope"), {"tenant": HOME, "readers": [readers], "sources": None}
        )
        bound = {
            "tenant": HOME,
            "groups": [group for group, _, visible, *_ in await cursor.fetchall() if visible],
            "vector": HalfVector(random_vectors(1, 7)[0]),
            "limit": 10,
            "coarse": 40,
            "any_of": [hash_term(HOME, "word7")],
            "weights": sparse_vector([1], [1.0]),
            "since": DAY_ONE + timedelta(seconds=since),
            "until": None,
            "chunks": list(range(1, 101)),
            "with_tokens": True,
        }
        cursor = await connection.execute(sql.SQL("EXPLAIN ") + query, bound)
        plan = "\n".join(row[0] for row in await cursor.fetchall())
        await connection.rollback()
    return plan


async def test_the_indexes_are_used(filled: Pool) -> None:
    by_index = compose("find_nearest_by_index", model=1, dimensions=SIZE)
    plan = await explain(filled, by_index, EVERYONE)
    assert "embedding_nearest_1" in plan
    assert "Sort" not in plan
    exactly = compose("find_nearest_exactly", model=1, dimensions=SIZE)
    plan = await explain(filled, exactly, "staff")
    assert "embedding_by_group" in plan
    assert "embedding_nearest_1" not in plan
    plan = await explain(filled, compose("find_matching"), EVERYONE)
    assert "lexical_chunk_by_term" in plan
    assert "Seq Scan on lexical_chunk" not in plan
    for name in ("weigh", "load_candidates"):
        plan = await explain(filled, compose(name, model=1, dimensions=SIZE), EVERYONE)
        assert "lexical_chunk_pkey" in plan
        assert "embedding_pkey" in plan
        assert "Seq Scan" not in plan

    found = wanted = 0
    index = PostgresPassageIndex(filled, MODEL)
    for readers in (EVERYONE, "half", "staff"):
        async with index.open_snapshot(AccessScope(HOME, frozenset({readers}))) as snapshot:
            for vector in random_vectors(20, 99):
                nearest = await snapshot.find_nearest(vector, 10)
                exact = await find_exactly(filled, vector, readers)
                found += len(exact & set(nearest))
                wanted += len(exact)
    assert wanted == 600
    assert found / wanted >= 0.98


async def test_the_vector_index_is_made_once_a_search_would_walk_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.postgres.models.EXACT_ROWS", 30)
    monkeypatch.setattr("retrieval.postgres.models.COUNTED_EVERY", 10)

    async def has_index() -> bool:
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT to_regclass('embedding_nearest_1')")
            return await cursor.fetchone() != (None,)

    store = PostgresDocumentStore(pool, MODEL)
    source = await add_source(pool)
    await store.put_documents(source, make_entries(25))
    await store.put_documents(source, make_entries(3, first=25))
    assert not await has_index()
    await store.put_documents(source, make_entries(6, first=28))
    assert not await has_index()  # it looks only so often
    await store.put_documents(source, make_entries(1, first=34))
    assert await has_index()

    await store.models.drop_index()
    await store.put_documents(source, make_entries(20, first=35))
    assert not await has_index()
    # another process sees it with the first that it writes
    await PostgresDocumentStore(pool, MODEL).put_documents(source, make_entries(1, first=55))
    assert await has_index()


async def test_processes_that_write_while_the_index_is_due_make_it_together(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.postgres.models.EXACT_ROWS", 0)
    source = await add_source(pool)
    stores = [PostgresDocumentStore(pool, MODEL) for _ in range(4)]
    await asyncio.gather(
        *(
            store.put_documents(source, make_entries(5, first=5 * number))
            for number, store in enumerate(stores)
        )
    )
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'embedding'::regclass AND indisvalid"
            " AND indexrelid = to_regclass('embedding_nearest_1')"
        )
        assert await cursor.fetchone() == (1,)
    assert (await stores[0].describe(HOME)).embedded == 20


async def test_an_index_of_bits_takes_the_place_of_the_other(filled: Pool) -> None:
    by_index = compose("find_nearest_by_index", model=1, dimensions=SIZE)
    by_code = compose("find_nearest_by_code", model=1, dimensions=SIZE)
    await PostgresDocumentStore(filled, MODEL, index=VectorIndex.BINARY).models.ensure()
    assert "embedding_nearest_1" in await explain(filled, by_code, EVERYONE)
    assert "embedding_nearest_1" not in await explain(filled, by_index, EVERYONE)

    found = wanted = 0
    index = PostgresPassageIndex(filled, MODEL, index=VectorIndex.BINARY)
    for readers in (EVERYONE, "half", "staff"):
        async with index.open_snapshot(AccessScope(HOME, frozenset({readers}))) as snapshot:
            for vector in random_vectors(20, 99):
                exact = await find_exactly(filled, vector, readers)
                found += len(exact & set(await snapshot.find_nearest(vector, 250)))
                wanted += len(exact)
    assert wanted == 600
    # 16 bits tell little of vectors at random
    assert found / wanted >= 0.7

    await PostgresDocumentStore(filled, MODEL).models.ensure()
    assert "embedding_nearest_1" in await explain(filled, by_index, EVERYONE)
    assert "embedding_nearest_1" not in await explain(filled, by_code, EVERYONE)


async def find_exactly(
    pool: Pool, vector: np.ndarray, readers: str, *, since: datetime = DAY_ONE
) -> set[int]:
    """By the audience of the chunks themselves, and without an index."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT chunk_id FROM embedding JOIN chunk USING (tenant_id, chunk_id)"
            " JOIN document USING (tenant_id, document_id)"
            " WHERE chunk.audience && %s::text[] AND modified_at >= %s"
            " ORDER BY (passage <#> %s) + 0 LIMIT 10",
            [[readers], since, HalfVector(vector)],
        )
        return {row[0] for row in await cursor.fetchall()}


async def test_a_period_leaves_the_indexes_in_use(filled: Pool) -> None:
    by_index = compose("find_nearest_dated_by_index", model=1, dimensions=SIZE)
    plan = await explain(filled, by_index, EVERYONE, since=1_000)
    assert "embedding_nearest_1" in plan
    assert "Sort" not in plan
    exactly = compose("find_nearest_dated_exactly", model=1, dimensions=SIZE)
    plan = await explain(filled, exactly, EVERYONE, since=ROWS - 50)
    assert "embedding_nearest_1" not in plan
    assert "Seq Scan" not in plan
    plan = await explain(filled, compose("find_matching_dated"), EVERYONE, since=1_000)
    assert "lexical_chunk_by_term" in plan
    assert "Seq Scan" not in plan

    index = PostgresPassageIndex(filled, MODEL)
    for first in (1_000, ROWS - 50):
        moment = DAY_ONE + timedelta(seconds=first)
        found = wanted = 0
        async with index.open_snapshot(EVERYBODY, Period(since=moment)) as snapshot:
            for vector in random_vectors(20, 99):
                exact = await find_exactly(filled, vector, EVERYONE, since=moment)
                found += len(exact & set(await snapshot.find_nearest(vector, 10)))
                wanted += len(exact)
        assert wanted == 200
        assert found / wanted >= 0.98


async def test_topics_are_those_of_the_latest_documents_and_no_others_are_read(
    filled: Pool,
) -> None:
    values = {"tenant": HOME, "readers": [EVERYONE], "without": ["slack"], "limit": 200}
    async with filled.connection() as connection:
        await connection.execute("ANALYZE document, chunk, source")
        cursor = await connection.execute(sql.SQL("EXPLAIN ") + compose("list_topics"), values)
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "Index Scan Backward using document_pkey" in plan
    assert "chunk_tenant_id_document_id_ordinal_key" in plan
    assert "Seq Scan on document" not in plan
    assert "Seq Scan on chunk" not in plan


async def test_of_a_large_source_a_few_documents_tell_what_it_is_about(filled: Pool) -> None:
    async with filled.connection() as connection:
        await connection.execute("ANALYZE document, chunk, source, access_group")
        for readers, groups in ((["staff"], 1), ([EVERYONE, "staff"], 3)):
            scope = {"tenant": HOME, "readers": readers, "sources": None}
            bound = {**scope, "limit": LOOKED_AT, "without": ["slack"]}
            plan = await read_plan(connection, compose("outline_sources"), bound)
            assert count_rows(plan, "document") == groups * LOOKED_AT
            assert "document_by_audience" in list_indexes(plan)
            cursor = await connection.execute(compose("outline_sources"), bound)
            documents = [row[2] for row in await cursor.fetchall()]
            assert len(documents) == LOOKED_AT
            bound = {**scope, "documents": documents}
            plan = await read_plan(connection, compose("outline_documents"), bound)
            assert count_rows(plan, "document") == LOOKED_AT
            assert count_rows(plan, "chunk") <= LOOKED_AT
            assert "chunk_tenant_id_document_id_ordinal_key" in list_indexes(plan)


async def test_the_way_is_chosen_by_what_is_visible() -> None:
    assert scan_exactly(500, 1_000_000, 150)
    assert scan_exactly(4_000, 1_000_000, 150)
    assert scan_exactly(10_000, 1_000_000, 150)
    assert not scan_exactly(1_000_000, 1_000_000, 150)
    assert not scan_exactly(100_000, 1_000_000, 150)
    assert choose_effort(10, 5, 5) == 100
    assert choose_effort(150, 10_000, 10_000) == 150
    assert 200 < choose_effort(100, 100_000, 100_000) < choose_effort(100, 1_000_000, 1_000_000)
    assert choose_effort(100, 1_000_000, 1_000_000) == 501
    assert choose_effort(100, 100_000, 50_000) == 2 * choose_effort(100, 100_000, 100_000)
    assert choose_effort(600, 100_000_000, 100_000_000) == 1000


SAMPLES: dict[str, Any] = {
    "name": "m", "dimensions": 8, "tenant": "default", "source": 1, "external_id": "a",
    "external_ids": ["a"], "url": "u", "urls": ["u"], "titles": ["t"], "bodies": ["b"],
    "groups": [1], "hashes": ["h"], "fingerprints": [None], "modified": [None], "documents": [1],
    "document": 1, "group": 1, "audience": ["everyone"], "fingerprint": None, "count": 2,
    "limit": 3, "readers": ["everyone"], "sources": ["docs"], "terms": [1], "chunks": [1],
    "since": None, "until": None, "reach": 1, "coarse": 12,
    "chunk": 1, "before": 1, "after": 1, "all_of": [1], "any_of": [1], "phrases": ["a b"],
    "weights": sparse_vector([1], [1.0]), "vector": HalfVector(np.ones(SIZE)),
    "spec": "a:b", "without": ["slack"], "with_tokens": True,
}  # fmt: skip
UNPLANNED = ("CREATE", "DROP", "COPY")


@pytest.mark.parametrize("name", sorted(load_queries()))
async def test_every_query_fits_the_migrated_schema(pool: Pool, name: str) -> None:
    text = load_queries()[name]
    literals = dict.fromkeys(re.findall(r"\{(\w+)\}", text), 1)
    if "dimensions" in literals:
        literals["dimensions"] = SIZE
    query = compose(name, **literals)
    bound = {key: SAMPLES[key] for key in re.findall(r"%\((\w+)\)s", text)}
    if name == "touch_document":
        bound["modified"] = None
    if "CONCURRENTLY" in text:  # which no transaction takes
        async with pool.connection() as connection:
            await connection.execute(query)
        return
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        if text.startswith("COPY"):
            async with connection.cursor() as cursor, cursor.copy(query):
                pass
        elif text.startswith(UNPLANNED):
            await connection.execute(query)
        else:
            cursor = await connection.execute(sql.SQL("EXPLAIN ") + query, bound)
            assert await cursor.fetchall()


def test_every_query_is_used(repository: Path) -> None:
    folder = repository / "retrieval" / "postgres"
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    moved = {f"move_{what}" for what in ("document", "chunks", "embeddings", "lexical_chunks")}
    unused = [name for name in load_queries() if f'"{name}"' not in code and name not in moved]
    assert not unused
    assert 'f"move_{name}"' in code


async def read_statistics(pool: Pool) -> tuple[Any, ...]:
    """The statistics as kept, and as counted from the rows."""
    async with pool.connection() as connection:

        async def fetch(query: str) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode())).fetchall()

        kept = (
            await fetch("SELECT term, chunks, documents FROM lexical_term"
                        " WHERE chunks <> 0 OR documents <> 0 ORDER BY term"),
            await fetch("SELECT chunks, chunk_length, documents, document_length"
                        " FROM lexical_total"),
            await fetch("SELECT group_id, chunks FROM access_group WHERE chunks <> 0"
                        " ORDER BY group_id"),
        )  # fmt: skip
        counted = (
            await fetch(
                "SELECT term, count(DISTINCT chunk_id), count(DISTINCT document_id) FROM ("
                " SELECT unnest(terms) AS term, chunk_id, NULL::bigint AS document_id"
                " FROM lexical_chunk UNION ALL"
                " SELECT unnest(terms), NULL, document_id FROM lexical_document) AS rows"
                " GROUP BY term ORDER BY term"
            ),
            await fetch(
                "SELECT (SELECT count(*) FROM lexical_chunk),"
                " (SELECT coalesce(sum(cardinality(terms)), 0) FROM lexical_chunk),"
                " (SELECT count(*) FROM lexical_document),"
                " (SELECT coalesce(sum(length), 0) FROM lexical_document)"
            ),
            await fetch(
                "SELECT group_id, count(*) FROM lexical_chunk GROUP BY group_id ORDER BY group_id"
            ),
        )
    return kept, counted


async def test_statistics_stay_right_as_documents_come_and_go(pool: Pool) -> None:
    store = PostgresDocumentStore(pool, MODEL)
    source = await add_source(pool)
    await store.put_documents(source, make_entries(30))
    await store.put_documents(source, make_entries(5, first=3, audience=frozenset({"staff"})))
    await store.delete_documents(source, [str(number) for number in range(10, 20)])
    kept, counted = await read_statistics(pool)
    assert kept == counted
    assert kept[1][0][0] == 20
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM source WHERE source_id = %s", [source.id])
    kept, counted = await read_statistics(pool)
    assert kept == counted
    assert kept[1][0][0] == 0


async def test_a_failed_write_leaves_nothing(pool: Pool) -> None:
    store = PostgresDocumentStore(pool, MODEL)
    source = await add_source(pool)
    await store.put_documents(source, make_entries(3))
    before = await read_statistics(pool)
    twice = [*make_entries(1), *make_entries(1)]
    with pytest.raises(Exception, match="a second time"):
        await store.put_documents(source, twice)
    assert await read_statistics(pool) == before


async def test_a_model_of_other_dimensions_is_refused(pool: Pool) -> None:
    await PostgresDocumentStore(pool, MODEL).models.ensure()
    changed = PostgresDocumentStore(pool, EmbeddingModel(MODEL.name, 8, 256))
    with pytest.raises(Exception, match="16 dimensions"):
        await changed.models.ensure()


def test_packed_vectors_keep_their_cosines() -> None:
    passages = random_vectors(3)
    first, last = random_vectors(5, 1), random_vectors(2, 2)
    vectors, starts = unpack_vectors([pack_vectors(first), None, pack_vectors(last)], passages)
    assert starts.tolist() == [0, 5, 6]
    wanted = np.concatenate([first, passages[1:2], last])
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((vectors * wanted).sum(axis=1) / lengths).min() > 0.9995
    np.testing.assert_allclose(lengths, 1, atol=0.005)
