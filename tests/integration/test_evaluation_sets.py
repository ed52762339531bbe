"""Evaluation over the committed data set, through the store and the search as they are shipped."""

from pathlib import Path

import psycopg
import pytest

from retrieval.config import parse_pipeline
from retrieval.evaluation.compare import compare_pipelines
from retrieval.evaluation.datasets import load_data_set
from retrieval.evaluation.runner import evaluate_retrieval
from tests.fakes.embedder import InMemoryEmbedder


@pytest.fixture
def directory(repository: Path) -> Path:
    return repository / "tests/evals/data/footnote-docs"


def test_every_judgement_of_the_committed_set_names_what_is_there(directory: Path) -> None:
    data_set = load_data_set(directory)
    known = {document.id for document in data_set.documents}
    assert len(known) == len(data_set.documents)
    assert len(data_set.queries) >= 40
    for query in data_set.queries:
        assert set(query.judged) <= known
        assert max(query.judged.values()) == 2


async def test_a_report_on_the_committed_set(directory: Path, empty_database_url: str) -> None:
    report = await evaluate_retrieval(
        directory,
        pipeline=parse_pipeline("lexical"),
        database_url=await prepare(empty_database_url),
        embedder=InMemoryEmbedder(),
    )
    assert report.data_set == "footnote-docs"
    assert report.ingestion.documents == len(load_data_set(directory).documents)
    assert report.ingestion.chunks >= report.ingestion.documents
    assert 0.3 < report.ndcg_at_10 <= 1
    assert report.recall_at_5 <= report.recall_at_10 <= report.recall_at_20 <= 1
    assert 0 < report.latency.p50 <= report.latency.p95


async def test_pipelines_are_compared_and_nothing_is_left_behind(
    directory: Path, empty_database_url: str
) -> None:
    url = await prepare(empty_database_url)
    comparison = await compare_pipelines(
        [directory],
        pipelines=[parse_pipeline(name) for name in ("naive", "default")],
        database_url=url,
        embedder=InMemoryEmbedder(),
    )
    [naive, naive_mean] = comparison.read("ndcg_at_10", "naive")
    [default, _] = comparison.read("ndcg_at_10", "default")
    assert naive == naive_mean
    assert default > naive
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'footnote_eval_%'"
        )
        assert await cursor.fetchone() == (0,)


async def prepare(url: str) -> str:
    """The extension lies in the public schema, as after `footnote migrate`."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return url
