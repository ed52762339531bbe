"""A reply as Discord messages, in Components V2. Pure.

A message is text displays with a rule between answer and sources. Discord reads markdown in them,
so whatever a document or a model says is escaped; only marks and sources link, and only to stored
addresses. Such messages show no previews of links.

https://discord.com/developers/docs/components/reference#text-display (4,000 characters and 40
components a message) and https://support.discord.com/hc/en-us/articles/210298617 (markdown).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rendering.grid import draw_table, measure_table
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

MESSAGE_CHARACTERS = 4_000
"""Counted in UTF-16 units, the strictest of the counts in use."""
TEXT_DISPLAY, SEPARATOR = 10, 14
ROW, BUTTON, SELECT = 1, 2, 3
ROW_BUTTONS = 5
BUTTON_STYLES = {"primary": 1, "plain": 2, "danger": 4}
BUTTON_PREFIX = "do:"
"""What the custom_id of our buttons begins with; the command follows (100 characters in all).

That of a menu has nothing more: what was chosen is the command.
"""
NOTICE_CHARACTERS = 600
LABEL_CHARACTERS = 150
URL_CHARACTERS = 1_000
TABLE_COLUMNS = 60
"""Characters; a wider table breaks its lines in Discord's window, so it is spelled out."""
NOTHING = "\u200b"
"""A zero-width space: parts what Discord would read as one."""

