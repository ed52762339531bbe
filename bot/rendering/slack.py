"""A reply as Slack messages: Block Kit blocks and the text that stands in for them. Pure.

The answer goes into `rich_text` blocks. Their text elements are shown as they are, so nothing that
a document or a model says can become a mention, a link or formatting; only marks and sources link,
and only to stored addresses. Small print goes into `context` blocks, whose mrkdwn is escaped.

Limits, from Slack's Block Kit reference where it states them: 50 blocks a message; one table a
message of 100 rows, 20 columns and 10,000 characters; a context element 3,000 characters (2,000 in
Slack's SDKs); a link 3,000. The JSON of all blocks together is refused somewhat over 13,000 bytes
(`msg_blocks_too_long`), which the reference does not state.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rendering.grid import draw_table
from bot.rendering.plain import render_inlines, render_plain
from bot.rendering.reply import (
    Block,
    Bullets,
    Button,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    LineBreak,
    Mark,
    Mention,
    Paragraph,
    Quote,
    Rating,
    Reply,
    SourceLine,
    Strike,
    Strong,
    Table,
    Text,
)
from bot.rendering.split import split_reply

MESSAGE_BYTES = 12_000
MESSAGE_BLOCKS = 50
BLOCK_OVERHEAD = 130
"""What a block costs besides its own JSON: Slack gives each one an id."""
TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 9_000
CONTEXT_CHARACTERS = 2_000
LABEL_CHARACTERS = 150
URL_CHARACTERS = 2_000
TEXT_CHARACTERS = 3_500
LIST_DEPTH = 8
BUTTONS = "footnote_buttons"
"""The id of the block that holds the buttons of a message."""
RATING = "footnote_rating"
"""The id of the block that holds its thumbs."""

Json = dict[str, Any]


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


def escape(text: str) -> str:
    """The text for a mrkdwn field, so that Slack reads no link, mention or command in it.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
    blocks = [_context(f"⚠️ {escape(_shorten(n, 600))}") for n in reply.notices if n.strip()]
    blocks.extend(render_body(reply.blocks))
    blocks.extend(_render_sources(reply.sources))
    if reply.footer.strip():
        blocks.append(_context(escape(_shorten(reply.footer, 600))))
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
    return {"type": "plain_text", "text": _shorten(text, 75)}


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
    title = escape(_shorten(line.title, LABEL_CHARACTERS)) or "Untitled"
    url = _link_target(line.url)
    parts = [f"[{line.n}] <{escape(url)}|{title}>" if url else f"[{line.n}] {title}"]
    if line.section.strip():
        parts.append(f" › {escape(_shorten(line.section, LABEL_CHARACTERS))}")
    if line.age.strip():
        parts.append(f" · {escape(_shorten(line.age, LABEL_CHARACTERS))}")
    return "".join(parts)


def _link_target(url: str) -> str:
    """The address with what would end it early percent-encoded; '' where Slack takes no link."""
    if not url.startswith(("https://", "http://")):
        return ""
    quoted = "".join(
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in '<>|"`\\' or char.isspace() or not char.isprintable()
        else char
        for char in url.strip()
    )
    # Escaping a query's & for mrkdwn makes it longer.
    return quoted if len(escape(quoted)) <= URL_CHARACTERS - 500 else ""


