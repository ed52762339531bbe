"""Whether made-up vectors are as hard to search as those of real passages."""

from dataclasses import replace

import numpy as np
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector_async
from psycopg import sql

from retrieval.model import Vector
from tests.bench.corpora import pick_queries
from tests.bench.mixing import Mixer, normalise
from tests.bench.neighbours import DEPTH
from tests.bench.report import Row, Section
from tests.bench.stores import Bench

TIMES = 5
"""So many times as many real passages are embedded as vectors are made of."""
QUERIES = 200
EFFORTS = (40, 100, 160, 250)
"""Of hnsw.ef_search."""

ROUNDED = 1e-5
"""Scores that differ by no more are the same."""

INDEX = "USING hnsw (passage halfvec_ip_ops) WITH (m = 24, ef_construction = 128)"
"""As the store makes it (retrieval/postgres/queries.sql)."""


async def measure_likeness(bench: Bench) -> Section:
    """One row for real vectors, and one for as many made of a part of them."""
    count = TIMES * bench.real_chunks
    documents = await replace(bench, real_chunks=count, embedded=[]).read_real(count)
    real = normalise(np.concatenate([one.embeddings.passages for one in documents]))
    generator = np.random.default_rng(0)
    chosen = generator.permutation(len(real))[: bench.real_chunks]
    mixer = Mixer(real[chosen])
    places = mixer.pick(len(real), generator)
    made = mixer.mix(places, mixer.pick_near(places, generator), generator)
    texts = pick_queries(bench.sets, QUERIES)
    queries = np.stack([await bench.embedder.embed_query(text) for text in texts])
    rows = [
        {"vectors": name, "count": len(real), **await _search(bench.url, vectors, queries)}
        for name, vectors in (("real", real), (f"made of {len(chosen):,}", made))
    ]
    return Section(
        "likeness",
        f"Recall@{DEPTH} among real and made-up vectors, by hnsw.ef_search",
        rows,
        [f"{len(texts)} queries; nearest: the mean score of the best for each"],
        timed=False,
    )


async def _search(url: str, vectors: Vector, queries: Vector) -> Row:
    """Recall by how much of the graph is looked at, in a table that nothing else sees."""
    scores = _round(queries) @ _round(vectors).T
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await register_vector_async(connection)
        table = sql.SQL("CREATE TEMPORARY TABLE made (place int, passage halfvec({}))")
        await connection.execute(table.format(vectors.shape[1]))
        async with (
            connection.cursor() as cursor,
            cursor.copy("COPY made FROM STDIN (FORMAT binary)") as copy,
        ):
            copy.set_types(["int4", "halfvec"])
            for place, vector in enumerate(vectors):
                await copy.write_row((place, HalfVector(vector)))
        await connection.execute("SET maintenance_work_mem = '1GB'")
        await connection.execute(f"CREATE INDEX ON made {INDEX}")
        await connection.execute("SET enable_seqscan = off")
        found = {
            f"ef {effort}": await _find(connection, queries, scores, effort) for effort in EFFORTS
        }
    return {"nearest": round(float(scores.max(axis=1).mean()), 3), **found}


async def _find(
    connection: psycopg.AsyncConnection, queries: Vector, scores: Vector, effort: int
) -> float:
    """How many of the nearest are found; of some that are as near, each will do."""
    await connection.execute("SELECT set_config('hnsw.ef_search', %s, false)", [str(effort)])
    shares = []
    for query, own in zip(queries, scores, strict=True):
        cursor = await connection.execute(
            "SELECT place FROM made ORDER BY passage <#> %s LIMIT %s", [HalfVector(query), DEPTH]
        )
        found = own[[row[0] for row in await cursor.fetchall()]]
        shares.append((found >= np.sort(own)[-DEPTH] - ROUNDED).sum() / DEPTH)
    return round(float(np.mean(shares)), 4)


def _round(vectors: Vector) -> Vector:
    """As exact as the index keeps them."""
    return vectors.astype(np.float16).astype(np.float32)
