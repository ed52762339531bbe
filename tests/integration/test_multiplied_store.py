"""A benchmark's store that was multiplied is one that a sync could have written."""

import numpy as np
import psycopg

from retrieval.model import EVERYONE, AccessScope, Chunk, EmbeddingModel, Embeddings, Span, TenantId
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import open_pool
from retrieval.postgres.store import PostgresDocumentStore
from tests.bench.corpora import RealDocument
from tests.bench.filling import fill_store, make_entries
from tests.bench.mixing import normalise
from tests.bench.multiplying import multiply_store
from tests.bench.stores import add_source

SIZE = 16
MODEL = EmbeddingModel("words", SIZE, 256)
TEXT = "Bread is baked. It rises first."
COUNTED = """
    SELECT (SELECT count(*) FROM lexical_chunk WHERE terms @> ARRAY[term]), chunks,
        (SELECT count(*) FROM lexical_document WHERE terms @> ARRAY[term]), documents
    FROM lexical_term
"""


async def test_copies_are_whole_and_counted(database_url: str) -> None:
    generator = np.random.default_rng(1)
    real = normalise(generator.standard_normal((1, SIZE)))
    document = RealDocument(
        "bread",
        TEXT,
        [Chunk(0, TEXT, Span(0, len(TEXT)))],
        Embeddings(real, (real,), (np.ones((5, 3), np.uint8),)),
    )
    async with (
        open_pool(database_url, size=2) as pool,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
    ):
        store = PostgresDocumentStore(pool, MODEL)
        entries = make_entries([document], 21, generator)
        await fill_store(store, await add_source(pool, "bench"), entries, lambda _: None)
        told: list[int] = []
        await multiply_store(connection, 3, real, generator, told.append)
        await store.models.build_index()
        assert told == [42, 63]

        rows = await (await connection.execute(COUNTED)).fetchall()
        assert rows
        assert all(row[0] == row[1] and row[2] == row[3] for row in rows)
        scope = AccessScope(TenantId("default"), frozenset({EVERYONE}))
        async with PostgresPassageIndex(pool, MODEL).open_snapshot(scope) as snapshot:
            assert snapshot.visible == snapshot.held == 63
            nearest = await snapshot.find_nearest(real[0], 63)
            assert sorted(nearest) == list(range(1, 64))
            candidates = await snapshot.load_candidates(nearest, tokens=True)
            assert len(candidates) == len(candidates.tokens) == 63
            assert len(await snapshot.load_passages(nearest)) == 63
        lengths = np.linalg.norm(candidates.passages, axis=1)
        np.testing.assert_allclose(lengths, 1, atol=0.01)
        assert len(np.unique(candidates.passages, axis=0)) == 63
