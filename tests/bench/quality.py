"""How well Footnote finds, beside LangChain's and RAGLite's defaults: same sets, same queries.

What a peer found is kept in .bench/rankings/ while the documents, the queries and the peer stay the
same, so that a run that was stopped goes on, and only Footnote, which changes, is asked anew.
"""

import json
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
from tests.bench.corpora import Portion
from tests.bench.ingest import PEERS, ContenderFailed, _drop, _recreate, _run
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench, digest_files, with_database

PIPELINES = ("naive", "default")
CONTENDERS = ("langchain", "raglite")
PEER_FILES = (
    "tests/bench/quality_peer.py",
    "tests/bench/raglite_peer.py",
    "requirements/bench.in",
)
"""A change in these asks the peers anew."""

Rankings = Mapping[str, Mapping[str, Sequence[str]]]
"""Documents found, best first, by way of searching and query."""

Figures = dict[str, dict[str, tuple[float, float]]]
"""(nDCG@10, recall@20) by contender and data set."""


async def measure_quality(bench: Bench, directories: Sequence[Path], portion: Portion) -> Section:
    """One row for each contender and measure, the sets and their mean in the columns."""
    figures: Figures = {}
    notes = [f"{portion.describe()}; the same for all"]
    for directory in directories:
        data_set = portion.cut(load_data_set(directory))
        for contender in CONTENDERS if PEERS.exists() else ():
            try:
                rankings = await _ask_peer(bench, contender, directory, portion, data_set)
            except ContenderFailed as error:
                notes.append(f"{contender} failed on {data_set.name}: {str(error)[-300:]}")
                continue
            for name, found in rankings.items():
                scores = figures.setdefault(name, {})[data_set.name] = _judge(data_set, found)
                bench.console.print(f"[dim]{data_set.name}, {name}: nDCG@10 {scores[0]:.3f}[/]")
    if not PEERS.exists():
        notes.append("The peers are left out: `make bench` installs them into .bench/venv.")
    sets = await _measure_ours(bench, directories, portion, figures)
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
    bench: Bench, directories: Sequence[Path], portion: Portion, figures: Figures
) -> tuple[str, ...]:
    with remember_passages(bench.embedder, REPOSITORY / ".bench" / "vectors") as embedder:
        comparison = await compare_pipelines(
            directories,
            pipelines=[parse_pipeline(name) for name in PIPELINES],
            database_url=bench.url,
            embedder=embedder,
            most_queries=portion.queries,
            most_documents=portion.documents,
        )
    for report in comparison.reports:
        ours = figures.setdefault(f"Footnote, {report.pipeline}", {})
        ours[report.data_set] = (report.ndcg_at_10, report.recall_at_20)
    return comparison.data_sets


async def _ask_peer(
    bench: Bench, contender: str, directory: Path, portion: Portion, data_set: DataSet
) -> Rankings:
    """What a peer finds in the portion, which is `data_set`, or found in it before."""
    state = digest_files(PEER_FILES, repr(data_set))
    kept = bench.folder / "rankings" / f"{data_set.name}-{contender}-{state}.json"
    if not kept.exists():
        found = await _run_peer(bench, contender, directory, portion)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(found), encoding="utf-8")
    rankings: Rankings = json.loads(kept.read_text(encoding="utf-8"))
    return rankings


async def _run_peer(bench: Bench, contender: str, directory: Path, portion: Portion) -> Rankings:
    database = f"bench_quality_{contender}"
    await _recreate(bench.url, database)
    try:
        return await _run(
            [
                str(PEERS),
                "-m",
                "tests.bench.quality_peer",
                contender,
                with_database(bench.url, database),
                str(find_files().weights.parent),
                str(directory.resolve()),
                str(portion.queries),
                *([str(portion.documents)] if portion.documents else []),
            ]
        )
    finally:
        await _drop(bench.url, database)


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
