"""The migrated schema as text. `python -m tests.integration.schema_snapshot` writes it anew."""

import asyncio
import tempfile
from pathlib import Path

import psycopg

from migrations.runner import migrate
from retrieval.postgres.embedded import run_embedded_postgres

SNAPSHOT = Path(__file__).with_name("schema.txt")

COLUMNS = """
SELECT table_name, column_name, udt_name, is_nullable, coalesce(column_default, '')
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%'
ORDER BY table_name, ordinal_position
"""
INDEXES = """
SELECT tablename, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename NOT LIKE 'procrastinate%'
ORDER BY tablename, indexname
"""


async def describe_schema(connection: psycopg.AsyncConnection) -> str:
    """Every table with its columns and indexes, in a fixed order."""
    tables: dict[str, list[str]] = {}
    for table, column, kind, nullable, default in await (
        await connection.execute(COLUMNS)
    ).fetchall():
        required = "" if nullable == "YES" else " not null"
        shown = f" default {default}" if default else ""
        tables.setdefault(table, []).append(f"  {column} {kind}{required}{shown}")
    for table, definition in await (await connection.execute(INDEXES)).fetchall():
        tables[table].append(f"  {definition}")
    return "\n".join("\n".join([name, *lines, ""]) for name, lines in tables.items())


async def write_snapshot() -> None:
    """Migrate an empty database and keep what came of it."""
    with tempfile.TemporaryDirectory() as directory:
        async with (
            run_embedded_postgres(Path(directory)) as url,
            await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        ):
            await migrate(connection)
            SNAPSHOT.write_text(await describe_schema(connection), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(write_snapshot())
