"""What the adapters of this package share: their SQL, and the translation of psycopg's errors."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from retrieval.errors import StoreUnavailable

Pool = AsyncConnectionPool[psycopg.AsyncConnection]

_UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TooManyRequests)


def load_queries() -> dict[str, bytes]:
    """The blocks of queries.sql by name."""
    text = (files("bot.storage") / "queries.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {
        name: query.strip().removesuffix(";").encode()
        for name, query in zip(parts[::2], parts[1::2], strict=True)
    }


QUERIES = load_queries()


@asynccontextmanager
async def connect(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection for a single statement. Raises StoreUnavailable."""
    try:
        async with pool.connection() as connection:
            yield connection
    except _UNAVAILABLE as error:
        raise StoreUnavailable(f"The database cannot be reached: {error}") from error


@asynccontextmanager
async def begin(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection within a transaction. Raises StoreUnavailable."""
    async with connect(pool) as connection, connection.transaction():
        yield connection
