"""Writes what services hold as Markdown, whose headings say where a link to them leads."""

import re
from collections.abc import Callable
from datetime import datetime

from markdown_it import MarkdownIt

MEDIA_TYPE = "text/markdown"

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_DEEPEST = 6


def escape_text(text: str) -> str:
    """Plain text on one line, so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def write_heading(level: int, text: str, anchor: str = "") -> str:
    """A heading of plain text; `anchor` is the fragment of its own that the service gives it."""
    return f"{'#' * min(level, _DEEPEST)} {escape_text(text)}{_mark(anchor)}"


def write_author(name: str, moment: datetime | None) -> str:
    """Who wrote something and when, as headings of comments say it."""
    return f"{name}, {moment:%Y-%m-%d}" if moment else name


def nest_markdown(text: str, *, below: int, anchor: str = "") -> str:
    """Markdown by a service's user, as part of a larger document.

    Its headings go below level `below`. They lead to `anchor`, as services give no fragments to
    the headings of a comment.
    """

    def write(level: int, words: str) -> str:
        return f"{'#' * min(level + below, _DEEPEST)} {words}{_mark(anchor)}"

    return _rewrite_headings(text, write)


def flatten_markdown(text: str) -> str:
    """Markdown whose headings are paragraphs in bold, for those that no link can lead to."""
    return _rewrite_headings(text, lambda level, words: f"**{words}**")  # noqa: ARG005


def _rewrite_headings(text: str, write: Callable[[int, str], str]) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    tokens = MarkdownIt("commonmark", {"html": True}).parse("\n".join(lines))
    for position, token in enumerate(tokens):
        if token.type != "heading_open" or token.level or token.map is None:
            continue
        start, end = token.map
        words = " ".join(tokens[position + 1].content.split("\n"))
        lines[start:end] = [write(int(token.tag[1]), words), *[""] * (end - start - 1)]
    return "\n".join(lines).strip()


def join_parts(*parts: str) -> bytes:
    """The parts of a document, one after the other; empty ones are left out."""
    return "\n\n".join(part for part in parts if part).encode()


def _mark(anchor: str) -> str:
    return f" {{#{anchor}}}" if anchor else ""
