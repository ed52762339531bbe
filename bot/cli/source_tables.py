"""What the command line prints of sources, syncs and the audit log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from bot.cli.terminal import open_console, progress_bar
from bot.model import AuditRecord, SourceOverview
from retrieval.model import (
    DocumentReport,
    Source,
    SourceTrial,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
)

_MARKS = {
    SyncState.RUNNING: "[cyan]…[/]",
    SyncState.SUCCEEDED: "[green]✓[/]",
    SyncState.FAILED: "[red]✗[/]",
    SyncState.CANCELLED: "[yellow]–[/]",
}


def source_document(source: Source) -> dict[str, Any]:
    """What `footnote sources add --json` prints."""
    return {
        "name": source.name,
        "kind": source.kind,
        "config": dict(source.config),
        "audience": sorted(source.audience),
    }


def print_sources(overview: Sequence[SourceOverview]) -> None:
    """A table of sources."""
    console = open_console()
    if not overview:
        console.print("No source yet. Add one: footnote sources add NAME PATH")
        return
    headings = ("source", "kind", "documents", "last sync", "schedule", "next sync", "where")
    table = Table(*headings, box=None, pad_edge=False)
    for row in overview:
        due = "paused" if row.paused else _tell_time(row.next_sync)
        documents, last = str(row.documents), _tell_time(row.last_sync) or "never"
        cells = (row.name, row.kind, documents, last, row.schedule, due, row.where)
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)


def _tell_time(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def print_trial(name: str, trial: SourceTrial) -> None:
    """What a look at a source showed."""
    console = open_console()
    mark = "[red]✗[/]" if trial.problem else "[green]✓[/]"
    least = "" if trial.complete else "at least "
    console.print(f"{mark} {escape(name)} can be listed: {least}{trial.listed} documents.")
    for example in trial.examples:
        console.print(f"    {escape(example)}")
    if trial.title:
        console.print(f"    Read to try it: {escape(trial.title)}")
    if trial.problem:
        console.print(f"    [red]{escape(trial.problem)}[/]")


def run_document(run: SyncRun) -> dict[str, Any]:
    """What `footnote sync --json` prints for one source."""
    counts, now = run.counts, datetime.now(UTC)
    return {
        "run": run.id,
        "source": run.source,
        "mode": run.mode.value,
        "state": run.state.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "counts": {name: getattr(counts, name) for name in SyncCounts.__slots__},
        "done": run.done,
        "total": run.total,
        "documents_per_second": round(run.measure_rate(now), 2),
        "seconds_left": run.estimate_left(now),
        "failures": [failure_document(failure) for failure in run.failures],
        "held": list(run.held),
        "error": run.error,
    }


def failure_document(failure: SyncFailure) -> dict[str, Any]:
    """A document that could not be read, for programs."""
    return {"document": failure.external_id, "reason": failure.reason}


def print_run(run: SyncRun) -> None:
    """How a sync ended."""
    console = open_console()
    summary = describe_counts(run.counts, foreseen=run.mode is SyncMode.DRY_RUN)
    console.print(f"{_MARKS[run.state]} {escape(run.source)}: {summary}.")
    for failure in run.failures:
        console.print(f"    [red]{escape(failure.external_id)}[/]: {escape(failure.reason)}")
    if run.error:
        console.print(f"    [red]{escape(run.error)}[/]")


def describe_counts(counts: SyncCounts, *, foreseen: bool = False) -> str:
    """'3 listed: 1 added, 0 updated, …'."""
    done = "would be " if foreseen else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    return (
        f"{counts.listed} listed: {counts.added} {done}added, {counts.updated} {done}updated, "
        f"{counts.deleted} {done}deleted, {counts.unchanged} unchanged{skipped}, "
        f"{counts.failed} failed"
    )


def print_runs(runs: Sequence[SyncRun]) -> None:
    """A table of runs."""
    console = open_console()
    if not runs:
        console.print("Nothing has been synced yet.")
        return
    table = Table("", "source", "mode", "started", "took", "what", "run", box=None, pad_edge=False)
    for run in runs:
        table.add_row(
            _MARKS[run.state],
            escape(run.source),
            run.mode.value,
            _tell_time(run.started_at),
            _tell_duration(run),
            describe_counts(run.counts),
            run.id,
        )
        if run.error:
            table.add_row("", "", "", "", "", f"[red]{escape(run.error)}[/]", "")
    console.print(table)


def _tell_duration(run: SyncRun) -> str:
    now = datetime.now(UTC)
    if run.finished_at is not None:
        return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"
    left = run.estimate_left(now)
    rate = f"{run.done} of {run.total}, {run.measure_rate(now):.1f}/s"
    return rate if left is None else f"{rate}, {left:.0f} s left"


def print_failures(name: str, failures: Sequence[SyncFailure]) -> None:
    """The documents of a source that cannot be read."""
    console = open_console()
    if not failures:
        console.print(f"Every document of {escape(name)} can be read.")
    for failure in failures:
        console.print(f"[red]{escape(failure.external_id)}[/]: {escape(failure.reason)}")


def report_document(report: DocumentReport) -> dict[str, Any]:
    """What `footnote doc --json` prints for one document."""
    return {
        "source": report.source,
        "document": report.external_id,
        "url": report.url,
        "title": report.title,
        "audience": sorted(report.audience),
        "hidden": report.hidden,
        "modified_at": report.modified_at,
        "synced_at": report.synced_at,
        "version": report.version,
        "chunks": [
            {"n": chunk.ordinal, "section": chunk.section, "tokens": chunk.tokens}
            | {"text": chunk.text}
            for chunk in report.chunks
        ],
    }


def print_reports(url: str, reports: Sequence[DocumentReport]) -> None:
    """What is held of a document."""
    console = open_console()
    if not reports:
        console.print(f"Nothing is held of {escape(url)}.")
    for report in reports:
        console.print(f"[bold]{escape(report.title or report.external_id)}[/]")
        readers = "nobody: it was missing at its source" if report.hidden else ""
        facts = {
            "source": report.source,
            "document": report.external_id,
            "read by": readers or ", ".join(sorted(report.audience)),
            "changed": _tell_time(report.modified_at) or "unknown",
            "synced": f"{_tell_time(report.synced_at)}, version {report.version}",
            "passages": str(len(report.chunks)),
        }
        for what, value in facts.items():
            console.print(f"    {what:<9} {escape(value)}")
        for chunk in report.chunks:
            text = " ".join(chunk.text.split())
            place = f"{escape(chunk.section)}: " if chunk.section else ""
            console.print(f"    [dim]{chunk.ordinal + 1:>3}.[/] {place}{escape(text[:100])}")


def print_audit(entries: Sequence[AuditRecord]) -> None:
    """A table of commands."""
    table = Table("when", "who", "where", "command", "outcome", "", box=None, pad_edge=False)
    for entry in entries:
        place = ":".join(part for part in (entry.platform, entry.channel) if part)
        when = _tell_time(entry.at)
        cells = (when, entry.person, place, entry.command, entry.outcome, entry.detail)
        table.add_row(*(escape(cell) for cell in cells))
    open_console().print(table)


class SyncProgress:
    """Shows a sync's progress; satisfies retrieval.ports.Progress."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=None, note="")

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None:
        failed = f", {counts.failed} failed" if counts.failed else ""
        self._progress.update(
            self._task, completed=done, total=total, note=f"{counts.chunks} passages{failed}"
        )


@contextmanager
def follow_sync(name: str, *, shown: bool) -> Iterator[SyncProgress]:
    """A progress bar on standard error while a source is synced; nothing off a terminal."""
    with progress_bar(shown=shown) as progress:
        yield SyncProgress(progress, name)
