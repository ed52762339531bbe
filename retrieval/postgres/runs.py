"""The record of sync runs, and of documents that cannot be read, in PostgreSQL."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from retrieval.errors import SyncInProgress, UnknownRun, UnknownSource
from retrieval.model import (
    RunId,
    RunSignal,
    Source,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
    UnreadableDocument,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import load_queries

STALE_SECONDS = 15.0
"""A run without a sign of life for so long is taken for dead."""

QUERY_FILE = "sync_queries.sql"

Cursor = psycopg.AsyncCursor[DictRow]


class PostgresSyncRecords:
    """Satisfies retrieval.ports.SyncRecords."""

    def __init__(self, pool: Pool, *, stale_seconds: float = STALE_SECONDS) -> None:
        self._pool = pool
        self._stale_seconds = stale_seconds

    async def start_run(self, source: Source, mode: SyncMode, run: RunId | None = None) -> SyncRun:
        """Open a run; one that died is closed first. Raises SyncInProgress."""
        fresh = RunId(uuid.uuid4().hex)
        values = {
            "tenant": source.tenant,
            "source": source.id,
            "run": run or fresh,
            "fresh": fresh,
            "mode": mode.value,
            "stale_seconds": self._stale_seconds,
            "error": "The run was interrupted: its process ended or lost the database.",
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("close_dead_runs"), values)
            try:
                await cursor.execute(find_query("start_run"), values)
            except psycopg.errors.UniqueViolation as error:
                raise SyncInProgress(
                    f"{source.name} is being synced already. Wait for that run to end."
                ) from error
            except psycopg.errors.ForeignKeyViolation as error:
                raise UnknownSource(f"The source {source.name} was removed.") from error
            row = await cursor.fetchone()
            return await _load_run(cursor, source.tenant, RunId(row["run_id"]) if row else fresh)

    async def update_run(
        self, source: Source, run: RunId, counts: SyncCounts, *, done: int = 0, total: int = 0
    ) -> RunSignal:
        """Say that the run is alive and how far it is; learn whether to go on."""
        values = {
            "tenant": source.tenant,
            "run": run,
            **asdict(counts),
            "done": done,
            "total": total,
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("update_run"), values)
            row = await cursor.fetchone()
        if row is None:
            return RunSignal.LOST
        return RunSignal.CANCEL if row["cancel_requested"] else RunSignal.GO_ON

    async def cancel_run(self, source: Source) -> RunId | None:
        """Have the run of a source end, wherever it runs; None where there is none."""
        values = {"tenant": source.tenant, "source": source.id}
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("cancel_run"), values)
            row = await cursor.fetchone()
        return None if row is None else RunId(row["run_id"])

    async def record_failure(
        self, source: Source, run: RunId, failure: SyncFailure, *, fingerprint: str | None = None
    ) -> None:
        """Keep a document's failure, in the run and beyond it, until it is read or gone."""
        values = {
            "tenant": source.tenant,
            "source": source.id,
            "run": run,
            "external_id": failure.external_id,
            "fingerprint": fingerprint,
            "reason": failure.reason.replace("\x00", ""),
        }
        async with self._open_cursor() as cursor, cursor.connection.transaction():
            await cursor.execute(find_query("record_failure"), values)
            await cursor.execute(find_query("record_unreadable"), values)

    async def list_unreadable(self, source: Source) -> Mapping[str, UnreadableDocument]:
        """The documents that could not be read when they were last tried, by external id."""
        values = {"tenant": source.tenant, "source": source.id}
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("list_unreadable"), values)
            return {row["external_id"]: UnreadableDocument(**row) async for row in cursor}

    async def forget_failures(self, source: Source, external_ids: Sequence[str]) -> None:
        """Documents that were read, or that are gone, are unreadable no more."""
        values = {
            "tenant": source.tenant,
            "source": source.id,
            "external_ids": list(external_ids),
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("forget_failures"), values)

    async def finish_run(
        self,
        source: Source,
        run: RunId,
        state: SyncState,
        counts: SyncCounts,
        error: str | None = None,
        *,
        done: int = 0,
        total: int = 0,
        held: Sequence[str] = (),
    ) -> SyncRun:
        """Close a run unless it is closed, and return its record with all its failures."""
        values = {
            "tenant": source.tenant,
            "run": run,
            "state": state.value,
            "error": error,
            **asdict(counts),
            "done": done,
            "total": total,
            "held": list(held),
        }
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("finish_run"), values)
            return await _load_run(cursor, source.tenant, run)

    async def get_run(self, tenant: TenantId, run: RunId) -> SyncRun:
        """One run with all its failures. Raises UnknownRun."""
        async with self._open_cursor() as cursor:
            found = await _find_run(cursor, tenant, run)
        if found is None:
            raise UnknownRun(f"There is no sync run {run!r}. `footnote sync history` lists them.")
        return found

    async def list_runs(
        self, tenant: TenantId, source: str | None = None, *, limit: int = 20
    ) -> list[SyncRun]:
        """The latest runs of one source, or of all, the latest first."""
        values = {"tenant": tenant, "name": source, "limit": limit}
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("list_runs"), values)
            rows = await cursor.fetchall()
            return await _make_runs(cursor, tenant, rows)

    async def list_latest_runs(self, tenant: TenantId) -> list[SyncRun]:
        """The latest run of each source, by name of the source."""
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("list_latest_runs"), {"tenant": tenant})
            rows = await cursor.fetchall()
            return await _make_runs(cursor, tenant, rows)

    @asynccontextmanager
    async def _open_cursor(self) -> AsyncIterator[Cursor]:
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            yield cursor


def find_query(name: str) -> sql.SQL:
    """A query of sources and syncs by name."""
    text: LiteralString = load_queries(QUERY_FILE)[name]
    return sql.SQL(text)


async def _load_run(cursor: Cursor, tenant: TenantId, run: RunId) -> SyncRun:
    found = await _find_run(cursor, tenant, run)
    if found is None:
        raise UnknownSource("The source was removed while it was synced.")
    return found


async def _find_run(cursor: Cursor, tenant: TenantId, run: RunId) -> SyncRun | None:
    await cursor.execute(find_query("find_run"), {"tenant": tenant, "run": run})
    row = await cursor.fetchone()
    return None if row is None else (await _make_runs(cursor, tenant, [row]))[0]


async def _make_runs(
    cursor: Cursor, tenant: TenantId, rows: Sequence[Mapping[str, Any]]
) -> list[SyncRun]:
    runs = [row["run_id"] for row in rows]
    await cursor.execute(find_query("list_failures"), {"tenant": tenant, "runs": runs})
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
            done=row["done"],
            total=row["total"],
            held=tuple(row["held"]),
            began_at=row["began_at"],
        )
        for row in rows
    ]
