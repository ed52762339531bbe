"""Time of a query with all its stages, embedding included, against the size of the store."""

from collections.abc import Mapping, Sequence

from retrieval.config import Pipeline
from retrieval.evaluation.chart import Lines, draw_lines
from retrieval.evaluation.metrics import percentile
from retrieval.model import WeightedQuery
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.search import PassageSearcher
from tests.bench.corpora import pick_queries
from tests.bench.effort import read_effort
from tests.bench.report import Row, Section, spread
from tests.bench.stores import SCOPE, Bench, FilledStore, open_filled, read_into_memory

LIMITS = {10_000: 30.0, 100_000: 60.0, 1_000_000: 150.0}
"""Milliseconds in which 95 of 100 queries should be answered on two cores."""

QUERIES = 400
WARM_UP = 30
STAGES = ("open", "embed", "lexical", "dense", "weigh", "features", "fuse", "interaction")


async def measure_latency(bench: Bench, sizes: Sequence[int]) -> Section:
    """One row for each size; the chart draws cost against size."""
    queries = pick_queries(bench.sets, QUERIES + WARM_UP)
    rows: list[Row] = []
    for size in sizes:
        async with open_filled(bench, size) as store:
            await read_into_memory(bench, store)
            rows.append(await _measure(bench, store, queries))
    chart = draw_lines(
        Lines(
            title="Time of a query, embedding included, by size of the store",
            axis="milliseconds",
            place_axis="chunks (logarithmic)",
            places=sizes,
            series={name: [float(row[f"{name} ms"]) for row in rows] for name in ("p50", "p95")},
            limits=[LIMITS[size] for size in sizes] if set(sizes) <= set(LIMITS) else (),
        )
    )
    return Section(
        "latency",
        "Query, all stages, embedding included; stages are medians in ms",
        rows,
        [
            f"{len(queries) - WARM_UP} different queries, one at a time, ten passages each",
            "the store has been read before, so that what fits into memory is there",
            "CPU ms: mean work of a query on all cores, the database's included",
        ],
        {"query-time.svg": chart},
    )


async def _measure(bench: Bench, store: FilledStore, queries: Sequence[str]) -> Row:
    index = PostgresPassageIndex(store.pool, bench.embedder.model)
    searcher = PassageSearcher(index, bench.embedder, pipeline=Pipeline())
    warm_up = min(WARM_UP, len(queries) // 3)
    await _ask(searcher, queries[:warm_up])
    before = await read_effort(store.pool)
    timings = await _ask(searcher, queries[warm_up:])
    effort = (await read_effort(store.pool) - before) / len(timings)
    return {
        "chunks": store.size,
        **spread([timing["total"] for timing in timings]),
        "CPU ms": round(effort, 1),
        **{
            stage: round(percentile([timing.get(stage, 0.0) for timing in timings], 50), 2)
            for stage in (*STAGES, "passages")
        },
    }


async def _ask(searcher: PassageSearcher, queries: Sequence[str]) -> list[Mapping[str, float]]:
    """The times by stage of each query."""
    return [
        (await searcher.search([WeightedQuery(query)], SCOPE, limit=10)).timings_ms
        for query in queries
    ]
