"""A reply as text for a terminal."""

from collections.abc import Sequence

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
    SourceLine,
    Strike,
    Strong,
    Table,
    Text,
)


def render_plain(reply: Reply) -> str:
    """The whole reply: warnings, text, sources, small print."""
    parts = [f"! {notice}" for notice in reply.notices]
    parts.extend(_render_block(block) for block in reply.blocks)
    if reply.sources:
        parts.append("\n".join(["Sources", *(render_source(line) for line in reply.sources)]))
    if reply.footer:
        parts.append(f"({reply.footer})")
    labels = ["👍", "👎"] if reply.rating is not None else []
    labels += [button.label for button in (*reply.buttons, *reply.menu)]
    if labels:
        parts.append("  ".join(f"[{label}]" for label in labels))
    return "\n\n".join(parts)


def render_source(line: SourceLine) -> str:
    """'[1] Title › Section, 3 days old' and its address on a line below."""
    name = f"{line.title} › {line.section}" if line.section else line.title
    entry = f"[{line.n}] {name}" + (f", {line.age}" if line.age else "")
    return f"{entry}\n    {line.url}" if line.url else entry


def render_inlines(inlines: Sequence[Inline]) -> str:
    """Inlines as plain characters; emphasis is dropped, code keeps its backticks."""
    return "".join(_render_inline(inline) for inline in inlines)


def _render_inline(inline: Inline) -> str:
    match inline:
        case Text(text):
            return text
        case Strong(children) | Emphasis(children) | Strike(children):
            return render_inlines(children)
        case Code(text):
            return f"`{text}`"
        case Mark(n):
            return f"[{n}]"
        case Mention(name=name):
            return f"@{name}"
        case LineBreak():
            return "\n"


def _render_block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return render_inlines(children)
        case Heading(_, children):
            title = render_inlines(children)
            return f"{title}\n{'-' * len(title)}"
        case CodeBlock(text):
            return _indent(text, "    ")
        case Quote(children):
            return _indent("\n\n".join(_render_block(child) for child in children), "> ")
        case Bullets():
            return _render_bullets(block)
        case Table():
            return _render_table(block)


def _render_bullets(bullets: Bullets) -> str:
    lines = []
    for index, item in enumerate(bullets.items):
        sign = "- " if bullets.start is None else f"{bullets.start + index}. "
        text = "\n".join(_render_block(block) for block in item)
        lines.append(sign + _indent(text, " " * len(sign)).lstrip(" "))
    return "\n".join(lines)


def _render_table(table: Table) -> str:
    rows = [
        [render_inlines(cell).replace("\n", " ") for cell in row]
        for row in (table.header, *table.rows)
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _indent(text: str, margin: str) -> str:
    return "\n".join((margin + line).rstrip() for line in text.split("\n"))
