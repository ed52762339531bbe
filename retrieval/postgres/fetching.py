"""Queries that travel together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Query:
    """A query with what is bound to it; its rows come in binary form if `binary`.

    `rows` is false for a statement that gives none.
    """

    text: sql.SQL | sql.Composed
    bound: Mapping[str, object] | Sequence[object] | None = None
    binary: bool = False
    rows: bool = True


async def fetch_together(
    connection: psycopg.AsyncConnection, *queries: Query
) -> list[list[tuple[Any, ...]]]:
    """The rows of each query that gives any, for one wait for the server."""
    async with connection.pipeline():
        cursors = []
        for query in queries:
            cursor = connection.cursor(binary=query.binary)
            await cursor.execute(query.text, query.bound)
            if query.rows:
                cursors.append(cursor)
        return [await cursor.fetchall() for cursor in cursors]
