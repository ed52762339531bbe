"""Runs syncs: plans, has the documents worked through, deletes last, and keeps the record."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from retrieval.errors import (
    DeletionHeld,
    RetrievalError,
    SourceUnreadable,
    StoreUnavailable,
    SyncInProgress,
)
from retrieval.model import (
    RunId,
    RunSignal,
    Source,
    StoredDocument,
    SyncCounts,
    SyncMode,
    SyncRun,
    SyncState,
    UnreadableDocument,
)
from retrieval.ports import (
    Connector,
    DocumentStore,
    Embedder,
    Parser,
    Progress,
    SyncRecords,
)
from retrieval.sync.documents import DocumentPipeline, SyncPace
from retrieval.sync.patience import Patience, PatientReader, Sleep
from retrieval.sync.plan import DeletionBrake, SyncPlan, plan_sync
from retrieval.sync.work import Job, Tally

Connect = Callable[[Source], Connector]

CANCELLED = "It was cancelled. What was done until then is kept."

_NAMED_DELETIONS = 10


class _Cancelled(Exception):
    """Somebody asked that the run end."""


class SyncEngine:
    """Runs syncs. One engine may run several sources at once; a source, only once at a time."""

    def __init__(
        self,
        store: DocumentStore,
        records: SyncRecords,
        embedder: Embedder,
        parser: Parser,
        *,
        connect: Connect,
        brake: DeletionBrake | None = None,
        pace: SyncPace | None = None,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._records = records
        self._connect = connect
        self._brake = brake or DeletionBrake()
        self._pace = pace or SyncPace()
        self._patience = patience or Patience()
        self._sleep = sleep
        self._clock = clock
        self._pipeline = DocumentPipeline(store, records, embedder, parser, self._pace)

    async def preview(self, source: Source, mode: SyncMode = SyncMode.INCREMENTAL) -> SyncPlan:
        """What a run would do. Raises SourceUnreadable, InvalidSource, StoreUnavailable."""
        reader = self._open_reader(source)
        stored = await self._store.list_documents(source)
        unreadable = await self._records.list_unreadable(source)
        return await _plan(source, reader, stored, unreadable, mode)

    async def run(
        self,
        source: Source,
        mode: SyncMode = SyncMode.INCREMENTAL,
        *,
        confirm_deletions: bool = False,
        confirmed: Collection[str] = (),
        run: RunId | None = None,
        progress: Progress | None = None,
    ) -> SyncRun:
        """Bring the store in step with a source, and return the record of how that went.

        incremental fetches what may have changed and embeds what did; full fetches and embeds
        everything; dry_run plans only, and leaves no record. A run that follows an interrupted one
        goes on with its work. A document that cannot be read is recorded, and the others go on.

        Deletions come last, and none is done if the listing fails. Where the brake holds, nothing
        is deleted, the run ends as failed and names what it `held`, unless `confirm_deletions` is
        set; documents of `confirmed` are deleted all the same. What is deleted is hidden from
        every reader at once, and leaves the store at the next complete listing that lacks it too.
        `run` is the id that was announced for the run.

        Raises SyncInProgress, InvalidSource, StoreUnavailable, and UnknownSource if the source is
        removed meanwhile. A run that is cancelled, by its record or by a cancellation of the
        caller, is recorded as such.
        """
        reader = self._open_reader(source)
        if mode is SyncMode.DRY_RUN:
            return await self._rehearse(source)
        opened = await self._records.start_run(source, mode, run)
        job = Job(source, opened.id, mode, reader, Tally(progress))
        try:
            async with self._keep_alive(source, opened.id, job.tally):
                await self._synchronise(job, opened, confirm_deletions, confirmed)
        except _Cancelled:
            return await self._finish(job, SyncState.CANCELLED, CANCELLED)
        except RetrievalError as error:
            return await self._finish(job, SyncState.FAILED, str(error))
        except asyncio.CancelledError:
            closing = self._finish(job, SyncState.CANCELLED, CANCELLED)
            with suppress(StoreUnavailable):
                await asyncio.shield(asyncio.ensure_future(closing))
            raise
        except BaseException as error:
            with suppress(StoreUnavailable):
                reason = f"It met an error of Footnote's own ({type(error).__name__}: {error})."
                await self._finish(job, SyncState.FAILED, reason)
            raise
        return await self._finish(job, SyncState.SUCCEEDED, None)

    def _open_reader(self, source: Source) -> PatientReader:
        connector = self._connect(source)
        return PatientReader(connector, self._patience, sleep=self._sleep, clock=self._clock)

    async def _rehearse(self, source: Source) -> SyncRun:
        started = datetime.now(UTC)
        state, counts, problem = SyncState.SUCCEEDED, SyncCounts(), None
        held: tuple[str, ...] = ()
        try:
            plan = await self.preview(source)
        except SourceUnreadable as error:
            state, problem = SyncState.FAILED, str(error)
        else:
            counts = plan.foresee_counts()
            held = plan.list_held(self._brake)
            problem = _describe_held(held, plan.stored) if held else None
        return SyncRun(
            id=RunId("dry-run"),
            source=source.name,
            mode=SyncMode.DRY_RUN,
            state=state,
            started_at=started,
            finished_at=datetime.now(UTC),
            counts=counts,
            error=problem,
            held=held,
        )

    async def _finish(self, job: Job, state: SyncState, error: str | None) -> SyncRun:
        tally = job.tally
        await tally.tell()
        return await self._records.finish_run(
            job.source,
            job.run,
            state,
            tally.counts,
            error,
            done=tally.done,
            total=tally.total,
            held=job.held,
        )

    @asynccontextmanager
    async def _keep_alive(self, source: Source, run: RunId, tally: Tally) -> AsyncIterator[None]:
        """Give signs of life, and end the work inside when the answer says so.

        Raises _Cancelled; SyncInProgress if the run was closed by someone else.
        """
        body = asyncio.current_task()
        heard = RunSignal.GO_ON

        async def beat() -> None:
            nonlocal heard
            while heard is RunSignal.GO_ON:
                await asyncio.sleep(self._pace.heartbeat_seconds)
                # an unreachable database is for the work itself to report
                with suppress(StoreUnavailable):
                    heard = await self._records.update_run(
                        source, run, tally.counts, done=tally.done, total=tally.total
                    )
            if body is not None:
                body.cancel()

        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError as error:
            if heard is RunSignal.GO_ON or body is None or body.uncancel() > 0:
                raise
            if heard is RunSignal.CANCEL:
                raise _Cancelled from error
            raise SyncInProgress(
                "The run was taken for dead and closed, or its source was removed."
            ) from error
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _synchronise(
        self, job: Job, opened: SyncRun, confirm_deletions: bool, confirmed: Collection[str]
    ) -> None:
        stored = await self._store.list_documents(job.source)
        unreadable = await self._records.list_unreadable(job.source)
        job = replace(job, stored=stored, unreadable=unreadable)
        plan = await _plan(
            job.source, job.reader, stored, unreadable, job.mode, since=opened.began_at
        )
        if not plan.listed and not plan.stored:
            raise SourceUnreadable(
                f"{job.source.name} lists no document that Footnote reads. Check its settings."
            )
        job.tally.add(listed=plan.listed, unchanged=len(plan.unchanged), skipped=len(plan.skip))
        job.tally.total = len(plan.add) + len(plan.update) + len(plan.touch)
        await job.tally.tell()
        for entry in plan.touch:
            await self._pipeline.touch(job, entry)
        if plan.add or plan.update:
            await self._pipeline.process(job, [*plan.add, *plan.update])
        if not confirm_deletions:
            job.held.extend(plan.list_held(self._brake, gone=job.lost, confirmed=confirmed))
        await self._delete(job, plan)

    async def _delete(self, job: Job, plan: SyncPlan) -> None:
        held = set(job.held)
        vanishing = [name for name in (*plan.hide, *job.lost) if name not in held]
        if vanishing:
            job.tally.add(deleted=await self._store.hide_documents(job.source, vanishing))
        if plan.delete and plan.listed:
            await self._store.delete_documents(job.source, plan.delete)
        await self._forget_unlisted(job, plan)
        if job.held:
            raise DeletionHeld(_describe_held(job.held, plan.stored))

    async def _forget_unlisted(self, job: Job, plan: SyncPlan) -> None:
        """What could not be read and is listed no more needs no mention."""
        listed = {entry.external_id for part in plan.list_parts() for entry in part}
        forgotten = [name for name in job.unreadable if name not in listed or name in job.gone]
        if forgotten and plan.listed:
            await self._records.forget_failures(job.source, forgotten)


async def _plan(
    source: Source,
    reader: PatientReader,
    stored: Mapping[str, StoredDocument],
    unreadable: Mapping[str, UnreadableDocument],
    mode: SyncMode,
    *,
    since: datetime | None = None,
) -> SyncPlan:
    return plan_sync(
        await reader.list_entries(),
        stored,
        audience=source.audience,
        mode=mode,
        unreadable=unreadable,
        since=since,
    )


def _describe_held(held: Sequence[str], stored: int) -> str:
    names = ", ".join(held[:_NAMED_DELETIONS])
    more = len(held) - _NAMED_DELETIONS
    return (
        f"{len(held)} of {stored} documents are gone from the source, unusually many,"
        f" so none was deleted: {names}{f' and {more} more' if more > 0 else ''}. If they are meant"
        " to go, sync again and confirm the deletions."
    )
