"""Keeps the register of embedding models, and an index for each."""

import psycopg

from retrieval.config import VectorIndex
from retrieval.errors import EmbeddingFailed
from retrieval.model import EmbeddingModel
from retrieval.postgres.effort import EXACT_ROWS
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose

_INDEX_LOCK = 7_302_114_602
"""Key of the advisory lock under which vector indexes are made."""

COUNTED_EVERY = 500
"""So many chunks are written between two looks at whether there are enough for an index."""


_ADD = {VectorIndex.HALFVEC: "add_halfvec_index", VectorIndex.BINARY: "add_binary_index"}
_ADD_QUIETLY = {
    VectorIndex.HALFVEC: "add_halfvec_index_quietly",
    VectorIndex.BINARY: "add_binary_index_quietly",
}
_OPERATORS = {VectorIndex.HALFVEC: "halfvec_ip_ops", VectorIndex.BINARY: "bit_hamming_ops"}
"""What the definition of an index of each kind names."""


class ModelRegister:
    """Knows the number under which one model's vectors are kept. Raises StoreUnavailable."""

    def __init__(
        self, pool: Pool, model: EmbeddingModel, index: VectorIndex = VectorIndex.HALFVEC
    ) -> None:
        self._pool = pool
        self._model = model
        self._index = index
        self._number: int | None = None
        self._ensured = False
        self._unseen = COUNTED_EVERY
        self._settled = False

    @property
    def dimensions(self) -> int:
        return self._model.dimensions

    async def find(self, connection: psycopg.AsyncConnection) -> int | None:
        """The model's number; None while it has no vectors. Raises EmbeddingFailed."""
        if self._number is None:
            cursor = await connection.execute(compose("find_model"), {"name": self._model.name})
            row = await cursor.fetchone()
            if row is None:
                return None
            if row[1] != self._model.dimensions:
                raise EmbeddingFailed(
                    f"The database holds vectors of {row[1]} dimensions for {self._model.name}, "
                    f"but the model now gives {self._model.dimensions}. Choose a model of another "
                    "name, or sync everything into an empty database."
                )
            self._number = int(row[0])
        return self._number

    async def ensure(self) -> int:
        """The model's number; it is entered if it is new.

        An index of another kind than the one set gives way to one of this kind.
        """
        number = await self.enter()
        if not self._ensured:
            await self._replace_index(number)
            self._ensured = True
        return number

    async def enter(self) -> int:
        """The model's number; it is entered if it is new."""
        if self._number is not None:
            return self._number
        async with translate_errors(), self._pool.connection() as connection:
            number = await self.find(connection)
            if number is not None:
                return number
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INDEX_LOCK])
                await connection.execute(
                    compose("add_model"),
                    {"name": self._model.name, "dimensions": self._model.dimensions},
                )
                number = await self.find(connection)
                if number is None:
                    raise EmbeddingFailed(f"{self._model.name} could not be entered.")
            return number

    async def note_written(self, chunks: int) -> None:
        """Make the index once there are more chunks than a search compares one by one.

        Before that no search would use it, and each vector that goes into it costs as much as all
        else that is written of a chunk.
        """
        self._unseen += chunks
        if self._settled or self._unseen < COUNTED_EVERY:
            return
        self._unseen = 0
        number = await self.enter()
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("look_for_vector_index", model=number))
            held, there = await cursor.fetchone() or (0, False)
            if held <= EXACT_ROWS and not there:
                return
            if not there:
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INDEX_LOCK])
                    await self._add_index(connection, number)
        self._settled = True

    async def _add_index(self, connection: psycopg.AsyncConnection, number: int) -> None:
        await connection.execute(
            compose(_ADD[self._index], model=number, dimensions=self.dimensions)
        )

    async def _replace_index(self, number: int) -> None:
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("read_vector_index", model=number))
            [definition] = await cursor.fetchone() or [None]
            if definition is None or _OPERATORS[self._index] in definition:
                return
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INDEX_LOCK])
                await connection.execute(compose("drop_vector_index", model=number))
                await self._add_index(connection, number)

    async def build_concurrently(self) -> None:
        """Make the index while others read and write; one that broke off is made anew.

        Over partitions PostgreSQL makes no index concurrently, so that there writers wait.
        """
        number = await self.enter()
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("index_is_whole", model=number))
            if await cursor.fetchone() == (False,):
                await drop_quietly(connection, number)
            kind = (_ADD if await _is_partitioned(connection) else _ADD_QUIETLY)[self._index]
            await connection.execute(compose(kind, model=number, dimensions=self.dimensions))

    async def drop_index(self) -> None:
        """Before a large load: without the index, rows go in many times faster.

        Until `build_index`, this register makes none.
        """
        number = await self.ensure()
        self._settled = True
        async with translate_errors(), self._pool.connection() as connection:
            await connection.execute(compose("drop_vector_index", model=number))

    async def build_index(self, *, memory_mb: int = 512, workers: int = 2) -> None:
        """After a large load: make the index, if it is missing, with that many workers."""
        number = await self.ensure()
        settings = {
            "maintenance_work_mem": f"{memory_mb}MB",
            "max_parallel_maintenance_workers": str(workers),
        }
        async with translate_errors(), self._pool.connection() as connection:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INDEX_LOCK])
                for name, value in settings.items():
                    await connection.execute("SELECT set_config(%s, %s, true)", [name, value])
                await self._add_index(connection, number)
            await connection.execute("ANALYZE embedding")
            await connection.execute("ANALYZE lexical_chunk")


async def drop_quietly(connection: psycopg.AsyncConnection, number: int) -> None:
    """Drop the vector index of a model, if there is one, while others read and write."""
    name = "drop_vector_index"
    if not await _is_partitioned(connection):
        name = "drop_vector_index_quietly"
    await connection.execute(compose(name, model=number))


async def _is_partitioned(connection: psycopg.AsyncConnection) -> bool:
    cursor = await connection.execute(compose("find_partitioning"))
    return await cursor.fetchone() == (True,)
