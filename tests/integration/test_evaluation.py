"""The evaluation over a real database, on a data set small enough to see through."""

import json
from pathlib import Path

import psycopg
import pytest

from retrieval.config import parse_pipeline
from retrieval.errors import EmbeddingFailed
from retrieval.evaluation.runner import (
    evaluate_pipelines,
    evaluate_retrieval,
    open_scratch_schema,
)
from retrieval.model import Vector
from tests.fakes.embedder import InMemoryEmbedder

TEXTS = {
    "bread": "Bread is baked in an oven for forty minutes.",
    "boats": "Boats sail on the lake when the wind blows.",
    "bees": "Bees make honey from the nectar of flowers.",
    "empty": "",
}
QUERIES = {"q1": ("how is bread baked", "bread"), "q2": ("honey nectar", "bees")}


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    def write(name: str, lines: list[str]) -> None:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    write(
        "corpus.jsonl",
        [json.dumps({"id": i, "title": i, "text": text}) for i, text in TEXTS.items()],
    )
    write(
        "queries.jsonl", [json.dumps({"id": i, "text": text}) for i, (text, _) in QUERIES.items()]
    )
    write("qrels.tsv", [f"{i}\t{document}\t1" for i, (_, document) in QUERIES.items()])
    return tmp_path


async def list_schemas(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            b"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'footnote_eval%%'"
        )
        return [row[0] for row in await cursor.fetchall()]


async def test_evaluations_can_run_side_by_side_and_one_can_be_killed(
    empty_database_url: str,
) -> None:
    query = b"SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
    async with open_scratch_schema(empty_database_url), open_scratch_schema(empty_database_url):
        assert len(await list_schemas(empty_database_url)) == 2
        async with await psycopg.AsyncConnection.connect(empty_database_url) as connection:
            assert await (await connection.execute(query)).fetchone() == ("public",)


async def test_a_perfect_ranking_is_measured_as_one(data_set: Path, database_url: str) -> None:
    steps: list[str] = []
    reports = await evaluate_pipelines(
        data_set,
        pipelines=[parse_pipeline("default"), parse_pipeline("naive")],
        database_url=database_url,
        embedder=InMemoryEmbedder(),
        progress=lambda step, done, total: steps.append(f"{step} {done}/{total}"),
    )
    for report in reports:
        assert (report.ndcg_at_10, report.recall_at_5, report.mrr_at_10) == (1, 1, 1)
        assert report.queries == 2
        assert report.ingestion.chunks == 3
        assert report.latency.p95 >= report.latency.p50 > 0
        assert report.peak_memory_mb > 1
        assert json.loads(json.dumps(report.to_json()))["pipeline"] == report.pipeline
    assert [report.pipeline for report in reports] == ["default", "naive"]
    assert steps[-1] == "queries 2/2"
    assert await list_schemas(database_url) == []


class FailingEmbedder(InMemoryEmbedder):
    """Fails once it is asked for a query."""

    async def embed_query(self, text: str) -> Vector:
        raise EmbeddingFailed


async def test_the_scratch_schema_is_dropped_on_failure_too(
    data_set: Path, database_url: str
) -> None:
    with pytest.raises(EmbeddingFailed):
        await evaluate_retrieval(
            data_set,
            pipeline=parse_pipeline("default"),
            database_url=database_url,
            embedder=FailingEmbedder(),
        )
    assert await list_schemas(database_url) == []
