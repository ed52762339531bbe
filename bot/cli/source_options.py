"""The options of `footnote sources add`, made from what the kinds of source declare."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from retrieval.sources.fields import Field, FieldKind
from retrieval.sources.registry import KINDS

Command = TypeVar("Command", bound=Callable[..., Any])

FILES = "files"
"""The kind whose place is an argument of its own."""


def source_options(command: Command) -> Command:
    """Add an option for the place of each kind of source, and one for each further field."""
    options = []
    for name, kind in KINDS.items():
        place, *_ = kind.fields
        if name != FILES:
            options.append(
                click.option(
                    f"--{name}",
                    f"kind_{name}",
                    metavar=place.name.upper(),
                    help=f"Read {kind.description}. {place.help}",
                )
            )
    for field_name, users in _collect_fields().items():
        field = next(iter(users.values()))
        options.append(
            click.option(
                f"--{field_name.replace('_', '-')}",
                f"field_{field_name}",
                multiple=field.kind is FieldKind.LIST,
                metavar=_name_value(field),
                help=_describe(users),
            )
        )
    for option in reversed(options):
        command = option(command)
    return command


def _describe(users: Mapping[str, Field]) -> str:
    """What a field is for each kind that has it, the same words once."""
    kinds: dict[str, list[str]] = {}
    for kind, field in users.items():
        kinds.setdefault(field.help, []).append(kind)
    told = " ".join(f"{words} ({', '.join(names)})" for words, names in kinds.items())
    is_list = any(field.kind is FieldKind.LIST for field in users.values())
    return f"{told} Separate several by commas." if is_list else told


def _name_value(field: Field) -> str:
    match field.kind:
        case FieldKind.CHOICE:
            return f"[{'|'.join(field.choices)}]"
        case FieldKind.NUMBER:
            return "NUMBER"
        case FieldKind.LIST:
            return "LIST"
        case FieldKind.TEXT:
            return "SECRET" if field.is_secret else "TEXT"


def _collect_fields() -> dict[str, dict[str, Field]]:
    """The declarations of each field that is no place, by its name and its kind."""
    collected: dict[str, dict[str, Field]] = {}
    for name, kind in KINDS.items():
        for field in kind.fields[1:]:
            collected.setdefault(field.name, {})[name] = field
    return collected


def read_source_options(
    path: str | None, values: Mapping[str, object]
) -> tuple[str, dict[str, object]]:
    """The kind and the settings that were asked for. Raises click.UsageError."""
    places = {
        name.removeprefix("kind_"): value
        for name, value in values.items()
        if name.startswith("kind_") and value is not None
    }
    if path is not None:
        places[FILES] = path
    if len(places) != 1:
        ways = ", ".join(f"--{name}" for name in KINDS if name != FILES)
        raise click.UsageError(f"Say where the source is: one of PATH, {ways}.")
    ((kind, place),) = places.items()
    declared, *further = KINDS[kind].fields
    config = {declared.name: place}
    for name, value in values.items():
        if name.startswith("field_") and value not in (None, ()):
            config[name.removeprefix("field_")] = list(value) if isinstance(value, tuple) else value
    for field in further:
        if field.is_secret:
            _read_secret(field, config)
    return kind, config


def _read_secret(field: Field, config: dict[str, object]) -> None:
    """Ask for a secret that is needed; one given as `@file` is what that file holds."""
    if field.is_required and field.name not in config:
        config[field.name] = click.prompt(field.label, hide_input=True, err=True)
    given = config.get(field.name)
    if isinstance(given, str) and given.startswith("@"):
        try:
            config[field.name] = Path(given[1:]).expanduser().read_text("utf-8")
        except (OSError, UnicodeError) as error:
            raise click.UsageError(f"The file {given[1:]} cannot be read: {error}.") from error
