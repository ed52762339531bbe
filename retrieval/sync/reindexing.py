"""Changes the embedding model while the one in use goes on answering."""

from collections.abc import Callable

from retrieval.embedding import embed_chunks
from retrieval.model import ChunkId
from retrieval.ports import Embedder, ReindexStore

BATCH_CHUNKS = 64

Report = Callable[[int, int], None]


async def reindex(
    store: ReindexStore,
    embedder: Embedder,
    spec: str,
    *,
    report: Report | None = None,
    batch: int = BATCH_CHUNKS,
) -> int:
    """Give every chunk vectors of `embedder`, then have everyone use them; how many were made.

    What is there already is kept, so that a reindexing that broke off goes on. `report` is told
    how many chunks are done, and of how many. Raises EmbeddingFailed, StoreUnavailable.
    """
    made = await _fill(store, embedder, report, batch)
    await store.build_index()
    while not await store.activate(spec):
        # what was synced meanwhile
        made += await _fill(store, embedder, report, batch)
    return made


async def _fill(store: ReindexStore, embedder: Embedder, report: Report | None, batch: int) -> int:
    done, total = await store.count()
    made = 0
    for tenant in await store.list_tenants():
        after = ChunkId(0)
        while found := await store.find_unembedded(tenant, batch, after=after):
            texts = [(title, chunk) for _, title, chunk in found]
            embeddings = await embed_chunks(embedder, texts)
            made += await store.add_embeddings(tenant, [chunk for chunk, *_ in found], embeddings)
            after = found[-1][0]
            if report is not None:
                report(done + made, max(total, done + made))
    return made
