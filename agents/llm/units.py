"""Takes a passage apart into what can be quoted: sentences, list items, table rows, code."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from retrieval.sentences import split_sentences

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_ITEM = re.compile(r"^\s*(?:[-*+•‣◦–]|(\d{1,3})[.)])\s+(?=\S)")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
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


def split_units(text: str) -> list[Unit]:
    """The units of a passage in order."""
    units: list[Unit] = []
    heading = ""
    for number, (kind, lines) in enumerate(_find_blocks(text)):
        if kind is UnitKind.HEADING:
            heading = _HEADING.sub(r"\2", lines[0]).strip()
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
        if kind is UnitKind.HEADING or kind is not open_block:
            blocks.append((kind, []))
        blocks[-1][1].append(line)
        open_block = kind
    return [block for block in blocks if block[1]]


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
