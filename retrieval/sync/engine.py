"""Applies a sync plan: fetches, parses, chunks, embeds and stores what changed."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from retrieval.chunking import chunk_document
from retrieval.embedding import embed_documents
from retrieval.errors import (
    DeletionHeld,
    DocumentUnreadable,
    RetrievalError,
    SourceUnreadable,
    StoreUnavailable,
    SyncInProgress,
)
from retrieval.model import (
    Chunk,
    Document,
    RunId,
    Source,
    SourceEntry,
    StoredDocument,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
)
from retrieval.ports import (
    Connector,
    DocumentStore,
    Embedder,
    Parser,
    Progress,
    SyncRecords,
)
from retrieval.sync.plan import DeletionBrake, SyncPlan, plan_sync

logger = logging.getLogger(__name__)

Connect = Callable[[Source], Connector]

_NAMED_DELETIONS = 10


@dataclass(frozen=True, slots=True)
class SyncPace:
    """How much a run takes on at once.

    `preparing` documents are fetched and parsed at the same time; `waiting` may lie between them
    and the embedding, which bounds the memory of a run; a batch of `batch_chunks` chunks, of as
    many documents as that takes, is embedded together; `heartbeat_seconds` between signs of life.
    """

    preparing: int = 4
    waiting: int = 16
    writing: int = 2
    batch_chunks: int = 64
    heartbeat_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class _Prepared:
    document: Document
    chunks: Sequence[Chunk]
    is_new: bool


class _Tally:
    """The counts of a run under way, and whom to tell of them."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.counts = SyncCounts()
        self.done = 0
        self.total = 0

    def add(self, **amounts: int) -> None:
        sums = {name: getattr(self.counts, name) + amount for name, amount in amounts.items()}
        self.counts = replace(self.counts, **sums)

    async def finish_document(self, **amounts: int) -> None:
        self.add(**amounts)
        self.done += 1
        await self.tell()

    async def tell(self) -> None:
        if self._progress is None:
            return
        try:
            await self._progress(self.counts, self.done, self.total)
        except Exception:
            # whoever watches a sync must not be able to fail it
            logger.exception("The progress of a sync could not be told")


