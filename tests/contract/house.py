"""A store with what a test needs to fill and ask it: the fake and PostgreSQL look the same."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from retrieval.config import Pipeline, parse_pipeline
from retrieval.embedding import embed_document
from retrieval.lexical import Analyzer
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    Period,
    Source,
    SourceId,
    Span,
    TenantId,
    WeightedQuery,
)
from retrieval.ports import DocumentStore, PassageIndex
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher
from tests.fakes.document_store import InMemoryDocumentStore
from tests.fakes.embedder import InMemoryEmbedder

HOME = TenantId("default")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PUBLIC = AccessScope(HOME, frozenset({EVERYONE}))


@dataclass(frozen=True)
class House:
    """A store with what a test needs to fill and ask it."""

    store: DocumentStore
    index: PassageIndex
    embedder: InMemoryEmbedder
    sources: dict[tuple[str, str], Source]
    analyzer: Analyzer = field(default_factory=Analyzer)

    def searcher(self, pipeline: Pipeline | None = None) -> PassageSearcher:
        return PassageSearcher(self.index, self.embedder, pipeline=pipeline, analyzer=self.analyzer)

    async def put(
        self,
        name: str,
        *texts: str,
        title: str = "",
        source: tuple[str, str] = ("default", "docs"),
        audience: frozenset[str] = frozenset({EVERYONE}),
        modified_at: datetime | None = None,
    ) -> None:
        body = "\n\n".join(texts)
        chunks, start = [], 0
        for ordinal, text in enumerate(texts):
            span = Span(start, start + len(text))
            chunks.append(Chunk(ordinal, text, span, ("Part",) if ordinal else ()))
            start = span.end + 2
        document = Document(
            name, f"https://docs.example/{name}", title, body, "hash", audience, modified_at
        )
        vectors = await embed_document(self.embedder, title, chunks)
        await self.store.put_document(self.sources[source], document, chunks, vectors)

    async def find(
        self,
        text: str,
        scope: AccessScope = PUBLIC,
        *,
        limit: int = 10,
        pipeline: str = "default",
        period: Period | None = None,
    ) -> list[str]:
        searcher = self.searcher(parse_pipeline(pipeline))
        result = await searcher.search([WeightedQuery(text)], scope, limit=limit, period=period)
        return [passage.url.rsplit("/", 1)[1] for passage in result.passages]


def make_sources(numbers: dict[tuple[str, str], int]) -> dict[tuple[str, str], Source]:
    return {
        (tenant, name): Source(
            TenantId(tenant), SourceId(number), name, "files", CONFIGS.get(name, {})
        )
        for (tenant, name), number in numbers.items()
    }


NAMES = [("default", "docs"), ("default", "wiki"), ("default", "policy"), ("other", "docs")]
CONFIGS = {"policy": {"authority": 1.5}}


def speak(house: House, analyzer: Analyzer) -> House:
    """The same house, whose documents and queries are read by another analyzer."""
    if isinstance(house.store, PostgresDocumentStore):
        store = PostgresDocumentStore(house.store._pool, house.embedder.model, analyzer=analyzer)
        return replace(house, store=store, analyzer=analyzer)
    memory = InMemoryDocumentStore(house.embedder.model, analyzer)
    return replace(house, store=memory, index=memory, analyzer=analyzer)
