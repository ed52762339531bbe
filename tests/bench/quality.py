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
from tests.bench.peers import (
    NOT_INSTALLED,
    PYTHON,
    ContenderFailed,
    provide_database,
    run_contender,
)
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench, digest_files

PIPELINES = ("naive", "default")
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


async def measure_quality(
    bench: Bench, directories: Sequence[Path], portion: Portion, contenders: Sequence[str]
) -> Section:
    """One row for each contender and measure, the sets and their mean in the columns.

    Whole sets and parts of them are sections of their own, since their figures do not compare.
    """
    figures: Figures = {}
    notes = [f"{portion.describe()}; the same for all"]
    for directory in directories:
        data_set = portion.cut(load_data_set(directory))
        for contender in contenders:
            try:
                rankings = await _ask_peer(bench, contender, directory, portion, data_set)
            except ContenderFailed as error:
                notes.append(f"{contender} failed on {data_set.name}: {str(error)[-300:]}")
                continue
            for name, found in rankings.items():
                scores = figures.setdefault(name, {})[data_set.name] = _judge(data_set, found)
                bench.console.print(f"[dim]{data_set.name}, {name}: nDCG@10 {scores[0]:.3f}[/]")
    if not contenders:
        notes.append(NOT_INSTALLED)
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
    name, sets_used = ("quality", "") if portion.documents else ("quality-whole", "whole ")
    title = f"Finding, same {sets_used}sets, same queries, vectors of the same model"
    charts = {f"{name}-beside-others.svg": chart}
    return Section(name, title, rows, notes, charts, timed=False)


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
    async with provide_database(bench.url, f"bench_quality_{contender}") as url:
        return await run_contender(
            PYTHON,
            "-m",
            "tests.bench.quality_peer",
            contender,
            url,
            find_files().weights.parent,
            directory.resolve(),
            portion.queries,
            *([portion.documents] if portion.documents else []),
        )


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
