"""Sources in PostgreSQL, and the record of their sync runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from retrieval.errors import InvalidSource, StoreUnavailable, UnknownSource
from retrieval.model import (
    EVERYONE,
    ChunkReport,
    DocumentReport,
    Schedule,
    Source,
    SourceId,
    TenantId,
)
from retrieval.postgres.runs import Cursor, PostgresSyncRecords, find_query


@dataclass(frozen=True, slots=True)
class SourceHolding:
    """What the store holds of a source, for lists that people read."""

    source: Source
    documents: int
    synced_at: datetime | None


class PostgresSourceStore(PostgresSyncRecords):
    """Adds, lists, schedules and removes sources, and keeps the record of their sync runs."""

    async def add_source(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: Iterable[str] = (EVERYONE,),
        *,
        secrets: Mapping[str, str] | None = None,
    ) -> Source:
        """Add a source whose config was checked and whose secrets are sealed.

        Raises InvalidSource if the name is taken.
        """
        values = {
            "tenant": tenant,
            "name": name,
            "kind": kind,
            "config": Jsonb(dict(config)),
            "secrets": Jsonb(dict(secrets or {})),
            "audience": sorted(set(audience)),
        }
        async with self._open_cursor() as cursor:
            try:
                await cursor.execute(find_query("add_source"), values)
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
            await cursor.execute(find_query("list_sources"), {"tenant": tenant})
            return [_make_source(tenant, row) for row in await cursor.fetchall()]

    async def list_holdings(self, tenant: TenantId) -> list[SourceHolding]:
        """All sources of a tenant, by name, with what the store holds of each."""
        sources = await self.list_sources(tenant)
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("count_documents"), {"tenant": tenant})
            rows = {row["source_id"]: row for row in await cursor.fetchall()}
        return [
            SourceHolding(source, row["documents"], row["synced_at"])
            if (row := rows.get(source.id))
            else SourceHolding(source, 0, None)
            for source in sources
        ]

    async def get_source(self, tenant: TenantId, name: str) -> Source:
        """One source. Raises UnknownSource, naming those there are."""
        return await self._fetch_source("find_source", tenant, name)

    async def pause_source(self, tenant: TenantId, name: str, *, paused: bool) -> Source:
        """Have a source rest, or go on. Raises UnknownSource."""
        return await self._fetch_source("pause_source", tenant, name, paused=paused)

    async def set_schedule(
        self, tenant: TenantId, name: str, schedule: Schedule | None, due: datetime | None
    ) -> Source:
        """Have a source synced by itself, `due` for the first time. Raises UnknownSource."""
        stored = None if schedule is None else Jsonb(_write_schedule(schedule))
        return await self._fetch_source("set_schedule", tenant, name, schedule=stored, next=due)

    async def set_secrets(self, source: Source, secrets: Mapping[str, str]) -> None:
        """Replace a source's sealed secrets."""
        values = {"tenant": source.tenant, "source": source.id, "secrets": Jsonb(dict(secrets))}
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query("set_secrets"), values)

    async def remove_source(self, tenant: TenantId, name: str) -> int:
        """Remove a source with its documents; how many there were. Raises UnknownSource."""
        async with self._open_cursor() as cursor, cursor.connection.transaction():
            # what the triggers of a large cascade lock one by one is locked first, as writers do
            await cursor.execute(find_query("lock_statistics"), {"tenant": tenant})
            await cursor.execute(find_query("remove_source"), {"tenant": tenant, "name": name})
            row = await cursor.fetchone()
        if row is None:
            raise UnknownSource(await self._explain_unknown(tenant, name))
        return int(row["documents"])

    async def find_documents(
        self, tenant: TenantId, urls: Sequence[str]
    ) -> Sequence[DocumentReport]:
        """The documents that lie at one of these addresses, with their chunks."""
        async with self._open_cursor() as cursor:
            await cursor.execute(
                find_query("find_documents"), {"tenant": tenant, "urls": list(urls)}
            )
            documents = await cursor.fetchall()
            numbers = [row["document_id"] for row in documents]
            await cursor.execute(
                find_query("list_chunks"), {"tenant": tenant, "documents": numbers}
            )
            chunks: dict[int, list[ChunkReport]] = {number: [] for number in numbers}
            async for row in cursor:
                chunks[row["document_id"]].append(_make_chunk(row))
        return [_make_report(row, chunks[row["document_id"]]) for row in documents]

    async def _fetch_source(
        self, query: str, tenant: TenantId, name: str, **values: object
    ) -> Source:
        async with self._open_cursor() as cursor:
            await cursor.execute(find_query(query), {"tenant": tenant, "name": name, **values})
            row = await cursor.fetchone()
        if row is None:
            raise UnknownSource(await self._explain_unknown(tenant, name))
        return _make_source(tenant, row)

    async def _explain_unknown(self, tenant: TenantId, name: str) -> str:
        names = [source.name for source in await self.list_sources(tenant)]
        known = f"There is {', '.join(names)}." if names else "Add one first."
        return f"There is no source named {name!r}. {known}"


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
        secrets=row["secrets"],
        schedule=read_schedule(row["schedule"]),
        paused=row["paused"],
        next_sync_at=row["next_sync_at"],
    )


def read_schedule(stored: Mapping[str, Any] | None) -> Schedule | None:
    """A schedule as it lies in the database."""
    if stored is None:
        return None
    window = stored.get("window")
    return Schedule(stored["cron"], stored["zone"], (window[0], window[1]) if window else None)


def _write_schedule(schedule: Schedule) -> dict[str, object]:
    window = list(schedule.window) if schedule.window else None
    return {"cron": schedule.cron, "zone": schedule.zone, "window": window}


def _make_chunk(row: Mapping[str, Any]) -> ChunkReport:
    page = f"page {row['page']}" if row["page"] is not None else ""
    section = " › ".join(row["heading_path"]) or page
    return ChunkReport(row["ordinal"], section, row["tokens"], row["body"])


def _make_report(row: Mapping[str, Any], chunks: Sequence[ChunkReport]) -> DocumentReport:
    return DocumentReport(
        source=row["source"],
        external_id=row["external_id"],
        url=row["url"],
        title=row["title"],
        audience=frozenset(row["audience"]),
        modified_at=row["modified_at"],
        synced_at=row["synced_at"],
        version=row["version"],
        chunks=tuple(chunks),
    )
