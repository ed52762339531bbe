"""Runs a sync that was commanded in chat, and keeps one message up to date with how it goes."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from bot.admin.sync_orders import name_run, name_sync_letter
from bot.delivery import Delivery
from bot.errors import BotError, DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import AuditEntry, Command, ScheduledSyncJob, SyncJob
from bot.ports import Audit, Inbox, Letter, Sources
from bot.rendering.apology import find_apology
from bot.rendering.compose import compose_words
from bot.rendering.reply import Reply
from bot.rendering.sync_report import compose_sync, compose_sync_failure, describe_counts
from retrieval.errors import RetrievalError, StoreUnavailable, SyncInProgress
from retrieval.model import SyncMode, SyncRun, SyncState

PACE = 2.0
"""Seconds at least between two edits of the message."""
PATIENCE = 8
"""How often a run that is under way is waited for: it may be one whose worker died."""
WAIT = 3.0
"""Seconds between two looks at a run that is under way."""
NEVER = math.inf
"""After so many seconds an edit is tried again that the platform will not take."""
MOST_EDITS = 6
"""Attempts at the last edit, the one that tells the end."""

_log = logging.getLogger(__name__)


class SyncReporter:
    """Runs the syncs of the queue."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        delivery: Delivery,
        sources: Sources,
        audit: Audit,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._sources = sources
        self._audit = audit
        self._clock = clock
        self._now = now
        self._sleep = sleep

    async def run(self, job: SyncJob) -> float | None:
        """Sync and report; returns after how many seconds to try again, None when finished."""
        command = await self._inbox.read_command(job.tenant, job.item)
        if command is None:
            return None
        key = name_sync_letter(job.item, job.source)
        try:
            message = await self._delivery.deliver(job.tenant, key)
        except DeliveryRefused:
            message = ""  # the sync was asked for; it goes on unseen and is in the audit log
        except RateLimited as error:
            return max(error.retry_after, 0.1)
        except DeliveryFailed:
            return WAIT
        try:
            last = await self._sync_patiently(job, command, message)
        except Exception as error:  # noqa: BLE001 - whatever failed has its words
            _log.exception("Sync %s of %s failed", job.item, job.source)
            words = _explain(error)
            reply = compose_sync_failure(job.source, job.mode, words, job.item)
            await self._record(job, command, "failed", str(error))
        else:
            reply = compose_sync(last, self._now())
            await self._record(job, command, last.state, describe_counts(last.counts))
        await self._show_end(job, command, message, reply)
        return None

    async def run_scheduled(self, job: ScheduledSyncJob) -> float | None:
        """Sync by schedule. Nobody waits for it, so it is told only where it fails.

        Returns after how many seconds to try again, None when finished.
        """
        runs = self._sources.sync(job.tenant, job.source, SyncMode.INCREMENTAL)
        try:
            async for run in runs:
                if run.state is SyncState.FAILED and run.finished_at is not None:
                    _log.warning("The scheduled sync of %s failed: %s", job.source, run.error)
                    await self._tell_failure(job, run)
        except SyncInProgress:
            return WAIT
        except StoreUnavailable:
            raise
        except (RetrievalError, BotError) as error:
            _log.error("The scheduled sync of %s could not begin: %s", job.source, error)
        finally:
            # A run that nobody follows any more must not go on in the background.
            if isinstance(runs, AsyncGenerator):
                await runs.aclose()
        return None

    async def _tell_failure(self, job: ScheduledSyncJob, run: SyncRun) -> None:
        """Tell it where the schedule was set, once for as long as it fails in the same way."""
        _, *earlier = await self._sources.history(job.tenant, job.source, limit=2) or [run]
        if earlier and (earlier[0].state, earlier[0].error) == (run.state, run.error):
            return
        item = await self._audit.find_schedule(job.tenant, job.source)
        command = await self._inbox.read_command(job.tenant, item) if item else None
        if item is None or command is None:
            return
        key = f"{item}:scheduled:{run.id}"
        reply = compose_sync(run, self._now())
        token = {"user": command.person.id}
        try:
            await self._delivery.send(Letter(job.tenant, key, command.place, reply, token))
        except DeliveryFailed as error:
            _log.warning("The failure of %s could not be told: %s", job.source, error)

    async def abandon(self, job: SyncJob) -> None:
        """Tell that a sync was interrupted and gives way to one that was asked for later."""
        command = await self._inbox.read_command(job.tenant, job.item)
        if command is None:
            return
        words = f"This sync of {job.source} was interrupted; a later one takes its place."
        try:
            key = name_sync_letter(job.item, job.source)
            message = await self._delivery.deliver(job.tenant, key)
        except BotError as error:
            _log.warning("The end of sync %s could not be told: %s", job.item, error)
            return
        await self._show_end(job, command, message, compose_words(words))

    async def _sync_patiently(self, job: SyncJob, command: Command, message: str) -> SyncRun:
        for _ in range(PATIENCE):
            try:
                return await self._sync(job, command, message)
            except SyncInProgress:
                await self._sleep(WAIT)
        return await self._sync(job, command, message)

    async def _sync(self, job: SyncJob, command: Command, message: str) -> SyncRun:
        last: SyncRun | None = None
        shown = self._clock() - PACE
        runs = self._sources.sync(
            job.tenant,
            job.source,
            job.mode,
            run=name_run(job.item, job.source),
            confirm=job.confirm,
        )
        try:
            async for run in runs:
                last = run
                if self._clock() - shown >= PACE and run.finished_at is None:
                    await self._edit(command, message, compose_sync(run, self._now()))
                    shown = self._clock()
        finally:
            # A run that nobody follows any more must not go on in the background.
            if isinstance(runs, AsyncGenerator):
                await runs.aclose()
        if last is None:
            raise BotError(f"The sync of {job.source} ended without a record.")
        return last

    async def _edit(self, command: Command, message: str, reply: Reply) -> float:
        """Show it; returns after how many seconds to try again: 0 when it is shown, or NEVER."""
        if not message:
            return 0.0
        try:
            messenger = self._delivery.get_messenger(command.place.platform)
            await messenger.edit(command.place, message, reply, reply_token=command.reply_token)
        except RateLimited as error:
            return max(error.retry_after, 0.1)
        except DeliveryRefused as error:
            _log.warning("The message about a sync cannot be kept up to date: %s", error)
            return NEVER
        except DeliveryFailed as error:
            _log.warning("The message about a sync was not brought up to date: %s", error)
            return WAIT
        return 0.0

    async def _show_end(self, job: SyncJob, command: Command, message: str, reply: Reply) -> None:
        for _ in range(MOST_EDITS):
            wait = await self._edit(command, message, reply)
            if not wait:
                return
            if wait == NEVER:
                break
            await self._sleep(wait)
        await self._tell_end(job, command, reply)

    async def _tell_end(self, job: SyncJob, command: Command, reply: Reply) -> None:
        """Tell the end to the one who asked, where the message that stands cannot be changed."""
        key = f"{job.item}:end:{job.source}"
        told = replace(reply, private=True)
        try:
            await self._delivery.send(
                Letter(job.tenant, key, command.place, told, command.reply_token)
            )
        except DeliveryFailed as error:
            _log.error("The end of a sync could not be told, %s: %s", command.event, error)

    async def _record(self, job: SyncJob, command: Command, outcome: str, detail: str) -> None:
        await self._audit.record(
            AuditEntry(
                tenant=job.tenant,
                item=job.item,
                place=command.place,
                person=command.person,
                command=f"sync {job.source} {job.mode}",
                outcome=outcome,
                detail=detail,
            )
        )


def _explain(error: Exception) -> str:
    """An admin reads this, so the error's own words come too where they were written for people."""
    words = find_apology(error).words.en
    own = str(error) if isinstance(error, BotError | RetrievalError) else ""
    return f"{words} ({own})" if own and own != words else words
