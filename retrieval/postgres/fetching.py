"""Queries that travel together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class Query:
    """A query with what is bound to it; its rows come in binary form if `binary`.

    `rows` is false for a statement that gives none.
    """

    text: bytes
    bound: Mapping[str, object] | Sequence[object] | None = None
    binary: bool = False
    rows: bool = True


async def fetch_together(
    connection: psycopg.AsyncConnection, *queries: Query
) -> list[list[tuple[Any, ...]]]:
    """The rows of each query that gives any, for one wait for the server."""
    if len(queries) == 1:
        return await _fetch_each(connection, queries)
    async with connection.pipeline():
        return await _fetch_each(connection, queries)


async def _fetch_each(
    connection: psycopg.AsyncConnection, queries: Sequence[Query]
) -> list[list[tuple[Any, ...]]]:
    cursors = []
    for query in queries:
        cursor = connection.cursor(binary=query.binary)
        await cursor.execute(query.text, query.bound)
        if query.rows:
            cursors.append(cursor)
    return [await cursor.fetchall() for cursor in cursors]
