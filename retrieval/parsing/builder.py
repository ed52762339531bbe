"""Assembles the text and the blocks of a parsed document."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from retrieval.errors import DocumentUnreadable
from retrieval.model import Block, BlockKind, ParsedDocument, Span

_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\ufeff\ufffe\uffff\ud800-\udfff]"
)
_ODD_SPACE = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SLUG_DROPS = re.compile(r"[^\w\- ]")


class DocumentBuilder:
    """Collects blocks in reading order; what it builds keeps ParsedDocument's promises."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0
        self._slugs: dict[str, int] = {}

    @property
    def first_heading(self) -> str | None:
        """The first heading's text, if the document opens with one."""
        if self._blocks and self._blocks[0].kind is BlockKind.HEADING:
            return self._parts[0]
        return None

    def add_heading(
        self, text: str, level: int, *, anchor: str | None = None, page: int | None = None
    ) -> None:
        """A heading of depth `level` (1 = top)."""
        self._add(BlockKind.HEADING, " ".join(text.split()), max(1, level), page, anchor)

    def add_block(
        self, kind: BlockKind, text: str, *, anchor: str | None = None, page: int | None = None
    ) -> None:
        """Anything but a heading."""
        self._add(kind, text, 0, page, anchor)

    def slug(self, heading: str) -> str:
        """The fragment that GitHub gives a heading: unique within the document."""
        base = _SLUG_DROPS.sub("", heading.strip().lower()).replace(" ", "-")
        seen = self._slugs.get(base, 0)
        self._slugs[base] = seen + 1
        return f"{base}-{seen}" if seen else base

    def build(self, title: str) -> ParsedDocument:
        """The document. Raises DocumentUnreadable if no text was found."""
        if not self._blocks:
            raise DocumentUnreadable("The file holds no text.")
        return ParsedDocument(
            clean_text(title).strip(), "\n\n".join(self._parts), tuple(self._blocks)
        )

    def _add(
        self, kind: BlockKind, text: str, level: int, page: int | None, anchor: str | None
    ) -> None:
        cleaned = clean_text(text)
        cleaned = cleaned.rstrip() if kind is BlockKind.CODE else cleaned.strip()
        cleaned = cleaned.strip("\n")
        if not cleaned.strip():
            return
        start = self._length + 2 if self._parts else 0
        self._parts.append(cleaned)
        self._length = start + len(cleaned)
        span = Span(start, self._length)
        self._blocks.append(Block(kind, span, level, page, anchor or None))


def clean_text(text: str) -> str:
    """Text without characters that cannot be shown or stored, composed (NFC)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return unicodedata.normalize("NFC", _UNPRINTABLE.sub("", _ODD_SPACE.sub(" ", text)))


def title_from_name(name: str) -> str:
    """A title for a document that has none: its file's name in words."""
    words = PurePosixPath(name).stem.replace("_", " ").replace("-", " ").split()
    title = " ".join(words) or name
    return title[:1].upper() + title[1:]


def choose_title(candidates: Iterable[str | None], name: str) -> str:
    """The first candidate that says something, or the file's name in words."""
    for candidate in candidates:
        text = " ".join(clean_text(candidate or "").split())
        if len(text) > 1 and len(text) <= 200:
            return text
    return title_from_name(name)
