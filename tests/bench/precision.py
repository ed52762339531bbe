"""What the int8 model costs in quality against fp32: the same sets through the same pipeline."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from retrieval.config import parse_pipeline
from retrieval.evaluation.compare import MEAN, compare_pipelines
from retrieval.evaluation.embedding_cache import remember_passages
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.minilm import MiniLm
from retrieval.inference.minilm_graph import Precision
from tests.bench.corpora import Portion
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench

PIPELINES = ("naive", "default")
PRECISIONS = (Precision.FP32, Precision.INT8)


async def measure_precision(bench: Bench, directories: Sequence[Path], portion: Portion) -> Section:
    """One row for each set and pipeline: nDCG@10 of both, and the change; their means last."""
    rows: list[Row] = []
    found: dict[str, list[tuple[float, float]]] = {}
    for directory in directories:
        exact, coarse = [
            await _measure(bench, directory, portion, precision) for precision in PRECISIONS
        ]
        for pipeline, fp32 in exact.items():
            found.setdefault(pipeline, []).append((fp32, coarse[pipeline]))
            rows.append(_row(pipeline, directory.resolve().name, fp32, coarse[pipeline]))
            bench.console.print(f"[dim]{' '.join(map(str, rows[-1].values()))}[/]")
    for pipeline, pairs in found.items():
        fp32, int8 = (fmean(one) for one in zip(*pairs, strict=True))
        rows.append(_row(pipeline, MEAN, fp32, int8))
    title = "nDCG@10 with the model in int8 against fp32"
    return Section("int8", title, rows, [portion.describe()], timed=False)


async def _measure(
    bench: Bench, directory: Path, portion: Portion, precision: Precision
) -> Mapping[str, float]:
    """nDCG@10 by pipeline."""
    own = MiniLmEmbedder(MiniLm(precision))
    with remember_passages(own, REPOSITORY / ".bench" / "vectors") as embedder:
        comparison = await compare_pipelines(
            [directory],
            pipelines=[parse_pipeline(name) for name in PIPELINES],
            database_url=bench.url,
            embedder=embedder,
            most_queries=portion.queries,
            most_documents=portion.documents,
        )
    return {report.pipeline: report.ndcg_at_10 for report in comparison.reports}


def _row(pipeline: str, name: str, fp32: float, int8: float) -> Row:
    return {
        "set": name,
        "pipeline": pipeline,
        "fp32": round(fp32, 4),
        "int8": round(int8, 4),
        "change": f"{int8 - fp32:+.4f}",
    }