def _shorten(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# The answer


def render_body(blocks: Sequence[Block]) -> Iterator[Json]:
    """Rich text, interrupted by the one table that a message may hold."""
    table_used = False
    parts: list[Json] = []
    for index, block in enumerate(blocks):
        if isinstance(block, Table) and not table_used and _is_native(block):
            table_used = True
            yield from _rich_text(parts)
            parts = []
            yield _render_table(block)
        else:
            _append(parts, list(_render_block(block)), after=blocks[index - 1] if index else None)
    yield from _rich_text(parts)


def _rich_text(parts: list[Json]) -> Iterator[Json]:
    if parts:
        yield {"type": "rich_text", "elements": parts}


def _append(parts: list[Json], new: list[Json], *, after: Block | None) -> None:
    """Add parts, running text joining the running text before it with a blank line between."""
    if not new:
        return
    first = new[0]
    if parts and first["type"] == "rich_text_section":
        gap = "\n" if isinstance(after, Heading) else "\n\n"
        if parts[-1]["type"] == "rich_text_section":
            parts[-1]["elements"] += [_text(gap), *first["elements"]]
            new = new[1:]
        else:
            first["elements"].insert(0, _text("\n"))
    parts.extend(new)


def _render_block(block: Block) -> Iterator[Json]:
    match block:
        case Paragraph(children):
            yield from _section(_render_inlines(children))
        case Heading(_, children):
            yield from _section(_render_inlines(children, {"bold": True}))
        case CodeBlock(text):
            yield from _preformatted(text)
        case Table():
            yield from _preformatted(draw_table(block))
        case Bullets():
            yield from _render_bullets(block, 0)
        case Quote(children):
            yield from _render_quote(children)


def _section(elements: list[Json]) -> Iterator[Json]:
    if elements:
        yield {"type": "rich_text_section", "elements": elements}


def _preformatted(text: str) -> Iterator[Json]:
    if text.strip():
        yield {"type": "rich_text_preformatted", "elements": [_text(text.strip("\n"))]}


def _render_quote(children: Sequence[Block]) -> Iterator[Json]:
    elements: list[Json] = []
    for child in children:
        match child:
            case Paragraph(inlines) | Heading(_, inlines):
                new = _render_inlines(inlines)
            case _:
                # A quote holds running text only; what is more is drawn in characters.
                drawn = render_plain(Reply((child,)))
                new = [_text(drawn)] if drawn.strip() else []
        if elements and new:
            elements.append(_text("\n\n"))
        elements += new
    if elements:
        yield {"type": "rich_text_quote", "elements": elements}


def _render_bullets(bullets: Bullets, depth: int) -> Iterator[Json]:
    """Lists of one level each: Slack nests them by `indent`, and counts on from `offset`."""
    items: list[Json] = []
    done = 0
    for item in bullets.items:
        line, rest = _split_item(item)
        items.append({"type": "rich_text_section", "elements": line or [_text(" ")]})
        below = [part for block in rest for part in _render_within(block, depth)]
        if below:
            yield _list(bullets, items, depth, done)
            yield from below
            done, items = done + len(items), []
    if items:
        yield _list(bullets, items, depth, done)


def _list(bullets: Bullets, items: list[Json], depth: int, done: int) -> Json:
    part: Json = {
        "type": "rich_text_list",
        "style": "bullet" if bullets.start is None else "ordered",
        "indent": min(depth, LIST_DEPTH),
        "elements": items,
    }
    offset = max((bullets.start or 1) - 1, 0) + done
    if bullets.start is not None and offset:
        part["offset"] = offset
    return part


def _split_item(item: Sequence[Block]) -> tuple[list[Json], list[Block]]:
    """The running text at the start of an item, and the blocks after it."""
    line: list[Json] = []
    for index, block in enumerate(item):
        if not isinstance(block, Paragraph | Heading):
            return line, list(item[index:])
        style = {"bold": True} if isinstance(block, Heading) else {}
        new = _render_inlines(block.children, style)
        line += [_text("\n"), *new] if line and new else new
    return line, []


def _render_within(block: Block, depth: int) -> Iterator[Json]:
    if isinstance(block, Bullets):
        yield from _render_bullets(block, depth + 1)
    else:
        yield from _render_block(block)


# Inlines


def _render_inlines(inlines: Sequence[Inline], style: Json | None = None) -> list[Json]:
    return [element for inline in inlines for element in _render_inline(inline, style or {})]


def _render_inline(inline: Inline, style: Json) -> Iterator[Json]:
    match inline:
        case Text(text):
            if text:
                yield _text(text, style)
        case Strong(children):
            yield from _render_inlines(children, {**style, "bold": True})
        case Emphasis(children):
            yield from _render_inlines(children, {**style, "italic": True})
        case Strike(children):
            yield from _render_inlines(children, {**style, "strike": True})
        case Code(text):
            if text:
                yield _text(text, {**style, "code": True})
        case Mark() | Mention():
            yield _refer(inline)
        case LineBreak():
            yield _text("\n")


def _text(text: str, style: Json | None = None) -> Json:
    element: Json = {"type": "text", "text": text}
    if style:
        element["style"] = style
    return element


def _refer(inline: Mark | Mention) -> Json:
    return _mark(inline.n, inline.url) if isinstance(inline, Mark) else _mention(inline)


def _mention(mention: Mention) -> Json:
    if mention.kind == "person":
        return {"type": "user", "user_id": mention.id}
    return {"type": "usergroup", "usergroup_id": mention.id}


def _mark(n: int, url: str) -> Json:
    target = _link_target(url)
    if not target:
        return _text(f"[{n}]")
    return {"type": "link", "url": target, "text": f"[{n}]"}


# Tables


def _is_native(table: Table) -> bool:
    rows = (table.header, *table.rows)
    return (
        len(rows) <= TABLE_ROWS
        and 0 < len(table.header) <= TABLE_COLUMNS
        and sum(len(render_inlines(cell)) for row in rows for cell in row) <= TABLE_CHARACTERS
    )


def _render_table(table: Table) -> Json:
    rows = [[_cell(cell) for cell in row] for row in (table.header, *table.rows)]
    settings = [{"is_wrapped": True} for _ in table.header]
    return {"type": "table", "rows": rows, "column_settings": settings}


def _cell(inlines: Sequence[Inline]) -> Json:
    elements = _render_inlines(inlines)
    if all(element["type"] == "text" and "style" not in element for element in elements):
        # Slack refuses an empty cell.
        return {"type": "raw_text", "text": "".join(e["text"] for e in elements) or " "}
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "elements": [section]}
