"""The embedding model is changed while questions are answered and documents come in."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from bot.live_index import Index, LiveIndex
from retrieval.embedding import embed_document
from retrieval.errors import EmbeddingFailed, ModelChanged
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    EmbeddingModel,
    Embeddings,
    Source,
    Span,
    TenantId,
    Vector,
    WeightedQuery,
)
from retrieval.parsing.process import ProcessParser
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.reindexing import (
    PostgresModelPointer,
    PostgresReindexStore,
    discard_inactive,
)
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher
from retrieval.sync.engine import SyncEngine
from retrieval.sync.reindexing import reindex
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import InMemoryConnector

TENANT = TenantId("default")
SCOPE = AccessScope(TENANT, frozenset({EVERYONE}))
OLD = InMemoryEmbedder("old", 64)


class House:
    """A store of thirty documents, indexed with the model `old`."""

    def __init__(self, pool: Pool, source: Source) -> None:
        self.pool = pool
        self.source = source
        self.pointer = PostgresModelPointer(pool)

    async def put(self, name: str, embedder: InMemoryEmbedder = OLD, **about: object) -> None:
        text = f"This text is about word{name}."
        audience = frozenset({EVERYONE})
        document = Document(name, f"https://x/{name}", "", text, "h", audience, **about)
        chunks = [Chunk(0, text, Span(0, len(text)))]
        vectors = await embed_document(embedder, "", chunks)
        store = PostgresDocumentStore(self.pool, embedder.model)
        await store.put_document(self.source, document, chunks, vectors)

    async def build(self, spec: str) -> Index:
        embedder = InMemoryEmbedder(spec, 64 if spec == "old" else 32)
        searcher = PassageSearcher(PostgresPassageIndex(self.pool, embedder.model), embedder)
        engine = SyncEngine(
            PostgresDocumentStore(self.pool, embedder.model),
            PostgresSourceStore(self.pool),
            embedder,
            ProcessParser(),
            connect=lambda _: InMemoryConnector(),
        )
        return Index(spec, embedder, searcher, engine)

    async def open(self) -> LiveIndex:
        ticks = iter(range(0, 1_000_000, 10))
        return LiveIndex(
            await self.build("old"), self.pointer, self.build, clock=lambda: next(ticks)
        )

    async def count_vectors(self, name: str) -> int:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM embedding JOIN embedding_model USING (model_id)"
                " WHERE name = %s",
                [name],
            )
            row = await cursor.fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
async def house(pool: Pool) -> House:
    made = House(pool, await PostgresSourceStore(pool).add_source(TENANT, "docs", "memory", {}))
    assert await made.pointer.read() is None
    assert await made.pointer.initialise("old", OLD.model) == "old"
    for number in range(30):
        await made.put(str(number))
    return made


class Slow(InMemoryEmbedder):
    """An embedder that lets the test do something before each batch."""

    def __init__(self, before: asyncio.Queue[None]) -> None:
        super().__init__("new", 32)
        self.before = before

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        await self.before.get()
        return await super().embed_passages(texts)


async def test_answers_go_on_all_the_while_and_what_comes_in_is_not_left_out(house: House) -> None:
    live = await house.open()
    gate: asyncio.Queue[None] = asyncio.Queue()
    store = PostgresReindexStore(house.pool, EmbeddingModel("new", 32, 256))
    work = asyncio.create_task(reindex(store, Slow(gate), "new", batch=7))
    late = 0
    seen = set()
    while not work.done():
        if late < 3:
            await house.put(f"late{late}")
            late += 1
        gate.put_nowait(None)
        for wanted in ("3", "29", "late0"):
            result = await live.search([WeightedQuery(f"word{wanted}")], SCOPE)
            assert f"word{wanted}." in result.passages[0].text
        # The read comes after the search: a new index in use means that the flip came before.
        seen.add((live.embedder.model.name, await house.pointer.read()))
    assert await work == 30 + late
    assert ("old", "old") in seen
    assert ("new", "old") not in seen
    async with asyncio.timeout(20):
        while live.embedder.model.name != "new":
            assert (await live.search([WeightedQuery("word3")], SCOPE)).passages
    result = await live.search([WeightedQuery("word late1 wordlate1")], SCOPE)
    assert "wordlate1." in result.passages[0].text
    assert result.passages[0].scores["dense"] > 0
    assert await house.count_vectors("new") == 33


async def test_a_process_that_missed_the_change_cannot_write_old_vectors(house: House) -> None:
    new = InMemoryEmbedder("new", 32)
    await reindex(PostgresReindexStore(house.pool, new.model), new, "new")
    with pytest.raises(ModelChanged):
        await house.put("30")
    await house.put("30", new)
    assert await house.count_vectors("new") == 31


async def test_a_reindexing_that_broke_off_goes_on_and_one_given_up_leaves_nothing(
    house: House,
) -> None:
    class Breaking(InMemoryEmbedder):
        async def embed_passages(self, texts: Sequence[str]) -> Vector:
            if len(self.embedded) >= 14:
                raise EmbeddingFailed("out of credit")
            return await super().embed_passages(texts)

    store = PostgresReindexStore(house.pool, EmbeddingModel("new", 32, 256))
    with pytest.raises(EmbeddingFailed, match="credit"):
        await reindex(store, Breaking("new", 32), "new", batch=7)
    assert await house.pointer.read() == "old"
    assert await house.count_vectors("new") == 14
    told: list[tuple[int, int]] = []
    again = InMemoryEmbedder("new", 32)
    made = await reindex(store, again, "new", batch=7, report=lambda *now: told.append(now))
    assert made == len(again.embedded) == 16
    assert (told[0], told[-1]) == ((21, 30), (30, 30))
    assert await house.pointer.read() == "new"
    assert await discard_inactive(house.pool) == ["old"]
    assert (await house.count_vectors("old"), await house.count_vectors("new")) == (0, 30)
    assert await discard_inactive(house.pool) == []

    third = PostgresReindexStore(house.pool, EmbeddingModel("third", 16, 256))
    found = await third.find_unembedded(TENANT, 5)
    vectors = Embeddings(np.eye(5, 16, dtype=np.float32))
    await third.add_embeddings(TENANT, [number for number, *_ in found], vectors)
    assert await third.activate("third") is False
    assert await discard_inactive(house.pool) == ["third"]
    assert await house.pointer.read() == "new"


async def test_who_may_read_a_chunk_is_looked_at_when_its_vectors_are_written(house: House) -> None:
    new = InMemoryEmbedder("new", 32)
    store = PostgresReindexStore(house.pool, new.model)
    found = await store.find_unembedded(TENANT, 30)
    documents = PostgresDocumentStore(house.pool, OLD.model)
    await documents.hide_documents(house.source, ["3"])
    await documents.delete_documents(house.source, ["4"])
    vectors = await new.embed_passages([chunk.text for *_, chunk in found])
    numbers = [number for number, *_ in found]
    assert await store.add_embeddings(TENANT, numbers, Embeddings(vectors)) == 29
    assert await store.add_embeddings(TENANT, numbers, Embeddings(vectors)) == 0
    await store.build_index()
    assert await store.activate("new")
    searcher = (await house.build("new")).searcher
    texts = {hit.text for hit in (await searcher.search([WeightedQuery("word3")], SCOPE)).passages}
    assert not any("word3." in text or "word4." in text for text in texts)
    with pytest.raises(EmbeddingFailed, match="shape"):
        await store.add_embeddings(TENANT, numbers, Embeddings(vectors[:3]))


async def test_an_index_that_broke_off_is_made_anew(house: House) -> None:
    new = InMemoryEmbedder("new", 32)
    store = PostgresReindexStore(house.pool, new.model)
    await store.build_index()
    async with house.pool.connection() as connection:
        await connection.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = (SELECT 'embedding_nearest_' || model_id FROM embedding_model"
            " WHERE name = 'new')::regclass"
        )
    await reindex(store, new, "new")
    async with house.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT bool_and(indisvalid) FROM pg_index"
            " WHERE indexrelid::regclass::text LIKE 'embedding_nearest_%'"
        )
        assert await cursor.fetchone() == (True,)
