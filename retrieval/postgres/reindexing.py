"""The vectors of a second embedding model beside those in use, and the turn from one to the other.

Sync goes on writing vectors of the model in use. What it writes is found here and done too; the
turn is made in one transaction that no writer can run beside, and only if nothing is missing.
"""

from collections.abc import Sequence

import psycopg

from retrieval.config import VectorIndex
from retrieval.errors import EmbeddingFailed
from retrieval.model import Chunk, ChunkId, EmbeddingModel, Embeddings, Span, TenantId
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.loading import EMBEDDING_TYPES, copy_records, embedding_records
from retrieval.postgres.models import ModelRegister, drop_quietly
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose


class PostgresModelPointer:
    """Knows which embedding model is in use. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self) -> str | None:
        """How to load the model in use; None in a database that has none yet."""
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("read_active_model"))
            row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def initialise(self, spec: str, model: EmbeddingModel) -> str:
        """Have a database begin with this model, unless it has one; the one that it has then."""
        await ModelRegister(self._pool, model).ensure()
        async with translate_errors(), self._pool.connection() as connection:
            await connection.execute(
                compose("begin_with_model"), {"spec": spec, "name": model.name}
            )
        return await self.read() or spec


class PostgresReindexStore:
    """Satisfies retrieval.ports.ReindexStore for one model."""

    def __init__(
        self, pool: Pool, model: EmbeddingModel, *, index: VectorIndex = VectorIndex.HALFVEC
    ) -> None:
        self._pool = pool
        self._model = model
        self._register = ModelRegister(pool, model, index)

    async def count(self) -> tuple[int, int]:
        """How many chunks have vectors of the model, and how many there are."""
        number = await self._register.enter()
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("count_embedded", model=number))
            row = await cursor.fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    async def list_tenants(self) -> Sequence[TenantId]:
        """Everyone who has documents."""
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("list_tenants"))
            return [TenantId(row[0]) async for row in cursor]

    async def find_unembedded(
        self,
        tenant: TenantId,
        limit: int,
        *,
        after: ChunkId = ChunkId(0),  # noqa: B008 - an int
    ) -> Sequence[tuple[ChunkId, str, Chunk]]:
        """Chunks beyond `after` without vectors of the model: (id, title, chunk), by id."""
        number = await self._register.enter()
        values = {"tenant": tenant, "limit": limit, "after": after}
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("find_unembedded", model=number), values)
            return [(ChunkId(row[0]), row[1], _chunk_from(row[2:])) async for row in cursor]

    async def add_embeddings(
        self, tenant: TenantId, chunks: Sequence[ChunkId], embeddings: Embeddings
    ) -> int:
        """Vectors for these chunks, in one transaction; how many of them are still there.

        Raises EmbeddingFailed where the vectors do not fit.
        """
        if embeddings.passages.shape != (len(chunks), self._model.dimensions):
            raise EmbeddingFailed(
                f"The vectors have shape {embeddings.passages.shape}, but {len(chunks)} of "
                f"{self._model.dimensions} dimensions were to come."
            )
        number = await self._register.enter()
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            # who may read a chunk must not change between the look and the writing
            await connection.execute(compose("lock_statistics"), {"tenant": tenant})
            cursor = await connection.execute(
                compose("find_groups", model=number), {"tenant": tenant, "chunks": list(chunks)}
            )
            groups = {row[0]: row[1] async for row in cursor}
            kept = [place for place, chunk in enumerate(chunks) if chunk in groups]
            keys = [(chunks[place], groups[chunks[place]]) for place in kept]
            records = embedding_records(tenant, keys, _select(embeddings, kept), number)
            await copy_records(connection, "copy_embeddings", EMBEDDING_TYPES, records)
        return len(kept)

    async def build_index(self) -> None:
        """The index over the model's vectors, built while others read and write."""
        await self._register.build_concurrently()

    async def activate(self, spec: str) -> bool:
        """Have everyone use the model from now on; False, and no change, if a chunk lacks it."""
        number = await self._register.enter()
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(compose("lock_every_tenant"))
            cursor = await connection.execute(compose("find_any_unembedded", model=number))
            if await cursor.fetchone() is not None:
                return False
            await connection.execute(compose("activate_model", model=number), {"spec": spec})
        return True


async def discard_inactive(pool: Pool) -> Sequence[str]:
    """Remove the vectors of every model but the one in use; the names of those models."""
    async with translate_errors(), pool.connection() as connection:
        cursor = await connection.execute(compose("list_inactive_models"))
        models = await cursor.fetchall()
        for number, _ in models:
            await drop_quietly(connection, number)
            await _delete_embeddings(connection, number)
            await connection.execute(compose("remove_model", model=number))
    return [name for _, name in models]


async def _delete_embeddings(connection: psycopg.AsyncConnection, number: int) -> None:
    """Some at a time, so that nobody waits for it."""
    deleted = 1
    while deleted:
        cursor = await connection.execute(compose("delete_some_embeddings", model=number))
        deleted = cursor.rowcount


def _select(embeddings: Embeddings, places: Sequence[int]) -> Embeddings:
    sentences, tokens = embeddings.sentences, embeddings.tokens
    return Embeddings(
        embeddings.passages[list(places)],
        None if sentences is None else tuple(sentences[place] for place in places),
        None if tokens is None else tuple(tokens[place] for place in places),
    )


def _chunk_from(row: Sequence[object]) -> Chunk:
    ordinal, text, start, end, headings, page, anchor, tokens = row
    return Chunk(ordinal, text, Span(start, end), tuple(headings), page, anchor, tokens)  # type: ignore[arg-type]
