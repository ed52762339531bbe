"""A home page as a view of Slack's Home tab. Pure.

https://docs.slack.dev/reference/views/home-tab-views: 100 blocks, 255 characters of `callback_id`,
3,000 of `private_metadata`, 250 kB in all.
"""

from collections.abc import Iterator
from typing import Any

from bot.rendering.home import Home, Section, Select
from bot.rendering.slack import render_actions
from bot.rendering.slack_rich_text import render_body
from bot.rendering.slack_text import escape

HOME = "footnote_home"
"""The callback_id of our home pages."""
TITLE_CHARACTERS = 150
SMALL_CHARACTERS = 2_000
OPTION_CHARACTERS = 75

Json = dict[str, Any]


def render_home(home: Home, metadata: str) -> Json:
    """The view for a page; Slack hands `metadata` back with what is pressed there."""
    blocks = [_context(f"💬 {home.notice}")] if home.notice else []
    for number, section in enumerate(home.sections):
        blocks += _render_section(section, number)
    return {
        "type": "home",
        "callback_id": HOME,
        "private_metadata": metadata,
        "blocks": blocks,
    }


def _render_section(section: Section, number: int) -> Iterator[Json]:
    if number:
        yield {"type": "divider"}
    yield {"type": "header", "text": _plain(section.title, TITLE_CHARACTERS)}
    for place, select in enumerate(section.selects):
        yield _render_select(select, f"{number}_{place}")
    yield from render_body(section.blocks)
    if section.buttons:
        yield render_actions(section.buttons) | {"block_id": f"{HOME}_buttons_{number}"}
    if section.footer:
        yield _context(section.footer)


def _render_select(select: Select, place: str) -> Json:
    options = [
        {"text": _plain(choice.label, OPTION_CHARACTERS), "value": choice.value}
        for choice in select.choices
    ]
    element: Json = {"type": "static_select", "action_id": f"choose{place}", "options": options}
    if chosen := [option for option in options if option["value"] == select.chosen]:
        element["initial_option"] = chosen[0]
    words = f"*{escape(select.label)}*\n{escape(select.hint)}".strip()
    return {
        "type": "section",
        "block_id": f"{HOME}_select_{place}",
        "text": {"type": "mrkdwn", "text": words, "verbatim": True},
        "accessory": element,
    }


def _context(words: str) -> Json:
    text = {"type": "mrkdwn", "text": escape(words)[:SMALL_CHARACTERS], "verbatim": True}
    return {"type": "context", "elements": [text]}


def _plain(text: str, limit: int) -> Json:
    shown = text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
    return {"type": "plain_text", "text": shown}
