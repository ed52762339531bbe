"""Connections to PostgreSQL."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from retrieval.errors import StoreUnavailable

Pool = AsyncConnectionPool[psycopg.AsyncConnection]


@asynccontextmanager
async def open_pool(
    database_url: str,
    *,
    size: int = 10,
    search_path: str | None = None,
) -> AsyncIterator[Pool]:
    """A pool of autocommit connections that know pgvector's types.

    The schema must be migrated. `search_path` puts tables into a schema of their own. Raises
    StoreUnavailable when the server cannot be reached.
    """
    await check_reachable(database_url)
    options = {"options": f"-c search_path={search_path}"} if search_path else {}
    pool: Pool = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        timeout=5,
        open=False,
        kwargs={"autocommit": True, **options},
        configure=register_vector_async,
        check=check_alive,
        name="footnote",
    )
    try:
        await pool.open(wait=True, timeout=10)
    except PoolTimeout as error:
        await pool.close()
        raise StoreUnavailable(
            "The database answers, but is not ready for Footnote. Run `footnote migrate`."
        ) from error
    async with pool:
        yield pool


async def check_alive(connection: psycopg.AsyncConnection) -> None:
    """Raise psycopg.OperationalError for a connection that the server has ended.

    An idle connection has something to read only when the server said goodbye or hung up; so only
    then is it asked, which costs a journey.
    """
    news = select.poll()
    news.register(connection.fileno(), select.POLLIN)
    if news.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def check_reachable(database_url: str) -> None:
    """Raise StoreUnavailable, saying why, if the server does not answer within 5 s."""
    try:
        connection = await psycopg.AsyncConnection.connect(database_url, connect_timeout=5)
    except (psycopg.Error, OSError) as error:
        reason = " ".join(str(error).split()) or "no answer"
        raise StoreUnavailable(
            f"The database cannot be reached ({reason}). Check DATABASE_URL and that the server is "
            "up, or unset DATABASE_URL to use the embedded database."
        ) from error
    await connection.close()
