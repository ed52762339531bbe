"""The table and the chart of a comparison."""

from xml.etree import ElementTree as ET

from retrieval.evaluation.compare import draw_chart, format_table
from retrieval.evaluation.runner import Ingestion, Latency, RetrievalReport


def report(data_set: str, pipeline: str, ndcg: float) -> RetrievalReport:
    return RetrievalReport(
        data_set=data_set,
        pipeline=pipeline,
        model="m",
        queries=3,
        ndcg_at_10=ndcg,
        recall_at_5=0.1,
        recall_at_10=0.2,
        recall_at_20=0.5,
        mrr_at_10=0.4,
        ingestion=Ingestion(1, 2, 1.0, 1.0, 2.0, 0.1),
        latency=Latency(1.0, 12.0, 1.0, 2.0),
        stage_ms={},
        peak_memory_mb=1.0,
    )


REPORTS = [
    report("one", "naive", 0.5),
    report("one", "default", 0.75),
    report("a<b", "naive", 0.25),
    report("a<b", "default", 1.0),
]


def test_the_table_has_a_row_for_each_pipeline_with_its_mean() -> None:
    assert format_table(REPORTS).splitlines() == [
        "| pipeline | one | a<b | mean | recall@20 | p95 ms |",
        "| --- | --- | --- | --- | --- | --- |",
        "| naive | .500 | .250 | .375 | .500 | 12 |",
        "| default | .750 | 1.000 | .875 | .500 | 12 |",
    ]


def test_what_was_not_run_is_left_open() -> None:
    assert "| default | .750 | – | .750 |" in format_table(REPORTS[:3])


def test_the_chart_is_well_formed_and_has_a_bar_for_each_report() -> None:
    root = ET.fromstring(draw_chart(REPORTS))  # noqa: S314 - our own output
    bars = [bar for bar in root.iter("{http://www.w3.org/2000/svg}rect") if len(bar)]
    assert len(bars) == 4
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights[3] == max(heights)
