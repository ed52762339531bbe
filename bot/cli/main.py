"""The command line: reads arguments, calls one function, prints what it returns."""

import asyncio
import json
import signal
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from bot import __version__
from bot.cli import terminal
from bot.cli.channels import channel
from bot.cli.doctor import Check, State, examine
from bot.cli.evaluations import evaluate
from bot.cli.shell import Group, as_json, print_json, run_command
from bot.cli.sources import audit, doc, secrets, sources, sync
from bot.cli.traces import feedback, forget, graph, trace
from bot.demo import run_demo
from bot.errors import SettingsInvalid
from bot.rendering.compose import compose_answer
from bot.rendering.plain import render_plain
from bot.serving import choose_platforms, serve_platforms, work_for_platforms
from bot.settings import Settings, describe_settings
from bot.wiring import (
    FAILURES,
    Footnote,
    discard_other_models,
    open_footnote,
    provide_database,
    reindex_documents,
    set_up_database,
)
from bot.worker_process import WorkerProcess, attach_to_parent, name_worker_command
from retrieval.errors import InvalidSource

Result = TypeVar("Result")

readers = click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="LABEL",
    help="Read as somebody of this audience too, e.g. slack:channel:C0123. May be repeated.",
)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code: 0, 1 (it failed) or 2 (called wrongly)."""
    wants_json = "--json" in arguments
    try:
        result = footnote.main(args=list(arguments), prog_name="footnote", standalone_mode=False)
    except click.UsageError as error:
        return _fail(_explain_usage(error), "usage", 2, wants_json=wants_json)
    except (SettingsInvalid, InvalidSource) as error:
        return _fail(str(error), type(error).__name__, 2, wants_json=wants_json)
    except FAILURES as error:
        return _fail(str(error), type(error).__name__, 1, wants_json=wants_json)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    return result if isinstance(result, int) else 0


def _explain_usage(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "footnote"
    return f"{error.format_message()} See `{path} --help`."


def _fail(message: str, kind: str, code: int, *, wants_json: bool) -> int:
    if wants_json:
        print_json({"error": {"type": kind, "message": message}})
    else:
        click.echo(f"footnote: {message}", err=True)
    return code


def _with_footnote(use: Callable[[Footnote], Coroutine[Any, Any, Result]]) -> Result:
    async def main(settings: Settings) -> Result:
        async with open_footnote(settings) as opened:
            return await use(opened)

    return run_command(main)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="footnote")
def footnote() -> None:
    """Answers a team's questions from its own documents, and cites them."""


@footnote.command()
@click.argument("question")
@click.option("--thread", metavar="ID", help="Go on with the conversation of this name.")
@readers
@as_json
def ask(question: str, thread: str | None, readers: tuple[str, ...], as_json: bool) -> None:
    """Answer a question from the synced documents."""
    if not question.strip():
        raise click.UsageError("The question is empty.")

    async def use(opened: Footnote) -> None:
        reference = uuid.uuid4().hex
        answer = await opened.ask(question, thread or reference, frozenset(readers), reference)
        if as_json:
            print_json({"reference": reference, **terminal.answer_document(answer)})
        else:
            click.echo(render_plain(compose_answer(answer)))

    _with_footnote(use)


@footnote.command()
@click.argument("query")
@click.option("-k", "limit", default=10, show_default=True, type=click.IntRange(1, 200))
@readers
@as_json
def search(query: str, limit: int, readers: tuple[str, ...], as_json: bool) -> None:
    """Show the passages that are found, best first, with their scores by stage."""

    async def use(opened: Footnote) -> None:
        result = await opened.search(query, limit, frozenset(readers))
        if as_json:
            print_json(terminal.search_document(result))
        else:
            terminal.print_passages(result)

    _with_footnote(use)


@footnote.command()
@as_json
def migrate(as_json: bool) -> None:
    """Bring the database schema up to date."""

    async def main(settings: Settings) -> list[str]:
        async with provide_database(settings) as url:
            return await set_up_database(url)

    applied = run_command(main)
    if as_json:
        print_json({"applied": applied})
    else:
        names = ", ".join(applied)
        click.echo(f"Applied {names}." if names else "The schema is up to date.")


@footnote.command("reindex")
@click.option(
    "--embedding-model",
    "spec",
    metavar="MODEL",
    help="The new model; that of the settings if unset.",
)
@click.option("--discard", is_flag=True, help="Remove the vectors of models that are not in use.")
@as_json
def reindex_all(spec: str | None, discard: bool, as_json: bool) -> None:
    """Change the embedding model while answers go on; one that broke off is gone on with."""
    if discard and spec:
        raise click.UsageError("--embedding-model and --discard exclude each other.")

    async def change(opened: Footnote) -> None:
        wanted = spec or opened.settings.embedding_spec
        with terminal.follow_steps(shown=not as_json) as progress:
            made = await reindex_documents(
                opened, wanted, lambda done, total: progress("embedding", done, total)
            )
        if as_json:
            print_json({"model": wanted, "embedded": made})
        else:
            click.echo(f"{wanted} is in use; {made} passages were embedded for it.")

    async def clean(opened: Footnote) -> None:
        models = await discard_other_models(opened)
        if as_json:
            print_json({"discarded": list(models)})
        else:
            click.echo(f"Removed the vectors of {', '.join(models) or 'no model'}.")

    _with_footnote(clean if discard else change)


