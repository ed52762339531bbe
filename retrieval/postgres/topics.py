"""What documents are about, by their titles and headings, in PostgreSQL."""

from collections.abc import Sequence

from psycopg.rows import class_row

from retrieval.model import TenantId, Topic
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose

LATEST_DOCUMENTS = 200
"""So many of the documents that were added last are looked at, however many there are."""


class PostgresTopics:
    """Satisfies bot.ports.Topics. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_topics(
        self, tenant: TenantId, readers: frozenset[str], *, without: frozenset[str]
    ) -> Sequence[Topic]:
        """The topics of the latest documents that one of these readers may read, kinds of source
        that are in `without` left out; the latest document first, its topics in their order.
        """
        values = {
            "tenant": tenant,
            "readers": sorted(readers),
            "without": sorted(without),
            "limit": LATEST_DOCUMENTS,
        }
        async with translate_errors(), self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Topic))
            return await (await cursor.execute(compose("list_topics"), values)).fetchall()
