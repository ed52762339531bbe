"""Word files (docx) to text with structure."""

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO

import docx
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from lxml import etree

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title
from retrieval.parsing.office import check_package

_HEADING = re.compile(r"^heading (\d)$", re.IGNORECASE)
_CODE_STYLE = re.compile(r"code|preformatted|source text", re.IGNORECASE)
_DEFAULT_TITLES = frozenset({"word document", "document"})


def parse_word(content: bytes, name: str) -> ParsedDocument:
    """Parse a docx file; old .doc files and encrypted ones are refused with advice."""
    check_package(content, "Word", ".docx")
    try:
        document = docx.Document(BytesIO(content))
        builder = DocumentBuilder()
        title = _add_content(builder, document)
        told = document.core_properties.title
    except (OpcError, KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        raise DocumentUnreadable(
            "The Word file is broken. Open it in Word and save it anew."
        ) from error
    told = "" if told.strip().casefold() in _DEFAULT_TITLES else told
    return builder.build(choose_title([title, builder.first_heading, told], name))


def _add_content(builder: DocumentBuilder, document: WordDocument) -> str | None:
    """Add all blocks; returns the text of the paragraph styled as title, if there is one."""
    title: str | None = None
    run: list[str] = []
    kind = BlockKind.PARAGRAPH
    for element in document.iter_inner_content():
        here = _classify(element)
        if run and here is not kind:
            builder.add_block(kind, "\n".join(run))
            run = []
        if isinstance(element, Table):
            builder.add_block(BlockKind.TABLE, "\n".join(_read_table(element)))
        elif here is BlockKind.HEADING:
            level = _heading_level(element)
            builder.add_heading(element.text, max(level, 1))
            title = title or (element.text if level == 0 else None)
        elif here is BlockKind.PARAGRAPH:
            builder.add_block(here, element.text)
        else:
            kind = here
            run.append(_read_line(element, here))
    if run:
        builder.add_block(kind, "\n".join(run))
    return title


def _classify(element: Paragraph | Table) -> BlockKind:
    if isinstance(element, Table):
        return BlockKind.TABLE
    style = _style_name(element)
    if _heading_level(element) >= 0:
        return BlockKind.HEADING
    if _CODE_STYLE.search(style):
        return BlockKind.CODE
    properties = element._p.pPr  # noqa: SLF001 - python-docx has no public way to ask
    numbered = properties is not None and properties.numPr is not None
    return BlockKind.LIST if numbered or style.startswith("List") else BlockKind.PARAGRAPH


def _heading_level(paragraph: Paragraph) -> int:
    """The depth of a heading, 0 for the title, -1 for anything else."""
    style = _style_name(paragraph)
    if style == "Title":
        return 0
    match = _HEADING.match(style)
    return int(match.group(1)) if match and paragraph.text.strip() else -1


def _style_name(paragraph: Paragraph) -> str:
    style = paragraph.style
    return (style.name or "") if style is not None else ""


def _read_line(paragraph: Paragraph, kind: BlockKind) -> str:
    return paragraph.text if kind is BlockKind.CODE else f"- {paragraph.text.strip()}"


def _read_table(table: Table) -> Iterator[str]:
    for row in table.rows:
        cells: list[_Cell] = []
        for cell in row.cells:
            # a merged cell is listed once for each column that it spans
            if not cells or cell._tc is not cells[-1]._tc:  # noqa: SLF001 - identity of the cell
                cells.append(cell)
        texts = [" ".join(cell.text.split()) for cell in cells]
        if any(texts):
            yield " | ".join(texts)
