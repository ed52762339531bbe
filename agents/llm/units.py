"""Takes a passage apart into what can be quoted: sentences, list items, table rows, code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from retrieval.sentences import split_sentences

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"^\s*(?:[-*+•‣◦–]|(\d{1,3})[.)])\s+(?=\S)")
_ROW = re.compile(r"^\s*\|.*\|\s*$|^[^|]*\S\s\|\s[^|]*(?:\|[^|]*)*$")
_CODE_LINE = re.compile(
    r"^\s*(?:[$>#%]\s|>>>|//|/\*|@\w|(?:def|class|import|from|return|const|let|var|func|export|sudo"
    r"|docker|kubectl|pip|npm|git|curl|make|cd|SELECT|INSERT|UPDATE)\s+\S)"
    r"|[{};\\]\s*$|^\s{4,}\S|\s--?[a-z][\w-]*|^[A-Z][A-Z0-9_]{2,}=|^[\w.]+\s?[=:]\s?[\"'\[{\d]|\w\(.*\)\s*$"
)
_ENDED = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
_POINTS_BACK = re.compile(
    r"^(?:it|they|this|that|these|those|he|she|its|their|such|both|then|however|also|otherwise"
    r"|therefore|instead|in this case|in that case|to do (?:so|this|that)|er|sie|es|dies\w*)\b",
    re.IGNORECASE,
)
_LONGEST_HEADING = 80
_NAME_WORDS = 5
"""Of the longest name of a column; the rest are sentences."""
_TIME = re.compile(r"\b(?:(?:19|20)\d\d|[QH][1-4])\b")
"""Figures that name columns."""
_RULE = re.compile(r"^[\s|:+=-]+$")


class UnitKind(StrEnum):
    """What a unit is."""

    HEADING = "heading"
    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece that is quoted as a whole.

    `block` numbers the paragraph, list, table or code block of the passage it belongs to;
    `ordered` tells that its list is numbered; `heading` is the last heading above it.
    """

    kind: UnitKind
    text: str
    block: int
    ordered: bool = False
    heading: str = ""


def split_units(text: str, headings: Sequence[str] = ()) -> list[Unit]:
    """The units of a passage in order.

    Reads Markdown, and plain text whose blocks stand between blank lines, with bare headings and
    code: a line that is one of `headings` is a heading, what reads like code is code. The last of
    `headings` is the one that the passage begins under.
    """
    units: list[Unit] = []
    heading = headings[-1] if headings else ""
    blocks = _find_blocks(text)
    for number, (kind, lines) in enumerate(_read_plain_blocks(blocks, frozenset(headings))):
        if kind is UnitKind.HEADING:
            heading = _HEADING.sub(r"\2", " ".join(lines)).strip()
            units.append(Unit(kind, heading, number, heading=heading))
        elif kind is UnitKind.CODE:
            units.append(Unit(kind, "\n".join(lines), number, heading=heading))
        elif kind is UnitKind.ITEM:
            units += _split_items(lines, number, heading)
        elif kind is UnitKind.ROW:
            rows = [line.strip() for line in lines if not _RULE.match(line)]
            units += [Unit(kind, row, number, heading=heading) for row in rows]
        else:
            units += _split_prose(lines, number, heading)
    return units


def names_columns(units: Sequence[Unit], index: int) -> bool:
    """Whether a unit is the row that names the columns of a table: the first of several.

    A passage may begin in the middle of a table. Then its first row is like those that follow.
    """
    unit = units[index]
    if unit.kind is not UnitKind.ROW:
        return False
    first, *others = [_cells(row.text) for row in units if row.block == unit.block]
    if not others or (index and units[index - 1].block == unit.block):
        return False
    return index > 0 or not _is_like(first, others)


