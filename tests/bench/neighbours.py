"""Recall of the approximate vector search against exact search, free and under access filters."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.config import Pipeline, VectorIndex
from retrieval.model import EVERYONE, AccessScope, Vector
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.packing import unpack_halfvecs
from tests.bench.corpora import pick_queries
from tests.bench.filling import VISIBILITY
from tests.bench.report import Row, Section, spread
from tests.bench.stores import TENANT, Bench, FilledStore, open_filled

QUERIES = 200
DEPTH = 10
BLOCK = 20_000


async def measure_neighbours(bench: Bench, sizes: Sequence[int]) -> Section:
    """One row for each size and share of visible chunks."""
    texts = pick_queries(bench.sets, QUERIES)
    vectors = np.stack([await bench.embedder.embed_query(text) for text in texts])
    rows: list[Row] = []
    for size in sizes:
        async with open_filled(bench, size) as store:
            rows += await _measure(bench, store, vectors)
    pool = Pipeline().pool
    return Section(
        "ann",
        f"Recall@{DEPTH} of the vector search against exact search",
        rows,
        [
            f"{len(texts)} queries",
            f"as asked: among the {pool} candidates that a search takes and ranks by exact scores",
            f"ten only: where no more than {DEPTH} are taken",
        ],
    )


async def _measure(bench: Bench, store: FilledStore, vectors: Vector) -> list[Row]:
    shares = {"100 %": EVERYONE, **{name: f"sees {name}" for name in VISIBILITY}}
    exact = await _search_exactly(store, vectors, list(shares.values()))
    index = PostgresPassageIndex(store.pool, bench.embedder.model)
    rows: list[Row] = []
    for name, label in shares.items():
        visible, figures = await _compare(index, label, vectors, exact[label])
        row = {"chunks": store.size, "visible": name, "visible chunks": visible}
        rows.append({**row, **figures})
    return rows


async def measure_binary(bench: Bench, sizes: Sequence[int]) -> Section:
    """One row for each size and kind of vector index; the one in use is built last, and stays."""
    texts = pick_queries(bench.sets, QUERIES)
    vectors = np.stack([await bench.embedder.embed_query(text) for text in texts])
    rows: list[Row] = []
    for size in sizes:
        async with open_filled(bench, size) as store:
            exact = await _search_exactly(store, vectors, [EVERYONE])
            for kind in (VectorIndex.BINARY, VectorIndex.HALFVEC):
                models = ModelRegister(store.pool, bench.embedder.model, kind)
                await models.drop_index()
                start = time.perf_counter()
                await models.build_index(memory_mb=2048)
                built = time.perf_counter() - start
                index = PostgresPassageIndex(store.pool, bench.embedder.model, index=kind)
                _, figures = await _compare(index, EVERYONE, vectors, exact[EVERYONE])
                size_mb = round(await _read_index_size(store) / 2**20, 1)
                row: Row = {"chunks": size, "index": str(kind), "MB": size_mb}
                rows.append({**row, "built in s": round(built, 1), **figures})
    return Section("binary", "An index of bits with rescoring, and one of half precision", rows)


async def _read_index_size(store: FilledStore) -> int:
    """Bytes of the vector index."""
    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT sum(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes"
            " WHERE indexrelname ~ '^embedding_nearest_'"
        )
        [size] = await cursor.fetchone() or [0]
    return int(size)


async def _compare(
    index: PostgresPassageIndex, label: str, vectors: Vector, exact: Sequence[Sequence[int]]
) -> tuple[int, Row]:
    """How many chunks an audience may see, and how much of what is nearest is found for it."""
    scope = AccessScope(TENANT, frozenset({label}))
    recalls: dict[int, list[float]] = {}
    taken: list[float] = []
    visible = 0
    for limit in (Pipeline().pool, DEPTH):
        for vector, best in zip(vectors, exact, strict=True):
            async with index.open_snapshot(scope) as snapshot:
                visible = snapshot.visible
                start = time.perf_counter()
                found = await snapshot.find_nearest(vector, limit)
                if limit > DEPTH:
                    taken.append((time.perf_counter() - start) * 1000)
            recalls.setdefault(limit, []).append(share_found(best, found))
    return visible, {
        "as asked": round(float(np.mean(recalls[Pipeline().pool])), 4),
        "ten only": round(float(np.mean(recalls[DEPTH])), 4),
        **spread(taken),
    }


def share_found(best: Sequence[int], found: Sequence[int]) -> float:
    """How many of the best were found; 1 where there are none."""
    return len(set(best).intersection(found)) / len(best) if best else 1.0


async def _search_exactly(
    store: FilledStore, vectors: Vector, labels: Sequence[str]
) -> dict[str, list[list[int]]]:
    """The DEPTH nearest chunks of each query for each audience, by comparing with every vector."""
    best = {label: Nearest(len(vectors)) for label in labels}
    queries = vectors.astype(np.float16).astype(np.float32)
    async with store.pool.connection() as connection, connection.transaction():
        cursor = await connection.execute("SELECT group_id, audience FROM access_group")
        groups = {row[0]: row[1] for row in await cursor.fetchall()}
        async with connection.cursor("vectors", binary=True) as rows:
            rows.itersize = BLOCK
            await rows.execute(
                "SELECT chunk_id, group_id, substr(halfvec_send(passage), 5) FROM embedding"
            )
            while block := await rows.fetchmany(BLOCK):
                stored = unpack_halfvecs(b"".join(row[2] for row in block), vectors.shape[1])
                scores = queries @ stored.T
                chunks = np.array([row[0] for row in block])
                for label, nearest in best.items():
                    seen = np.array([label in groups[row[1]] for row in block])
                    nearest.add(chunks[seen], scores[:, seen])
    return {label: nearest.list() for label, nearest in best.items()}


class Nearest:
    """Keeps the DEPTH best chunks for each of `count` queries."""

    def __init__(self, count: int) -> None:
        self._chunks: NDArray[np.int64] = np.zeros((count, 0), np.int64)
        self._scores: NDArray[np.float32] = np.zeros((count, 0), np.float32)

    def add(self, chunks: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Chunks (n,) and their scores (count, n)."""
        count = len(self._scores)
        scores = np.concatenate([self._scores, scores], axis=1)
        names = np.concatenate([self._chunks, np.tile(chunks, (count, 1))], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
        self._scores = np.take_along_axis(scores, order, axis=1)
        self._chunks = np.take_along_axis(names, order, axis=1)

    def list(self) -> list[list[int]]:
        """Best first."""
        return [[int(chunk) for chunk in row] for row in self._chunks]
