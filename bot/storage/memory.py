"""What conversations are remembered by, in PostgreSQL."""

from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresThreadMemory:
    """Satisfies agents.ports.ThreadMemory. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def load(self, tenant: TenantId, thread: str) -> bytes | None:
        """What was saved last of a conversation."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["load_memory"], {"tenant": tenant, "thread": thread}, binary=True
            )
            row = await cursor.fetchone()
        return None if row is None else row[0]

    async def save(self, tenant: TenantId, thread: str, state: bytes) -> None:
        """Keep the state of a conversation in place of the one before."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["save_memory"], {"tenant": tenant, "thread": thread, "memory": state}
            )

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete it."""
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["forget_memory"], {"tenant": tenant, "thread": thread})
