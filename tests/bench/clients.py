"""Several clients who ask at the same time: how many queries a second, and how long each takes."""

import asyncio
import time
from collections.abc import Sequence

from retrieval.evaluation.metrics import percentile
from retrieval.model import WeightedQuery
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.search import PassageSearcher
from tests.bench.corpora import pick_queries
from tests.bench.report import Row, Section
from tests.bench.stores import SCOPE, Bench, FilledStore, open_filled

CLIENTS = (1, 2, 4, 8, 16)
QUERIES = 320


async def measure_clients(bench: Bench, sizes: Sequence[int]) -> Section:
    """One row for each size and number of clients."""
    queries = pick_queries(bench.sets, QUERIES)
    while len(queries) < QUERIES:
        queries += queries[: QUERIES - len(queries)]
    rows: list[Row] = []
    for size in sizes:
        async with open_filled(bench, size) as store:
            index = PostgresPassageIndex(store.pool, bench.embedder.model)
            searcher = PassageSearcher(index, bench.embedder)
            await _ask(searcher, queries[:32], 4)
            rows += [await _measure(store, searcher, queries, count) for count in CLIENTS]
    return Section(
        "clients",
        "Concurrent queries",
        rows,
        [f"{QUERIES} queries for each number of clients, in one process with ten connections"],
    )


async def _measure(
    store: FilledStore, searcher: PassageSearcher, queries: Sequence[str], clients: int
) -> Row:
    start = time.perf_counter()
    taken = await _ask(searcher, queries, clients)
    seconds = time.perf_counter() - start
    return {
        "chunks": store.size,
        "clients": clients,
        "queries/s": round(len(queries) / seconds, 1),
        "p50 ms": round(percentile(taken, 50), 1),
        "p95 ms": round(percentile(taken, 95), 1),
    }


async def _ask(searcher: PassageSearcher, queries: Sequence[str], clients: int) -> list[float]:
    """Milliseconds of each query; each client asks the next one as soon as it has its answer."""
    waiting = iter(queries)
    taken: list[float] = []

    async def ask() -> None:
        for query in waiting:
            start = time.perf_counter()
            await searcher.search([WeightedQuery(query)], SCOPE, limit=10)
            taken.append((time.perf_counter() - start) * 1000)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(ask())
    return taken
