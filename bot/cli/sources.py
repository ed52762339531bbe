"""`footnote sources`, `sync`, `doc`, `audit` and `secrets`: what admins do, on the command line."""

import getpass
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from bot.cli import source_tables as tables
from bot.cli.shell import Group, as_json, print_json, run_command
from bot.cli.source_options import FILES, read_source_options, source_options
from bot.model import AuditEntry, ChannelKind, ItemId, Person, Place, Platform
from bot.secrets import make_key
from bot.settings import Settings
from bot.wiring import TENANT, Footnote, open_footnote
from retrieval.model import AUTHORITY, EVERYONE, RunId, SyncMode, SyncState

Result = TypeVar("Result")

HERE = Place(Platform.CLI, "", "", ChannelKind.DIRECT)

count = click.option("-n", "limit", default=20, show_default=True, type=click.IntRange(1, 1000))


def with_footnote(use: Callable[[Footnote], Coroutine[Any, Any, Result]]) -> Result:
    async def main(settings: Settings) -> Result:
        async with open_footnote(settings) as opened:
            return await use(opened)

    return run_command(main)


async def note(opened: Footnote, command: str, detail: str = "") -> None:
    """Leave a line in the audit log."""
    person = Person(getpass.getuser())
    item = ItemId(uuid.uuid4().hex[:16])
    await opened.audit.record(AuditEntry(TENANT, item, HERE, person, command, "done", detail))


# Sources


@click.group(cls=Group)
def sources() -> None:
    """Manage the knowledge sources."""


@sources.command("add")
@click.argument("name")
@click.argument("path", required=False)
@source_options
@click.option(
    "--authority",
    type=float,
    metavar="FACTOR",
    help="How far it is trusted: above 1 more than other sources, below 1 less.",
)
@click.option(
    "--audience", multiple=True, metavar="LABEL", help="Who may read it; everyone if unset."
)
@click.option("--no-test", is_flag=True, help="Add it even if it cannot be reached now.")
@as_json
def add_source(
    *,
    name: str,
    path: str | None,
    authority: float | None,
    audience: tuple[str, ...],
    no_test: bool,
    as_json: bool,
    **values: object,
) -> None:
    """Add a source called NAME: the folder or file PATH, or what one of the options names."""
    kind, config = read_source_options(path, values)
    if path is not None:
        config["path"] = str(Path(path).expanduser().resolve())
    if authority is not None:
        config[AUTHORITY] = authority

    async def use(opened: Footnote) -> None:
        if kind != FILES and not no_test:
            await opened.knowledge.try_out(TENANT, kind, config)
        source = await opened.knowledge.add(
            TENANT, name, kind, config, frozenset(audience or (EVERYONE,))
        )
        await note(opened, f"sources add {name}", f"{kind}, for {', '.join(source.audience)}")
        if as_json:
            print_json(tables.source_document(source))
        else:
            click.echo(f"Added {source.name}. Read it in with `footnote sync {source.name}`.")

    with_footnote(use)


@sources.command("list")
@as_json
def list_sources(as_json: bool) -> None:
    """List the sources with their documents, last sync and schedule."""

    async def use(opened: Footnote) -> None:
        overview = await opened.knowledge.list_overviews(TENANT)
        if as_json:
            print_json({"sources": overview})
        else:
            tables.print_sources(overview)

    with_footnote(use)


@sources.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def remove_source(name: str, yes: bool, as_json: bool) -> None:
    """Remove a source and everything that was read from it."""

    async def use(opened: Footnote) -> None:
        held = await opened.knowledge.count_documents(TENANT, name)
        if not (yes or as_json):
            click.confirm(f"Remove {name} and its {held} documents?", abort=True)
        await opened.knowledge.remove(TENANT, name)
        await note(opened, f"sources remove {name}", f"{held} documents")
        if as_json:
            print_json({"removed": name, "documents": held})
        else:
            click.echo(f"Removed {name} and its {held} documents.")

    with_footnote(use)


