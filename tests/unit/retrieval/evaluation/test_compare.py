"""The table that compares pipelines: every figure in its place."""

from pathlib import Path

import pytest

from retrieval.config import parse_pipeline
from retrieval.evaluation.compare import (
    Comparison,
    chart_comparison,
    compare_pipelines,
    tabulate_comparison,
)
from retrieval.evaluation.datasets import UnusableDataSet
from retrieval.evaluation.runner import Ingestion, Latency, RetrievalReport
from tests.fakes.embedder import InMemoryEmbedder


def report(data_set: str, pipeline: str, ndcg: float, recall: float = 0.5) -> RetrievalReport:
    return RetrievalReport(
        data_set=data_set,
        pipeline=pipeline,
        model="words",
        queries=1,
        ndcg_at_10=ndcg,
        recall_at_5=0.0,
        recall_at_10=0.0,
        recall_at_20=recall,
        mrr_at_10=0.0,
        ingestion=Ingestion(1, 1, 1.0, 1.0, 1.0, 0.0),
        latency=Latency(1.0, 1.0, 1.0, 1.0),
        stage_ms={},
        peak_memory_mb=1.0,
    )


COMPARISON = Comparison(
    ("naive", "default"),
    ("code", "docs"),
    (
        report("code", "naive", 0.2),
        report("code", "default", 0.4),
        report("docs", "naive", 0.6, 0.7),
        report("docs", "default", 0.9),
    ),
)


def test_a_row_holds_a_pipelines_figures_in_the_order_of_the_sets_then_their_mean() -> None:
    assert COMPARISON.read("ndcg_at_10", "naive") == pytest.approx([0.2, 0.6, 0.4])
    assert COMPARISON.read("ndcg_at_10", "default") == pytest.approx([0.4, 0.9, 0.65])
    assert COMPARISON.read("recall_at_20", "naive") == pytest.approx([0.5, 0.7, 0.6])


def test_as_plain_values_it_holds_the_table_and_the_reports() -> None:
    plain = COMPARISON.to_json()
    assert plain["ndcg_at_10"] == {
        "naive": {"code": 0.2, "docs": 0.6, "mean": pytest.approx(0.4)},
        "default": {"code": 0.4, "docs": 0.9, "mean": pytest.approx(0.65)},
    }
    assert len(plain["reports"]) == 4  # type: ignore[arg-type]


def test_the_chart_shows_every_pipeline_set_and_the_mean() -> None:
    chart = chart_comparison(COMPARISON)
    for word in (">naive<", ">default<", ">code<", ">docs<", ">mean<", ">.65<", "nDCG@10"):
        assert word in chart


def test_as_markdown_there_is_a_table_for_each_measure_and_one_of_sizes() -> None:
    recalls = "| recall@20 | code | docs | mean |\n| --- | ---: | ---: | ---: |\n"
    assert tabulate_comparison(COMPARISON).split("\n\n") == [
        (
            "| nDCG@10 | code | docs | mean |\n| --- | ---: | ---: | ---: |\n"
            "| naive | .200 | .600 | .400 |\n| default | .400 | .900 | .650 |"
        ),
        f"{recalls}| naive | .500 | .700 | .600 |\n| default | .500 | .500 | .500 |",
        "|  | code | docs |\n| --- | ---: | ---: |\n| queries | 1 | 1 |\n| passages | 1 | 1 |",
    ]


def write_set(directory: Path) -> Path:
    directory.mkdir(parents=True)
    (directory / "corpus.jsonl").write_text('{"id": "d", "title": "", "text": "words"}\n')
    (directory / "queries.jsonl").write_text('{"id": "q", "text": "words"}\n')
    (directory / "qrels.tsv").write_text("qid\tdocid\trel\nq\td\t1\n")
    return directory


@pytest.mark.parametrize(
    ("second", "words"), [("b/same", "called same"), ("b/missing", "not a folder")]
)
async def test_sets_that_cannot_be_compared_are_told_before_the_database_is_touched(
    tmp_path: Path, second: str, words: str
) -> None:
    write_set(tmp_path / "b/same")
    with pytest.raises(UnusableDataSet, match=words):
        await compare_pipelines(
            [write_set(tmp_path / "a/same"), tmp_path / second],
            pipelines=[parse_pipeline("naive")],
            database_url="postgresql://nobody@127.0.0.1:1/none",
            embedder=InMemoryEmbedder(),
        )
