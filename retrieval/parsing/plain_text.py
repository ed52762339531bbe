"""Plain text to text with structure, as far as people mark it with blank lines and underlines."""

import re
from itertools import pairwise

from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title, clean_text
from retrieval.parsing.encoding import decode_text
from retrieval.sentences import continues_line

_UNDERLINE = re.compile(r"^([=\-~^\"'*+#])\1{2,}\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")


def parse_plain_file(content: bytes, name: str) -> ParsedDocument:
    """Parse a text file; its title is a short first line that stands alone, or its name."""
    text = clean_text(decode_text(content)).strip("\n")
    first, _, rest = text.partition("\n\n")
    headline = " ".join(first.split())
    if "\n" in first or not rest.strip() or len(headline) > 80 or headline[-1:] in ".!?:;,":
        builder = _collect(text)
        return builder.build(choose_title([builder.first_heading], name))
    builder = DocumentBuilder()
    builder.add_heading(headline, 1)
    return _collect(rest, builder).build(choose_title([headline], name))


def parse_plain_text(text: str, title: str) -> ParsedDocument:
    """Give structure to text that is at hand already. Raises DocumentUnreadable if it is empty."""
    return _collect(clean_text(text)).build(title)


def _collect(text: str, builder: DocumentBuilder | None = None) -> DocumentBuilder:
    """Add the text to `builder`; below a headline that it holds already, headings go deeper."""
    top = 1 if builder is None else 2
    builder = builder or DocumentBuilder()
    levels: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n\s*?(?=\S|[ \t]+\S|$)", text):
        lines = [line.rstrip() for line in paragraph.strip("\n").split("\n") if line.strip()]
        while len(lines) >= 2 and _is_heading(lines[0], lines[1]):
            mark = lines[1][0]
            if mark not in levels:
                levels.append(mark)
            builder.add_heading(lines[0], levels.index(mark) + top)
            lines = lines[2:]
        if lines:
            _add_lines(builder, lines)
    return builder


def _is_heading(line: str, following: str) -> bool:
    underline = _UNDERLINE.match(following)
    return bool(underline) and len(line) <= 120 and len(following) >= min(len(line), 3)


def _add_lines(builder: DocumentBuilder, lines: list[str]) -> None:
    if all(line.startswith(("    ", "\t")) for line in lines):
        builder.add_block(BlockKind.CODE, "\n".join(lines))
    elif _ITEM.match(lines[0]):
        builder.add_block(BlockKind.LIST, _unwrap(lines))
    else:
        builder.add_block(BlockKind.PARAGRAPH, _unwrap(lines))


def _unwrap(lines: list[str]) -> str:
    text = lines[0]
    for line, following in pairwise(lines):
        text += f" {following.strip()}" if continues_line(line, following) else f"\n{following}"
    return text
