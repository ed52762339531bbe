"""Compares pipelines over several judged data sets, each of which is ingested once."""

from collections.abc import Sequence
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
    most_queries: int | None = None,
    most_documents: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run every pipeline over every data set. Raises UnusableDataSet before any work is done.

    Of a set with more than `most_queries` so many are run, evenly spread; of one with more than
    `most_documents`, those that are judged for them and a sample of the others are searched.
    """
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
            most_queries=most_queries,
            most_documents=most_documents,
            progress=_name_steps(progress, name),
        )
    return Comparison(tuple(one.name for one in pipelines), tuple(names), tuple(reports))


def chart_comparison(comparison: Comparison, measure: Measure = "ndcg_at_10") -> str:
    """The table as an SVG: a group of bars for each data set, and one for the mean."""
    title = MEASURES[measure]
    series = {name: comparison.read(measure, name) for name in comparison.pipelines}
    groups = (*comparison.data_sets, MEAN)
    return draw_bars(Bars(f"{title} by pipeline", title, groups, series))


def tabulate_comparison(comparison: Comparison) -> str:
    """A Markdown table for each measure, and one of the queries and the passages of each set."""
    sets = comparison.data_sets
    tables = [
        [
            [title, *sets, MEAN],
            *(
                [name, *map(_decimal, comparison.read(measure, name))]
                for name in comparison.pipelines
            ),
        ]
        for measure, title in MEASURES.items()
    ]
    first = {report.data_set: report for report in reversed(comparison.reports)}
    sizes = [
        ["", *sets],
        ["queries", *(f"{first[name].queries:,}" for name in sets)],
        ["passages", *(f"{first[name].ingestion.chunks:,}" for name in sets)],
    ]
    return "\n\n".join(_format_table(rows) for rows in [*tables, sizes])


def _format_table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *body])


def _decimal(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _name_steps(progress: Progress | None, name: str) -> Progress | None:
    if progress is None:
        return None

    def tell(step: str, done: int, total: int) -> None:
        progress(f"{name}: {step}", done, total)

    return tell
