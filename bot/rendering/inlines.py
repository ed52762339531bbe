"""Lines of a reply as characters: their length, and where they can be cut. Pure.

Positions count characters; a citation mark and a line break count as one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bot.rendering.reply import (
    Code,
    Emphasis,
    Inline,
    LineBreak,
    Mark,
    Mention,
    Strike,
    Strong,
    Text,
)

_MARK_SIGN = "\ufffc"
_SENTENCE_END = re.compile(rf"(?:[.!?…]+[\"'”’»)\]]*{_MARK_SIGN}*(?=\s)|[。！？]+{_MARK_SIGN}*|\n)")
_JOINERS = "\u200d\ufe0e\ufe0f"


def flatten_inlines(inlines: Sequence[Inline]) -> str:
    """The characters that positions count."""
    return "".join(_flatten(inline) for inline in inlines)


def measure_inlines(inlines: Sequence[Inline]) -> int:
    """How many characters there are."""
    return len(flatten_inlines(inlines))


def cut_inlines(inlines: Sequence[Inline], start: int, end: int) -> tuple[Inline, ...]:
    """The characters start..end, their emphasis kept."""
    kept: list[Inline] = []
    position = 0
    for inline in inlines:
        length = len(_flatten(inline))
        first, last = max(start - position, 0), min(end - position, length)
        if first < last:
            kept.append(_cut(inline, first, last))
        position += length
    return tuple(kept)


def find_cut(inlines: Sequence[Inline], most: int) -> tuple[int, int]:
    """Where to end a line of at most `most` characters, and where the rest goes on.

    After a sentence if one ends in the second half, else between words, else within a word but
    never within a character of several code points. (0, 0) where nothing can be cut off.
    """
    flat = flatten_inlines(inlines)
    ends = [found.end() for found in _SENTENCE_END.finditer(flat, 0, most + 1)]
    ends = [end for end in ends if most // 2 < end <= most]
    end = ends[-1] if ends else _find_word_end(flat, most)
    return len(flat[:end].rstrip()) or end, end + len(flat[end:]) - len(flat[end:].lstrip())


def _find_word_end(flat: str, most: int) -> int:
    for end in range(most, most // 4, -1):
        if end < len(flat) and flat[end].isspace():
            return end
    end = most
    while end > 0 and end < len(flat) and _continues(flat, end):
        end -= 1
    return end or most


def _continues(flat: str, position: int) -> bool:
    here = flat[position]
    return (
        here in _JOINERS
        or flat[position - 1] == "\u200d"
        or unicodedata.combining(here) != 0
        or here == _MARK_SIGN
    )


def _flatten(inline: Inline) -> str:
    match inline:
        case Text(text) | Code(text):
            return text
        case Strong(children) | Emphasis(children) | Strike(children):
            return flatten_inlines(children)
        case Mark():
            return _MARK_SIGN
        case Mention(name=name):
            return f"@{name}"
        case LineBreak():
            return "\n"


def _cut(inline: Inline, start: int, end: int) -> Inline:
    match inline:
        case Text(text) | Code(text):
            return replace(inline, text=text[start:end])
        case Strong(children) | Emphasis(children) | Strike(children):
            return replace(inline, children=cut_inlines(children, start, end))
        case _:
            return inline
