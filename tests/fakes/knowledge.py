"""Sources in memory, with all that admins command of them; their syncs follow a script."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.model import SourceOverview
from retrieval.errors import UnknownRun, UnknownSource
from retrieval.model import (
    EVERYONE,
    DocumentReport,
    RunId,
    Source,
    SourceId,
    SourceTrial,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
)
from retrieval.sync.schedule import describe_schedule, parse_schedule
from tests.fakes.assistant import ScriptedSources, make_run

NEXT = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""When every schedule is due."""


def make_overview(name: str, documents: int = 3) -> SourceOverview:
    """A website that was synced two hours before two."""
    return SourceOverview(
        name=name,
        kind="website",
        where=f"https://{name}.example",
        audience=(EVERYONE,),
        documents=documents,
        last_sync=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    )


class InMemoryKnowledge(ScriptedSources):
    """Satisfies Sources. What a trial finds, runs and documents are set by a test."""

    def __init__(
        self,
        names: Sequence[str] = ("handbook",),
        *script: SyncCounts | Exception,
        gate: asyncio.Event | None = None,
    ) -> None:
        super().__init__(names, *script, gate=gate)
        self.overviews = {name: make_overview(name) for name in names}
        self.trial: SourceTrial | Exception = SourceTrial(2, complete=True, examples=("a", "b"))
        self.added: list[tuple[str, str, Mapping[str, object], frozenset[str]]] = []
        self.runs: dict[str, SyncRun] = {}
        self.unreadable: dict[str, list[SyncFailure]] = {}
        self.documents: list[DocumentReport] = []
        self.running_sources: set[str] = set()

    async def list_names(self, tenant: TenantId) -> Sequence[str]:
        return sorted(self.overviews)

    async def list_overviews(self, tenant: TenantId) -> Sequence[SourceOverview]:
        return [self.overviews[name] for name in sorted(self.overviews)]

    async def describe(self, tenant: TenantId, name: str) -> SourceOverview:
        if name not in self.overviews:
            raise UnknownSource(f"There is no source named {name!r}.")
        return self.overviews[name]

    async def try_out(
        self, tenant: TenantId, kind: str, config: Mapping[str, object]
    ) -> SourceTrial:
        if isinstance(self.trial, Exception):
            raise self.trial
        return self.trial

    async def test(self, tenant: TenantId, name: str) -> SourceTrial:
        await self.describe(tenant, name)
        return await self.try_out(tenant, "", {})

    async def add(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: frozenset[str],
    ) -> Source:
        self.added.append((name, kind, config, audience))
        self.overviews[name] = make_overview(name, documents=0)
        return Source(tenant, SourceId(len(self.added)), name, kind, config, audience)

    async def remove(self, tenant: TenantId, name: str) -> int:
        documents = (await self.describe(tenant, name)).documents
        del self.overviews[name]
        return documents

    async def pause(self, tenant: TenantId, name: str) -> SourceOverview:
        return self._change(await self.describe(tenant, name), paused=True, next_sync=None)

    async def resume(self, tenant: TenantId, name: str) -> SourceOverview:
        overview = await self.describe(tenant, name)
        due = NEXT if overview.schedule else None
        return self._change(overview, paused=False, next_sync=due)

    async def set_schedule(
        self, tenant: TenantId, name: str, cron: str, zone: str = "UTC", window: str = ""
    ) -> SourceOverview:
        overview = await self.describe(tenant, name)
        schedule = describe_schedule(parse_schedule(cron, zone, window)) if cron else ""
        due = NEXT if cron and not overview.paused else None
        return self._change(overview, schedule=schedule, next_sync=due)

    def _change(self, overview: SourceOverview, **changes: object) -> SourceOverview:
        self.overviews[overview.name] = replace(overview, **changes)  # type: ignore[arg-type]
        return self.overviews[overview.name]

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        latest = {run.source: run for run in self.runs.values()}
        first = sorted(self.overviews)[:1]
        old = [make_run(n, SyncMode.FULL, SyncCounts(listed=3), SyncState.SUCCEEDED) for n in first]
        return list(latest.values()) or old

    async def history(
        self, tenant: TenantId, name: str | None = None, *, limit: int = 20
    ) -> Sequence[SyncRun]:
        if name is not None:
            await self.describe(tenant, name)
        runs = [run for run in self.runs.values() if name in (None, run.source)]
        return runs[::-1][:limit]

    async def get_run(self, tenant: TenantId, run: RunId) -> SyncRun:
        if run not in self.runs:
            raise UnknownRun(f"There is no run {run}.")
        return self.runs[run]

    async def errors(self, tenant: TenantId, name: str) -> Sequence[SyncFailure]:
        await self.describe(tenant, name)
        return self.unreadable.get(name, [])

    async def cancel(self, tenant: TenantId, name: str) -> RunId | None:
        await self.describe(tenant, name)
        return RunId("run1") if name in self.running_sources else None

    async def describe_document(self, tenant: TenantId, url: str) -> Sequence[DocumentReport]:
        return [report for report in self.documents if report.url == url]