@sources.command("test")
@click.argument("name")
@as_json
def test_source(name: str, as_json: bool) -> int:
    """Try whether a source can be listed and read. Nothing is stored."""

    async def use(opened: Footnote) -> int:
        trial = await opened.knowledge.test(TENANT, name)
        if as_json:
            print_json(trial)
        else:
            tables.print_trial(name, trial)
        return 1 if trial.problem else 0

    return with_footnote(use)


@sources.command("pause")
@click.argument("name")
@as_json
def pause_source(name: str, as_json: bool) -> None:
    """Sync it neither by its schedule nor as one of `all`, until it is resumed."""
    _set_paused(name, paused=True, as_json=as_json)


@sources.command("resume")
@click.argument("name")
@as_json
def resume_source(name: str, as_json: bool) -> None:
    """Let its schedule go on."""
    _set_paused(name, paused=False, as_json=as_json)


def _set_paused(name: str, *, paused: bool, as_json: bool) -> None:
    verb = "pause" if paused else "resume"

    async def use(opened: Footnote) -> None:
        change = opened.knowledge.pause if paused else opened.knowledge.resume
        source = await change(TENANT, name)
        await note(opened, f"sources {verb} {name}")
        if as_json:
            print_json(source)
        else:
            tables.print_sources([source])

    with_footnote(use)


@sources.command("schedule")
@click.argument("name")
@click.argument("cron", required=False)
@click.option("--zone", default="UTC", show_default=True, help="Time zone, e.g. Europe/Zurich.")
@click.option("--window", default="", metavar="HH:MM-HH:MM", help="Begin only between these times.")
@click.option("--off", is_flag=True, help="End the schedule.")
@as_json
def schedule_source(
    *, name: str, cron: str | None, zone: str, window: str, off: bool, as_json: bool
) -> None:
    """Sync NAME by itself, as the CRON expression says; without one, show its schedule.

    CRON has five fields: minute, hour, day, month, weekday. '0 6 * * 1-5' is six o'clock on
    working days. `footnote serve` has to run for it.
    """
    if off and cron:
        raise click.UsageError("CRON and --off exclude each other.")

    async def use(opened: Footnote) -> None:
        source = await opened.knowledge.describe(TENANT, name)
        if cron or off:
            before = source.schedule or "none"
            source = await opened.knowledge.set_schedule(TENANT, name, cron or "", zone, window)
            detail = f"{before} → {source.schedule or 'none'}"
            await note(opened, f"sources schedule {name}", detail)
        if as_json:
            print_json(source)
        else:
            tables.print_sources([source])

    with_footnote(use)


# Syncs


