"""The migration runner over a real PostgreSQL."""

import asyncio
import re

import psycopg
import pytest

from migrations import runner
from migrations.runner import MigrationRefused, load_migrations, migrate
from retrieval.errors import StoreUnavailable
from retrieval.postgres.pool import open_pool


async def connect(url: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


ADDITIVE_FROM = 19
"""Before this number no release had been made that could still be running."""
TAKES_AWAY = re.compile(
    r"\b(DROP (TABLE|COLUMN)|RENAME|SET NOT NULL|ALTER COLUMN \w+ (SET DATA )?TYPE)\b"
)


def test_a_migration_takes_nothing_away_from_the_release_before_it() -> None:
    for migration in load_migrations():
        if migration.version >= ADDITIVE_FROM:
            assert not TAKES_AWAY.search(migration.text), migration.name


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


async def test_what_was_left_pending_before_is_not_posted_after_an_upgrade(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_migrations()
    monkeypatch.setattr(runner, "load_migrations", lambda: [m for m in known if m.version < 21])
    async with await connect(empty_database_url) as connection:
        await migrate(connection)
        await connection.execute(
            "INSERT INTO inbox (tenant_id, item_id, kind, platform, event, message, person, "
            "payload, state) SELECT 'default', state, 'question', 'slack', state, state, 'U1', "
            "'{}', state FROM unnest('{queued,done}'::text[]) AS state"
        )
        await connection.execute(
            "INSERT INTO outbox (tenant_id, key, platform, place, reply, created_at) "
            "SELECT 'default', key, 'slack', '{}', '{}', now() - age::interval FROM (VALUES "
            "('done:offer', '2 hours'), ('done:queue', '1 minute'), ('queued:queue', '2 hours')"
            ") AS letters (key, age)"
        )
        monkeypatch.setattr(runner, "load_migrations", lambda: known)
        assert [name for name in await migrate(connection) if name.startswith("0021")]
        cursor = await connection.execute("SELECT key, state FROM outbox ORDER BY key")
        states = dict(await cursor.fetchall())
    assert states == {"done:offer": "dead", "done:queue": "pending", "queued:queue": "pending"}


async def test_a_table_in_use_is_told_with_what_to_do(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = runner.Migration(9000, "9000_late.sql", "ALTER TABLE inbox ADD COLUMN late int;\n")
    async with await connect(empty_database_url) as connection:
        await migrate(connection)
        monkeypatch.setattr(runner, "load_migrations", lambda: [*load_migrations(), late])
        monkeypatch.setattr(runner, "LOCK_SECONDS", 0.01)
        async with (
            await connect(empty_database_url) as other,
            other.transaction(force_rollback=True),
        ):
            await other.execute("LOCK TABLE inbox")
            with pytest.raises(MigrationRefused, match=r"9000_late.sql waited .* Stop every"):
                await migrate(connection)
        assert await migrate(connection) == ["9000_late.sql"]


async def test_a_user_who_may_change_nothing_can_use_what_is_up_to_date(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = runner.Migration(9000, "9000_late.sql", "CREATE TABLE late (a int);\n")
    async with await connect(empty_database_url) as connection:
        await migrate(connection)
        await connection.execute("DROP ROLE IF EXISTS reader_of_migrations")
        await connection.execute("CREATE ROLE reader_of_migrations")
        await connection.execute("GRANT SELECT ON schema_migrations TO reader_of_migrations")
        await connection.execute("SET ROLE reader_of_migrations")
        assert await migrate(connection) == []
        monkeypatch.setattr(runner, "load_migrations", lambda: [*load_migrations(), late])
        with pytest.raises(MigrationRefused, match=r"9000_late.sql is not applied: permission"):
            await migrate(connection)
        await connection.execute("RESET ROLE")
        await connection.execute("DROP OWNED BY reader_of_migrations")
        await connection.execute("DROP ROLE reader_of_migrations")


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
