"""What there is to read for somebody, source by source, in PostgreSQL."""

from collections.abc import Sequence

from psycopg.rows import class_row

from retrieval.model import MOST_COUNTED, AccessScope, ReadableSource
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.runs import find_query


class PostgresCatalog:
    """Satisfies bot.reading.ports.Catalog. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_readable(self, scope: AccessScope) -> Sequence[ReadableSource]:
        """The sources of which something may be read in the scope, by name, in one query.

        Nothing is counted of documents, nor told of sources, that are outside the scope.
        """
        values = {
            "tenant": scope.tenant,
            "readers": sorted(scope.readers),
            "sources": None if scope.sources is None else sorted(scope.sources),
            "most": MOST_COUNTED,
        }
        async with translate_errors(), self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(ReadableSource))
            return await (await cursor.execute(find_query("list_readable"), values)).fetchall()
