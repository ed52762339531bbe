"""Runs a pipeline over a data set in a schema of its own, through the product's own parts."""

import resource
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from migrations.runner import migrate
from retrieval.chunking import chunk_document
from retrieval.config import Pipeline
from retrieval.embedding import embed_documents
from retrieval.errors import DocumentUnreadable
from retrieval.evaluation.datasets import CorpusDocument, DataSet, JudgedQuery, load_data_set
from retrieval.evaluation.metrics import ndcg, percentile, recall, reciprocal_rank
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    DocumentId,
    Source,
    SourceId,
    TenantId,
    WeightedQuery,
)
from retrieval.parsing.plain_text import parse_plain_text
from retrieval.ports import Embedder, Reranker
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.pool import Pool, check_reachable, open_pool
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher

Progress = Callable[[str, int, int], None]
"""Told the step ('ingest', 'queries'), how much of it is done, and how much there is."""

TENANT = TenantId("default")
SCOPE = AccessScope(TENANT, frozenset({EVERYONE}))
BATCH_CHUNKS = 256
DEPTH = 100
"""Passages asked for where the ranking of documents is judged: a document may have several."""
TIMED_QUERIES = 500
TIMED_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What it took to bring a corpus in; rates are per second, all work included."""

    documents: int
    chunks: int
    seconds: float
    documents_per_second: float
    chunks_per_second: float
    index_seconds: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a query for ten passages, one at a time."""

    p50: float
    p95: float
    p50_without_embedding: float
    p95_without_embedding: float


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """What `footnote eval retrieval` prints. Measures are means over the judged queries."""

    data_set: str
    pipeline: str
    model: str
    queries: int
    ndcg_at_10: float
    recall_at_5: float
    recall_at_10: float
    recall_at_20: float
    mrr_at_10: float
    ingestion: Ingestion
    latency: Latency
    stage_ms: dict[str, float]
    peak_memory_mb: float

    def to_json(self) -> dict[str, object]:
        """The report as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Prepared:
    document: CorpusDocument
    text: str
    chunks: Sequence[Chunk]


async def evaluate_retrieval(
    directory: Path,
    *,
    pipeline: Pipeline,
    database_url: str,
    embedder: Embedder,
    reranker: Reranker | None = None,
    progress: Progress | None = None,
) -> RetrievalReport:
    """Ingest a data set, run every judged query, measure. Raises UnusableDataSet, RetrievalError.

    The scratch schema is dropped again, also on failure.
    """
    reports = await evaluate_pipelines(
        directory,
        pipelines=[pipeline],
        database_url=database_url,
        embedder=embedder,
        reranker=reranker,
        progress=progress,
    )
    return reports[0]


async def evaluate_pipelines(
    directory: Path,
    *,
    pipelines: Sequence[Pipeline],
    database_url: str,
    embedder: Embedder,
    reranker: Reranker | None = None,
    most_queries: int | None = None,
    most_documents: int | None = None,
    progress: Progress | None = None,
) -> list[RetrievalReport]:
    """As evaluate_retrieval, for several pipelines over one ingestion of a set thinned out to
    `most_queries` and `most_documents`."""
    data_set = load_data_set(directory).thin_out(most_queries).thin_corpus(most_documents)
    told = progress or _say_nothing
    async with open_scratch_schema(database_url) as pool:
        source = await _add_source(pool, data_set.name)
        store = PostgresDocumentStore(pool, embedder.model)
        ingestion = await ingest(store, source, data_set, embedder, told)
        names = {
            stored.document: external
            for external, stored in (await store.list_documents(source)).items()
        }
        index = PostgresPassageIndex(pool, embedder.model)
        return [
            await _judge(
                PassageSearcher(index, embedder, pipeline=pipeline, reranker=reranker),
                data_set,
                names,
                (embedder.model.name, ingestion),
                told,
            )
            for pipeline in pipelines
        ]


@asynccontextmanager
async def open_corpus(
    directory: Path,
    *,
    pipeline: Pipeline,
    database_url: str,
    embedder: Embedder,
    reranker: Reranker | None = None,
    progress: Progress | None = None,
) -> AsyncIterator[PassageSearcher]:
    """A searcher over a data set of its own; documents carry their id as URL. SCOPE sees all."""
    data_set = load_data_set(directory)
    async with open_scratch_schema(database_url) as pool:
        source = await _add_source(pool, data_set.name)
        store = PostgresDocumentStore(pool, embedder.model)
        await ingest(store, source, data_set, embedder, progress or _say_nothing)
        index = PostgresPassageIndex(pool, embedder.model)
        yield PassageSearcher(index, embedder, pipeline=pipeline, reranker=reranker)


@asynccontextmanager
async def open_scratch_schema(database_url: str) -> AsyncIterator[Pool]:
    """A pool over a migrated schema that nobody else sees, dropped at the end."""
    await check_reachable(database_url)
    schema = f"footnote_eval_{uuid.uuid4().hex[:12]}"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
        # in a schema of an evaluation it would be missing in others, and go when that one goes
        await admin.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
        await admin.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        try:
            await admin.execute(
                sql.SQL("SET search_path = {}, public").format(sql.Identifier(schema))
            )
            await migrate(admin)
            async with open_pool(database_url, size=4, search_path=f"{schema},public") as pool:
                yield pool
        finally:
            await admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


async def ingest(
    store: PostgresDocumentStore,
    source: Source,
    data_set: DataSet,
    embedder: Embedder,
    progress: Progress,
) -> Ingestion:
    """Chunk, embed and store a corpus; the vector index is built at the end."""
    start = time.perf_counter()
    await store.models.drop_index()
    total = len(data_set.documents)
    done = chunks = 0
    for batch in _batch(_prepare(data_set.documents, embedder)):
        vectors = await embed_documents(
            embedder, [(item.document.title, item.chunks) for item in batch]
        )
        await store.put_documents(
            source,
            [
                DocumentEntry(_as_document(item), item.chunks, embeddings)
                for item, embeddings in zip(batch, vectors, strict=True)
            ],
        )
        done += len(batch)
        chunks += sum(len(item.chunks) for item in batch)
        progress("ingest", done, total)
    before_index = time.perf_counter()
    await store.models.build_index()
    end = time.perf_counter()
    return Ingestion(
        documents=done,
        chunks=chunks,
        seconds=end - start,
        documents_per_second=done / (end - start),
        chunks_per_second=chunks / (end - start),
        index_seconds=end - before_index,
    )


def _prepare(documents: Sequence[CorpusDocument], embedder: Embedder) -> Iterator[_Prepared]:
    for document in documents:
        try:
            parsed = parse_plain_text(document.text, document.title)
        except DocumentUnreadable:
            continue
        chunks = chunk_document(parsed, count_tokens=embedder.count_tokens)
        yield _Prepared(document, parsed.text, chunks)


def _batch(documents: Iterator[_Prepared]) -> Iterator[list[_Prepared]]:
    batch: list[_Prepared] = []
    for document in documents:
        batch.append(document)
        if sum(len(item.chunks) for item in batch) >= BATCH_CHUNKS:
            yield batch
            batch = []
    if batch:
        yield batch


def _as_document(item: _Prepared) -> Document:
    return Document(
        external_id=item.document.id,
        url=item.document.id,
        title=item.document.title,
        text=item.text,
        content_hash="",
        audience=frozenset({EVERYONE}),
    )


async def _add_source(pool: Pool, name: str) -> Source:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO source (tenant_id, name, kind, config) VALUES (%s, %s, 'evaluation', '{}')"
            " RETURNING source_id",
            [TENANT, name],
        )
        row = await cursor.fetchone()
    return Source(TENANT, SourceId(row[0] if row else 0), name, "evaluation", {})


async def _judge(
    searcher: PassageSearcher,
    data_set: DataSet,
    names: dict[DocumentId, str],
    ingested: tuple[str, Ingestion],
    progress: Progress,
) -> RetrievalReport:
    model, ingestion = ingested
    await searcher.search([WeightedQuery("warm up")], SCOPE, limit=TIMED_LIMIT)
    timings = [
        (await searcher.search([WeightedQuery(query.text)], SCOPE, limit=TIMED_LIMIT)).timings_ms
        for query in data_set.thin_out(TIMED_QUERIES).queries
    ]
    measures: list[tuple[float, ...]] = []
    for query in data_set.queries:
        result = await searcher.search([WeightedQuery(query.text)], SCOPE, limit=DEPTH)
        ranking = list(dict.fromkeys(names[passage.document] for passage in result.passages))
        measures.append(_measure(ranking, query))
        progress("queries", len(measures), len(data_set.queries))
    means = [sum(column) / len(measures) for column in zip(*measures, strict=True)]
    stages = {stage for timing in timings for stage in timing}
    return RetrievalReport(
        data_set=data_set.name,
        pipeline=searcher.pipeline.name,
        model=model,
        queries=len(data_set.queries),
        ndcg_at_10=means[0],
        recall_at_5=means[1],
        recall_at_10=means[2],
        recall_at_20=means[3],
        mrr_at_10=means[4],
        ingestion=ingestion,
        latency=Latency(
            p50=percentile([timing["total"] for timing in timings], 50),
            p95=percentile([timing["total"] for timing in timings], 95),
            p50_without_embedding=percentile([t["total"] - t["embed"] for t in timings], 50),
            p95_without_embedding=percentile([t["total"] - t["embed"] for t in timings], 95),
        ),
        stage_ms={
            stage: percentile([timing.get(stage, 0.0) for timing in timings], 50)
            for stage in sorted(stages)
        },
        peak_memory_mb=read_peak_memory(),
    )


def _measure(ranking: Sequence[str], query: JudgedQuery) -> tuple[float, ...]:
    return (
        ndcg(ranking, query.judged),
        *(recall(ranking, query.judged, depth) for depth in (5, 10, 20)),
        reciprocal_rank(ranking, query.judged),
    )


def read_peak_memory() -> float:
    """The greatest resident size of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _say_nothing(_step: str, _done: int, _total: int) -> None:
    return None
