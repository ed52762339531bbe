"""PowerPoint files (pptx) to text with structure: a section for each slide."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pptx
from lxml import etree
from pptx.exc import PackageNotFoundError
from pptx.shapes.group import GroupShape

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title
from retrieval.parsing.office import check_package

_DEFAULT_TITLES = frozenset({"powerpoint presentation", "presentation", "powerpoint-präsentation"})
_DEEPEST_GROUP = 20


def parse_presentation(content: bytes, name: str) -> ParsedDocument:
    """Parse a pptx file; every block carries the number of its slide as its page.

    A slide that holds nothing but a title is the heading of those that follow.
    """
    check_package(content, "PowerPoint", ".pptx")
    try:
        presentation = pptx.Presentation(BytesIO(content))
        builder = DocumentBuilder()
        for number, slide in enumerate(presentation.slides, start=1):
            _add_slide(builder, slide, number)
        told = presentation.core_properties.title or ""
    except (
        PackageNotFoundError, KeyError, ValueError, AttributeError, zipfile.BadZipFile,
        etree.XMLSyntaxError,
    ) as error:  # fmt: skip
        raise DocumentUnreadable(
            "The PowerPoint file is broken. Open it in PowerPoint and save it anew."
        ) from error
    told = "" if told.strip().casefold() in _DEFAULT_TITLES else told
    return builder.build(choose_title([told, builder.first_heading], name))


def _add_slide(builder: DocumentBuilder, slide: Any, number: int) -> None:
    headline = slide.shapes.title
    title = " ".join(headline.text_frame.text.split()) if headline is not None else ""
    own = headline.shape_id if headline is not None else None
    blocks = [block for shape in _walk(slide.shapes) for block in _read_shape(shape, own)]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        blocks += [(BlockKind.PARAGRAPH, notes)] if notes else []
    level = 2 if blocks else 1
    if title or blocks:
        builder.add_heading(title or f"Slide {number}", level, page=number)
    for kind, text in blocks:
        builder.add_block(kind, text, page=number)


def _walk(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Shapes in reading order, those of groups in their place."""
    for shape in shapes:
        if not isinstance(shape, GroupShape):
            yield shape
        elif depth < _DEEPEST_GROUP:
            yield from _walk(shape.shapes, depth + 1)


def _read_shape(shape: Any, headline: int | None) -> Iterator[tuple[BlockKind, str]]:
    if shape.has_text_frame and shape.shape_id != headline:
        yield from _read_frame(shape)
    elif getattr(shape, "has_table", False):
        rows = (
            " | ".join(" ".join(cell.text.split()) for cell in row.cells)
            for row in shape.table.rows
        )
        yield BlockKind.TABLE, "\n".join(row for row in rows if row.strip(" |"))


def _read_frame(shape: Any) -> Iterator[tuple[BlockKind, str]]:
    lines = [
        (paragraph.level, " ".join(paragraph.text.split()))
        for paragraph in shape.text_frame.paragraphs
        if paragraph.text.strip()
    ]
    if shape.is_placeholder and len(lines) > 1:
        yield BlockKind.LIST, "\n".join(f"{'  ' * level}- {text}" for level, text in lines)
    elif lines:
        yield BlockKind.PARAGRAPH, "\n".join(text for _, text in lines)
