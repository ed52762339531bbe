"""Conversations by their messages, in PostgreSQL."""

from bot.model import MessageKey, Platform, ThreadKey
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresThreads:
    """Satisfies bot.ports.Threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find_thread(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ThreadKey | None:
        """The conversation of a question that came in; None where the message is none."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["find_thread"],
                {"tenant": tenant, "platform": platform, "message": message},
            )
            row = await cursor.fetchone()
        return None if row is None or row[0] is None else ThreadKey(row[0])
