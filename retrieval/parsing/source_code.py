"""Source code to text with structure: a section for each definition, in whatever language.

Definitions are recognised by how their first line looks and nested by how far it is indented,
which all common languages have in common; what is not recognised stays a part of what is around it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder
from retrieval.parsing.encoding import decode_text

_MODIFIERS = (
    r"(?:(?:export|default|declare|public|private|protected|internal|static|final|abstract|async"
    r"|pub(?:\([^)]*\))?|override|virtual|inline|unsafe|extern|open|sealed|data|suspend|partial"
    r"|readonly|local|case|create|or\ replace)\s+)*"
)
_KEYWORDS = (
    r"(?:def|class|function\*?|func|fn|fun|struct|enum|trait|interface|impl|module|mod|namespace"
    r"|type|object|record|protocol|extension|sub|message|service|rpc|table|view|procedure|trigger)"
)
_KEYWORD = re.compile(
    rf"^[ \t]*{_MODIFIERS}{_KEYWORDS}(?:\s*<[^>]*>)?\s+(?:\([^)]*\)\s*)?"
    r"(?P<name>[A-Za-z_$][\w.$:?!]*)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"^[ \t]*(?:export\s+)?(?:const|let|var)\s+(?P<name>[\w$]+)\s*(?::[^=]+)?=\s*"
    r"(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|\w+\s*=>)"
)
_TYPED = re.compile(
    r"^[ \t]*(?:[\w<>\[\],.:&*~?@]+[ \t]+)+[*&]*(?P<name>[A-Za-z_~][\w:~]*)[ \t]*\([^;{}]*\)?"
    r"[^;{}=]*\{?[ \t]*$"
)
_SHELL = re.compile(r"^(?P<name>[\w-]+)[ \t]*\(\)[ \t]*\{?[ \t]*$")
_BLOCK = re.compile(r'^(?P<kind>resource|data|module|variable|output)\s+(?P<name>"[^{]+")\s*\{')
_NO_DEFINITION = re.compile(
    r"^[ \t]*(?:if|else|elif|for|foreach|while|switch|case|return|throw|raise|catch|except|do|try"
    r"|new|await|yield|import|from|package|use|using|goto|assert|delete|echo|print|del|with|and|or"
    r"|not|in|is)\b"
)
_LEADING = re.compile(r"^[ \t]*(?:@|#|//|/\*|\*|--|;;|\[[A-Z]|\"\"\")")
"""Comments, decorators and attributes, which belong to what they stand above."""
_CURLY = frozenset("c cc cpp cxx h hh hpp hxx java cs m mm d dart groovy".split())


@dataclass(frozen=True, slots=True)
class _Definition:
    """Where a definition starts, its comments included, and how far it is indented."""

    line: int
    indent: int
    name: str


def parse_source_code(content: bytes, name: str) -> ParsedDocument:
    """Parse a file of source code; every block has the anchor of its lines, `L10-L20`."""
    lines = decode_text(content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ending = name.rpartition(".")[2].lower()
    definitions = _collect(lines, ending)
    builder = DocumentBuilder()
    first = definitions[0].line if definitions else len(lines)
    _add_code(builder, lines, 0, first)
    path: list[int] = []
    ends = [definition.line for definition in definitions[1:]] + [len(lines)]
    for definition, end in zip(definitions, ends, strict=False):
        path = [indent for indent in path if indent < definition.indent] + [definition.indent]
        anchor = _name_lines(definition.line, end)
        builder.add_heading(definition.name, len(path), anchor=anchor)
        _add_code(builder, lines, definition.line, end)
    return builder.build(name.rpartition("/")[2])


def _collect(lines: Sequence[str], ending: str) -> list[_Definition]:
    found: list[_Definition] = []
    floor = 0
    for number, line in enumerate(lines):
        name = _find_name(line, ending)
        if name is None:
            continue
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        start = number
        while start > floor and _LEADING.match(lines[start - 1]):
            start -= 1
        found.append(_Definition(start, indent, name))
        floor = number + 1
    return found


def _find_name(line: str, ending: str) -> str | None:
    if len(line) > 500 or _NO_DEFINITION.match(line):
        return None
    patterns = [_KEYWORD, _ASSIGNED, _SHELL, _BLOCK, *([_TYPED] if ending in _CURLY else [])]
    for pattern in patterns:
        if match := pattern.match(line):
            return match["name"].strip('"').rstrip(":").replace('" "', ".")
    return None


def _add_code(builder: DocumentBuilder, lines: Sequence[str], start: int, end: int) -> None:
    """Add lines as one block, or as one for each stretch between blank lines if it is long."""
    for begin, stop in _divide(lines, start, end):
        text = "\n".join(lines[begin:stop])
        if text.strip():
            builder.add_block(BlockKind.CODE, text, anchor=_name_lines(begin, stop))


_BLOCK_CHARACTERS = 900


def _divide(lines: Sequence[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of lines that are short enough, cut at blank lines, or anywhere if there are none."""
    while start < end and not lines[start].strip():
        start += 1
    while start < end and not lines[end - 1].strip():
        end -= 1
    cuts = [start]
    length, blank = 0, None
    for number in range(start, end):
        length += len(lines[number]) + 1
        if length > _BLOCK_CHARACTERS and number > cuts[-1]:
            cuts.append(blank if blank is not None and blank > cuts[-1] else number)
            length, blank = sum(len(line) + 1 for line in lines[cuts[-1] : number + 1]), None
        if not lines[number].strip():
            blank = number + 1
    yield from pairwise([*cuts, end])


def _name_lines(start: int, end: int) -> str:
    first, last = start + 1, max(start + 1, end)
    return f"L{first}-L{last}" if last > first else f"L{first}"
