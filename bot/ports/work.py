"""What does the work: the assistant, the sources, the queue."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from agents.model import AgentEvent, Question, Trail
from bot.model import (
    Job,
    ScheduledSyncJob,
    SourceOverview,
    Surplus,
    Waiting,
)
from bot.ports.records import Letter
from retrieval.model import (
    DocumentReport,
    RunId,
    Source,
    SourceTrial,
    SyncFailure,
    SyncMode,
    SyncRun,
    TenantId,
    Topic,
)


class Assistant(Protocol):
    """Answers questions, as agents.assistant does. Raises AgentError, RetrievalError."""

    def answer(self, question: Question, trail: Trail) -> AsyncIterator[AgentEvent]:
        """Steps, text deltas, and Answered as the last; `trail` tells what there is so far."""
        ...

    async def break_off(
        self, question: Question, trail: Trail, error: Exception | None = None
    ) -> None:
        """Keep a record of a run that was closed without an answer: by people, or for an error."""
        ...

    async def begin_anew(self, tenant: TenantId, thread: str) -> None:
        """Have the next question of a conversation know nothing of what was before."""
        ...


class Topics(Protocol):
    """Knows what documents are about. Raises StoreUnavailable."""

    async def list_topics(
        self, tenant: TenantId, readers: frozenset[str], *, without: frozenset[str]
    ) -> Sequence[Topic]:
        """Topics of the latest documents that one of these may read, of other kinds of source than
        these; the latest document first.
        """
        ...


class WaitingLine(Protocol):
    """Knows whose questions wait to be worked on. Raises StoreUnavailable."""

    async def list_surplus(self, most: int) -> Sequence[Surplus]:
        """A lot of the questions behind the first `most` of their tenant that nobody has begun.

        The next lot is there once these are turned away; empty where there are no more.
        """
        ...

    async def turn_away(self, surplus: Surplus, letter: Letter | None) -> bool:
        """Close a question and write down what is said to it, in one transaction.

        False, with nothing written, where it does not wait any more.
        """
        ...

    async def take_untold(self, first: int) -> Sequence[Waiting]:
        """A lot of those from this number on who were not told it; empty where there are no more.

        Whoever takes them tells them, or they are taken again after some seconds.
        """
        ...

    async def note_told(self, waiting: Waiting) -> None:
        """Have this one not be taken again."""
        ...


class Memory(Protocol):
    """Remembers conversations, as agents.assistant does. Raises RetrievalError."""

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete what is remembered of a conversation, and how its questions were answered."""
        ...


JobHandler = Callable[[Job], Awaitable[float | None]]
"""Handles a job; returns None when finished, or after how many seconds to be called again.

May be called more than once for a job, and at the same time where a worker was thought dead.
"""


class JobRunner(Protocol):
    """Runs queued jobs."""

    async def run(self, handle: JobHandler, abandon: Callable[[Job], Awaitable[None]]) -> None:
        """Run jobs until cancelled; then finish those at work or hand them back.

        Survives restarts of the database. `abandon` is told of a job that will not be run again.
        """
        ...

    async def is_syncing(self, tenant: TenantId, source: str) -> bool:
        """Whether a sync of this source is queued or running."""
        ...

    async def drop_sync(self, tenant: TenantId, source: str) -> Job | None:
        """Take the sync of this source that waits in the queue out of it; None where none does."""
        ...


class Schedules(Protocol):
    """Knows which sources are to be synced by themselves, and when. Raises StoreUnavailable."""

    async def queue_due(self) -> Sequence[ScheduledSyncJob]:
        """Queue a sync of each source that is due, once however often it was missed."""
        ...


class SecretKeeper(Protocol):
    """Seals what must not be read from the database. Raises SettingsInvalid."""

    def seal_all(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Named texts, sealed."""
        ...

    def open_all(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """Named texts, opened."""
        ...


class Sources(Protocol):
    """Knowledge sources and their syncs, as commands need them. Raises RetrievalError.

    Whatever takes the name of a source raises UnknownSource.
    """

    async def list_names(self, tenant: TenantId) -> Sequence[str]: ...

    async def list_overviews(self, tenant: TenantId) -> Sequence[SourceOverview]:
        """Every source, by name."""
        ...

    async def describe(self, tenant: TenantId, name: str) -> SourceOverview:
        """One source with what the store holds of it, its schedule and when it is due."""
        ...

    async def try_out(
        self, tenant: TenantId, kind: str, config: Mapping[str, object]
    ) -> SourceTrial:
        """Look at a source before it is added. Raises InvalidSource, SourceUnreadable."""
        ...

    async def test(self, tenant: TenantId, name: str) -> SourceTrial:
        """Look at a source as it was added. Raises SourceUnreadable."""
        ...

    async def add(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: frozenset[str],
    ) -> Source:
        """Add a source; `config` holds its secrets too, which are sealed. Raises InvalidSource."""
        ...

    async def remove(self, tenant: TenantId, name: str) -> int:
        """Remove a source with all that was read from it; how many documents that was."""
        ...

    async def pause(self, tenant: TenantId, name: str) -> SourceOverview:
        """Neither the schedule nor `all` syncs it from now on; by its name it can be synced."""
        ...

    async def resume(self, tenant: TenantId, name: str) -> SourceOverview:
        """The schedule goes on, from its next time."""
        ...

    async def set_schedule(
        self, tenant: TenantId, name: str, cron: str, zone: str = "UTC", window: str = ""
    ) -> SourceOverview:
        """Have a source synced by itself; an empty `cron` ends that. Raises InvalidSchedule."""
        ...

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        """The latest run of each source that was ever synced, by name of the source."""
        ...

    async def history(
        self, tenant: TenantId, name: str | None = None, *, limit: int = 20
    ) -> Sequence[SyncRun]:
        """The latest runs of one source, or of all, the latest first."""
        ...

    async def get_run(self, tenant: TenantId, run: RunId) -> SyncRun:
        """A run with all its failures and what its brake held. Raises UnknownRun."""
        ...

    async def errors(self, tenant: TenantId, name: str) -> Sequence[SyncFailure]:
        """The documents of a source that cannot be read as things stand."""
        ...

    async def cancel(self, tenant: TenantId, name: str) -> RunId | None:
        """Have the sync of a source end, wherever it runs, within seconds; None where none is."""
        ...

    def sync(
        self,
        tenant: TenantId,
        name: str,
        mode: SyncMode,
        *,
        run: RunId | None = None,
        confirm: RunId | None = None,
    ) -> AsyncIterator[SyncRun]:
        """Run a sync; yields the run's record now and then, and at the end.

        `run` is the id that was announced for it. `confirm` is a run whose held deletions an admin
        agreed to: those may go, and no others. Raises UnknownRun, SyncInProgress before the first
        record.
        """
        ...

    async def describe_document(self, tenant: TenantId, url: str) -> Sequence[DocumentReport]:
        """What is held of the document at an address, in each source that has it."""
        ...
