"""Conversations by their messages, in PostgreSQL."""

from bot.model import MessageKey, Platform, ThreadKey, name_shared_thread
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresThreads:
    """Satisfies bot.ports.Threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find_thread(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ThreadKey | None:
        """The conversation of a question that came in; None where the message is none.

        Of one that is answered to the asker alone, that is the one of the others there.
        """
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["find_thread"],
                {"tenant": tenant, "platform": platform, "message": message},
            )
            row = await cursor.fetchone()
        if row is None or row[0] is None:
            return None
        thread, person = row
        return name_shared_thread(ThreadKey(thread), person)
