"""What the command line prints: tables and progress bars for people, plain values for programs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from agents.model import Answer, AnswerRecord, Usage
from bot.answers.model import FeedbackRecord
from bot.cli.doctor import Check, State
from retrieval.evaluation.compare import MEAN, MEASURES, Comparison
from retrieval.evaluation.runner import RetrievalReport
from retrieval.model import SearchResult

_COLOURS = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "red",
    State.SKIPPED: "dim",
}


_SETTINGS_HEAD = """\
# Settings

Settings are environment variables. They can also stand in a file named `.env` in the folder where
Footnote is started; the environment wins. Keys of model providers, such as `OPENAI_API_KEY` or
`ANTHROPIC_API_KEY`, and their addresses, such as `OPENAI_BASE_URL`, are read under the providers'
own names.

| setting | default | meaning |
| --- | --- | --- |"""


def open_console(*, error: bool = False) -> Console:
    """Where a command prints for people."""
    return Console(stderr=error, highlight=False, soft_wrap=True)


# Asking and searching


def answer_document(answer: Answer) -> dict[str, Any]:
    """What `footnote ask --json` prints."""
    return {
        "answer": answer.text,
        "citations": [
            {
                "n": citation.n,
                "title": citation.title,
                "url": citation.url,
                "section": citation.section,
                "passage": citation.passage,
                "quote": citation.quote,
                "source": citation.source,
                "age_days": citation.age_days,
            }
            for citation in answer.citations
        ],
        "outcome": answer.outcome.value,
        "searches": list(answer.searches),
        "model": answer.model,
        "notices": list(answer.notices),
        "decisions": list(answer.decisions),
        "timings_ms": {step: round(value, 2) for step, value in answer.timings_ms.items()},
        "usage": answer.usage,
    }


def print_records(records: Sequence[AnswerRecord]) -> None:
    """The latest questions, newest first, one a line, with how they ended."""
    console = open_console()
    for record in records:
        used = record.usage
        console.print(
            f"{record.at.astimezone():%Y-%m-%d %H:%M}  {record.reference}  {record.outcome:<8}"
            f" {record.timings_ms.get('total', 0.0) / 1_000:6.1f} s"
            f" {used.input_tokens + used.output_tokens:>7} tokens {_tell_cost(used):>9}"
            f"  {escape(' '.join(record.question.split())[:80])}"
        )
    if not records:
        console.print("No question was answered yet.")


def print_feedback(records: Sequence[FeedbackRecord]) -> None:
    """What people said of answers: the vote, the question, the reason and their words."""
    console = open_console()
    for record in records:
        thumb = "👍" if record.vote == "good" else "👎"
        console.print(
            f"{record.at.astimezone():%Y-%m-%d %H:%M}  {record.reference}  {thumb}"
            f"  {escape(' '.join(record.question.split())[:80])}"
        )
        said = ": ".join(part for part in (record.reason, record.comment) if part)
        if said:
            console.print(f"    {escape(said)}")
    if not records:
        console.print("Nobody has rated an answer yet.")


def print_record(record: AnswerRecord) -> None:
    """How one question was answered, step by step."""
    console = open_console()
    console.print(f"[bold]{escape(record.question)}[/]")
    console.print(f"{record.at.astimezone():%Y-%m-%d %H:%M:%S}, conversation {record.thread}")
    console.print(f"outcome: {record.outcome}" + (f", by {record.model}" if record.model else ""))
    if record.error:
        console.print(f"[red]error: {escape(record.error)}[/]")
    for line in record.trace:
        console.print(f"  {escape(line)}")
    used = record.usage
    console.print(
        f"chat models: {used.calls} calls, {used.input_tokens} tokens read,"
        f" {used.output_tokens} written, cost {_tell_cost(used)}"
    )
    spent = ", ".join(f"{step} {value:.0f}" for step, value in record.timings_ms.items())
    console.print(f"milliseconds: {spent}")


def _tell_cost(usage: Usage) -> str:
    return "not known" if usage.cost is None else f"${usage.cost:.4f}"


def search_document(result: SearchResult) -> dict[str, Any]:
    """What `footnote search --json` prints."""
    return {
        "passages": [
            {
                "rank": rank,
                "score": round(passage.score, 6),
                "scores": {stage: round(value, 6) for stage, value in passage.scores.items()},
                "title": passage.title,
                "section": passage.section,
                "url": passage.url,
                "source": passage.source,
                "text": passage.text,
                "start": passage.span.start,
                "end": passage.span.end,
                "page": passage.page,
                "modified_at": passage.modified_at,
            }
            for rank, passage in enumerate(result.passages, 1)
        ],
        "relevance": round(result.relevance, 4),
        "reason": result.reason,
        "trouble": list(result.trouble),
        "timings_ms": {step: round(value, 2) for step, value in result.timings_ms.items()},
    }


def print_passages(result: SearchResult) -> None:
    """Passages, best first, with what each stage thought of them."""
    console = open_console()
    if not result.passages:
        console.print(f"Nothing found: {escape(result.reason or 'No passage matches.')}")
    for rank, passage in enumerate(result.passages, 1):
        place = " › ".join(part for part in (passage.title, passage.section) if part)
        stages = "  ".join(f"{stage} {value:.3f}" for stage, value in passage.scores.items())
        console.print(f"[bold]{rank:>2}. {escape(place)}[/]  [dim]{escape(stages)}[/]")
        text = " ".join(passage.text.split())
        console.print(f"    {escape(text[:240])}{'…' if len(text) > 240 else ''}")
        if passage.url:
            console.print(f"    [dim]{escape(passage.url)}[/]")
    for one in result.trouble:
        console.print(f"[yellow]{escape(one)}[/]")


# Progress


class StepProgress:
    """Shows the steps of a long work, one bar each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, note="")
        self._progress.update(self._tasks[step], completed=done, total=total)


