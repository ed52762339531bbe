"""Replies to admins' commands: sources, documents, and who commanded what. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bot.model import AuditRecord, SourceOverview
from bot.rendering.reply import Block, Button, Code, Inline, Paragraph, Reply, Strong, Text
from bot.rendering.sync_report import describe_past, list_lines
from retrieval.model import EVERYONE, DocumentReport, SourceTrial

SHOWN_CHUNKS = 10
CHUNK_CHARACTERS = 120


def compose_sources(overviews: Sequence[SourceOverview], now: datetime) -> Reply:
    """The sources, each with how much it holds, when it was read, and when it will be."""
    if not overviews:
        words = "There are no sources yet. `/sources add` adds one."
        button = Button("Add a source", "sources add", "primary")
        return Reply((_say(words),), private=True, buttons=(button,))
    lines = [_describe_source(overview, now) for overview in overviews]
    return Reply((list_lines(lines),), private=True)


def compose_trial(name: str, trial: SourceTrial) -> Reply:
    """What a look at a source showed."""
    blocks: list[Block] = [_headline(name, f" can be read: {describe_trial(trial)}.")]
    if trial.examples:
        blocks += [
            _say("It begins with:"),
            list_lines([(Code(example),) for example in trial.examples]),
        ]
    return Reply(tuple(blocks), notices=(trial.problem,) if trial.problem else (), private=True)


def compose_added(name: str, trial: SourceTrial) -> Reply:
    """A source that was tried and added."""
    words = f" is added: {describe_trial(trial)}. Nothing is read in yet."
    return Reply(
        (_headline(name, words),),
        notices=(trial.problem,) if trial.problem else (),
        private=True,
        buttons=(
            Button("Sync it now", f"sync {name}", "primary"),
            Button("Set a schedule", f"sources schedule {name}"),
        ),
    )


def compose_removal(name: str, documents: int) -> Reply:
    """The question before a source is removed."""
    words = f"Remove {name} and the {count_documents(documents)} that were read from it?"
    button = Button(f"Remove {name}", f"sources remove {name} yes", "danger")
    return Reply((_say(words),), private=True, buttons=(button,))


def compose_documents(url: str, reports: Sequence[DocumentReport], now: datetime) -> Reply:
    """What is held of the document at an address."""
    if not reports:
        words = "There is no document of that address. Answers link to the addresses that I know."
        return Reply((_say(words), Paragraph((Code(url),))), private=True)
    blocks = [block for report in reports for block in _show_document(report, now)]
    return Reply(tuple(blocks), private=True)


def compose_audit(records: Sequence[AuditRecord]) -> Reply:
    """Who commanded what, where, when, and what became of it; the latest first."""
    if not records:
        return Reply((_say("Nothing was commanded yet."),), private=True)
    return Reply((list_lines([_describe_entry(record) for record in records]),), private=True)


def count_documents(number: int) -> str:
    """'1 document', '12 documents'."""
    return "1 document" if number == 1 else f"{number} documents"


def describe_trial(trial: SourceTrial) -> str:
    """'12 documents are listed', or 'more than 50 …' where the look ended there."""
    more = "" if trial.complete else "more than "
    return f"{more}{count_documents(trial.listed)} {'is' if trial.listed == 1 else 'are'} listed"


def describe_next(then: datetime, now: datetime) -> str:
    """'in 5 minutes', 'in 3 hours', 'in 2 days'; 'now' for what is due."""
    seconds = (then - now).total_seconds()
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = round(seconds / length)
            return f"in {count} {unit}{'s' if count > 1 else ''}"
    return "in a minute" if seconds > 0 else "now"


def _describe_source(overview: SourceOverview, now: datetime) -> tuple[Inline, ...]:
    synced = "never synced"
    if overview.last_sync is not None:
        synced = f"read {describe_past(overview.last_sync, now)}"
    parts = [count_documents(overview.documents), synced]
    if overview.schedule:
        parts.append(f"schedule {overview.schedule}")
    if overview.paused:
        parts.append("paused")
    elif overview.next_sync is not None:
        parts.append(f"next {describe_next(overview.next_sync, now)}")
    if set(overview.audience) != {EVERYONE}:
        parts.append(f"for {', '.join(overview.audience)}")
    where = f" ({overview.kind}) " if overview.where else f" ({overview.kind})"
    inlines: list[Inline] = [Strong((Text(overview.name),)), Text(where)]
    if overview.where:
        inlines.append(Code(overview.where))
    return (*inlines, Text(f": {' · '.join(parts)}"))


def _show_document(report: DocumentReport, now: datetime) -> list[Block]:
    state = "hidden, as it was missing at its source" if report.hidden else "indexed"
    facts: list[tuple[Inline, ...]] = [
        (Text("Address: "), Code(report.url)),
        (Text(f"Source: {report.source}; there it is "), Code(report.external_id)),
        (Text(f"Read {describe_past(report.synced_at, now)}, version {report.version}"),),
    ]
    if report.modified_at is not None:
        facts.append((Text(f"Changed {describe_past(report.modified_at, now)}"),))
    if not report.hidden:
        facts.append((Text(f"For {', '.join(sorted(report.audience))}"),))
    chunks = [
        (Text(f"{chunk.section or '(no heading)'}, {chunk.tokens} tokens: {_shorten(chunk.text)}"),)
        for chunk in report.chunks[:SHOWN_CHUNKS]
    ]
    if len(report.chunks) > SHOWN_CHUNKS:
        chunks.append((Text(f"and {len(report.chunks) - SHOWN_CHUNKS} more"),))
    title = _headline(report.title or report.external_id, f" is {state}.")
    number = len(report.chunks)
    passages = _say(f"{number} passage{'' if number == 1 else 's'}:")
    return [title, list_lines(facts), passages, list_lines(chunks)]


def _describe_entry(record: AuditRecord) -> tuple[Inline, ...]:
    when = record.at.strftime("%Y-%m-%d %H:%M:%S")
    who = f"{when} · {record.platform} {record.person} in {record.channel}: "
    what = f" → {record.outcome}" + (f" ({record.detail})" if record.detail else "")
    return Text(who), Code(f"/{record.command}"), Text(what)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CHUNK_CHARACTERS else line[: CHUNK_CHARACTERS - 1] + "…"


def _headline(name: str, words: str) -> Paragraph:
    return Paragraph((Strong((Text(name),)), Text(words)))


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))
