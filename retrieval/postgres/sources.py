"""Sources and the record of their sync runs in PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from retrieval.errors import InvalidSource, StoreUnavailable, SyncInProgress, UnknownSource
from retrieval.model import (
    EVERYONE,
    RunId,
    Source,
    SourceId,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import load_queries

STALE_SECONDS = 15.0
"""A run without a sign of life for so long is taken for dead."""

QUERY_FILE = "sync_queries.sql"

Cursor = psycopg.AsyncCursor[DictRow]


@dataclass(frozen=True, slots=True)
class SourceHolding:
    """What the store holds of a source, for lists that people read."""

    source: Source
    documents: int
    synced_at: datetime | None


class PostgresSourceStore:
    """Adds, lists and removes sources, and keeps the record of sync runs (SyncRecords)."""

    def __init__(self, pool: Pool, *, stale_seconds: float = STALE_SECONDS) -> None:
        self._pool = pool
        self._stale_seconds = stale_seconds

    async def add_source(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: Iterable[str] = (EVERYONE,),
    ) -> Source:
        """Add a source whose config was checked. Raises InvalidSource if the name is taken."""
        values = {
            "tenant": tenant,
            "name": name,
            "kind": kind,
            "config": Jsonb(dict(config)),
            "audience": sorted(set(audience)),
        }
        async with self._open_cursor() as cursor:
            try:
                await cursor.execute(_query("add_source"), values)
            except psycopg.errors.UniqueViolation as error:
                raise InvalidSource(
                    f"There is a source named {name!r} already. Choose another name, or remove it."
                ) from error
            except psycopg.errors.ForeignKeyViolation as error:
                raise InvalidSource(f"There is no tenant {tenant!r}.") from error
            return _make_source(tenant, await _fetch_one(cursor))

    async def list_sources(self, tenant: TenantId) -> list[Source]:
        """All sources of a tenant, by name."""
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("list_sources"), {"tenant": tenant})
            return [_make_source(tenant, row) for row in await cursor.fetchall()]

    async def list_holdings(self, tenant: TenantId) -> list[SourceHolding]:
        """All sources of a tenant, by name, with what the store holds of each."""
        sources = await self.list_sources(tenant)
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("count_documents"), {"tenant": tenant})
            rows = {row["source_id"]: row for row in await cursor.fetchall()}
        return [
            SourceHolding(source, row["documents"], row["synced_at"])
            if (row := rows.get(source.id))
            else SourceHolding(source, 0, None)
            for source in sources
        ]

    async def get_source(self, tenant: TenantId, name: str) -> Source:
        """One source. Raises UnknownSource, naming those there are."""
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("find_source"), {"tenant": tenant, "name": name})
            row = await cursor.fetchone()
        if row is None:
            raise UnknownSource(await self._explain_unknown(tenant, name))
        return _make_source(tenant, row)

    async def remove_source(self, tenant: TenantId, name: str) -> int:
        """Remove a source with its documents; how many there were. Raises UnknownSource."""
        async with self._open_cursor() as cursor, cursor.connection.transaction():
            # what the triggers of a large cascade lock one by one is locked first, as writers do
            await cursor.execute(_query("lock_statistics"), {"tenant": tenant})
            await cursor.execute(_query("remove_source"), {"tenant": tenant, "name": name})
            row = await cursor.fetchone()
        if row is None:
            raise UnknownSource(await self._explain_unknown(tenant, name))
        return int(row["documents"])

    async def start_run(self, source: Source, mode: SyncMode) -> SyncRun:
        """Open a run; one that died is closed first. Raises SyncInProgress."""
        run = RunId(uuid.uuid4().hex)
        values = {
            "tenant": source.tenant,
            "source": source.id,
            "run": run,
            "mode": mode.value,
            "stale_seconds": self._stale_seconds,
            "error": "The run was interrupted: its process ended or lost the database.",
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("close_dead_runs"), values)
            try:
                await cursor.execute(_query("start_run"), values)
            except psycopg.errors.UniqueViolation as error:
                raise SyncInProgress(
                    f"{source.name} is being synced already. Wait for that run to end."
                ) from error
            except psycopg.errors.ForeignKeyViolation as error:
                raise UnknownSource(f"The source {source.name} was removed.") from error
            return await _load_run(cursor, source.tenant, run)

    async def update_run(self, source: Source, run: RunId, counts: SyncCounts) -> bool:
        """Say that the run is alive, and its counts. False if it was closed by someone else."""
        values = {"tenant": source.tenant, "run": run, **asdict(counts)}
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("update_run"), values)
            return cursor.rowcount == 1

    async def record_failure(self, source: Source, run: RunId, failure: SyncFailure) -> None:
        """Keep a document's failure; of several for one document the last one counts."""
        values = {
            "tenant": source.tenant,
            "run": run,
            "external_id": failure.external_id,
            "reason": failure.reason.replace("\x00", ""),
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("record_failure"), values)

    async def finish_run(
        self,
        source: Source,
        run: RunId,
        state: SyncState,
        counts: SyncCounts,
        error: str | None = None,
    ) -> SyncRun:
        """Close a run unless it is closed, and return its record with all its failures."""
        values = {
            "tenant": source.tenant,
            "run": run,
            "state": state.value,
            "error": error,
            **asdict(counts),
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("finish_run"), values)
            return await _load_run(cursor, source.tenant, run)

    async def list_runs(
        self, tenant: TenantId, source: str | None = None, *, limit: int = 20
    ) -> list[SyncRun]:
        """The latest runs of one source, or of all, the latest first."""
        values = {"tenant": tenant, "name": source, "limit": limit}
        async with self._open_cursor() as cursor:
            await cursor.execute(_query("list_runs"), values)
            rows = await cursor.fetchall()
            return await _make_runs(cursor, tenant, rows)

    async def _explain_unknown(self, tenant: TenantId, name: str) -> str:
        names = [source.name for source in await self.list_sources(tenant)]
        known = f"There is {', '.join(names)}." if names else "Add one first."
        return f"There is no source named {name!r}. {known}"

    @asynccontextmanager
    async def _open_cursor(self) -> AsyncIterator[Cursor]:
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            yield cursor


