"""Replies to admins' commands: help, sources, and how a sync is getting on. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.rendering.reply import Block, Bullets, Code, Inline, Paragraph, Reply, Strong, Text
from retrieval.model import SyncCounts, SyncMode, SyncRun, SyncState

SHOWN_FAILURES = 5

_HELP = (
    ("/ask question", "answers you alone, from the sources"),
    ("/help", "shows this"),
)
_ADMIN_HELP = (
    ("/sync source|all [full|dry-run]", "reads a source again and shows what changed"),
    ("/sync status", "shows the latest sync of each source"),
    ("/sources list", "lists the sources"),
)
_STATES = {
    SyncState.RUNNING: "is running",
    SyncState.SUCCEEDED: "is done",
    SyncState.FAILED: "failed",
    SyncState.CANCELLED: "was cancelled",
}


def compose_help(*, admin: bool, private: bool = True) -> Reply:
    """What can be asked and commanded."""
    intro = Paragraph((Text("Mention me with a question, or write to me directly."),))
    entries = _HELP + (_ADMIN_HELP if admin else ())
    return Reply((intro, _list_commands(entries)), private=private)


def compose_usage(words: str) -> Reply:
    """A command that was not understood: what is wrong, and the commands that exist."""
    return Reply((Paragraph((Text(words),)), _list_commands(_ADMIN_HELP)), private=True)


def compose_sync_queued(source: str, mode: SyncMode) -> Reply:
    """The first word about a sync that was asked for."""
    return Reply((Paragraph((*_name_sync(source, mode), Text(" starts …"))),))


def compose_sync(run: SyncRun) -> Reply:
    """How a run is getting on, or how it ended."""
    blocks: list[Block] = [
        Paragraph((*_name_sync(run.source, run.mode), Text(f" {_STATES[run.state]}{_time(run)}."))),
        Paragraph((Text(describe_counts(run.counts, foreseen=run.mode is SyncMode.DRY_RUN)),)),
    ]
    if run.failures:
        blocks.append(Paragraph((Text("Could not be read:"),)))
        blocks.append(_list_lines(_describe_failures(run)))
    notices = (run.error,) if run.error else ()
    return Reply(tuple(blocks), notices=notices, footer=f"Run {run.id}")


def compose_sync_failure(source: str, mode: SyncMode, words: str, reference: str) -> Reply:
    """A sync that could not begin or go on."""
    headline = Paragraph((*_name_sync(source, mode), Text(" did not work.")))
    return Reply((headline,), notices=(words,), footer=f"Reference {reference}")


def compose_status(runs: Sequence[SyncRun], names: Sequence[str], now: datetime) -> Reply:
    """The latest run of every source."""
    if not names:
        return compose_sources([], [], now)
    known = {run.source: run for run in runs}
    return Reply(
        (_list_lines(_describe_status(name, known.get(name), now) for name in names),), private=True
    )


def compose_sources(names: Sequence[str], runs: Sequence[SyncRun], now: datetime) -> Reply:
    """The sources, each with how much it holds and when it was read."""
    if not names:
        words = "There are no sources yet. Add one with `footnote sources add` on the server."
        return Reply((Paragraph((Text(words),)),), private=True)
    known = {run.source: run for run in runs}
    lines = [_describe_source(name, known.get(name), now) for name in names]
    return Reply((_list_lines(lines),), private=True)


def describe_counts(counts: SyncCounts, *, foreseen: bool = False) -> str:
    """'12 listed · 3 added · 1 updated · 0 deleted · 8 unchanged · 0 failed'."""
    numbers = (
        f"{counts.listed} listed",
        f"{counts.added} {'to add' if foreseen else 'added'}",
        f"{counts.updated} {'to update' if foreseen else 'updated'}",
        f"{counts.deleted} {'to delete' if foreseen else 'deleted'}",
        f"{counts.unchanged} unchanged",
        f"{counts.failed} failed",
    )
    return " · ".join(numbers)


def describe_past(then: datetime, now: datetime) -> str:
    """'just now', '5 minutes ago', '3 hours ago', '2 days ago'."""
    seconds = (now - then).total_seconds()
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _name_sync(source: str, mode: SyncMode) -> tuple[Inline, ...]:
    kind = {SyncMode.FULL: "Full sync of ", SyncMode.DRY_RUN: "Dry run of "}
    return Text(kind.get(mode, "Sync of ")), Strong((Text(source),))


def _time(run: SyncRun) -> str:
    if run.finished_at is None:
        return ""
    return f" after {(run.finished_at - run.started_at).total_seconds():.1f} s"


def _describe_failures(run: SyncRun) -> list[tuple[Inline, ...]]:
    lines: list[tuple[Inline, ...]] = [
        (Code(failure.external_id), Text(f": {failure.reason}"))
        for failure in run.failures[:SHOWN_FAILURES]
    ]
    more = run.counts.failed - len(lines)
    return [*lines, (Text(f"and {more} more"),)] if more > 0 else lines


def _describe_status(name: str, run: SyncRun | None, now: datetime) -> tuple[Inline, ...]:
    if run is None:
        return Strong((Text(name),)), Text(": never synced")
    state = f": {_STATES[run.state]}, begun {describe_past(run.started_at, now)}; "
    return Strong((Text(name),)), Text(state + describe_counts(run.counts))


def _describe_source(name: str, run: SyncRun | None, now: datetime) -> tuple[Inline, ...]:
    if run is None:
        return Strong((Text(name),)), Text(": never synced")
    documents = f": {run.counts.listed} documents, last synced "
    return Strong((Text(name),)), Text(documents + describe_past(run.started_at, now))


def _list_commands(entries: Iterable[tuple[str, str]]) -> Bullets:
    return _list_lines((Code(command), Text(f": {use}")) for command, use in entries)


def _list_lines(lines: Iterable[tuple[Inline, ...]]) -> Bullets:
    return Bullets(tuple((Paragraph(line),) for line in lines))