def _choose(settings: Settings, *, slack: bool, discord: bool) -> dict[str, bool]:
    """The platforms asked for; where none is, those whose token is set."""
    both = not (slack or discord)
    return {
        "slack": slack or (both and settings.is_on_slack),
        "discord": discord or (both and settings.discord_token is not None),
    }


@footnote.command()
@click.option("--slack", is_flag=True, help="Slack only.")
@click.option("--discord", is_flag=True, help="Discord only.")
@click.option(
    "--receive-only", is_flag=True, help="Leave the answers to `footnote work` elsewhere."
)
@as_json
def serve(slack: bool, discord: bool, receive_only: bool, as_json: bool) -> None:
    """Run the bot on every platform whose token is set, until it is stopped."""

    async def main(settings: Settings) -> None:
        chosen = _choose(settings, slack=slack, discord=discord)
        choose_platforms(settings, **chosen)
        options = [f"--{name}" for name, wanted in chosen.items() if wanted]
        worker = None if receive_only else WorkerProcess(name_worker_command(*options))
        async with AsyncExitStack() as stack:
            if worker is not None:
                stack.push_async_callback(worker.close)
                await worker.load()
            opened = await stack.enter_async_context(open_footnote(settings))
            await serve_platforms(
                opened,
                **chosen,
                announce=lambda facts: _announce(facts, as_json=as_json),
                worker=worker,
            )

    run_command(lambda settings: _until_terminated(main(settings)), chatty=True)


@footnote.command()
@click.option("--slack", is_flag=True, help="Slack only.")
@click.option("--discord", is_flag=True, help="Discord only.")
@click.option("--attached", is_flag=True, hidden=True, help="As `footnote serve` starts it.")
@as_json
def work(slack: bool, discord: bool, attached: bool, as_json: bool) -> None:
    """Answer what `footnote serve` takes in here or elsewhere, until it is stopped."""
    if attached:
        attach_to_parent()

    async def main(settings: Settings) -> None:
        chosen = _choose(settings, slack=slack, discord=discord)
        choose_platforms(settings, **chosen)
        async with open_footnote(settings) as opened:
            await work_for_platforms(
                opened,
                **chosen,
                announce=lambda facts: _announce(facts, as_json=as_json),
            )

    run_command(lambda settings: _until_terminated(main(settings)), chatty=True)


async def _until_terminated(work: Coroutine[Any, Any, None]) -> None:
    """Run until the end or until SIGTERM, which is the ordinary way to stop a service."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        me = asyncio.current_task()
        if me is not None and me.cancelling():
            raise  # Ctrl-C, which cancels us


def _announce(facts: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dict(facts), ensure_ascii=False))
    else:
        click.echo(f"Footnote is ready: {facts['summary']}. Stop it with Ctrl-C.")


@footnote.command()
@as_json
def doctor(as_json: bool) -> int:
    """Check the installation and say how to mend it."""

    async def main() -> list[Check]:
        checks = []
        async for check in examine():
            checks.append(check)
            if not as_json:
                terminal.print_check(check)
        return checks

    checks = asyncio.run(main())
    failed = any(check.state == State.FAILED for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": checks})
    return 1 if failed else 0


@footnote.command()
@click.option("--markdown", is_flag=True, help="Print the page of the documentation.")
@as_json
def settings(markdown: bool, as_json: bool) -> None:
    """List every setting."""
    rows = describe_settings()
    if as_json:
        print_json([{"name": n, "default": d, "description": t} for n, d, t in rows])
    elif markdown:
        click.echo(terminal.settings_page(rows))
    else:
        for name, default, description in rows:
            click.echo(f"{name}{f' (default: {default})' if default else ''}\n    {description}")


@footnote.command()
@click.option("--source", type=click.Path(path_type=Path), help="Your own folder of documents.")
@click.option("--question", "questions", multiple=True, help="What to ask. May be repeated.")
@as_json
def demo(source: Path | None, questions: tuple[str, ...], as_json: bool) -> int:
    """Show Footnote at work in a Slack and a Discord that exist on this machine only."""
    if source is not None:
        source = source.expanduser().resolve()
        if not source.exists():
            raise click.UsageError(f"{source} does not exist.")
    transcript = asyncio.run(run_demo(source, questions, say=None if as_json else click.echo))
    if as_json:
        print_json(transcript)
    return 0 if transcript["complete"] else 1


footnote.add_command(evaluate)
footnote.add_command(trace)
footnote.add_command(feedback)
footnote.add_command(forget)
footnote.add_command(graph)
footnote.add_command(sources)
footnote.add_command(sync)
footnote.add_command(doc)
footnote.add_command(audit)
footnote.add_command(channel)
footnote.add_command(secrets)