@contextmanager
def follow_steps(*, shown: bool) -> Iterator[StepProgress]:
    """Progress bars on standard error for work in steps; nothing off a terminal."""
    with progress_bar(shown=shown) as progress:
        yield StepProgress(progress)


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Progress]:
    """A bar on standard error; nothing off a terminal."""
    console = open_console(error=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    ) as progress:
        yield progress


# Everything else


def print_check(check: Check) -> None:
    """One line of the doctor's report."""
    colour = _COLOURS[check.state]
    console = open_console()
    state = f"[{colour}]{check.state.value:<8}[/]"
    console.print(f"{state} [bold]{check.what}[/]: {escape(check.detail)}")
    if check.mend:
        console.print(f"         → {escape(check.mend)}")


def settings_page(rows: Sequence[tuple[str, str, str]]) -> str:
    """The page of the documentation that lists the settings, as Markdown."""
    lines = [_SETTINGS_HEAD]
    for name, default, description in rows:
        shown = f"`{default}`" if default else ""
        meaning = description.replace("|", "\\|")
        lines.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(lines)


def print_report(report: RetrievalReport) -> None:
    """A retrieval report as a short table."""
    print_values(report.to_json())


def print_values(values: Mapping[str, object]) -> None:
    """Named figures as a short table."""
    table = Table("measure", "value", box=None, pad_edge=False)
    for name, value in _flatten(values):
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else escape(str(value)))
    open_console().print(table)


def print_comparison(comparison: Comparison) -> None:
    """A table of pipelines and data sets for each measure; the best of a column stands out."""
    console = open_console()
    for measure, title in MEASURES.items():
        rows = {name: comparison.read(measure, name) for name in comparison.pipelines}
        best = [max(column) for column in zip(*rows.values(), strict=True)]
        table = Table(title, box=None, pad_edge=False)
        for heading in (*comparison.data_sets, MEAN):
            table.add_column(escape(heading), justify="right")
        for name, values in rows.items():
            cells = [
                f"[bold]{value:.3f}[/]" if value == highest else f"{value:.3f}"
                for value, highest in zip(values, best, strict=True)
            ]
            table.add_row(escape(name), *cells)
        console.print(table)
        console.print()


def _flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", value
