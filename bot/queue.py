"""The job queue: procrastinate over PostgreSQL, behind the ports JobRunner and JobWriter.

The inbox is the truth and this only the engine: a job names an entry and can be run again at any
time. What procrastinate leaves to its users is done here: jobs of dead workers are taken up again,
a worker that ends because the database restarted is started anew, and a job that a live worker
lost track of is noticed.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as StoredJob
from procrastinate.jobs import Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker
from psycopg import sql
from psycopg_pool import PoolTimeout

from bot.cancellation import is_cancelled
from bot.model import (
    AnswerJob,
    CommandJob,
    ItemId,
    Job,
    Platform,
    ScheduledSyncJob,
    SyncJob,
)
from bot.ports import JobHandler
from retrieval.model import RunId, SyncMode, TenantId

Abandon = Callable[[Job], Awaitable[None]]

MOST_RUNS = 50
"""Runs after which a job is given up whatever its handler says; handlers give up far earlier."""
MOST_REST = 30.0
"""Seconds that a job rests at most after its worker has died."""
FIRST_TABLES = "03.04.00_50_post_add_retry_failed_job_procedure"
"""The newest migration of the queue's tables where none is noted."""
RESCUE_LOCK = 7_302_114_602
"""Key of the advisory lock that lets one process at a time rescue jobs."""

_UNAVAILABLE = (ConnectorException, psycopg.Error, PoolTimeout, OSError)
_log = logging.getLogger(__name__)


