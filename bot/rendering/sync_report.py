"""How syncs are getting on and how they ended, in words for admins. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.rendering.reply import Block, Bullets, Button, Code, Inline, Paragraph, Reply, Strong, Text
from retrieval.model import RunId, SyncCounts, SyncFailure, SyncMode, SyncRun, SyncState

SHOWN_FAILURES = 5
SHOWN_ERRORS = 25
SHOWN_HELD = 15
LISTED_HELD = 300
"""Held documents that are listed to whoever asks for them."""
MOST_BUTTONS = 4

_STATES = {
    SyncState.RUNNING: "is running",
    SyncState.SUCCEEDED: "is done",
    SyncState.FAILED: "failed",
    SyncState.CANCELLED: "was cancelled",
}


def compose_sync_queued(source: str, mode: SyncMode, run: RunId) -> Reply:
    """The first word about a sync that was asked for."""
    return Reply(
        (Paragraph((*_name_sync(source, mode), Text(" starts …"))),),
        footer=_name_run(run, mode),
        buttons=(_offer_cancel(source),),
    )


def compose_sync(run: SyncRun, now: datetime) -> Reply:
    """How a run is getting on, or how it ended."""
    running = run.state is SyncState.RUNNING
    blocks: list[Block] = [_head(run)]
    if running and (progress := describe_progress(run, now)):
        blocks.append(_say(progress))
    blocks.append(_say(describe_counts(run.counts, foreseen=run.mode is SyncMode.DRY_RUN)))
    buttons = [_offer_cancel(run.source)] if running else []
    if run.held:
        blocks += _show_held(run, SHOWN_HELD)
        buttons += _offer_deletion(run)
    if run.failures:
        blocks.append(_say("Could not be read:"))
        blocks.append(_list_failures(run.failures[:SHOWN_FAILURES], run.counts.failed))
    if not running and (len(run.held) > SHOWN_HELD or run.counts.failed > SHOWN_FAILURES):
        buttons += _offer_details(run)
    return Reply(
        tuple(blocks),
        notices=(run.error,) if run.error else (),
        footer=_name_run(run.id, run.mode),
        buttons=tuple(buttons),
    )


def compose_sync_failure(source: str, mode: SyncMode, words: str, reference: str) -> Reply:
    """A sync that could not begin or go on."""
    headline = Paragraph((*_name_sync(source, mode), Text(" did not work.")))
    return Reply((headline,), notices=(words,), footer=f"Reference {reference}")


def compose_status(runs: Sequence[SyncRun], names: Sequence[str], now: datetime) -> Reply:
    """The latest run of each of these sources; what the brake holds can be confirmed."""
    known = {run.source: run for run in runs}
    held = [known[name] for name in names if name in known and known[name].held]
    buttons = tuple(
        Button(f"Delete {len(run.held)} from {run.source}", f"sync confirm {run.id}", "danger")
        for run in held[:MOST_BUTTONS]
    )
    lines = [_describe_status(name, known.get(name), now) for name in names]
    return Reply((list_lines(lines),), private=True, buttons=buttons)


def compose_history(runs: Sequence[SyncRun], now: datetime) -> Reply:
    """Runs, the latest first."""
    if not runs:
        return Reply((_say("Nothing was synced yet."),), private=True)
    return Reply((list_lines([_describe_past_run(run, now) for run in runs]),), private=True)


def compose_errors(run: SyncRun, now: datetime) -> Reply:
    """What could not be read in a run, and why; what its brake held."""
    blocks: list[Block] = [_head(run, begun=f", begun {describe_past(run.started_at, now)}")]
    if run.failures:
        blocks.append(_list_failures(run.failures[:SHOWN_ERRORS], run.counts.failed))
    elif not run.error:
        blocks.append(_say("Everything could be read."))
    if run.held:
        blocks += _show_held(run, LISTED_HELD)
    return Reply(
        tuple(blocks),
        notices=(run.error,) if run.error else (),
        footer=_name_run(run.id, run.mode),
        private=True,
        buttons=tuple(_offer_deletion(run)),
    )


def compose_failures(failures: Mapping[str, Sequence[SyncFailure]]) -> Reply:
    """The documents that cannot be read as things stand, by source."""
    blocks: list[Block] = []
    for source, found in failures.items():
        if not found:
            continue
        number = f"{len(found)} document{'s' if len(found) > 1 else ''}"
        blocks.append(Paragraph((Strong((Text(source),)), Text(f": {number} cannot be read"))))
        blocks.append(_list_failures(found[:SHOWN_ERRORS], len(found)))
    return Reply(tuple(blocks or [_say("Everything that is listed can be read.")]), private=True)


def describe_counts(counts: SyncCounts, *, foreseen: bool = False) -> str:
    """'12 listed · 3 added · 1 updated · 0 deleted · 8 unchanged · 0 skipped · 0 failed'."""
    numbers = (
        f"{counts.listed} listed",
        f"{counts.added} {'to add' if foreseen else 'added'}",
        f"{counts.updated} {'to update' if foreseen else 'updated'}",
        f"{counts.deleted} {'to delete' if foreseen else 'deleted'}",
        f"{counts.unchanged} unchanged",
        f"{counts.skipped} skipped",
        f"{counts.failed} failed",
    )
    return " · ".join(numbers)


def describe_progress(run: SyncRun, now: datetime) -> str:
    """'120 of 500 done · 8.2 a second · about 46 seconds left'; '' before there is any."""
    if not run.total:
        return ""
    parts = [f"{run.done} of {run.total} done"]
    if rate := run.measure_rate(now):
        parts.append(f"{rate:.1f} a second" if rate >= 0.1 else f"{rate * 60:.1f} a minute")
    left = run.estimate_left(now)
    if left is not None and run.done < run.total:
        parts.append(f"about {describe_seconds(left)} left")
    return " · ".join(parts)


def describe_seconds(seconds: float) -> str:
    """'46 seconds', '12 minutes', '3 hours'."""
    for length, unit in ((5_400, "hour"), (90, "minute")):
        if seconds >= length:
            return f"{round(seconds / (3_600 if unit == 'hour' else 60))} {unit}s"
    return "1 second" if round(seconds) <= 1 else f"{round(seconds)} seconds"


def describe_past(then: datetime, now: datetime) -> str:
    """'just now', '5 minutes ago', '3 hours ago', '2 days ago'."""
    seconds = (now - then).total_seconds()
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def list_lines(lines: Sequence[tuple[Inline, ...]]) -> Bullets:
    """A list with a line an item."""
    return Bullets(tuple((Paragraph(line),) for line in lines))


def _offer_cancel(source: str) -> Button:
    return Button("Cancel", f"sync cancel {source}")


def _offer_deletion(run: SyncRun) -> list[Button]:
    """The button that lets go what the brake held; a dry run left no record to refer to."""
    if not run.held or run.mode is SyncMode.DRY_RUN:
        return []
    label = "Delete them" if len(run.held) > 1 else "Delete it"
    return [Button(label, f"sync confirm {run.id}", "danger")]


def _offer_details(run: SyncRun) -> list[Button]:
    if run.mode is SyncMode.DRY_RUN:
        return []
    return [Button("Show all of them", f"sync errors {run.id}")]


def _name_run(run: RunId, mode: SyncMode) -> str:
    return "" if mode is SyncMode.DRY_RUN else f"Run {run}"


def _head(run: SyncRun, begun: str = "") -> Paragraph:
    words = f" {_STATES[run.state]}{_time(run)}{begun}."
    return Paragraph((*_name_sync(run.source, run.mode), Text(words)))


def _show_held(run: SyncRun, most: int) -> list[Block]:
    """What the brake held; why is told by the run's error."""
    lines: list[tuple[Inline, ...]] = [(Code(name),) for name in run.held[:most]]
    if len(run.held) > most:
        lines.append((Text(f"and {len(run.held) - most} more"),))
    return [_say("No longer at the source, and still answered from:"), list_lines(lines)]