class _SyncGroup(Group):
    """A group in which whatever is no command of it is the name of a source."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            raise click.UsageError("Name the source to sync, or say all.", ctx)
        if args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["NAME", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_SyncGroup)
def sync() -> None:
    """Bring sources up to date, and see how that went: `footnote sync NAME`, or `all`."""


@sync.command("NAME")
@click.argument("name")
@click.option("--full", is_flag=True, help="Read everything again, changed or not.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--confirm-deletions", is_flag=True, help="Delete even unusually many documents.")
@as_json
def sync_source(
    name: str, full: bool, dry_run: bool, confirm_deletions: bool, as_json: bool
) -> int:
    """Bring the source NAME, or `all` that are not paused, up to date."""
    if full and dry_run:
        raise click.UsageError("--full and --dry-run exclude each other.")
    mode = SyncMode.FULL if full else SyncMode.DRY_RUN if dry_run else SyncMode.INCREMENTAL

    async def use(opened: Footnote) -> int:
        runs = []
        chosen = await opened.knowledge.resolve(TENANT, name)
        if not chosen and not as_json:
            click.echo(
                "No source to sync: none was added, or all are paused. Add one: footnote sources"
                " add NAME PATH"
            )
        for each in chosen:
            with tables.follow_sync(each.name, shown=not as_json) as progress:
                run = await opened.knowledge.run(
                    each, mode, confirm_deletions=confirm_deletions, progress=progress
                )
            runs.append(run)
            await note(opened, f"sync {each.name} {mode.value}", f"{run.state.value}, run {run.id}")
            if not as_json:
                tables.print_run(run)
        if as_json:
            documents = [tables.run_document(run) for run in runs]
            print_json({"runs": documents} if name == "all" else documents[0])
        return 0 if all(run.state == SyncState.SUCCEEDED for run in runs) else 1

    return with_footnote(use)


@sync.command("status")
@as_json
def show_status(as_json: bool) -> None:
    """Show the latest run of each source, and how far it is."""

    async def use(opened: Footnote) -> None:
        runs = await opened.knowledge.latest_runs(TENANT)
        if as_json:
            print_json({"runs": [tables.run_document(run) for run in runs]})
        else:
            tables.print_runs(runs)

    with_footnote(use)


@sync.command("cancel")
@click.argument("name")
@as_json
def cancel_sync(name: str, as_json: bool) -> None:
    """Have the sync of a source end, wherever it runs. What it did is kept."""

    async def use(opened: Footnote) -> None:
        run = await opened.knowledge.cancel(TENANT, name)
        await note(opened, f"sync cancel {name}", f"run {run}" if run else "no run")
        if as_json:
            print_json({"cancelled": run})
        else:
            click.echo(f"{name} is not being synced." if run is None else f"Run {run} ends soon.")

    with_footnote(use)


@sync.command("history")
@click.argument("name", required=False)
@count
@as_json
def show_history(name: str | None, limit: int, as_json: bool) -> None:
    """List the latest runs of the source NAME, or of all."""

    async def use(opened: Footnote) -> None:
        runs = await opened.knowledge.history(TENANT, name, limit=limit)
        if as_json:
            print_json({"runs": [tables.run_document(run) for run in runs]})
        else:
            tables.print_runs(runs)

    with_footnote(use)


@sync.command("errors")
@click.argument("name")
@click.option("--run", "run", metavar="ID", help="Those of this run only.")
@as_json
def show_errors(name: str, run: str | None, as_json: bool) -> None:
    """List the documents of a source that cannot be read, and why."""

    async def use(opened: Footnote) -> None:
        if run is None:
            failures = await opened.knowledge.errors(TENANT, name)
        else:
            failures = (await opened.knowledge.get_run(TENANT, RunId(run))).failures
        if as_json:
            print_json({"errors": [tables.failure_document(failure) for failure in failures]})
        else:
            tables.print_failures(name, failures)

    with_footnote(use)


# Documents, the audit log, secrets


@click.command()
@click.argument("url")
@as_json
def doc(url: str, as_json: bool) -> int:
    """Tell what is held of the document at URL: in which source, since when, in which passages."""

    async def use(opened: Footnote) -> int:
        found = await opened.knowledge.describe_document(TENANT, url)
        if as_json:
            print_json({"documents": [tables.report_document(report) for report in found]})
        else:
            tables.print_reports(url, found)
        return 0 if found else 1

    return with_footnote(use)


@click.command()
@count
@as_json
def audit(limit: int, as_json: bool) -> None:
    """List the latest commands: who, where, when, and what came of them."""

    async def use(opened: Footnote) -> None:
        entries = await opened.audit.list_entries(TENANT, limit=limit)
        if as_json:
            print_json({"entries": entries})
        else:
            tables.print_audit(entries)

    with_footnote(use)


@click.group(cls=Group)
def secrets() -> None:
    """Keys that seal the secrets of sources and installations."""


@secrets.command("new-key")
@as_json
def new_key(as_json: bool) -> None:
    """Print a new key for FOOTNOTE_SECRET_KEYS."""
    key = make_key()
    if as_json:
        print_json({"key": key})
    else:
        click.echo(key)


@secrets.command("rotate")
@as_json
def rotate(as_json: bool) -> None:
    """Seal every secret anew with the first key, after which the others can go."""

    async def use(opened: Footnote) -> None:
        sealed = await opened.knowledge.rotate_secrets(TENANT)
        sealed += await opened.installations.rotate_secrets()
        await note(opened, "secrets rotate", f"{sealed} secrets")
        if as_json:
            print_json({"sealed": sealed})
        else:
            click.echo(f"{sealed} secrets are sealed with the first key.")

    with_footnote(use)
