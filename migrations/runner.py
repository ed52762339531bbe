"""Applies the numbered SQL files of this package, forward only.

Each file runs once, in a transaction of its own, under an advisory lock, so that many processes may
start at the same time. A first line `-- no-transaction` runs a file outside of one, which
CREATE INDEX CONCURRENTLY needs. A file that was changed after it was applied is refused.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import sql

LOCK = 7_302_114_601
"""Key of the advisory lock; any constant that no other program uses on the same database."""

LEAST_POSTGRES = 15
LEAST_PGVECTOR = (0, 8)

LOCK_SECONDS = 10
"""How long a file may wait for a table; whoever uses it waits as long."""

_LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())"
)


class MigrationRefused(Exception):
    """The database cannot be migrated as it is. The text says how to mend it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and what it says."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def transactional(self) -> bool:
        return not self.text.startswith("-- no-transaction")


def load_migrations() -> list[Migration]:
    """The migrations that ship with this version, in order."""
    found = [
        Migration(int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
        for entry in files("migrations").iterdir()
        if (match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name))
    ]
    return sorted(found, key=lambda migration: migration.version)


async def migrate(connection: psycopg.AsyncConnection) -> list[str]:
    """Bring the schema up to date; returns the names of the files applied.

    The connection must be in autocommit mode and have a direct session (no transaction pooling).
    Raises MigrationRefused.
    """
    await check_versions(connection)
    async with hold_lock(connection):
        return await _apply_missing(connection)


@asynccontextmanager
async def hold_lock(connection: psycopg.AsyncConnection) -> AsyncIterator[None]:
    """Keep other processes from changing the schema. May be nested on one connection."""
    await connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


async def check_versions(connection: psycopg.AsyncConnection) -> None:
    """Refuse a server or a pgvector that is too old, before anything is written."""
    if connection.info.server_version < LEAST_POSTGRES * 10_000:
        raise MigrationRefused(
            f"PostgreSQL {connection.info.server_version // 10_000} is too old: "
            f"Footnote needs {LEAST_POSTGRES} or later. Point DATABASE_URL at a newer server."
        )
    row = await (
        await connection.execute(
            "SELECT default_version, installed_version FROM pg_available_extensions"
            " WHERE name = 'vector'"
        )
    ).fetchone()
    if row is None:
        raise MigrationRefused(
            "The PostgreSQL server lacks the pgvector extension. Install pgvector 0.8 or later on "
            "it, or unset DATABASE_URL to use the embedded database."
        )
    version = row[1] or row[0]
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_PGVECTOR:
        mend = (
            "run ALTER EXTENSION vector UPDATE"
            if row[1] and row[0] != row[1]
            else "install a newer pgvector on the server"
        )
        raise MigrationRefused(f"pgvector {version} is too old: Footnote needs 0.8; {mend}.")


async def find_missing(connection: psycopg.AsyncConnection) -> list[Migration]:
    """What is not applied yet, in order. Raises MigrationRefused where the database is newer."""
    return _compare(await _read_applied(connection))


async def _read_applied(connection: psycopg.AsyncConnection) -> dict[int, str]:
    """The checksum of each migration that was applied, by its number."""
    cursor = await connection.execute(
        "SELECT to_regclass(quote_ident(current_schema()) || '.schema_migrations') IS NOT NULL"
    )
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return {}
    cursor = await connection.execute("SELECT version, checksum FROM schema_migrations")
    return dict(await cursor.fetchall())


def _compare(applied: Mapping[int, str]) -> list[Migration]:
    known = load_migrations()
    newest = max((migration.version for migration in known), default=0)
    if ahead := [version for version in applied if version > newest]:
        raise MigrationRefused(
            f"The database is at migration {max(ahead)}, newer than this Footnote knows "
            f"({newest}). Install the release that made it."
        )
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationRefused(
                f"{migration.name} is not the file that was applied to this database. "
                "Restore the file as released; changes belong in a new migration."
            )
    return [migration for migration in known if migration.version not in applied]


async def _apply_missing(connection: psycopg.AsyncConnection) -> list[str]:
    missing = await find_missing(connection)
    for migration in missing:
        try:
            await _apply(connection, migration)
        except psycopg.errors.LockNotAvailable as error:
            raise MigrationRefused(
                f"{migration.name} waited {LOCK_SECONDS} seconds for a table that is in use, and "
                "changed nothing. Stop every Footnote process, then run `footnote migrate`."
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            reason = str(error).splitlines()[0]
            raise MigrationRefused(
                f"{migration.name} is not applied: {reason}. "
                "Run `footnote migrate` as a database user who may do that."
            ) from error
    return [migration.name for migration in missing]


async def _apply(connection: psycopg.AsyncConnection, migration: Migration) -> None:
    await connection.execute(_LEDGER)
    record = sql.SQL(
        "INSERT INTO schema_migrations (version, name, checksum) VALUES ({}, {}, {})"
    ).format(migration.version, migration.name, migration.checksum)
    if not migration.transactional:
        for statement in migration.text.split(";\n"):
            if statement.strip():
                await connection.execute(statement.encode())
        await connection.execute(record)
        return
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'".encode())
        await connection.execute(migration.text.encode())
        await connection.execute(record)