_MARKUP = re.compile(
    r"[\\`*~|\[\]]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # not within_a_word
    r"|<(?=[@#:/A-Za-z]|\Z)"  # mentions, emoji, times, commands; what follows may begin one
    r"|:(?=//)"  # addresses
    r"|(?i:(?<=discord\.gg)/|/(?=invite/))"  # invitations
)
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_LINE_START = re.compile(r"^(\s*)(?:(#{1,3}\s|-#\s|-\s|>\s|>>>\s)|(\d+)([.)]\s))", re.MULTILINE)
_SIGNS: dict[type[Inline], str] = {Strong: "**", Emphasis: "_", Strike: "~~"}
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,20}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """One message; `texts` are the texts of its components in reading order.

    `calls` are the people and roles that it may ping; it pings nobody else.
    """

    components: tuple[Json, ...]
    calls: tuple[Mention, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(part["content"] for part in self.components if part["type"] == TEXT_DISPLAY)


def render_messages(reply: Reply) -> tuple[DiscordMessage, ...]:
    """The messages that say the reply, each within Discord's limits; at least one."""
    return tuple(render_message(part) for part in split_reply(reply, fits)) or (
        render_message(reply),
    )


def fits(reply: Reply) -> bool:
    """Whether one message can say it all."""
    return sum(map(measure, render_message(reply).texts)) <= MESSAGE_CHARACTERS


def measure(text: str) -> int:
    """What a text counts against MESSAGE_CHARACTERS."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def render_message(reply: Reply) -> DiscordMessage:
    """The one message for a reply that fits."""
    notices = "\n".join(
        f"⚠️ {escape(_shorten(n, NOTICE_CHARACTERS))}" for n in reply.notices if n.strip()
    )
    answer = _render_blocks(reply.blocks)
    small = [_render_source(line) for line in reply.sources]
    if reply.footer.strip():
        small.append(f"-# {escape(_shorten(reply.footer, NOTICE_CHARACTERS))}")
    parts = [_text(text) for text in (notices, answer) if text.strip()]
    if small:
        if parts and reply.sources:
            parts.append({"type": SEPARATOR, "divider": True, "spacing": 1})
        parts.append(_text("\n".join(small)))
    # A message begins with words: its first component carries the mark of the letter.
    parts = [*(parts or [_text("…")]), *_render_controls(reply)]
    return DiscordMessage(tuple(parts), tuple(_find_calls(reply.blocks)))


def _render_controls(reply: Reply) -> Iterator[Json]:
    buttons = (*_thumbs(reply.rating), *reply.buttons)
    for first in range(0, len(buttons), ROW_BUTTONS):
        row = buttons[first : first + ROW_BUTTONS]
        yield {"type": ROW, "components": [_button(button) for button in row]}
    if reply.menu:
        options = [{"label": _shorten(b.label, 75), "value": b.command} for b in reply.menu]
        select = {
            "type": SELECT,
            "custom_id": BUTTON_PREFIX,
            "placeholder": _shorten(reply.menu_label, LABEL_CHARACTERS) or "More…",
            "options": options,
        }
        yield {"type": ROW, "components": [select]}


def _thumbs(rating: Rating | None) -> tuple[Button, ...]:
    return () if rating is None else (Button("👍", rating.good), Button("👎", rating.bad))


def _find_calls(blocks: Sequence[Block]) -> Iterator[Mention]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from (inline for inline in block.children if isinstance(inline, Mention))


def _button(button: Button) -> Json:
    return {
        "type": BUTTON,
        "style": BUTTON_STYLES[button.kind],
        "label": _shorten(button.label, 75),
        "custom_id": BUTTON_PREFIX + button.command,
    }


def escape(text: str) -> str:
    """The text with whatever Discord would read as markup, mention or address made inert."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _EVERYBODY.sub(f"@{NOTHING}", _MARKUP.sub(r"\\\g<0>", plain))


def _text(content: str) -> Json:
    return {"type": TEXT_DISPLAY, "content": content}


def _shorten(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# Sources


def _render_source(line: SourceLine) -> str:
    title = escape(_shorten(line.title, LABEL_CHARACTERS)) or "Untitled"
    url = _link_target(line.url)
    parts = [rf"-# \[{line.n}\] ", f"[{title}](<{url}>)" if url else title]
    if line.section.strip():
        parts.append(f" › {escape(_shorten(line.section, LABEL_CHARACTERS))}")
    if line.age.strip():
        parts.append(f" · {escape(_shorten(line.age, LABEL_CHARACTERS))}")
    return "".join(parts)


def _link_target(url: str) -> str:
    """The address with what would end it early percent-encoded; '' where Discord takes no link."""
    if not url.startswith(("https://", "http://")):
        return ""
    quoted = "".join(
        "".join(f"%{byte:02X}" for byte in char.encode(errors="replace"))
        if char in '<>()|"`\\*_~' or char.isspace() or not char.isprintable()
        else char
        for char in url.strip()
    )
    return quoted if len(quoted) <= URL_CHARACTERS else ""


# Blocks


def _render_blocks(blocks: Sequence[Block]) -> str:
    shown = ""
    before: Block | None = None
    for block in blocks:
        text = _render_block(block)
        if not text.strip():
            continue
        shown += text if before is None else _gap(before, block) + text
        before = block
    return shown


def _gap(first: Block, second: Block) -> str:
    if isinstance(first, Heading) or _is_fenced(first) or _is_fenced(second):
        return "\n"
    return "\n" if isinstance(first, Paragraph) and isinstance(second, Bullets) else "\n\n"


def _is_fenced(block: Block) -> bool:
    return isinstance(block, CodeBlock) or (isinstance(block, Table) and _is_narrow(block))


def _render_block(block: Block) -> str:
    match block:
        case Paragraph(children):
            return _render_lines(children)
        case Heading(level, children):
            title = _render_lines(children, bold=level > 2).replace("\n", " ")
            return f"### {title}" if level <= 2 and title else title
        case CodeBlock(text, language):
            return _fence(text, language)
        case Table():
            return _fence(draw_table(block)) if _is_narrow(block) else _render_wide(block)
        case Bullets():
            return "\n".join(_render_bullets(block, ""))
        case Quote(children):
            return _render_quote(children)


def _fence(text: str, language: str = "") -> str:
    # Discord knows no longer fence, so one within the code is parted.
    inner = _CONTROL.sub("", text.replace("\r\n", "\n")).replace("```", f"``{NOTHING}`")
    inner = inner.replace("```", f"``{NOTHING}`").strip("\n")
    label = language if _LANGUAGE.fullmatch(language) else ""
    return f"```{label}\n{inner if inner.strip() else NOTHING}\n```"


def _is_narrow(table: Table) -> bool:
    return measure_table(table) <= TABLE_COLUMNS


def _render_wide(table: Table) -> str:
    """Each row as an entry of a list, its cells below its first one."""
    if not table.rows:
        return "\n".join(_render_lines(cell, bold=True) for cell in table.header)
    items = []
    for row in table.rows:
        cells = tuple(
            (Paragraph((*name, Text(": "), *cell)),)
            for name, cell in zip(table.header[1:], row[1:], strict=True)
        )
        first = Paragraph((*table.header[0], Text(": "), Strong(row[0])))
        items.append((first, Bullets(cells)))
    return _render_block(Bullets(tuple(items)))


def _render_bullets(bullets: Bullets, margin: str) -> Iterator[str]:
    for number, item in enumerate(bullets.items, bullets.start or 0):
        sign = "- " if bullets.start is None else f"{number}. "
        below = margin + " " * len(sign)
        lead = margin + sign
        for block in item:
            lines = list(_render_within(block, below))
            if lines and not isinstance(block, Bullets) and not _is_fenced(block):
                lines = [lead + lines[0], *(below + line for line in lines[1:])]
                lead = below
            elif lines and lead != below:
                lines.insert(0, lead + NOTHING)
                lead = below
            yield from lines
        if lead != below:
            yield lead + NOTHING


def _render_within(block: Block, margin: str) -> Iterator[str]:
    """The lines of a block within an item; lists and fences bring their own margin."""
    match block:
        case Bullets():
            yield from _render_bullets(block, margin)
        case Quote(children):
            # Discord knows no quote within a list.
            for child in children:
                yield from _flatten(child)
        case _ if text := _render_block(block):
            yield from text.split("\n")


def _render_quote(children: Sequence[Block]) -> str:
    # Nor a quote within a quote.
    flat = _render_blocks([inner for child in children for inner in _unquote(child)])
    return "\n".join(f"> {line}" for line in flat.split("\n")) if flat else ""


def _unquote(block: Block) -> Iterator[Block]:
    if isinstance(block, Quote):
        for child in block.children:
            yield from _unquote(child)
    else:
        yield block


def _flatten(block: Block) -> Iterator[str]:
    for inner in _unquote(block):
        if text := _render_block(inner):
            yield from text.split("\n")


# Inlines


def _render_lines(inlines: Sequence[Inline], *, bold: bool = False) -> str:
    """Running text, no line of which begins a heading, a list or a quote."""
    text = _render_inlines((Strong(tuple(inlines)),) if bold else inlines, frozenset())
    return _LINE_START.sub(_escape_line_start, text.strip())


def _escape_line_start(found: re.Match[str]) -> str:
    margin, sign, number, point = found.groups()
    return f"{margin}\\{sign}" if sign else f"{margin}{number}\\{point}"


def _render_inlines(inlines: Sequence[Inline], within: frozenset[str]) -> str:
    text = ""
    for inline in inlines:
        text = _join(text, _render_inline(inline, within))
    return text


def _join(text: str, piece: str) -> str:
    """Both, parted where the sign of emphasis would be read as part of a word."""
    word = (piece[:1] == "_" and text[-1:].isalnum()) or (text[-1:] == "_" and piece[:1].isalnum())
    return f"{text}{NOTHING}{piece}" if word else _part(text, piece)


def _part(text: str, piece: str) -> str:
    """Both, parted where the signs at the seam would be read as one."""
    same = text[-1:] == piece[:1] and text[-1:] in tuple("*_~`")
    return f"{text}{NOTHING}{piece}" if same else text + piece


def _render_inline(inline: Inline, within: frozenset[str]) -> str:
    match inline:
        case Text(text):
            return escape(text)
        case Strong(children) | Emphasis(children) | Strike(children):
            return _wrap(children, _SIGNS[type(inline)], within)
        case Code(text):
            return _render_code(text)
        case Mark(n, url):
            target = _link_target(url)
            return f"[[{n}]](<{target}>)" if target else rf"\[{n}\]"
        case Mention(kind, id_):
            return f"<@{'' if kind == 'person' else '&'}{id_}>"
        case LineBreak():
            return "\n"


def _wrap(children: Sequence[Inline], sign: str, within: frozenset[str]) -> str:
    inner = _render_inlines(children, within | {sign})
    core = inner.strip()
    if sign in within or not core.strip(NOTHING):
        return inner
    start = inner.index(core)
    # Signs that touch spaces are shown as they are.
    return inner[:start] + _part(_part(sign, core), sign) + inner[start + len(core) :]


def _render_code(text: str) -> str:
    inner = " ".join(_CONTROL.sub("", text).split())
    if not inner:
        return ""
    if "`" not in inner:
        return f"`{inner}`"
    parted = inner.replace("``", f"`{NOTHING}`").replace("``", f"`{NOTHING}`")
    return f"`` {parted} ``"