class _Again(Exception):
    """The handler asks to be called again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"to be run again in {seconds:.1f} s")
        self.seconds = seconds


class _Backoff(BaseRetryStrategy):
    """Again when the handler says so, at once after a shutdown, else ever later."""

    def get_retry_decision(
        self, *, exception: BaseException, job: StoredJob
    ) -> RetryDecision | None:
        if job.attempts >= MOST_RUNS:
            return None
        match exception:
            case _Again():
                seconds = exception.seconds
            case asyncio.CancelledError():
                seconds = 0.0
            case _:
                seconds = min(2.0**job.attempts, 60.0)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))


class PostgresJobQueue:
    """Queues jobs, and runs those of the platforms that this process serves.

    Use as an async context manager. `workers` is the number of questions and commands worked on at
    the same time, `syncs` that of syncs. In seconds: `grace` is how long work may go on after a
    cancellation, `heartbeat` passes between a worker's signs of life, and after `stalled` without
    one it counts as dead, which must be the same in all processes. `draw` gives numbers from 0 to 1
    by chance. It takes up to six connections
    of its own, two of which listen for new jobs.
    """

    def __init__(
        self,
        database_url: str,
        platforms: Iterable[Platform],
        *,
        workers: int = 4,
        syncs: int = 1,
        grace: float = 20.0,
        heartbeat: float = 2.0,
        stalled: float = 6.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._platforms = tuple(platforms)
        self._workers = workers
        self._syncs = syncs
        self._grace = grace
        self._heartbeat = heartbeat
        self._stalled = stalled
        self._draw = draw
        # A pool of its own: the connector listens on a connection that it makes from the pool's
        # arguments, and those of an autocommit pool clash with its own.
        self._connector = PsycopgConnector(
            conninfo=database_url, min_size=1, max_size=4, timeout=5.0, name="footnote-queue"
        )
        self._app = App(connector=self._connector)
        self._handle: JobHandler | None = None
        self._running: set[int] = set()
        self._serving: list[Worker] = []
        for name in ("answer", "command", "sync", "scheduled"):
            self._app.task(name=name, pass_context=True, retry=_Backoff())(self._perform)

    async def __aenter__(self) -> "PostgresJobQueue":
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    async def defer(
        self,
        connection: psycopg.AsyncConnection,
        job: Job,
        *,
        platform: Platform | None = None,
        lock: str | None = None,
    ) -> int | None:
        """Queue a job within the caller's transaction; its id, or None for a sync that waits.

        Jobs of a platform are run by processes that serve it, others by any.
        """
        name, queue, queueing_lock = _describe(job, platform)
        deferrer = self._app.configure_task(
            name,
            allow_unknown=False,
            queue=queue,
            lock=lock or queueing_lock,
            queueing_lock=queueing_lock,
            connection=connection,
        )
        if queueing_lock is None:
            return await deferrer.defer_async(**_write(job))
        try:
            async with connection.transaction():
                return await deferrer.defer_async(**_write(job))
        except AlreadyEnqueued:
            return None

    async def is_syncing(self, tenant: TenantId, source: str) -> bool:
        """Whether a sync of this source is queued or running."""
        lock = _lock_sync(tenant, source)
        jobs = await self._app.job_manager.list_jobs_async(lock=lock)
        return any(job.status in {Status.TODO.value, Status.DOING.value} for job in jobs)

    async def drop_sync(self, tenant: TenantId, source: str) -> Job | None:
        """Take the sync of this source that waits out of the queue; None where none does."""
        manager = self._app.job_manager
        waiting = await manager.list_jobs_async(
            lock=_lock_sync(tenant, source), status=Status.TODO.value
        )
        for stored in waiting:
            if stored.id is not None and await manager.cancel_job_by_id_async(
                stored.id, delete_job=True
            ):
                return _read(stored.task_name, stored.task_kwargs)
        return None

    async def run(self, handle: JobHandler, abandon: Abandon) -> None:
        """Run jobs until cancelled, then finish those at work or hand them back."""
        self._handle = handle
        questions = [platform.value for platform in self._platforms]
        syncs = [_name_queue(platform, "sync") for platform in (*self._platforms, None)]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._serve(questions, self._workers))
            group.create_task(self._serve(syncs, self._syncs))
            group.create_task(self._rescue_now_and_then(abandon))

    async def _serve(self, queues: list[str], concurrency: int) -> None:
        # procrastinate's worker ends, without an error even, when the database goes away.
        while True:
            worker = Worker(
                self._app,
                queues=queues,
                name="+".join(queues),
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                # A retried job sends no notification.
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=self._heartbeat,
                stalled_worker_timeout=self._stalled,
                shutdown_graceful_timeout=self._grace,
            )
            self._serving.append(worker)
            try:
                await _work(worker)
            finally:
                self._serving.remove(worker)
            _log.warning("The worker of %s stopped; it is started again", ", ".join(queues))
            await asyncio.sleep(0.5)

    async def _perform(self, context: JobContext, /, **arguments: object) -> None:
        stored = context.job
        if self._handle is None or stored.id is None:
            raise RuntimeError("jobs are run by PostgresJobQueue.run alone")
        self._running.add(stored.id)
        try:
            again = await self._handle(_read(stored.task_name, arguments))
        finally:
            self._running.discard(stored.id)
        if again is not None:
            raise _Again(again)

    async def _rescue_now_and_then(self, abandon: Abandon) -> None:
        suspects: set[int] = set()
        while not is_cancelled():
            await asyncio.sleep(self._heartbeat)
            try:
                suspects, given_up = await self._rescue(suspects)
            except _UNAVAILABLE as error:
                _log.warning("Stalled jobs could not be looked for: %s", error)
                continue
            for job in given_up:
                await abandon(job)

    async def _rescue(self, suspects: set[int]) -> tuple[set[int], list[Job]]:
        """Take up the jobs of dead workers.

        Returns the jobs of ours that nobody seems to run, and those that were given up.
        """
        async with self._connector.pool.connection() as connection, connection.transaction():
            # Two rescuers at once could take a job from the live worker that just got it.
            cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [RESCUE_LOCK])
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return suspects, []
            manager = self._app.job_manager
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled))
            untracked = await self._list_untracked()
            stalled.extend(job for job in untracked if job.id in suspects)
            given_up = [
                _read(job.task_name, job.task_kwargs)
                for job in stalled
                if not await self._take_up(job)
            ]
        return {job.id for job in untracked if job.id is not None}, given_up

    async def _list_untracked(self) -> list[StoredJob]:
        """Jobs that count as run by this process, but whose end could not be written down."""
        found: list[StoredJob] = []
        for worker in self._serving:
            if worker.worker_id is None:
                continue
            jobs = await self._app.job_manager.list_jobs_async(
                status=Status.DOING.value, worker_id=worker.worker_id
            )
            found.extend(job for job in jobs if job.id not in self._running)
        return found

    async def _take_up(self, job: StoredJob) -> bool:
        """Have the job run again; False where it is given up instead."""
        manager = self._app.job_manager
        if job.id is None:
            return True
        if job.attempts < MOST_RUNS:
            rest = timedelta(seconds=self._draw() * find_longest_rest(job.attempts))
            try:
                await manager.retry_job_by_id_async(job.id, retry_at=datetime.now(UTC) + rest)
            except UniqueViolation:
                _log.info("Job %s is given up: a sync of the same source is waiting", job.id)
            except ConnectorException as error:
                _log.info("Job %s has just ended: %s", job.id, error.__cause__ or error)
                return True
            else:
                _log.info("Job %s of a dead worker is taken up again", job.id)
                return True
        await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=False)
        return False


def find_longest_rest(runs: int) -> float:
    """Seconds that a job may rest whose worker died after so many runs before: none at first.

    Each death takes along all that the worker had at hand. Resting for different times, drawn by
    chance, those that did no harm part from the one that kills its worker again and again.
    """
    return min(2.0**runs - 1.0, MOST_REST)


async def _work(worker: Worker) -> None:
    """Run a worker until it ends by itself; when cancelled, have it end in order first.

    It is asked to stop rather than cancelled: it loses a cancellation that comes while it starts or
    while the database is away.
    """
    work = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
    try:
        await asyncio.wait({work})
    except asyncio.CancelledError:
        worker.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({work})
        if not work.cancelled() and (error := work.exception()) is not None:
            _log.warning("A worker could not end in order: %r", error)
        raise
    finally:
        work.cancel()
    with suppress(*_UNAVAILABLE):
        work.result()


async def set_up_queue(connection: psycopg.AsyncConnection) -> list[str]:
    """Create procrastinate's own tables, or bring them up to date; the names of what was applied.

    It ships its migrations and keeps no record of them: the newest is noted at its main table.
    """
    cursor = await connection.execute(
        "SELECT jobs IS NOT NULL, obj_description(jobs, 'pg_class')"
        " FROM to_regclass('procrastinate_jobs') AS jobs"
    )
    exists, newest = await cursor.fetchone() or (False, None)
    steps = _read_migrations()
    if exists:
        steps = [step for step in steps if step[0] > (newest or FIRST_TABLES)]
    else:
        steps = [(steps[-1][0], SchemaManager.get_schema())]
    for name, text in steps:
        async with connection.transaction():
            await connection.execute(text.encode())
            note = sql.SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(name)
            await connection.execute(note)
    return [name for name, _ in steps] if exists else ["procrastinate"]


def _read_migrations() -> list[tuple[str, str]]:
    """Those that procrastinate ships, by name, in order."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    return [(file.stem, file.read_text(encoding="utf-8")) for file in files]


