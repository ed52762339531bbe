"""Reads of documents while they are replaced: each sees one version, whole."""

import asyncio
from dataclasses import dataclass

import numpy as np

from retrieval.embedding import embed_document
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    Source,
    Span,
    WeightedQuery,
)
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher
from tests.fakes.embedder import InMemoryEmbedder

CHUNKS = 4
DOCUMENTS = 5
READERS = 4
SEARCH_EVERY = 10
"""Every so many reads, the document is found by a search; else its chunks are read directly."""


@dataclass
class TornReads:
    """What the readers saw. A read is torn if it saw chunks of two versions, or not all."""

    reads: int = 0
    torn: int = 0
    swaps: int = 0


async def read_while_swapping(pool: Pool, source: Source, reads: int) -> TornReads:
    """Have readers read documents `reads` times in all while a writer replaces them."""
    embedder = InMemoryEmbedder()
    store = PostgresDocumentStore(pool, embedder.model)
    index = PostgresPassageIndex(pool, embedder.model)
    searcher = PassageSearcher(index, embedder)
    scope = AccessScope(source.tenant, frozenset({EVERYONE}), frozenset({source.name}))
    found = TornReads()

    async def swap(number: int, version: int) -> None:
        texts = [f"subject{number} part{part} version{version}." for part in range(CHUNKS)]
        chunks, start = [], 0
        for part, text in enumerate(texts):
            chunks.append(Chunk(part, text, Span(start, start + len(text))))
            start += len(text)
        document = Document(
            f"{number}", "https://x", "", "".join(texts), f"{version}", frozenset({EVERYONE})
        )
        vectors = await embed_document(embedder, "", chunks)
        await store.put_document(source, document, chunks, vectors)

    async def write() -> None:
        while found.reads < reads:
            found.swaps += 1
            await swap(found.swaps % DOCUMENTS, found.swaps)

    async def read(generator: np.random.Generator) -> None:
        while found.reads < reads:
            number = int(generator.integers(DOCUMENTS))
            found.reads += 1
            query = f"subject{number} part{int(generator.integers(CHUNKS))}"
            if found.reads % SEARCH_EVERY == 0:
                # all there is, for the best four need not be of the same document
                everything = DOCUMENTS * CHUNKS
                result = await searcher.search([WeightedQuery(query)], scope, limit=everything)
                texts = [hit.text for hit in result.passages if f"subject{number} " in hit.text]
            else:
                texts = await _read_whole(index, scope, embedder, query)
            versions = {text.rpartition(" ")[2] for text in texts}
            found.torn += len(versions) != 1 or len(texts) != CHUNKS

    for number in range(DOCUMENTS):
        await swap(number, 0)
    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        for seed in range(READERS):
            group.create_task(read(np.random.default_rng(seed)))
    return found


async def _read_whole(
    index: PostgresPassageIndex, scope: AccessScope, embedder: InMemoryEmbedder, query: str
) -> list[str]:
    """A hit and its neighbours, under one snapshot."""
    async with index.open_snapshot(scope) as snapshot:
        (hit,) = await snapshot.find_nearest(await embedder.embed_query(query), 1)
        around = await snapshot.load_neighbours(hit, CHUNKS, CHUNKS)
        return [passage.text for passage in around]
