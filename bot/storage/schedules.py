"""The schedules of sources: what is due is queued, in the transaction that plans its next time."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from bot.model import ScheduledSyncJob
from bot.storage.database import QUERIES, Pool, begin
from bot.storage.inbox import JobWriter
from retrieval.errors import InvalidSchedule
from retrieval.model import TenantId
from retrieval.postgres.sources import read_schedule
from retrieval.sync.schedule import plan_next

_log = logging.getLogger(__name__)


class PostgresSchedules:
    """Satisfies bot.ports.Schedules."""

    def __init__(
        self,
        pool: Pool,
        jobs: JobWriter,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._now = now

    async def queue_due(self) -> list[ScheduledSyncJob]:
        """Queue a sync of each source that is due, once however often it was missed.

        Returns what was queued; a source that waits to be synced already is left at that.
        """
        now = self._now()
        queued = []
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["lock_due_sources"], {"now": now})
            for tenant, source, name, stored in await cursor.fetchall():
                values = {"tenant": tenant, "source": source, "next": _plan(stored, now, name)}
                await connection.execute(QUERIES["plan_source"], values)
                job = ScheduledSyncJob(TenantId(tenant), name)
                if await self._jobs.defer(connection, job) is not None:
                    queued.append(job)
        return queued


def _plan(stored: dict[str, object], now: datetime, name: str) -> datetime | None:
    schedule = read_schedule(stored)
    if schedule is None:
        return None
    try:
        return plan_next(schedule, now, name)
    except InvalidSchedule as error:
        _log.error("The schedule of %s ends: %s", name, error)
        return None
