"""Knowledge sources as commands see them, in chat and on the command line."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from bot.admin.names import ALL, check_name
from bot.model import SourceOverview
from bot.ports import SecretKeeper
from retrieval.errors import UnknownRun
from retrieval.model import (
    DocumentReport,
    RunId,
    Source,
    SourceTrial,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    TenantId,
)
from retrieval.ports import Connector, Parser, Progress, SyncRunner, Transcript
from retrieval.postgres.sources import PostgresSourceStore, SourceHolding
from retrieval.sources.registry import (
    check_config,
    connect_kind,
    describe_place,
    open_connector,
    split_secrets,
)
from retrieval.sources.surroundings import Account, Surroundings
from retrieval.sync.schedule import describe_schedule, parse_schedule, plan_next
from retrieval.sync.trial import try_source

REPORT_SECONDS = 1.0
"""How often a sync under way is reported."""


FindAccounts = Callable[[TenantId], Awaitable[Sequence[Account]]]


class SourceTranscripts(Protocol):
    """Keeps what was said in the channels of sources. Raises StoreUnavailable."""

    def open_for(self, source: Source) -> Transcript: ...

    async def read_anew(self, source: Source) -> None:
        """Have all channels of a source read through their API again."""
        ...


class SourceOpener:
    """Opens the connector of a source with its secrets, its transcript, and the bot's accounts in
    Slack's workspaces, where these install the app themselves.
    """

    def __init__(
        self,
        secrets: SecretKeeper,
        surroundings: Surroundings,
        *,
        transcripts: SourceTranscripts | None = None,
        slack_accounts: FindAccounts | None = None,
    ) -> None:
        self._secrets = secrets
        self._surroundings = surroundings
        self._transcripts = transcripts
        self._slack_accounts = slack_accounts

    def __call__(self, source: Source) -> Connector:
        """The connector. Raises InvalidSource, SettingsInvalid."""
        secrets = self._secrets.open_all(source.secrets)
        surroundings = self._surround(source.tenant)
        if self._transcripts is not None:
            surroundings = replace(surroundings, transcript=self._transcripts.open_for(source))
        return open_connector(source, surroundings, secrets)

    def open_unsaved(self, tenant: TenantId, kind: str, config: Mapping[str, object]) -> Connector:
        """The connector of a source that is not added yet. Raises InvalidSource."""
        return connect_kind(kind, check_config(kind, config), self._surround(tenant))

    def open_lightly(self, source: Source) -> Connector:
        """The connector, for a look that writes nothing down."""
        secrets = self._secrets.open_all(source.secrets)
        return open_connector(source, self._surround(source.tenant), secrets)

    def _surround(self, tenant: TenantId) -> Surroundings:
        if self._slack_accounts is None:
            return self._surroundings
        return replace(self._surroundings, slack_accounts=partial(self._slack_accounts, tenant))

    async def read_anew(self, source: Source) -> None:
        """Forget how far the source was read, for a sync that reads everything."""
        if self._transcripts is not None:
            await self._transcripts.read_anew(source)


class Knowledge:
    """Satisfies bot.ports.Sources."""

    def __init__(
        self,
        records: PostgresSourceStore,
        engine: SyncRunner,
        *,
        parser: Parser,
        secrets: SecretKeeper,
        opener: SourceOpener,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._engine = engine
        self._parser = parser
        self._secrets = secrets
        self._open = opener
        self._now = now

    # Sources

    async def add(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: frozenset[str],
    ) -> Source:
        """Add a source: its settings are checked, its secrets sealed. Raises InvalidSource."""
        check_name(name)
        shown, secrets = split_secrets(kind, check_config(kind, config))
        sealed = self._secrets.seal_all(secrets)
        return await self._records.add_source(tenant, name, kind, shown, audience, secrets=sealed)

    async def try_out(
        self, tenant: TenantId, kind: str, config: Mapping[str, object]
    ) -> SourceTrial:
        """Look at a source that is not added yet. Raises InvalidSource, SourceUnreadable."""
        return await try_source(self._open.open_unsaved(tenant, kind, config), self._parser)

    async def test(self, tenant: TenantId, name: str) -> SourceTrial:
        """Look at a source as it was added. Raises UnknownSource, SourceUnreadable."""
        source = await self._records.get_source(tenant, name)
        return await try_source(self._open.open_lightly(source), self._parser)

    async def remove(self, tenant: TenantId, name: str) -> int:
        """Remove a source with all that was read from it; returns how many documents that was."""
        return await self._records.remove_source(tenant, name)

    async def count_documents(self, tenant: TenantId, name: str) -> int:
        """How many documents the store holds of a source. Raises UnknownSource."""
        return (await self.describe(tenant, name)).documents

    async def describe(self, tenant: TenantId, name: str) -> SourceOverview:
        """One source. Raises UnknownSource."""
        await self._records.get_source(tenant, name)
        overviews = await self.list_overviews(tenant)
        return next(overview for overview in overviews if overview.name == name)

    async def list_overviews(self, tenant: TenantId) -> list[SourceOverview]:
        """Every source, by name."""
        return [_make_overview(holding) for holding in await self._records.list_holdings(tenant)]

    async def list_names(self, tenant: TenantId) -> Sequence[str]:
        """The names of the sources, in order."""
        return sorted(source.name for source in await self._records.list_sources(tenant))

    async def resolve(self, tenant: TenantId, name: str) -> list[Source]:
        """The sources that a name stands for; `all` is every one that is not paused.

        Raises UnknownSource.
        """
        if name == ALL:
            sources = await self._records.list_sources(tenant)
            return [source for source in sources if not source.paused]
        return [await self._records.get_source(tenant, name)]

    async def rotate_secrets(self, tenant: TenantId) -> int:
        """Seal every secret anew with the first key; how many there are."""
        sealed = 0
        for source in await self._records.list_sources(tenant):
            opened = self._secrets.open_all(source.secrets)
            await self._records.set_secrets(source, self._secrets.seal_all(opened))
            sealed += len(opened)
        return sealed

    # Schedules

    async def pause(self, tenant: TenantId, name: str) -> SourceOverview:
        """Neither the schedule nor `all` syncs it from now on. Raises UnknownSource."""
        await self._records.pause_source(tenant, name, paused=True)
        return await self.describe(tenant, name)

    async def resume(self, tenant: TenantId, name: str) -> SourceOverview:
        """The schedule goes on, from its next time. Raises UnknownSource."""
        source = await self._records.get_source(tenant, name)
        if source.schedule is not None:
            due = plan_next(source.schedule, self._now(), name)
            await self._records.set_schedule(tenant, name, source.schedule, due)
        await self._records.pause_source(tenant, name, paused=False)
        return await self.describe(tenant, name)

    async def set_schedule(
        self, tenant: TenantId, name: str, cron: str, zone: str = "UTC", window: str = ""
    ) -> SourceOverview:
        """Have a source synced by itself; an empty `cron` ends that.

        `window` is 'HH:MM-HH:MM'. Raises InvalidSchedule, UnknownSource.
        """
        if cron.strip():
            schedule = parse_schedule(cron, zone, window)
            due = plan_next(schedule, self._now(), name)
            await self._records.set_schedule(tenant, name, schedule, due)
        else:
            await self._records.set_schedule(tenant, name, None, None)
        return await self.describe(tenant, name)

    # Syncs

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        """The latest run of each source that was ever synced, by name of the source."""
        return await self._records.list_latest_runs(tenant)

    async def history(
        self, tenant: TenantId, name: str | None = None, *, limit: int = 20
    ) -> Sequence[SyncRun]:
        """The latest runs of one source, or of all, the latest first. Raises UnknownSource."""
        if name is not None and name != ALL:
            await self._records.get_source(tenant, name)
            return await self._records.list_runs(tenant, name, limit=limit)
        return await self._records.list_runs(tenant, limit=limit)

    async def get_run(self, tenant: TenantId, run: RunId) -> SyncRun:
        """A run with all its failures and what its brake held. Raises UnknownRun."""
        return await self._records.get_run(tenant, run)

    async def errors(self, tenant: TenantId, name: str) -> Sequence[SyncFailure]:
        """The documents of a source that cannot be read as things stand. Raises UnknownSource."""
        source = await self._records.get_source(tenant, name)
        unreadable = await self._records.list_unreadable(source)
        return [SyncFailure(each.external_id, each.reason) for each in unreadable.values()]

    async def cancel(self, tenant: TenantId, name: str) -> RunId | None:
        """Have the sync of a source end, in whatever process it runs, within seconds.

        None where there is no run. Raises UnknownSource.
        """
        return await self._records.cancel_run(await self._records.get_source(tenant, name))

    async def run(
        self,
        source: Source,
        mode: SyncMode,
        *,
        confirm_deletions: bool = False,
        progress: Progress | None = None,
    ) -> SyncRun:
        """Sync one source to its end."""
        if mode is SyncMode.FULL:
            await self._open.read_anew(source)
        return await self._engine.run(
            source, mode, confirm_deletions=confirm_deletions, progress=progress
        )

    async def sync(
        self,
        tenant: TenantId,
        name: str,
        mode: SyncMode,
        *,
        run: RunId | None = None,
        confirm: RunId | None = None,
    ) -> AsyncIterator[SyncRun]:
        """Sync one source; yields the run's record now and then, and at the end.

        `run` is the id that was announced for it. `confirm` is a run whose held deletions an admin
        has seen and agreed to: those documents may go, and no others. Raises UnknownSource,
        UnknownRun, SyncInProgress before the first record. Closing the iterator cancels the run.
        """
        source = await self._records.get_source(tenant, name)
        confirmed = await self._list_confirmed(tenant, name, confirm)
        if mode is SyncMode.FULL:
            await self._open.read_anew(source)
        seen = (SyncCounts(), 0, 0)

        async def note(counts: SyncCounts, done: int, total: int) -> None:
            nonlocal seen
            seen = counts, done, total

        work = asyncio.create_task(
            self._engine.run(source, mode, confirmed=confirmed, run=run, progress=note)
        )
        try:
            while not (await asyncio.wait({work}, timeout=REPORT_SECONDS))[0]:
                for latest in (await self._records.list_runs(tenant, name, limit=1))[:1]:
                    yield replace(latest, counts=seen[0], done=seen[1], total=seen[2])
            yield work.result()
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work

    async def _list_confirmed(
        self, tenant: TenantId, name: str, run: RunId | None
    ) -> frozenset[str]:
        if run is None:
            return frozenset()
        found = await self._records.get_run(tenant, run)
        if found.source != name:
            raise UnknownRun(f"The run {run} was not one of {name}.")
        return frozenset(found.held)

    # Documents

    async def describe_document(self, tenant: TenantId, url: str) -> Sequence[DocumentReport]:
        """What is held of the document at an address, in each source that has it."""
        bare = url.strip().partition("#")[0]
        other = bare.removesuffix("/") if bare.endswith("/") else f"{bare}/"
        return await self._records.find_documents(tenant, [url.strip(), bare, other])


def _make_overview(holding: SourceHolding) -> SourceOverview:
    source = holding.source
    return SourceOverview(
        name=source.name,
        kind=source.kind,
        where=describe_place(source.kind, source.config),
        audience=tuple(sorted(source.audience)),
        documents=holding.documents,
        last_sync=holding.synced_at,
        schedule=describe_schedule(source.schedule),
        paused=source.paused,
        next_sync=None if source.paused else source.next_sync_at,
    )