def read_row(units: Sequence[Unit], index: int) -> str:
    """A table row with its column headings: 'Plan: Team, Seats: 50'."""
    block = units[index].block
    start = next(at for at, unit in enumerate(units) if unit.block == block)
    cells = _cells(units[index].text)
    names = _cells(units[start].text) if names_columns(units, start) else []
    if start == index or len(names) != len(cells):
        told = [cell for cell in cells if cell]
        return (": " if len(told) == 2 else ", ").join(told)
    pairs = zip(names, cells, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def points_back(text: str) -> bool:
    """Whether a sentence begins with a word that points to the one before it."""
    return _POINTS_BACK.match(text) is not None


def _is_like(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether a row has code, figures or many words in a column where most others have, too."""
    return any(
        mark(cell) and 2 * sum(mark(row[at]) for row in others if at < len(row)) > len(others)
        for at, cell in enumerate(first)
        for mark in (_has_code, _has_figures, _has_many_words)
    )


def _has_code(cell: str) -> bool:
    return "`" in cell


def _has_figures(cell: str) -> bool:
    return any(sign.isdigit() for sign in _TIME.sub("", cell))


def _has_many_words(cell: str) -> bool:
    return len(cell.split()) > _NAME_WORDS


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _split_prose(lines: Sequence[str], block: int, heading: str) -> list[Unit]:
    paragraph = "\n".join(lines)
    return [
        Unit(
            UnitKind.SENTENCE,
            " ".join(paragraph[span.start : span.end].split()),
            block,
            heading=heading,
        )
        for span in split_sentences(paragraph)
    ]


def _split_items(lines: Sequence[str], block: int, heading: str) -> list[Unit]:
    items: list[list[str]] = []
    ordered = _ITEM.match(lines[0])
    for line in lines:
        if _ITEM.match(line):
            items.append([_ITEM.sub("", line).strip()])
        else:
            items[-1].append(line.strip())
    return [
        Unit(
            UnitKind.ITEM,
            " ".join(" ".join(item).split()),
            block,
            ordered=ordered is not None and ordered.group(1) is not None,
            heading=heading,
        )
        for item in items
    ]


def _read_plain_blocks(
    blocks: Sequence[tuple[UnitKind, list[str]]], headings: frozenset[str]
) -> list[tuple[UnitKind, list[str]]]:
    """The blocks with bare headings and bare code told from prose; neighbouring code joined."""
    read: list[tuple[UnitKind, list[str]]] = []
    for at, (kind, lines) in enumerate(blocks):
        followed = at + 1 < len(blocks)
        if kind is UnitKind.SENTENCE:
            introduced = bool(read) and read[-1][1][-1].rstrip().endswith((":", "："))
            if _is_heading(lines, headings, followed=followed, introduced=introduced):
                kind = UnitKind.HEADING  # noqa: PLW2901 - what was taken for prose is a heading
            elif _is_code(lines, introduced=introduced):
                kind = UnitKind.CODE  # noqa: PLW2901 - … or code
                if read and read[-1][0] is UnitKind.CODE:
                    read[-1] = (kind, [*read[-1][1], "", *lines])
                    continue
        read.append((kind, lines))
    return read


def _is_heading(
    lines: Sequence[str], headings: frozenset[str], *, followed: bool, introduced: bool
) -> bool:
    line = " ".join(line.strip() for line in lines)
    if line in headings:
        return True
    bare = len(lines) == 1 and len(line) <= _LONGEST_HEADING and line[:1].isupper()
    ended = _ENDED.search(line) or line.endswith((":", "：", ",", ";"))
    return bare and followed and not introduced and not ended and not _CODE_LINE.search(line)


def _is_code(lines: Sequence[str], *, introduced: bool) -> bool:
    codelike = sum(bool(_CODE_LINE.search(line)) for line in lines)
    if codelike == len(lines) and not any("`" in one or len(one.split()) > 12 for one in lines):
        return True
    if any(_ENDED.search(line.rstrip()) and len(line.split()) > 3 for line in lines):
        return False
    return codelike * 2 > len(lines) or (introduced and all(len(one) <= 120 for one in lines))


def _find_blocks(text: str) -> list[tuple[UnitKind, list[str]]]:
    blocks: list[tuple[UnitKind, list[str]]] = []
    fence = ""
    open_block: UnitKind | None = None
    for line in text.splitlines():
        edge = _FENCE.match(line)
        if fence:
            if edge and edge.group(1).startswith(fence):
                fence, open_block = "", None
            else:
                blocks[-1][1].append(line)
            continue
        if edge:
            fence, open_block = edge.group(1), None
            blocks.append((UnitKind.CODE, []))
            continue
        kind = _kind_of_line(line, open_block)
        if kind is None:
            # a list goes on after a blank line when another item follows
            open_block = UnitKind.ITEM if open_block is UnitKind.ITEM else None
            continue
        if kind is UnitKind.HEADING or kind is not open_block or _starts_other_list(line, blocks):
            blocks.append((kind, []))
        blocks[-1][1].append(line)
        open_block = kind
    return [block for block in blocks if block[1]]


def _starts_other_list(line: str, blocks: Sequence[tuple[UnitKind, list[str]]]) -> bool:
    """Whether a bullet follows a numbered list, or a number a bulleted one, at the margin."""
    item = _ITEM.match(line)
    first = _ITEM.match(blocks[-1][1][0]) if blocks and blocks[-1][1] else None
    if item is None or first is None or line[:1].isspace():
        return False
    return (item.group(1) is None) is not (first.group(1) is None)


def _kind_of_line(line: str, open_block: UnitKind | None) -> UnitKind | None:
    if not line.strip():
        return None
    if _HEADING.match(line):
        return UnitKind.HEADING
    if _ITEM.match(line):
        return UnitKind.ITEM
    if _ROW.match(line):
        return UnitKind.ROW
    if open_block is UnitKind.ITEM and line.startswith(("  ", "\t")):
        return UnitKind.ITEM
    return UnitKind.SENTENCE
