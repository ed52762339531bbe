"""Knowledge sources as commands see them, in chat and on the command line."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from retrieval.errors import InvalidSource
from retrieval.model import (
    Source,
    SyncCounts,
    SyncMode,
    SyncRun,
    TenantId,
)
from retrieval.ports import Progress
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.sources.registry import check_config
from retrieval.sync.engine import SyncEngine

ALL = "all"
"""The name that stands for every source; none may bear it."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 60
_RESERVED = frozenset({ALL, "status"})
"""What `/sync` reads as something else than a source."""

REPORT_SECONDS = 1.0
"""How often a sync under way is reported."""


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """A source with what the store holds of it."""

    name: str
    kind: str
    where: str
    audience: tuple[str, ...]
    documents: int
    last_sync: datetime | None


def check_name(name: str) -> None:
    """Raise InvalidSource where a source cannot be called so."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidSource(
            f"{name!r} is no name for a source: use lower-case letters, digits and dashes, such as "
            f"'team-handbook', at most {_LONGEST_NAME}."
        )
    if name in _RESERVED:
        raise InvalidSource(f"{name!r} is no name for a source: commands use the word.")


class Knowledge:
    """Satisfies bot.ports.Sources."""

    def __init__(self, records: PostgresSourceStore, engine: SyncEngine) -> None:
        self._records = records
        self._engine = engine

    async def add(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: frozenset[str],
    ) -> Source:
        """Add a source after its settings were checked. Raises InvalidSource."""
        check_name(name)
        checked = check_config(kind, config)
        return await self._records.add_source(tenant, name, kind, checked, audience)

    async def remove(self, tenant: TenantId, name: str) -> int:
        """Remove a source with all that was read from it; returns how many documents that was."""
        return await self._records.remove_source(tenant, name)

    async def count_documents(self, tenant: TenantId, name: str) -> int:
        """How many documents the store holds of a source. Raises UnknownSource."""
        await self._records.get_source(tenant, name)
        holdings = await self._records.list_holdings(tenant)
        return next(item.documents for item in holdings if item.source.name == name)

    async def list_overviews(self, tenant: TenantId) -> list[SourceOverview]:
        """Every source, by name."""
        return [
            SourceOverview(
                name=holding.source.name,
                kind=holding.source.kind,
                where=str(holding.source.config.get("path", "")),
                audience=tuple(sorted(holding.source.audience)),
                documents=holding.documents,
                last_sync=holding.synced_at,
            )
            for holding in await self._records.list_holdings(tenant)
        ]

    async def list_names(self, tenant: TenantId) -> Sequence[str]:
        """The names of the sources, in order."""
        return sorted(source.name for source in await self._records.list_sources(tenant))

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        """The latest run of each source that was ever synced, by name of the source."""
        latest: dict[str, SyncRun] = {}
        for run in await self._records.list_runs(tenant):
            latest.setdefault(run.source, run)
        return [latest[name] for name in sorted(latest)]

    async def resolve(self, tenant: TenantId, name: str) -> list[Source]:
        """The sources that a name stands for; `all` is every one. Raises UnknownSource."""
        if name == ALL:
            return await self._records.list_sources(tenant)
        return [await self._records.get_source(tenant, name)]

    async def run(
        self,
        source: Source,
        mode: SyncMode,
        *,
        confirm_deletions: bool = False,
        progress: Progress | None = None,
    ) -> SyncRun:
        """Sync one source to its end."""
        return await self._engine.run(
            source, mode, confirm_deletions=confirm_deletions, progress=progress
        )

    async def sync(self, tenant: TenantId, name: str, mode: SyncMode) -> AsyncIterator[SyncRun]:
        """Sync one source; yields the run's record now and then, and at the end.

        Raises UnknownSource, SyncInProgress before the first record. Closing the iterator cancels
        the run.
        """
        source = await self._records.get_source(tenant, name)
        seen = SyncCounts()

        async def note(counts: SyncCounts, done: int, total: int) -> None:  # noqa: ARG001
            nonlocal seen
            seen = counts

        work = asyncio.create_task(self._engine.run(source, mode, progress=note))
        try:
            while not (await asyncio.wait({work}, timeout=REPORT_SECONDS))[0]:
                for run in (await self._records.list_runs(tenant, name))[:1]:
                    yield replace(run, counts=seen)
            yield work.result()
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
