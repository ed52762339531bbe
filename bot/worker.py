"""Works through the queue: questions, commands and syncs, until cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import assert_never

from bot.cancellation import is_cancelled
from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.model import AnswerJob, CommandJob, Job, ScheduledSyncJob, SyncJob
from bot.ports import Inbox, JobRunner, Schedules
from bot.syncing import SyncReporter
from bot.waiting import WaitingRoom
from retrieval.errors import StoreUnavailable

SWEEP = 15.0
"""Seconds between two looks for open entries that no job is queued for."""

TICK = 2.0
"""Seconds between two looks for sources that are due."""

_log = logging.getLogger(__name__)


class Worker:
    """Runs the jobs of the inbox. Cancel `run` to stop: work at hand is finished or handed back."""

    def __init__(
        self,
        *,
        jobs: JobRunner,
        inbox: Inbox,
        conversation: Conversation,
        commands: Commands,
        syncs: SyncReporter,
        schedules: Schedules,
        delivery: Delivery,
        waiting: WaitingRoom,
        sweep: float = SWEEP,
        tick: float = TICK,
    ) -> None:
        self._jobs = jobs
        self._inbox = inbox
        self._conversation = conversation
        self._commands = commands
        self._syncs = syncs
        self._schedules = schedules
        self._delivery = delivery
        self._waiting = waiting
        self._sweep = sweep
        self._tick = tick

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._jobs.run(self._handle, self._abandon))
            for seconds, step, doing in (
                (self._sweep, self._requeue, "Looking for lost entries"),
                (self._sweep, self._deliver_overdue, "Looking for letters left behind"),
                (self._sweep, self._remove_twins, "Looking for twins"),
                (self._tick, self._look_at_schedules, "Looking at schedules"),
                (self._tick, self._waiting.keep, "Looking at who waits"),
            ):
                group.create_task(_repeat(seconds, step, doing))

    async def _handle(self, job: Job) -> float | None:
        match job:
            case AnswerJob(tenant, item):
                return await self._conversation.answer(tenant, item)
            case CommandJob(tenant, item):
                return await self._commands.perform(tenant, item)
            case SyncJob():
                return await self._syncs.run(job)
            case ScheduledSyncJob():
                return await self._syncs.run_scheduled(job)
            case _:
                assert_never(job)

    async def _abandon(self, job: Job) -> None:
        # Questions and commands stay open in the inbox, and the sweep queues them again.
        if isinstance(job, SyncJob):
            await self._syncs.abandon(job)

    async def _requeue(self) -> None:
        if count := await self._inbox.requeue_lost():
            _log.warning("%d entries of the inbox had lost their job", count)

    async def _deliver_overdue(self) -> None:
        if count := await self._delivery.deliver_overdue():
            _log.info("%d letters had been left behind", count)

    async def _remove_twins(self) -> None:
        if count := await self._delivery.remove_twins():
            _log.warning("%d messages stood there twice and were removed", count)

    async def _look_at_schedules(self) -> None:
        for job in await self._schedules.queue_due():
            _log.info("The sync of %s is due by its schedule", job.source)


async def _repeat(seconds: float, step: Callable[[], Awaitable[object]], doing: str) -> None:
    """Take a step every so many seconds, until cancelled."""
    while not is_cancelled():
        try:
            await step()
        except StoreUnavailable as error:
            _log.warning("%s failed: %s", doing, error)
        except Exception:  # noqa: BLE001 - questions are answered all the same
            _log.exception("%s failed", doing)
        await asyncio.sleep(seconds)
