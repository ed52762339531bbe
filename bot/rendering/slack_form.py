"""A form as a Slack modal, and what people put into it. Pure.

https://docs.slack.dev/reference/views/modal-views: 24 characters of title and button, 3,000 of
`private_metadata`, 100 blocks; https://docs.slack.dev/reference/block-kit/blocks/input-block.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.rendering.form import LONG_KINDS, SECRET_KINDS, Choice, Field, Form
from bot.rendering.slack_text import escape

MODAL = "footnote_form"
"""The callback_id of our modals."""
NOTICE = "footnote_notice"
INTRO = "footnote_intro"
TITLE_CHARACTERS = 24
OPTION_CHARACTERS = 75
MOST_OPTIONS = 100
INPUT_CHARACTERS = 3_000

Json = dict[str, Any]


def render_form(form: Form, metadata: str) -> Json:
    """The modal for a form; Slack hands `metadata` back with what is filled in."""
    view = _render_view(form.title, list(_render_blocks(form)), metadata)
    return view | {"submit": _plain(form.submit, TITLE_CHARACTERS)}


def render_notice(title: str, words: str, metadata: str = "") -> Json:
    """A modal that only says something."""
    return _render_view(title, [_section(NOTICE, words)], metadata)


def render_errors(form_errors: Mapping[str, str]) -> Json:
    """The answer that keeps a modal open and shows what is wrong below each field."""
    return {"response_action": "errors", "errors": dict(form_errors)}


def render_options(names: Sequence[str]) -> Json:
    """The answer to a select that asks for its options."""
    shown = [name for name in names if 0 < len(name) <= OPTION_CHARACTERS]
    return {"options": [_option(Choice(name, name)) for name in shown[:MOST_OPTIONS]]}


def read_values(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the names of the fields; nothing typed is ''."""
    values: dict[str, str] = {}
    for fields in ((view.get("state") or {}).get("values") or {}).values():
        for name, state in fields.items():
            chosen = state.get("selected_option")
            typed = chosen.get("value") if chosen else state.get("value")
            values[name] = str(typed or "").strip()
    return values


def _render_view(title: str, blocks: list[Json], metadata: str) -> Json:
    return {
        "type": "modal",
        "callback_id": MODAL,
        "title": _plain(title, TITLE_CHARACTERS),
        "close": _plain("Close", TITLE_CHARACTERS),
        "private_metadata": metadata,
        "blocks": blocks,
    }


def _render_blocks(form: Form) -> Iterator[Json]:
    if form.problem:
        yield _section(NOTICE, f"⚠️ {form.problem}")
    if form.intro:
        yield _section(INTRO, form.intro)
    for field in form.fields:
        block: Json = {
            "type": "input",
            "block_id": field.name,
            "label": _plain(field.label, 2_000),
            "optional": not field.required,
            "element": _render_element(field),
        }
        if field.hint:
            block["hint"] = _plain(field.hint, 2_000)
        yield block


def _render_element(field: Field) -> Json:
    element: Json = {"action_id": field.name}
    if field.example:
        element["placeholder"] = _plain(field.example, 150)
    match field.kind:
        case "choice":
            element |= {"type": "static_select", "options": [_option(c) for c in field.choices]}
            chosen = [choice for choice in field.choices if choice.value == field.value]
            return element | ({"initial_option": _option(chosen[0])} if chosen else {})
        case "source" | "sources":
            element |= {"type": "external_select", "min_query_length": 0}
            chosen = [Choice(field.value, field.value)] if field.value else []
            return element | ({"initial_option": _option(chosen[0])} if chosen else {})
        case _:
            element |= {"type": "plain_text_input", "multiline": field.kind in LONG_KINDS}
            if field.value and field.kind not in SECRET_KINDS:
                element["initial_value"] = field.value[:INPUT_CHARACTERS]
            return element


def _option(choice: Choice) -> Json:
    return {"text": _plain(choice.label, OPTION_CHARACTERS), "value": choice.value}


def _section(block_id: str, words: str) -> Json:
    text = {"type": "mrkdwn", "text": escape(words)[:INPUT_CHARACTERS], "verbatim": True}
    return {"type": "section", "block_id": block_id, "text": text}


def _plain(text: str, limit: int) -> Json:
    shown = text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
    return {"type": "plain_text", "text": shown}
