"""What an admin fills in to add a source, declared once by each connector.

The options of the command line and the modals of the platforms are made from these declarations,
and what comes back from them is read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from retrieval.errors import InvalidField, InvalidSource

Config = Mapping[str, object]
"""A source's settings by the names of its fields: str, int, or list[str]."""


class FieldKind(StrEnum):
    """What a field holds; `list` is one entry a line, or several divided by commas."""

    TEXT = "text"
    LIST = "list"
    NUMBER = "number"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a kind of source.

    `name` is its key in the config and, with dashes, its option on the command line; `label` stands
    above it in a modal (at most 45 characters), `help` below it (at most 100). A secret is never
    shown again. `least` and `most` bound a number; `default` is what an empty field means; a text
    that `is_long` may have several lines.
    """

    name: str
    label: str
    help: str
    kind: FieldKind = FieldKind.TEXT
    is_required: bool = False
    is_secret: bool = False
    default: str | int | None = None
    example: str = ""
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 2**31 - 1
    is_long: bool = False


def read_config(kind: str, fields: Sequence[Field], config: Config) -> dict[str, object]:
    """The settings that are filled in, each in the form of its field.

    Takes what a person typed as well as what was stored before. Raises InvalidField with words
    that mend it.
    """
    known = {field.name: field for field in fields}
    for name in config:
        if name not in known:
            raise InvalidSource(
                f"A {kind} source has no setting {name!r}; it has {', '.join(known)}."
            )
    read: dict[str, object] = {}
    for name, field in known.items():
        value = _read_value(field, config.get(name))
        if value:
            read[name] = value
        elif field.is_required:
            hint = field.help[:1].lower() + field.help[1:]
            raise InvalidField(name, f"A {kind} source needs {name}: {hint}")
    return read


def _read_value(field: Field, value: object) -> str | int | list[str] | None:
    match field.kind:
        case FieldKind.LIST:
            return _read_list(field, value)
        case FieldKind.NUMBER:
            return _read_number(field, value)
        case FieldKind.CHOICE | FieldKind.TEXT:
            return _read_text(field, value)


def _read_list(field: Field, value: object) -> list[str]:
    lines = [value] if isinstance(value, str) else value or []
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise InvalidField(field.name, f"{field.name} is a list such as {field.example!r}.")
    parts = (part.strip() for line in lines for part in line.replace(",", "\n").split("\n"))
    return [part for part in parts if part]


def _read_number(field: Field, value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(str(value).strip().replace(",", ""))
    except ValueError:
        number = field.least - 1
    if not field.least <= number <= field.most:
        raise InvalidField(
            field.name, f"{field.name} is a number from {field.least:,} to {field.most:,}."
        )
    return number


def _read_text(field: Field, value: object) -> str | None:
    if value is None:
        return None
    text = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) or ("\n" in text and not field.is_long) or "\0" in text:
        raise InvalidField(field.name, f"{field.name} is a single line of text.")
    if text and field.choices and text not in field.choices:
        raise InvalidField(field.name, f"{field.name} is one of {', '.join(field.choices)}.")
    return text


def check_web_address(name: str, address: str) -> str:
    """An address as it is, or ''. Raises InvalidField if a browser could not open it, or if it
    holds a password, which everybody who lists the sources would see.
    """
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidField(
            name, f"{name} is not a web address; it begins with https:// or http://."
        )
    if parts.username or parts.password:
        raise InvalidField(name, f"{name} holds a password. Leave out all before the @.")
    return address


def texts(config: Config, name: str) -> tuple[str, ...]:
    """A list of a config that `read_config` made, empty where it was not filled in."""
    value = config.get(name)
    return tuple(value) if isinstance(value, list) else ()


def text(config: Config, name: str, default: str = "") -> str:
    """A text of a config that `read_config` made."""
    value = config.get(name)
    return value if isinstance(value, str) else default


def number(config: Config, name: str, default: int) -> int:
    """A number of a config that `read_config` made."""
    value = config.get(name)
    return value if isinstance(value, int) else default
