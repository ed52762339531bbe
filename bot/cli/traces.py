"""`footnote trace`, `feedback`, `forget` and `graph`: how questions are answered, what people say
of it, and letting go of it."""

import click

from agents.graph import draw_graph
from bot.cli import terminal
from bot.cli.shell import as_json, print_json, run_command
from bot.model import Platform
from bot.settings import Settings
from bot.wiring import TENANT, open_footnote


@click.command()
@click.argument("reference", required=False)
@click.option("-n", "limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_json
def trace(reference: str | None, limit: int, as_json: bool) -> None:
    """Show how the question with this REFERENCE was answered; without one, list the latest."""

    async def show_one(settings: Settings, reference: str) -> None:
        async with open_footnote(settings) as opened:
            record = await opened.answers.find(TENANT, reference)
        if record is None:
            raise click.UsageError(
                f"No question has the reference {reference}; `footnote trace` lists the latest."
            )
        if as_json:
            print_json(record)
        else:
            terminal.print_record(record)

    async def show_latest(settings: Settings) -> None:
        async with open_footnote(settings) as opened:
            records = await opened.answers.list_latest(TENANT, limit)
        if as_json:
            print_json({"answers": records})
        else:
            terminal.print_records(records)

    if reference is None:
        run_command(show_latest)
    else:
        run_command(lambda settings: show_one(settings, reference))


@click.command()
@click.option("--bad", is_flag=True, help="Only thumbs down.")
@click.option("-n", "limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def feedback(bad: bool, limit: int, as_json: bool) -> None:
    """List what people said of answers, the latest first."""

    async def main(settings: Settings) -> None:
        async with open_footnote(settings) as opened:
            records = await opened.votes.list_latest(TENANT, limit=limit, vote="bad" if bad else "")
        if as_json:
            print_json({"feedback": records})
        else:
            terminal.print_feedback(records)

    run_command(main)


@click.command()
@as_json
def graph(as_json: bool) -> None:
    """Draw the agent's steps as a Mermaid flowchart."""
    if as_json:
        print_json({"mermaid": draw_graph()})
    else:
        click.echo(draw_graph())


@click.command()
@click.option("--thread", metavar="ID", help="As in `ask`, or as `trace` shows it.")
@click.option("--workspace", metavar="ID", help="slack:T…, slack:E… or discord:….")
@as_json
def forget(thread: str | None, workspace: str | None, as_json: bool) -> None:
    """Forget a conversation with how it was answered, or all that is stored of a workspace."""
    if (thread is None) == (workspace is None):
        raise click.UsageError("Say what to forget: --thread ID or --workspace ID.")
    platform, _, place = (workspace or "").partition(":")
    if workspace and (platform not in ("slack", "discord") or not place):
        raise click.UsageError(f"{workspace} should read slack:ID or discord:ID.")

    async def main(settings: Settings) -> None:
        async with open_footnote(settings) as opened:
            if thread is not None:
                name = thread if ":" in thread else f"cli:{thread}"
                await opened.assistant.forget(TENANT, name)
            else:
                found = await opened.forgetting.forget_workspace(Platform(platform), place)
                name = ", ".join(f"{platform}:{each}" for each in found)
        if not name:
            raise click.UsageError(f"Nothing is stored of {workspace}.")
        if as_json:
            print_json({"forgotten": name})
        else:
            click.echo(f"Forgot {name}.")

    run_command(main)
