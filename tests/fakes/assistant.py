"""An assistant that follows a script, and sources that sync by one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from agents.model import (
    AgentEvent,
    Answer,
    Answered,
    Citation,
    Outcome,
    Question,
    StepStarted,
    TextDelta,
    Trail,
    Usage,
)
from retrieval.errors import UnknownSource
from retrieval.model import RunId, SyncCounts, SyncMode, SyncRun, SyncState, TenantId

RUN = RunId("run1")


def make_answer(text: str = "Twenty days [1].") -> Answer:
    """An answer with one source."""
    citation = Citation(
        n=1,
        title="Handbook",
        url="https://docs.example/handbook",
        section="Leave",
        passage="Everyone has twenty days of leave.",
        quote="Everyone has twenty days of leave.",
        source="handbook",
        age_days=3,
    )
    return Answer(text, Outcome.ANSWERED, (citation,), quoted=True)


class ScriptedAssistant:
    """Satisfies Assistant. `script` holds answers and errors, the last of which repeats.

    `gate`, where given, holds every answer back until it is set; `draft` is written before that.
    """

    def __init__(
        self, *script: Answer | Exception, gate: asyncio.Event | None = None, draft: str = ""
    ) -> None:
        self._draft = draft
        self._script = list(script) or [make_answer()]
        self._gate = gate
        self.questions: list[Question] = []
        self.begun_anew: list[str] = []
        self.withdrawn: list[str] = []
        self.broken_off: list[tuple[str, Trail, Exception | None]] = []
        self.started = asyncio.Event()
        self.cancelled = 0

    async def begin_anew(self, tenant: TenantId, thread: str) -> None:
        self.begun_anew.append(thread)

    async def withdraw(self, tenant: TenantId, thread: str, question: str) -> None:
        self.withdrawn.append(question)

    async def break_off(
        self, question: Question, trail: Trail, error: Exception | None = None
    ) -> None:
        self.broken_off.append((question.id, trail, error))

    async def answer(self, question: Question, trail: Trail) -> AsyncIterator[AgentEvent]:
        self.questions.append(question)
        self.started.set()
        trail.usage = Usage(1, 10, 10, 0.5)
        yield StepStarted("searching", "leave")
        if self._draft:
            trail.text += self._draft
            yield TextDelta(self._draft)
        try:
            await asyncio.sleep(0)
            if self._gate is not None:
                await self._gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, Exception):
            raise step
        yield Answered(step)


class ScriptedSources:
    """Satisfies Sources. `script` holds counts of the runs' records, and errors to raise."""

    def __init__(
        self,
        names: Sequence[str] = ("handbook",),
        *script: SyncCounts | Exception,
        gate: asyncio.Event | None = None,
    ) -> None:
        self._names = names
        self._script = script or (SyncCounts(listed=3), SyncCounts(listed=3, added=2, failed=1))
        self._gate = gate
        self.synced: list[tuple[str, SyncMode]] = []
        self.confirmed: list[RunId | None] = []
        self.started = asyncio.Event()
        self.running = 0
        self.most_running = 0

    async def list_names(self, tenant: TenantId) -> Sequence[str]:
        return self._names

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        return [make_run(self._names[0], SyncMode.FULL, SyncCounts(listed=3), SyncState.SUCCEEDED)]

    async def sync(
        self,
        tenant: TenantId,
        name: str,
        mode: SyncMode,
        *,
        run: RunId | None = None,
        confirm: RunId | None = None,
    ) -> AsyncIterator[SyncRun]:
        if name not in self._names:
            raise UnknownSource
        self.synced.append((name, mode))
        self.confirmed.append(confirm)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for index, step in enumerate(self._script):
                if isinstance(step, Exception):
                    raise step
                final = index == len(self._script) - 1
                state = SyncState.SUCCEEDED if final else SyncState.RUNNING
                yield make_run(name, mode, step, state, run or RUN)
                self.started.set()
                if self._gate is not None:
                    await self._gate.wait()
        finally:
            self.running -= 1


def make_run(
    name: str, mode: SyncMode, counts: SyncCounts, state: SyncState, run: RunId = RUN
) -> SyncRun:
    """A run that took five seconds."""
    return SyncRun(
        id=run,
        source=name,
        mode=mode,
        state=state,
        started_at=datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC),
        finished_at=None
        if state is SyncState.RUNNING
        else datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC),
        counts=counts,
    )
