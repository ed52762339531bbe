"""A reply as Slack messages: Block Kit blocks and the text that stands in for them. Pure.

The answer goes into `rich_text` blocks (bot.rendering.slack_rich_text); only marks and sources
link, and only to stored addresses. Small print goes into `context` blocks, whose mrkdwn is escaped.

Limits, from Slack's Block Kit reference where it states them: 50 blocks a message; a context
element 3,000 characters (2,000 in Slack's SDKs). The JSON of all blocks together is refused
somewhat over 13,000 bytes (`msg_blocks_too_long`), which the reference does not state.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.rendering.plain import render_plain
from bot.rendering.reply import Button, Rating, Reply, SourceLine
from bot.rendering.slack_rich_text import render_body
from bot.rendering.slack_text import Json, escape, link_target, shorten
from bot.rendering.split import split_reply

MESSAGE_BYTES = 12_000
MESSAGE_BLOCKS = 50
BLOCK_OVERHEAD = 130
"""What a block costs besides its own JSON: Slack gives each one an id."""
CONTEXT_CHARACTERS = 2_000
LABEL_CHARACTERS = 150
TEXT_CHARACTERS = 3_500
BUTTONS = "footnote_buttons"
"""The id of the block that holds the buttons of a message."""
RATING = "footnote_rating"
"""The id of the block that holds its thumbs."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message: its blocks, and the text of notifications and of clients without blocks."""

    text: str
    blocks: tuple[Json, ...]


def render_messages(reply: Reply) -> tuple[SlackMessage, ...]:
    """The messages that say the reply, each within Slack's limits; at least one."""
    return tuple(render_message(part) for part in split_reply(reply, fits))


def fits(reply: Reply) -> bool:
    """Whether one message can say it all."""
    blocks = _render_blocks(reply)
    return len(blocks) <= MESSAGE_BLOCKS and measure(blocks) <= MESSAGE_BYTES


def measure(blocks: Iterable[Json]) -> int:
    """What blocks count against MESSAGE_BYTES."""
    return sum(
        len(json.dumps(block, ensure_ascii=False).encode()) + BLOCK_OVERHEAD for block in blocks
    )


def render_message(reply: Reply) -> SlackMessage:
    """The one message for a reply that fits."""
    return SlackMessage(_render_text(reply), tuple(_render_blocks(reply)))


def _render_text(reply: Reply) -> str:
    text = render_plain(Reply(reply.blocks, (), reply.notices, reply.footer)).strip() or "…"
    escaped = escape(text)
    if len(escaped) <= TEXT_CHARACTERS:
        return escaped
    cut = escaped[: TEXT_CHARACTERS - 1]
    if cut.rfind("&") > cut.rfind(";"):
        cut = cut[: cut.rfind("&")]  # half an entity
    return cut.rstrip() + "…"


def _render_blocks(reply: Reply) -> list[Json]:
    blocks = [_context(f"⚠️ {escape(shorten(n, 600))}") for n in reply.notices if n.strip()]
    blocks.extend(render_body(reply.blocks))
    blocks.extend(_render_sources(reply.sources))
    if reply.footer.strip():
        blocks.append(_context(escape(shorten(reply.footer, 600))))
    if reply.rating is not None:
        blocks.append(_rate(reply.rating))
    if reply.buttons or reply.menu:
        blocks.append(render_actions(reply.buttons, reply.menu, reply.menu_label))
    return blocks


def render_actions(
    buttons: Sequence[Button], menu: Sequence[Button] = (), menu_label: str = ""
) -> Json:
    """The block of buttons of a message, those of the menu behind dots or its label."""
    elements = [_button(number, button) for number, button in enumerate(buttons)]
    if menu:
        elements.append(_menu(menu, menu_label))
    return {"type": "actions", "block_id": BUTTONS, "elements": elements}


def _rate(rating: Rating) -> Json:
    """https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element"""
    thumbs: Json = {
        "type": "feedback_buttons",
        "action_id": "rating",
        "positive_button": {"text": _plain("Good answer"), "value": rating.good},
        "negative_button": {"text": _plain("Bad answer"), "value": rating.bad},
    }
    return {"type": "context_actions", "block_id": RATING, "elements": [thumbs]}


def _menu(buttons: Sequence[Button], label: str) -> Json:
    options = [{"text": _plain(one.label), "value": one.command} for one in buttons]
    menu: Json = {"type": "overflow", "action_id": "menu", "options": options}
    return menu | {"type": "static_select", "placeholder": _plain(label)} if label else menu


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": shorten(text, 75)}


def _button(number: int, button: Button) -> Json:
    element: Json = {
        "type": "button",
        "action_id": f"button{number}",
        "text": _plain(button.label),
        "value": button.command,
    }
    if button.kind != "plain":
        element["style"] = button.kind
    return element


def _context(text: str) -> Json:
    # verbatim: Slack shall not find links, channels or names by itself.
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}],
    }


def _render_sources(sources: Sequence[SourceLine]) -> Iterator[Json]:
    lines: list[str] = []
    for line in map(_render_source, sources):
        if lines and len("\n".join([*lines, line])) > CONTEXT_CHARACTERS:
            yield _context("\n".join(lines))
            lines = []
        lines.append(line)
    if lines:
        yield _context("\n".join(lines))


def _render_source(line: SourceLine) -> str:
    title = escape(shorten(line.title, LABEL_CHARACTERS)) or "Untitled"
    url = link_target(line.url)
    parts = [f"[{line.n}] <{escape(url)}|{title}>" if url else f"[{line.n}] {title}"]
    if line.section.strip():
        parts.append(f" › {escape(shorten(line.section, LABEL_CHARACTERS))}")
    if line.age.strip():
        parts.append(f" · {escape(shorten(line.age, LABEL_CHARACTERS))}")
    return "".join(parts)
