"""A form as a Discord modal, and what people put into it. Pure.

A modal has five fields at most (https://discord.com/developers/docs/components/reference#label),
so where a form has more, the least needed go together into the last one, each on a line of its
own: 'name: value'.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.rendering.form import LONG_KINDS, SECRET_KINDS, Field, Form

FORM_PREFIX = "form:"
"""What the custom_id of our modals begins with; the command follows (100 characters in all)."""
MOST_FIELDS = 5
REST = "more settings"
"""The custom_id of the field that holds several; no field has a space in its name."""
TITLE_CHARACTERS = 45
LABEL_CHARACTERS = 45
HINT_CHARACTERS = 100
INPUT_CHARACTERS = 4_000
MOST_OPTIONS = 25
LABEL, TEXT_INPUT, SELECT = 18, 4, 3

Json = dict[str, Any]


def render_form(form: Form) -> Json:
    """The modal for a form."""
    shown, rest = _arrange(form.fields)
    parts = [_render_field(field) for field in shown]
    if rest:
        parts.append(_render_rest(rest))
    return {
        "custom_id": FORM_PREFIX + form.command,
        "title": _shorten(form.title, TITLE_CHARACTERS),
        "components": parts,
    }


def read_values(components: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What was filled in, by the names of the fields; nothing typed is ''."""
    values: dict[str, str] = {}
    for part in components:
        item = part.get("component") or {}
        chosen = item.get("values")
        typed = str((chosen[0] if chosen else item.get("value")) or "").strip()
        if item.get("custom_id") == REST:
            values |= dict(_read_lines(typed))
        else:
            values[str(item.get("custom_id"))] = typed
    return values


def _arrange(fields: Sequence[Field]) -> tuple[list[Field], list[Field]]:
    """The fields that stand alone, and those that share the last one."""
    if len(fields) <= MOST_FIELDS:
        return list(fields), []
    by_need = sorted(fields, key=lambda field: (not field.required, field.kind not in SECRET_KINDS))
    alone = by_need[: MOST_FIELDS - 1]
    return alone, [field for field in fields if field not in alone]


def _render_field(field: Field) -> Json:
    part: Json = {"type": LABEL, "label": _shorten(field.label, LABEL_CHARACTERS)}
    if field.hint:
        part["description"] = _shorten(field.hint, HINT_CHARACTERS)
    if field.kind == "choice":
        return part | {"component": _render_select(field)}
    item: Json = {
        "type": TEXT_INPUT,
        "custom_id": field.name,
        "style": 2 if field.kind in LONG_KINDS else 1,
        "required": field.required,
        "max_length": INPUT_CHARACTERS,
    }
    if field.example:
        item["placeholder"] = _shorten(field.example, HINT_CHARACTERS)
    if field.value and field.kind not in SECRET_KINDS:
        item["value"] = field.value[:INPUT_CHARACTERS]
    return part | {"component": item}


def _render_select(field: Field) -> Json:
    options = [
        {"label": choice.label, "value": choice.value, "default": choice.value == field.value}
        for choice in field.choices[:MOST_OPTIONS]
    ]
    return {
        "type": SELECT,
        "custom_id": field.name,
        "required": field.required,
        "min_values": 1 if field.required else 0,
        "max_values": 1,
        "options": options,
    }


def _render_rest(fields: Sequence[Field]) -> Json:
    lines = "\n".join(f"{field.name}: {_in_one_line(field)}".rstrip() for field in fields)
    return {
        "type": LABEL,
        "label": "More settings, one a line",
        "description": _shorten("May stay as they are. Several values of one: commas.", 100),
        "component": {
            "type": TEXT_INPUT,
            "custom_id": REST,
            "style": 2,
            "required": any(field.required for field in fields),
            "max_length": INPUT_CHARACTERS,
            "value": lines[:INPUT_CHARACTERS],
        },
    }


def _in_one_line(field: Field) -> str:
    return "" if field.kind in SECRET_KINDS else ", ".join(field.value.splitlines())


def _read_lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip():
            yield name.strip().lower(), value.strip()


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
