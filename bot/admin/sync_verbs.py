"""The verbs of /sync."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.admin.names import ALL
from bot.admin.sync_orders import (
    SyncMessages,
    describe_busy,
    name_run,
    name_sync_letter,
    read_order,
)
from bot.model import Claim, SyncJob
from bot.ports import JobRunner, Sources
from bot.rendering.help import compose_usage
from bot.rendering.report import compose_sources
from bot.rendering.sync_report import (
    compose_errors,
    compose_failures,
    compose_history,
    compose_status,
    compose_sync_queued,
)
from bot.verdict import Verdict, answer, say
from retrieval.model import RunId, SyncMode, TenantId

SHOWN_RUNS = 10


class SyncVerbs:
    """Starts and stops syncs, and tells of them."""

    def __init__(
        self,
        sources: Sources,
        jobs: JobRunner,
        messages: SyncMessages,
        now: Callable[[], datetime],
    ) -> None:
        self._sources = sources
        self._jobs = jobs
        self._messages = messages
        self._now = now
        self._shows = {
            "status": self._show_status,
            "history": self._show_history,
            "errors": self._show_errors,
        }

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """Carry out the words after /sync; None where they are not understood.

        Raises RetrievalError: UnknownSource and UnknownRun in words for the admin.
        """
        match words:
            case (verb, *names) if verb in self._shows and len(names) <= 1:
                return await self._shows[verb](claim, names[0] if names else ALL)
            case ("cancel", name):
                return await self._cancel(claim, name)
            case ("confirm", run):
                return await self._confirm(claim, RunId(run))
            case ("now", source, *rest) | (source, *rest) if len(rest) <= 1:
                return await self._start(claim, source, rest)
            case _:
                return None

    async def _show_status(self, claim: Claim, which: str) -> Verdict:
        names = await self._sources.list_names(claim.tenant)
        if which != ALL:
            names = [(await self._sources.describe(claim.tenant, which)).name]
        if not names:
            return answer(claim, "shown", compose_sources([], self._now()))
        runs = await self._sources.latest_runs(claim.tenant)
        return answer(claim, "shown", compose_status(runs, names, self._now()))

    async def _show_history(self, claim: Claim, which: str) -> Verdict:
        name = None if which == ALL else which
        runs = await self._sources.history(claim.tenant, name, limit=SHOWN_RUNS)
        return answer(claim, "shown", compose_history(runs, self._now()))

    async def _show_errors(self, claim: Claim, which: str) -> Verdict:
        names = await self._sources.list_names(claim.tenant)
        if which != ALL and which not in names:
            run = await self._sources.get_run(claim.tenant, RunId(which))
            return answer(claim, "shown", compose_errors(run, self._now()))
        wanted = names if which == ALL else [which]
        failures = {name: await self._sources.errors(claim.tenant, name) for name in wanted}
        return answer(claim, "shown", compose_failures(failures))

    async def _cancel(self, claim: Claim, name: str) -> Verdict:
        run = await self._sources.cancel(claim.tenant, name)
        waiting = await self._jobs.drop_sync(claim.tenant, name)
        if run is not None:
            words = f"The sync of {name} is being cancelled; what it has read stays."
            return say(claim, "cancelled", words, f"run {run}: running → cancelled")
        if waiting is not None:
            if isinstance(waiting, SyncJob):
                await self._messages.replace(waiting, f"The sync of {name} was cancelled.")
            return say(claim, "cancelled", f"The sync of {name} will not begin.", "waiting → none")
        return say(claim, "idle", f"No sync of {name} is under way.")

    async def _confirm(self, claim: Claim, run: RunId) -> Verdict:
        held = await self._sources.get_run(claim.tenant, run)
        if not held.held:
            return say(claim, "invalid", f"The run {run} did not hold back any deletion.")
        detail = f"{len(held.held)} deletions held by run {run} → confirmed"
        return await self._begin(claim, [held.source], SyncMode.INCREMENTAL, detail)

    async def _start(self, claim: Claim, source: str, rest: Sequence[str]) -> Verdict:
        wanted = await self._list_names(claim.tenant, source)
        if source != ALL and not wanted:
            names = await self._sources.list_names(claim.tenant)
            known = ", ".join(names) or "none yet"
            words = f"There is no source called {source}. The sources are: {known}."
            return say(claim, "invalid", words)
        order = read_order((source, *rest))
        if order is None:
            words = f"{rest[0]} is no way to sync: use full or dry-run, or leave it out."
            return answer(claim, "invalid", compose_usage(words))
        if not wanted:
            return answer(claim, "shown", compose_sources([], self._now()))
        return await self._begin(claim, wanted, order.mode)

    async def _begin(
        self, claim: Claim, wanted: Sequence[str], mode: SyncMode, detail: str = ""
    ) -> Verdict:
        free = [name for name in wanted if not await self._jobs.is_syncing(claim.tenant, name)]
        replies = {
            name_sync_letter(claim.item, name): compose_sync_queued(
                name, mode, name_run(claim.item, name)
            )
            for name in free
        }
        if busy := [name for name in wanted if name not in free]:
            refusal = say(claim, "busy", describe_busy(busy))
            replies |= refusal.replies
        return Verdict("started" if free else "busy", replies, detail)

    async def _list_names(self, tenant: TenantId, name: str) -> Sequence[str]:
        """The sources that a name stands for: none where it is unknown, all but paused for all."""
        overviews = await self._sources.list_overviews(tenant)
        if name == ALL:
            return [overview.name for overview in overviews if not overview.paused]
        return [overview.name for overview in overviews if overview.name == name]
