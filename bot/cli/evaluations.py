"""`footnote eval`: measures quality on judged data sets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from agents.evaluation.answers import evaluate_answers, load_questions
from agents.evaluation.conversations import evaluate_conversations, load_turns
from agents.evaluation.curve import draw_curve
from agents.evaluation.decisions import evaluate_decisions, load_messages
from bot.cli import terminal
from bot.cli.shell import Group, as_json, print_json, run_command
from bot.settings import Settings
from bot.wiring import EvaluationParts, open_evaluation
from retrieval.config import Pipeline, parse_pipeline
from retrieval.evaluation.compare import chart_comparison, compare_pipelines, tabulate_comparison
from retrieval.evaluation.embedding_cache import remember_passages
from retrieval.evaluation.runner import SCOPE, evaluate_retrieval, open_corpus
from retrieval.search import PassageSearcher

Item = TypeVar("Item")

keep_vectors = click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the vectors of passages there, so that the next run need not compute them.",
)


@click.group("eval", cls=Group)
def evaluate() -> None:
    """Measure quality on judged data sets."""


@evaluate.command("retrieval")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--pipeline", default="default", show_default=True, metavar="NAME")
@keep_vectors
@as_json
def eval_retrieval(directory: Path, pipeline: str, cache: Path | None, as_json: bool) -> None:
    """Run every judged query of DIRECTORY (corpus.jsonl, queries.jsonl, qrels.tsv)."""
    chosen = _parse_pipeline(pipeline)

    async def main(settings: Settings) -> None:
        async with _open_parts(settings, cache, shown=not as_json) as (parts, progress):
            report = await evaluate_retrieval(
                directory,
                pipeline=chosen,
                database_url=parts.database_url,
                embedder=parts.embedder,
                reranker=parts.reranker,
                progress=progress,
            )
        if as_json:
            print_json(report.to_json())
        else:
            terminal.print_report(report)

    run_command(main)


@evaluate.command("compare")
@click.argument(
    "directories",
    nargs=-1,
    required=True,
    metavar="DIRECTORY...",
    type=click.Path(path_type=Path, file_okay=False),
)
@click.option(
    "--pipelines",
    default="naive,dense,lexical,rrf,default",
    show_default=True,
    metavar="NAMES",
    help="Separated by commas; a stage is left out as in default-sentences.",
)
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.svg",
    help="Draw nDCG@10 as a chart, too.",
)
@click.option(
    "--queries",
    type=click.IntRange(1),
    metavar="N",
    help="At most so many queries of each set, evenly spread.",
)
@click.option("--markdown", is_flag=True, help="Print the tables as Markdown.")
@keep_vectors
@as_json
def eval_compare(
    *,
    directories: tuple[Path, ...],
    pipelines: str,
    chart: Path | None,
    queries: int | None,
    markdown: bool,
    cache: Path | None,
    as_json: bool,
) -> None:
    """Compare pipelines over judged data sets; each is ingested once."""
    names = [name for name in pipelines.split(",") if name.strip()]
    chosen = [_parse_pipeline(name) for name in names]
    if not chosen or len({one.name for one in chosen}) < len(chosen):
        raise click.UsageError("--pipelines needs different names, separated by commas.")
    if chart is not None and chart.suffix.lower() != ".svg":
        raise click.UsageError("--chart draws SVG: give a file name that ends in .svg.")

    async def main(settings: Settings) -> None:
        async with _open_parts(settings, cache, shown=not as_json) as (parts, progress):
            comparison = await compare_pipelines(
                directories,
                pipelines=chosen,
                database_url=parts.database_url,
                embedder=parts.embedder,
                reranker=parts.reranker,
                most_queries=queries,
                progress=progress,
            )
        if chart is not None:
            _write(chart, chart_comparison(comparison))
        if as_json:
            print_json(comparison.to_json())
        elif markdown:
            click.echo(tabulate_comparison(comparison))
        else:
            terminal.print_comparison(comparison)

    run_command(main)


@evaluate.command("answers")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--every",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Ask only every Nth question.",
    metavar="N",
)
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the curve of thresholds into this SVG file.",
    metavar="FILE",
)
@keep_vectors
@as_json
def eval_answers(
    *, directory: Path, every: int, chart: Path | None, cache: Path | None, as_json: bool
) -> None:
    """Measure the sentences that the built-in brain would quote, and when it abstains.

    DIRECTORY holds corpus.jsonl and queries.jsonl, whose questions have `answers`.
    """
    questions = _read(load_questions, directory)[::every]

    async def main(settings: Settings) -> None:
        async with _open_corpus(directory, settings, cache, shown=not as_json) as (
            parts,
            passages,
            progress,
        ):
            report = await evaluate_answers(
                questions,
                passages=passages,
                sentences=parts.sentences,
                scope=SCOPE,
                progress=lambda done, total: progress("questions", done, total),
            )
        if chart is not None:
            _write(chart, draw_curve(report))
        if as_json:
            print_json(report.to_json())
        else:
            click.echo(report.to_text())

    run_command(main)


@evaluate.command("conversations")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@keep_vectors
@as_json
def eval_conversations(directory: Path, cache: Path | None, as_json: bool) -> None:
    """Measure how follow-ups are searched for, against other ways of using the history.

    The queries of DIRECTORY have `lastturn`, `full` and `text`.
    """
    turns = _read(load_turns, directory)

    async def main(settings: Settings) -> None:
        async with _open_corpus(directory, settings, cache, shown=not as_json) as (_, passages, _):
            report = await evaluate_conversations(turns, passages=passages, scope=SCOPE)
        if as_json:
            print_json(report)
        else:
            terminal.print_values({"turns": report.turns, **report.ndcg_at_10})

    run_command(main)


@evaluate.command("decisions")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--part", default="", metavar="NAME", help="Only this part of the set.")
@as_json
def eval_decisions(file: Path, part: str, as_json: bool) -> None:
    """Measure what is decided on the labelled messages of FILE (JSON lines: text, label, part)."""
    messages = _read(lambda path: load_messages(path, part), file)

    async def main(settings: Settings) -> None:
        async with open_evaluation(settings) as parts:
            report = await evaluate_decisions(parts.brain, messages)
        if as_json:
            print_json(report)
        else:
            terminal.print_values(
                {
                    "messages": report.messages,
                    "accuracy": report.accuracy,
                    "macro F1": report.macro_f1,
                    **{f"F1 {label}": value for label, value in report.f1.items()},
                }
            )
            for text, label, decided in report.mistakes:
                click.echo(f"  {label} taken for {decided}: {text}")

    run_command(main)


@asynccontextmanager
async def _open_parts(
    settings: Settings, cache: Path | None, *, shown: bool
) -> AsyncIterator[tuple[EvaluationParts, terminal.StepProgress]]:
    """What is measured, the embedder with its cache, and a progress bar."""
    async with open_evaluation(settings) as parts:
        with (
            terminal.follow_steps(shown=shown) as progress,
            remember_passages(parts.embedder, cache) as embedder,
        ):
            yield replace(parts, embedder=embedder), progress


@asynccontextmanager
async def _open_corpus(
    directory: Path, settings: Settings, cache: Path | None, *, shown: bool
) -> AsyncIterator[tuple[EvaluationParts, PassageSearcher, terminal.StepProgress]]:
    """The default search over a judged corpus, with a progress bar while it is ingested."""
    async with (
        _open_parts(settings, cache, shown=shown) as (parts, progress),
        open_corpus(
            directory,
            pipeline=Pipeline(),
            database_url=parts.database_url,
            embedder=parts.embedder,
            reranker=parts.reranker,
            progress=progress,
        ) as passages,
    ):
        yield parts, passages, progress


def _read(load: Callable[[Path], list[Item]], path: Path) -> list[Item]:
    """What `load` finds; its troubles in the words of a mistake in the call."""
    try:
        items = load(path)
    except (OSError, ValueError, KeyError) as error:
        raise click.UsageError(f"{path} does not hold what is measured here: {error}.") from error
    if not items:
        raise click.UsageError(f"{path} holds nothing that could be measured.")
    return items


def _parse_pipeline(name: str) -> Pipeline:
    try:
        return parse_pipeline(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from error
