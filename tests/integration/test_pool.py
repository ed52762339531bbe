"""Connections that the server has ended are not handed out."""

import psycopg

from retrieval.postgres.pool import Pool


async def read_backend(pool: Pool) -> int:
    async with pool.connection() as connection:
        return connection.info.backend_pid


async def test_a_connection_that_was_ended_while_idle_is_replaced(
    pool: Pool, database_url: str
) -> None:
    first = await read_backend(pool)
    assert await read_backend(pool) == first
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
        await admin.execute("SELECT pg_terminate_backend(%s, 10000)", [first])
    async with pool.connection() as connection:
        assert connection.info.backend_pid != first
        await connection.execute("SELECT 1")
