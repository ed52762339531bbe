"""Syncs, and how they went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from retrieval.model.names import RunId


class SyncMode(StrEnum):
    """incremental: fetch what changed; full: fetch everything; dry_run: plan only."""

    INCREMENTAL = "incremental"
    FULL = "full"
    DRY_RUN = "dry-run"


class SyncState(StrEnum):
    """Where a sync run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """Documents by what became of them in a run; `chunks` counts chunks written.

    `skipped` could not be read before and have not changed since.
    """

    listed: int = 0
    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """A document that could not be synced, and why, in words for an admin."""

    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncRun:
    """The record of one run over one source.

    Of `total` documents that needed work, `done` are done. `held` names the documents that would
    have been deleted but for the brake. `began_at` is when the work began that the run goes on
    with: earlier than `started_at` where it took over from a run that was interrupted.
    """

    id: RunId
    source: str
    mode: SyncMode
    state: SyncState
    started_at: datetime
    finished_at: datetime | None
    counts: SyncCounts
    failures: tuple[SyncFailure, ...] = ()
    error: str | None = None
    done: int = 0
    total: int = 0
    held: tuple[str, ...] = ()
    began_at: datetime | None = None

    def measure_rate(self, now: datetime) -> float:
        """Documents a second since the run started."""
        seconds = ((self.finished_at or now) - self.started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    def estimate_left(self, now: datetime) -> float | None:
        """Seconds until it is done if it goes on as fast; None where nobody can tell."""
        if self.finished_at is not None:
            return 0.0
        rate = self.measure_rate(now)
        return (self.total - self.done) / rate if rate else None


class RunSignal(StrEnum):
    """What a run learns when it gives a sign of life."""

    GO_ON = "go on"
    CANCEL = "cancel"
    LOST = "lost"
    """It was taken for dead and closed, or its source was removed."""