def _list_failures(failures: Sequence[SyncFailure], total: int) -> Bullets:
    lines: list[tuple[Inline, ...]] = [
        (Code(failure.external_id), Text(f": {failure.reason}")) for failure in failures
    ]
    more = total - len(lines)
    return list_lines([*lines, (Text(f"and {more} more"),)] if more > 0 else lines)


def _describe_status(name: str, run: SyncRun | None, now: datetime) -> tuple[Inline, ...]:
    if run is None:
        return Strong((Text(name),)), Text(": never synced")
    progress = describe_progress(run, now) if run.state is SyncState.RUNNING else ""
    rest = " · ".join(filter(None, (progress, describe_counts(run.counts))))
    words = f": {_STATES[run.state]}, begun {describe_past(run.started_at, now)}; {rest}"
    why = f" — {run.error}" if run.error else ""
    return Strong((Text(name),)), Text(words + why)


def _describe_past_run(run: SyncRun, now: datetime) -> tuple[Inline, ...]:
    words = f" {_STATES[run.state]}{_time(run)}, begun {describe_past(run.started_at, now)}: "
    counts = describe_counts(run.counts, foreseen=run.mode is SyncMode.DRY_RUN)
    why = f" — {run.error}" if run.error else ""
    return Code(run.id), Text(" "), *_name_sync(run.source, run.mode), Text(words + counts + why)


def _name_sync(source: str, mode: SyncMode) -> tuple[Inline, ...]:
    kind = {SyncMode.FULL: "Full sync of ", SyncMode.DRY_RUN: "Dry run of "}
    return Text(kind.get(mode, "Sync of ")), Strong((Text(source),))


def _time(run: SyncRun) -> str:
    if run.finished_at is None:
        return ""
    return f" after {(run.finished_at - run.started_at).total_seconds():.1f} s"


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))
