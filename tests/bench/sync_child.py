"""A sync in a process of its own, which can be killed and whose memory can be measured.

`python -m tests.bench.sync_child URL SOURCE [--real]` prints a line for each document that is
done: how many are, and how many chunks were embedded; and at last what it found, as JSON.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence

from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.model import EncodedPassages, Span, SyncCounts, TenantId, Vector
from retrieval.parsing.process import ProcessParser
from retrieval.ports import Embedder
from retrieval.postgres.pool import open_pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sync.engine import SyncEngine
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import open_files


class CountingMiniLm(MiniLmEmbedder):
    """The real model, counting what it embeds."""

    count = 0

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.count += len(texts)
        return await super().embed_passages(texts)

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        self.count += len(texts)
        return await super().encode_passages(texts, spans)


class CountingWords(InMemoryEmbedder):
    """A stand-in for a model, counting what it embeds and forgetting it."""

    count = 0

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.count += len(texts)
        vectors = await super().embed_passages(texts)
        self.embedded.clear()
        return vectors


async def run(url: str, name: str, embedder: CountingMiniLm | CountingWords) -> None:
    async def tell(_: SyncCounts, done: int, total: int) -> None:
        print(done, embedder.count, flush=True)

    async with open_pool(url) as pool, ProcessParser(workers=1) as parser:
        records = PostgresSourceStore(pool, stale_seconds=0)
        source = await records.get_source(TenantId("default"), name)
        store = PostgresDocumentStore(pool, embedder.model)
        model: Embedder = embedder
        engine = SyncEngine(store, records, model, parser, connect=open_files)
        await embedder.embed_query("The model is loaded before the clock runs.")
        start = time.perf_counter()
        finished = await engine.run(source, progress=tell)
        found = {
            "state": finished.state.value,
            "error": finished.error,
            "seconds": time.perf_counter() - start,
            "embedded": embedder.count,
            "added": finished.counts.added,
            "unchanged": finished.counts.unchanged,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    real = "--real" in sys.argv
    asyncio.run(run(sys.argv[1], sys.argv[2], CountingMiniLm() if real else CountingWords()))
