"""What a reply says, as Slack's rich text, and its first table as Slack's own. Pure.

Text elements are shown as they are, so nothing that a document or a model says can become a
mention, a link or formatting. A message may hold one table, of 100 rows, 20 columns and 10,000
characters, says Slack's Block Kit reference; others are drawn in characters.
"""

from collections.abc import Iterator, Sequence

from bot.rendering.grid import draw_table
from bot.rendering.plain import render_inlines, render_plain
from bot.rendering.reply import (
    Block,
    Bullets,
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
    Reply,
    Strike,
    Strong,
    Table,
    Text,
)
from bot.rendering.slack_text import Json, link_target

TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 9_000
LIST_DEPTH = 8


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
    target = link_target(url)
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
