"""The reply tree as JSON, for the outbox: every node is an object with its kind under 'is'."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import cast

from bot.rendering import reply as tree
from bot.rendering.reply import Reply

_KINDS: dict[str, Callable[..., object]] = {
    kind.__name__: kind
    for kind in (
        tree.Text,
        tree.Strong,
        tree.Emphasis,
        tree.Strike,
        tree.Code,
        tree.Mark,
        tree.Mention,
        tree.LineBreak,
        tree.Paragraph,
        tree.Heading,
        tree.Bullets,
        tree.CodeBlock,
        tree.Table,
        tree.Quote,
        tree.SourceLine,
        tree.Button,
        tree.Rating,
        Reply,
    )
}


def to_record(reply: Reply) -> dict[str, object]:
    """The reply as JSON values."""
    return cast("dict[str, object]", _encode(reply))


def from_record(record: object) -> Reply:
    """The reply that `to_record` wrote. Raises TypeError or ValueError on anything else."""
    reply = _decode(record)
    if not isinstance(reply, Reply):
        raise TypeError(f"a stored reply is expected, not {type(reply).__name__}")
    return reply


def _encode(value: object) -> object:
    if isinstance(value, tuple):
        return [_encode(entry) for entry in value]
    if is_dataclass(value) and not isinstance(value, type):
        record: dict[str, object] = {"is": type(value).__name__}
        for entry in fields(value):
            record[entry.name] = _encode(getattr(value, entry.name))
        return record
    return value


def _decode(value: object) -> object:
    if isinstance(value, list):
        return tuple(_decode(entry) for entry in value)
    if not isinstance(value, dict):
        return value
    kind = _KINDS.get(str(value.get("is")))
    if kind is None:
        raise ValueError(f"a stored reply holds no node of the kind {value.get('is')!r}")
    return kind(**{name: _decode(entry) for name, entry in value.items() if name != "is"})
