"""Sets reports side by side: a table for people, and a chart as SVG."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from retrieval.config import Pipeline
from retrieval.evaluation.runner import Progress, RetrievalReport, evaluate_pipelines
from retrieval.ports import Embedder, Reranker

_COLOURS = ("#9aa5b1", "#2f6fde", "#e08a1e", "#3a9d5d", "#8e5bd0", "#c8453b", "#1f9bb0", "#6b6b6b")
_GROUP_GAP, _BAR, _PLOT, _LEFT, _TOP = 26, 16, 240, 44, 34
_LEGEND_LINE = 18


async def compare_pipelines(
    directories: Sequence[Path],
    *,
    pipelines: Sequence[Pipeline],
    database_url: str,
    embedder: Embedder,
    reranker: Reranker | None = None,
    progress: Progress | None = None,
) -> list[RetrievalReport]:
    """Every pipeline over every data set; each set is ingested once.

    Raises UnusableDataSet, RetrievalError.
    """
    reports: list[RetrievalReport] = []
    for directory in directories:
        reports.extend(
            await evaluate_pipelines(
                directory,
                pipelines=pipelines,
                database_url=database_url,
                embedder=embedder,
                reranker=reranker,
                progress=progress,
            )
        )
    return reports


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
        mean = sum(report.ndcg_at_10 for report in row) / len(row)
        recall = sum(report.recall_at_20 for report in row) / len(row)
        slowest = max(report.latency.p95 for report in row)
        cells += [_decimal(mean), _decimal(recall), f"{slowest:.0f}"]
        lines.append(f"| {pipeline} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw_chart(reports: Sequence[RetrievalReport]) -> str:
    """nDCG@10 by data set, one bar for each pipeline, as an SVG document."""
    sets, pipelines, found = _arrange(reports)
    group = len(pipelines) * _BAR + _GROUP_GAP
    width = _LEFT + group * len(sets) + 12
    height = _TOP + _PLOT + 30 + _LEGEND_LINE * len(pipelines)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="{_LEFT}" y="18" font-size="13">nDCG@10</text>'
        )
    ]
    for tenth in range(0, 11, 2):
        y = _TOP + _PLOT * (1 - tenth / 10)
        parts.append(
            f'<line x1="{_LEFT}" x2="{width - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e3e3"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>'
        )
    for place, name in enumerate(sets):
        left = _LEFT + place * group + _GROUP_GAP / 2
        parts.append(
            f'<text x="{left + len(pipelines) * _BAR / 2:.1f}" y="{_TOP + _PLOT + 16}" '
            f'text-anchor="middle">{escape(name)}</text>'
        )
        for number, pipeline in enumerate(pipelines):
            report = found.get((name, pipeline))
            if report is None:
                continue
            bar = _PLOT * report.ndcg_at_10
            parts.append(
                f'<rect x="{left + number * _BAR:.1f}" y="{_TOP + _PLOT - bar:.1f}" '
                f'width="{_BAR - 2}" height="{bar:.1f}" fill="{_colour(number)}">'
                f"<title>{escape(pipeline)}: {_decimal(report.ndcg_at_10)}</title></rect>"
            )
    for number, pipeline in enumerate(pipelines):
        y = _TOP + _PLOT + 30 + number * _LEGEND_LINE
        parts.append(
            f'<rect x="{_LEFT}" y="{y}" width="11" height="11" fill="{_colour(number)}"/>'
            f'<text x="{_LEFT + 17}" y="{y + 10}">{escape(pipeline)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


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


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
