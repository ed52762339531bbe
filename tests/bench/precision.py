"""What the int8 model costs in quality against fp32: the same sets through the same pipeline."""

from collections.abc import Sequence
from pathlib import Path

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


async def measure_precision(bench: Bench, directories: Sequence[Path], portion: Portion) -> Section:
    """One row for each pipeline and set: nDCG@10 of both, and the change."""
    found: dict[str, dict[str, list[float]]] = {}
    for precision in (Precision.FP32, Precision.INT8):
        own = MiniLmEmbedder(MiniLm(precision))
        with remember_passages(own, REPOSITORY / ".bench" / "vectors") as embedder:
            comparison = await compare_pipelines(
                directories,
                pipelines=[parse_pipeline(name) for name in PIPELINES],
                database_url=bench.url,
                embedder=embedder,
                most_queries=portion.queries,
                most_documents=portion.documents,
            )
        found[str(precision)] = {
            name: comparison.read("ndcg_at_10", name) for name in comparison.pipelines
        }
    names = [*(directory.resolve().name for directory in directories), MEAN]
    rows: list[Row] = [
        {
            "pipeline": pipeline,
            "set": names[place],
            "fp32": round(fp32, 4),
            "int8": round(int8, 4),
            "change": f"{int8 - fp32:+.4f}",
        }
        for pipeline in PIPELINES
        for place, (fp32, int8) in enumerate(
            zip(found["fp32"][pipeline], found["int8"][pipeline], strict=True)
        )
    ]
    notes = [portion.describe()]
    return Section("int8", "nDCG@10 with the model in int8 against fp32", rows, notes)