@dataclass(frozen=True, slots=True)
class _Job:
    """What every step of one run needs."""

    source: Source
    run: RunId
    mode: SyncMode
    connector: Connector
    stored: Mapping[str, StoredDocument]
    tally: _Tally


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
    ) -> None:
        self._store = store
        self._records = records
        self._embedder = embedder
        self._parser = parser
        self._connect = connect
        self._brake = brake or DeletionBrake()
        self._pace = pace or SyncPace()

    async def preview(self, source: Source, mode: SyncMode = SyncMode.INCREMENTAL) -> SyncPlan:
        """What a run would do. Raises SourceUnreadable, InvalidSource, StoreUnavailable."""
        stored = await self._store.list_documents(source)
        return await _plan(source, self._connect(source), stored, mode)

    async def run(
        self,
        source: Source,
        mode: SyncMode = SyncMode.INCREMENTAL,
        *,
        confirm_deletions: bool = False,
        progress: Progress | None = None,
    ) -> SyncRun:
        """Bring the store in step with a source, and return the record of how that went.

        incremental fetches what may have changed and embeds what did; full fetches and embeds
        everything; dry_run plans only, and leaves no record. A document that cannot be read is
        recorded, and the others go on. Deletions come last, and none is done if the listing fails
        or if the brake holds and `confirm_deletions` is not set; the run then ends as failed, and
        says so. Raises SyncInProgress, InvalidSource, StoreUnavailable, and UnknownSource if the
        source is removed meanwhile; a cancelled run is recorded as such before the cancellation
        goes on.
        """
        connector = self._connect(source)
        if mode is SyncMode.DRY_RUN:
            return await self._rehearse(source)
        opened = await self._records.start_run(source, mode)
        tally = _Tally(progress)
        try:
            async with self._keep_alive(source, opened.id, tally):
                stored = await self._store.list_documents(source)
                job = _Job(source, opened.id, mode, connector, stored, tally)
                await self._synchronise(job, confirm_deletions=confirm_deletions)
        except RetrievalError as error:
            return await self._finish(opened, source, SyncState.FAILED, tally, str(error))
        except asyncio.CancelledError:
            closing = self._finish(opened, source, SyncState.CANCELLED, tally, "It was cancelled.")
            with suppress(StoreUnavailable):
                await asyncio.shield(asyncio.ensure_future(closing))
            raise
        except BaseException as error:
            with suppress(StoreUnavailable):
                reason = f"It met an error of Footnote's own ({type(error).__name__}: {error})."
                await self._finish(opened, source, SyncState.FAILED, tally, reason)
            raise
        return await self._finish(opened, source, SyncState.SUCCEEDED, tally, None)

    async def _rehearse(self, source: Source) -> SyncRun:
        started = datetime.now(UTC)
        state, counts, problem = SyncState.SUCCEEDED, SyncCounts(), None
        try:
            plan = await self.preview(source)
        except SourceUnreadable as error:
            state, problem = SyncState.FAILED, str(error)
        else:
            counts = plan.foresee_counts()
            problem = _describe_held(plan) if plan.is_held_by(self._brake) else None
        return SyncRun(
            id=RunId("dry-run"),
            source=source.name,
            mode=SyncMode.DRY_RUN,
            state=state,
            started_at=started,
            finished_at=datetime.now(UTC),
            counts=counts,
            error=problem,
        )

    async def _finish(
        self, opened: SyncRun, source: Source, state: SyncState, tally: _Tally, error: str | None
    ) -> SyncRun:
        await tally.tell()
        return await self._records.finish_run(source, opened.id, state, tally.counts, error)

    @asynccontextmanager
    async def _keep_alive(self, source: Source, run: RunId, tally: _Tally) -> AsyncIterator[None]:
        """Give signs of life; SyncInProgress inside if the run was closed by someone else."""
        body = asyncio.current_task()
        lost = False

        async def beat() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(self._pace.heartbeat_seconds)
                # an unreachable database is for the work itself to report
                with suppress(StoreUnavailable):
                    if not await self._records.update_run(source, run, tally.counts):
                        lost = True
                        if body is not None:
                            body.cancel()
                        return

        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError as error:
            if lost and body is not None and body.uncancel() == 0:
                raise SyncInProgress(
                    "The run was taken for dead and closed, or its source was removed."
                ) from error
            raise
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _synchronise(self, job: _Job, *, confirm_deletions: bool) -> None:
        plan = await _plan(job.source, job.connector, job.stored, job.mode)
        if not plan.listed and not plan.stored:
            raise SourceUnreadable(
                f"{job.source.name} lists no document that Footnote reads (md, txt, html, pdf,"
                " docx). Check its settings."
            )
        held = plan.is_held_by(self._brake) and not confirm_deletions
        job.tally.add(listed=plan.listed, unchanged=len(plan.unchanged))
        job.tally.total = len(plan.add) + len(plan.update) + len(plan.touch)
        job.tally.total += 0 if held else len(plan.delete)
        await job.tally.tell()
        for entry in plan.touch:
            await self._touch(job, entry)
        if plan.add or plan.update:
            await self._process(job, [*plan.add, *plan.update])
        if held:
            raise DeletionHeld(_describe_held(plan))
        if plan.delete:
            deleted = await self._store.delete_documents(job.source, plan.delete)
            job.tally.done += len(plan.delete)
            job.tally.add(deleted=deleted)

    async def _touch(self, job: _Job, entry: SourceEntry) -> None:
        audience = job.source.audience if entry.audience is None else entry.audience
        await self._store.touch_document(job.source, replace(entry, audience=audience))
        await job.tally.finish_document(unchanged=1)

    async def _process(self, job: _Job, entries: Sequence[SourceEntry]) -> None:
        waiting: asyncio.Queue[_Prepared | None] = asyncio.Queue(self._pace.waiting)
        remaining = iter(entries)
        try:
            async with asyncio.TaskGroup() as writers:
                for _ in range(self._pace.writing):
                    writers.create_task(self._write_all(job, waiting))
                async with asyncio.TaskGroup() as preparers:
                    for _ in range(self._pace.preparing):
                        preparers.create_task(self._prepare_all(job, remaining, waiting))
                for _ in range(self._pace.writing):
                    await waiting.put(None)
        except BaseExceptionGroup as group:
            # the others were cancelled because of the first
            raise _find_cause(group) from group

    async def _prepare_all(
        self,
        job: _Job,
        remaining: Iterator[SourceEntry],
        waiting: asyncio.Queue[_Prepared | None],
    ) -> None:
        for entry in remaining:
            try:
                prepared = await self._prepare(job, entry)
            except DocumentUnreadable as error:
                await self._record_failure(job, entry, str(error))
                continue
            except RetrievalError:
                raise
            except Exception as error:
                logger.exception("%s of %s could not be synced", entry.external_id, job.source.name)
                reason = f"It met an error of Footnote's own ({type(error).__name__}: {error})."
                await self._record_failure(job, entry, reason)
                continue
            if prepared is not None:
                await waiting.put(prepared)

    async def _prepare(self, job: _Job, entry: SourceEntry) -> _Prepared | None:
        """A document ready to be embedded; None if its content turned out to be unchanged."""
        raw = await job.connector.fetch(entry)
        content_hash = await asyncio.to_thread(_hash_content, raw.content)
        known = job.stored.get(entry.external_id)
        if known and known.content_hash == content_hash and job.mode is not SyncMode.FULL:
            await self._touch(job, entry)
            return None
        parsed = await self._parser.parse(raw)
        chunks = await asyncio.to_thread(
            chunk_document, parsed, count_tokens=self._embedder.count_tokens
        )
        document = Document(
            external_id=entry.external_id,
            url=entry.url,
            title=parsed.title,
            text=parsed.text,
            content_hash=content_hash,
            audience=job.source.audience if entry.audience is None else entry.audience,
            modified_at=entry.modified_at,
            fingerprint=entry.fingerprint,
        )
        return _Prepared(document, chunks, is_new=known is None)

    async def _record_failure(self, job: _Job, entry: SourceEntry, reason: str) -> None:
        failure = SyncFailure(entry.external_id, reason)
        await self._records.record_failure(job.source, job.run, failure)
        await job.tally.finish_document(failed=1)

    async def _write_all(self, job: _Job, waiting: asyncio.Queue[_Prepared | None]) -> None:
        ended = False
        while not ended:
            batch, ended = await self._take_batch(waiting)
            embedded = await embed_documents(
                self._embedder, [(item.document.title, item.chunks) for item in batch]
            )
            for item, embeddings in zip(batch, embedded, strict=True):
                await self._store.put_document(job.source, item.document, item.chunks, embeddings)
                await job.tally.finish_document(
                    added=int(item.is_new), updated=int(not item.is_new), chunks=len(item.chunks)
                )

    async def _take_batch(
        self, waiting: asyncio.Queue[_Prepared | None]
    ) -> tuple[list[_Prepared], bool]:
        """The documents of one batch, waiting for the first only; True at the end of the work."""
        batch: list[_Prepared] = []
        item = await waiting.get()
        while item is not None:
            batch.append(item)
            full = sum(len(member.chunks) for member in batch) >= self._pace.batch_chunks
            if full or waiting.empty():
                return batch, False
            item = waiting.get_nowait()
        return batch, True


async def _plan(
    source: Source,
    connector: Connector,
    stored: Mapping[str, StoredDocument],
    mode: SyncMode,
) -> SyncPlan:
    listing = [entry async for entry in connector.list_entries()]
    return plan_sync(listing, stored, audience=source.audience, mode=mode)


def _describe_held(plan: SyncPlan) -> str:
    names = ", ".join(plan.delete[:_NAMED_DELETIONS])
    more = len(plan.delete) - _NAMED_DELETIONS
    return (
        f"{len(plan.delete)} of {plan.stored} documents are gone from the source, unusually many,"
        f" so none was deleted: {names}{f' and {more} more' if more > 0 else ''}. If they are meant"
        " to go, sync again and confirm the deletions."
    )


def _hash_content(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _find_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _find_cause(first) if isinstance(first, BaseExceptionGroup) else first