def _query(name: str) -> sql.SQL:
    text: LiteralString = load_queries(QUERY_FILE)[name]
    return sql.SQL(text)


async def _fetch_one(cursor: Cursor) -> DictRow:
    row = await cursor.fetchone()
    if row is None:
        raise StoreUnavailable("The database lost what was just written.")
    return row


def _make_source(tenant: TenantId, row: Mapping[str, Any]) -> Source:
    return Source(
        tenant=tenant,
        id=SourceId(row["source_id"]),
        name=row["name"],
        kind=row["kind"],
        config=row["config"],
        audience=frozenset(row["audience"]),
    )


async def _load_run(cursor: Cursor, tenant: TenantId, run: RunId) -> SyncRun:
    await cursor.execute(_query("find_run"), {"tenant": tenant, "run": run})
    row = await cursor.fetchone()
    if row is None:
        raise UnknownSource("The source was removed while it was synced.")
    return (await _make_runs(cursor, tenant, [row]))[0]


async def _make_runs(
    cursor: Cursor, tenant: TenantId, rows: Sequence[Mapping[str, Any]]
) -> list[SyncRun]:
    runs = [row["run_id"] for row in rows]
    await cursor.execute(_query("list_failures"), {"tenant": tenant, "runs": runs})
    failures: dict[str, list[SyncFailure]] = {run: [] for run in runs}
    for row in await cursor.fetchall():
        failures[row["run_id"]].append(SyncFailure(row["external_id"], row["reason"]))
    names = SyncCounts.__dataclass_fields__
    return [
        SyncRun(
            id=RunId(row["run_id"]),
            source=row["source"],
            mode=SyncMode(row["mode"]),
            state=SyncState(row["state"]),
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            counts=SyncCounts(**{name: row[name] for name in names}),
            failures=tuple(failures[row["run_id"]]),
            error=row["error"],
        )
        for row in rows
    ]
