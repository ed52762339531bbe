"""The migration runner over a real PostgreSQL."""

import asyncio

import psycopg
import pytest

from migrations import runner
from migrations.runner import MigrationRefused, load_migrations, migrate
from retrieval.errors import StoreUnavailable
from retrieval.postgres.pool import open_pool


async def connect(url: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def test_a_second_run_applies_nothing(empty_database_url: str) -> None:
    async with await connect(empty_database_url) as connection:
        first = await migrate(connection)
        assert first == [migration.name for migration in load_migrations()]
        assert await migrate(connection) == []


async def test_many_may_migrate_at_once(empty_database_url: str) -> None:
    async def run() -> list[str]:
        async with await connect(empty_database_url) as connection:
            return await migrate(connection)

    results = await asyncio.gather(*(run() for _ in range(5)))
    assert sorted(len(result) for result in results) == [0, 0, 0, 0, len(load_migrations())]


async def test_a_changed_file_is_refused(empty_database_url: str) -> None:
    async with await connect(empty_database_url) as connection:
        await migrate(connection)
        await connection.execute("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1")
        with pytest.raises(MigrationRefused, match="0001_core.sql"):
            await migrate(connection)


async def test_a_newer_database_is_refused(empty_database_url: str) -> None:
    async with await connect(empty_database_url) as connection:
        await migrate(connection)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'x', 'x')"
        )
        with pytest.raises(MigrationRefused, match="9999"):
            await migrate(connection)


async def test_a_failing_file_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = runner.Migration(9000, "9000_broken.sql", "CREATE TABLE half (a int);\nSELECT 1/0;\n")
    monkeypatch.setattr(runner, "load_migrations", lambda: [*load_migrations(), broken])
    async with await connect(empty_database_url) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await migrate(connection)
        row = await (await connection.execute("SELECT to_regclass('half')")).fetchone()
        assert row == (None,)


async def test_an_old_pgvector_is_refused(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEAST_PGVECTOR", (99, 0))
    async with await connect(empty_database_url) as connection:
        with pytest.raises(MigrationRefused, match="pgvector .* is too old"):
            await migrate(connection)


async def test_an_unreachable_database_is_named_as_such() -> None:
    with pytest.raises(StoreUnavailable, match="DATABASE_URL"):
        async with open_pool("postgresql://nobody@127.0.0.1:1/none"):
            pass
