"""Compares pipelines over several judged data sets, each of which is ingested once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from retrieval.config import Pipeline
from retrieval.evaluation.chart import Bars, draw_bars
from retrieval.evaluation.datasets import UnusableDataSet, load_data_set
from retrieval.evaluation.runner import Progress, RetrievalReport, evaluate_pipelines
from retrieval.ports import Embedder, Reranker

Measure = Literal["ndcg_at_10", "recall_at_20"]

MEASURES: dict[Measure, str] = {"ndcg_at_10": "nDCG@10", "recall_at_20": "recall@20"}
"""What is compared, and how it is called."""

MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One report for every pipeline over every data set."""

    pipelines: tuple[str, ...]
    data_sets: tuple[str, ...]
    reports: tuple[RetrievalReport, ...]

    def read(self, measure: Measure, pipeline: str) -> list[float]:
        """A pipeline's measure on every data set, and their mean last."""
        found = {
            report.data_set: float(getattr(report, measure))
            for report in self.reports
            if report.pipeline == pipeline
        }
        values = [found[name] for name in self.data_sets]
        return [*values, fmean(values)]

    def to_json(self) -> dict[str, object]:
        """The table, and every report behind it, as plain values."""
        columns = [*self.data_sets, MEAN]
        return {
            "pipelines": list(self.pipelines),
            "data_sets": list(self.data_sets),
            **{
                measure: {
                    pipeline: dict(zip(columns, self.read(measure, pipeline), strict=True))
                    for pipeline in self.pipelines
                }
                for measure in MEASURES
            },
            "reports": [report.to_json() for report in self.reports],
        }


async def compare_pipelines(
    directories: Sequence[Path],
    *,
    pipelines: Sequence[Pipeline],
    database_url: str,
    embedder: Embedder,
    reranker: Reranker | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run every pipeline over every data set. Raises UnusableDataSet before any work is done."""
    names = [load_data_set(directory).name for directory in directories]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UnusableDataSet(
            f"Two data sets are called {repeated[0]}; give their folders different names."
        )
    reports: list[RetrievalReport] = []
    for directory, name in zip(directories, names, strict=True):
        reports += await evaluate_pipelines(
            directory,
            pipelines=pipelines,
            database_url=database_url,
            embedder=embedder,
            reranker=reranker,
            progress=_name_steps(progress, name),
        )
    return Comparison(tuple(one.name for one in pipelines), tuple(names), tuple(reports))


def chart_comparison(comparison: Comparison, measure: Measure = "ndcg_at_10") -> str:
    """The table as an SVG: a group of bars for each data set, and one for the mean."""
    return _draw(
        measure,
        (*comparison.data_sets, MEAN),
        {name: comparison.read(measure, name) for name in comparison.pipelines},
    )


def draw_chart(reports: Sequence[RetrievalReport]) -> str:
    """nDCG@10 by data set, one bar for each pipeline, as an SVG document."""
    sets, pipelines, found = _arrange(reports)
    return _draw(
        "ndcg_at_10",
        sets,
        {
            pipeline: [
                found[name, pipeline].ndcg_at_10 if (name, pipeline) in found else math.nan
                for name in sets
            ]
            for pipeline in pipelines
        },
    )


def format_table(reports: Sequence[RetrievalReport]) -> str:
    """nDCG@10 by pipeline and data set as a Markdown table, with recall@20 and latency."""
    sets, pipelines, found = _arrange(reports)
    head = ["pipeline", *sets, "mean", "recall@20", "p95 ms"]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    for pipeline in pipelines:
        row = [found[name, pipeline] for name in sets if (name, pipeline) in found]
        cells = [
            _decimal(found[name, pipeline].ndcg_at_10) if (name, pipeline) in found else "–"
            for name in sets
        ]
        mean = fmean(report.ndcg_at_10 for report in row)
        recall = fmean(report.recall_at_20 for report in row)
        slowest = max(report.latency.p95 for report in row)
        cells += [_decimal(mean), _decimal(recall), f"{slowest:.0f}"]
        lines.append(f"| {pipeline} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _draw(measure: Measure, groups: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    title = MEASURES[measure]
    return draw_bars(Bars(f"{title} by pipeline", title, groups, series))


def _arrange(
    reports: Sequence[RetrievalReport],
) -> tuple[list[str], list[str], dict[tuple[str, str], RetrievalReport]]:
    """Data sets and pipelines in the order in which they come, and the report of each pair."""
    return (
        list(dict.fromkeys(report.data_set for report in reports)),
        list(dict.fromkeys(report.pipeline for report in reports)),
        {(report.data_set, report.pipeline): report for report in reports},
    )


def _decimal(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _name_steps(progress: Progress | None, name: str) -> Progress | None:
    if progress is None:
        return None

    def tell(step: str, done: int, total: int) -> None:
        progress(f"{name}: {step}", done, total)

    return tell
