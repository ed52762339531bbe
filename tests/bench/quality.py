"""How well Footnote finds, beside LangChain's and RAGLite's defaults: same sets, same queries."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from retrieval.config import parse_pipeline
from retrieval.evaluation.chart import Bars, draw_bars
from retrieval.evaluation.compare import MEAN, compare_pipelines
from retrieval.evaluation.datasets import DataSet, load_data_set
from retrieval.evaluation.embedding_cache import remember_passages
from retrieval.evaluation.metrics import ndcg, recall
from retrieval.inference.minilm_weights import find_files
from tests.bench.ingest import PEERS, ContenderFailed, _drop, _recreate, _run
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench, with_database

PIPELINES = ("naive", "default")
CONTENDERS = ("langchain", "raglite")
DATABASE = "bench_quality"
MOST_QUERIES = 300
"""Of each set, evenly spread: all but one of the six sets in the documentation have no more."""

Figures = dict[str, dict[str, tuple[float, float]]]
"""(nDCG@10, recall@20) by contender and data set."""


async def measure_quality(bench: Bench, directories: Sequence[Path]) -> Section:
    """One row for each contender and measure, the sets and their mean in the columns."""
    figures: Figures = {}
    notes = [f"at most {MOST_QUERIES} queries of each set, the same for all"]
    for directory in directories:
        data_set = load_data_set(directory).thin_out(MOST_QUERIES)
        for contender in CONTENDERS if PEERS.exists() else ():
            try:
                rankings = await _ask_peer(bench, contender, directory)
            except ContenderFailed as error:
                notes.append(f"{contender} failed on {data_set.name}: {str(error)[-300:]}")
                continue
            for name, found in rankings.items():
                figures.setdefault(name, {})[data_set.name] = _judge(data_set, found)
    if not PEERS.exists():
        notes.append("The peers are left out: `make bench` installs them into .bench/venv.")
    sets = await _measure_ours(bench, directories, figures)
    rows = [_row(name, measure, figures[name], sets) for measure in (0, 1) for name in figures]
    chart = draw_bars(
        Bars(
            "nDCG@10 beside the defaults of others",
            "nDCG@10",
            [*sets, MEAN],
            {
                name: [
                    *(one.get(place, (float("nan"), 0.0))[0] for place in sets),
                    fmean(score for score, _ in one.values()),
                ]
                for name, one in figures.items()
            },
        )
    )
    title = "Finding, same sets, same queries, vectors of the same model"
    return Section("quality", title, rows, notes, {"quality-beside-others.svg": chart})


async def _measure_ours(
    bench: Bench, directories: Sequence[Path], figures: Figures
) -> tuple[str, ...]:
    with remember_passages(bench.embedder, REPOSITORY / ".bench" / "vectors") as embedder:
        comparison = await compare_pipelines(
            directories,
            pipelines=[parse_pipeline(name) for name in PIPELINES],
            database_url=bench.url,
            embedder=embedder,
            most_queries=MOST_QUERIES,
        )
    for report in comparison.reports:
        ours = figures.setdefault(f"Footnote, {report.pipeline}", {})
        ours[report.data_set] = (report.ndcg_at_10, report.recall_at_20)
    return comparison.data_sets


async def _ask_peer(
    bench: Bench, contender: str, directory: Path
) -> Mapping[str, dict[str, list[str]]]:
    await _recreate(bench.url, DATABASE)
    try:
        return await _run(
            [
                str(PEERS),
                "-m",
                "tests.bench.quality_peer",
                contender,
                with_database(bench.url, DATABASE),
                str(find_files().weights.parent),
                str(directory.resolve()),
                str(MOST_QUERIES),
            ]
        )
    finally:
        await _drop(bench.url, DATABASE)


def _judge(data_set: DataSet, found: Mapping[str, Sequence[str]]) -> tuple[float, float]:
    return (
        fmean(ndcg(found[query.id], query.judged) for query in data_set.queries),
        fmean(recall(found[query.id], query.judged, 20) for query in data_set.queries),
    )


def _row(
    name: str, measure: int, found: Mapping[str, tuple[float, float]], sets: Sequence[str]
) -> Row:
    values = {place: round(found[place][measure], 3) for place in sets if place in found}
    return {
        "what": name,
        "measure": ("nDCG@10", "recall@20")[measure],
        **{place: values.get(place, "–") for place in sets},
        MEAN: round(fmean(values.values()), 3),
    }