def _lock_sync(tenant: str, source: str) -> str:
    return f"sync:{tenant}:{source}"


def _name_queue(platform: Platform | None, kind: str) -> str:
    return f"{platform.value if platform else 'any'}-{kind}"


def _describe(job: Job, platform: Platform | None) -> tuple[str, str, str | None]:
    match job:
        case AnswerJob():
            return "answer", platform.value if platform else "any", None
        case CommandJob():
            return "command", platform.value if platform else "any", None
        case SyncJob():
            return "sync", _name_queue(platform, "sync"), _lock_sync(job.tenant, job.source)
        case ScheduledSyncJob():
            return "scheduled", _name_queue(platform, "sync"), _lock_sync(job.tenant, job.source)
        case _:
            assert_never(job)


def _write(job: Job) -> dict[str, str]:
    if isinstance(job, ScheduledSyncJob):
        return {"tenant": job.tenant, "source": job.source}
    arguments: dict[str, str] = {"tenant": job.tenant, "item": job.item}
    if isinstance(job, SyncJob):
        arguments |= {"source": job.source, "mode": job.mode.value}
        arguments |= {"confirm": job.confirm} if job.confirm else {}
    return arguments


def _read(name: str, arguments: Mapping[str, object]) -> Job:
    tenant = TenantId(str(arguments["tenant"]))
    if name == "scheduled":
        return ScheduledSyncJob(tenant, str(arguments["source"]))
    item = ItemId(str(arguments["item"]))
    if name == "sync":
        return SyncJob(
            tenant,
            item,
            str(arguments["source"]),
            SyncMode(str(arguments["mode"])),
            RunId(str(arguments["confirm"])) if arguments.get("confirm") else None,
        )
    return AnswerJob(tenant, item) if name == "answer" else CommandJob(tenant, item)
