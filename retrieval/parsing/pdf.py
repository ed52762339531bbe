"""PDF to text with structure, as far as type sizes and gaps between lines tell it."""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2
import pypdfium2.raw as pdfium

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title, clean_text

_HEADING_RATIO = 1.15
_HEADING_LENGTH = 120
_GAP_RATIO = 1.45
_PAGE_NUMBER = re.compile(
    r"^(?:page|seite)?\s*[-–]?\s*\d{1,4}\s*(?:(?:of|von|/)\s*\d{1,4})?\s*[-–]?$", re.IGNORECASE
)
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*[\divxlc]+$")
"""The dots before a page number in a table of contents, which answers nothing."""
_ITEM = re.compile(r"^(?:[•▪◦‣●·–*-]|\d{1,2}[.)]|[a-z]\))\s+\S")
_USELESS_TITLE = re.compile(
    r"untitled|\.(?:docx?|pptx?|tex|indd|pdf)$|^microsoft |^slide \d", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a page: its type size and where its base line begins and ends, in points.

    The two heights differ where PDFium joined the halves of a word that was hyphenated.
    """

    text: str
    size: float
    begin: float
    end: float
    page: int


def parse_pdf(content: bytes, name: str) -> ParsedDocument:
    """Parse a PDF; every block carries its page and the anchor `page=N`."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise DocumentUnreadable(_explain(error)) from error
    try:
        pages = [_read_page(document, index) for index in range(len(document))]
        told = document.get_metadata_dict().get("Title", "")
    finally:
        document.close()
    lines = [line for page in _drop_running_lines(pages) for line in page]
    if not lines:
        raise DocumentUnreadable(
            "The PDF holds no text, only pictures. Run it through OCR and sync again."
        )
    builder = DocumentBuilder()
    _add_lines(builder, lines)
    told = "" if _USELESS_TITLE.search(told) else told
    return builder.build(choose_title([told, builder.first_heading], name))


def _explain(error: pypdfium2.PdfiumError) -> str:
    if "password" in str(error).lower():
        return "The PDF is encrypted. Save it without a password."
    return "The PDF is broken or no PDF at all. Export it anew."


def _read_page(document: pypdfium2.PdfDocument, index: int) -> list[_Line]:
    try:
        page = document[index]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return []
    try:
        return list(_read_lines(text_page, index + 1))
    finally:
        text_page.close()
        page.close()


def _read_lines(text_page: pypdfium2.PdfTextPage, page: int) -> Iterator[_Line]:
    position = 0
    for raw in text_page.get_text_range().split("\n"):
        text = clean_text(raw).strip()
        if text and not _LEADERS.search(text):
            last = position + len(raw.rstrip()) - 1
            size = pdfium.FPDFText_GetFontSize(text_page.raw, (position + last) // 2)
            begin, end = _find_height(text_page, position), _find_height(text_page, last)
            yield _Line(text, size, begin, end, page)
        position += len(raw) + 1


def _find_height(text_page: pypdfium2.PdfTextPage, index: int) -> float:
    left, height = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text_page.raw, index, left, height)
    return height.value


def _drop_running_lines(pages: Sequence[list[_Line]]) -> list[list[_Line]]:
    """Pages without the headers, footers and page numbers that recur on most of them."""
    edges = Counter(
        key for page in pages for key in {_blur(page[place]) for place in _find_edges(page)}
    )
    often = max(3, len(pages) * 0.6)
    return [
        [
            line
            for place, line in enumerate(page)
            if not (
                place in _find_edges(page)
                and (edges[_blur(line)] >= often or _PAGE_NUMBER.match(line.text))
            )
        ]
        for page in pages
    ]


def _find_edges(page: Sequence[_Line]) -> frozenset[int]:
    """Where on a page a running header or footer may stand; a short page has little of either."""
    depth = 2 if len(page) >= 8 else 1 if len(page) >= 3 else 0
    return frozenset(range(depth)) | frozenset(range(len(page) - depth, len(page)))


def _blur(line: _Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _add_lines(builder: DocumentBuilder, lines: Sequence[_Line]) -> None:
    body = _find_body_size(lines)
    sizes = sorted({round(line.size) for line in lines if _is_heading(line, body)}, reverse=True)
    leading = _find_leading(lines)
    group: list[_Line] = []
    for line in lines:
        if group and _starts_block(group[-1], line, body, leading):
            _add_group(builder, group, body, sizes)
            group = []
        group.append(line)
    _add_group(builder, group, body, sizes)


def _find_body_size(lines: Sequence[_Line]) -> float:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size, 1)] += len(line.text)
    return weights.most_common(1)[0][0]


def _find_leading(lines: Sequence[_Line]) -> float:
    """The usual distance of base lines: of the distances, the one a quarter of the way up.

    In a short text more than half of them may be distances between paragraphs.
    """
    gaps = sorted(
        first.end - second.begin
        for first, second in pairwise(lines)
        if first.page == second.page and first.size == second.size and first.end > second.begin
    )
    return gaps[len(gaps) // 4] if gaps else 0.0


def _is_heading(line: _Line, body: float) -> bool:
    return (
        line.size >= body * _HEADING_RATIO
        and len(line.text) <= _HEADING_LENGTH
        and any(character.isalpha() for character in line.text)
    )


def _starts_block(previous: _Line, line: _Line, body: float, leading: float) -> bool:
    if _is_heading(previous, body) != _is_heading(line, body):
        return True
    if previous.page != line.page:
        return not line.text[:1].islower() or previous.text[-1:] in ".!?:"
    if abs(previous.size - line.size) > 1.0 or _ITEM.match(line.text):
        return not (_ITEM.match(previous.text) and _ITEM.match(line.text))
    gap = previous.end - line.begin
    return gap < 0 or (leading > 0 and gap > leading * _GAP_RATIO)


def _add_group(
    builder: DocumentBuilder, group: Sequence[_Line], body: float, sizes: Sequence[int]
) -> None:
    page = group[0].page
    anchor = f"page={page}"
    if _is_heading(group[0], body):
        text = " ".join(line.text for line in group)
        level = min(sizes.index(round(group[0].size)) + 1, 6)
        builder.add_heading(text, level, anchor=anchor, page=page)
    elif _ITEM.match(group[0].text):
        builder.add_block(BlockKind.LIST, _join_items(group), anchor=anchor, page=page)
    else:
        builder.add_block(BlockKind.PARAGRAPH, _join_lines(group), anchor=anchor, page=page)


def _join_items(group: Sequence[_Line]) -> str:
    items: list[list[_Line]] = []
    for line in group:
        if not items or _ITEM.match(line.text):
            items.append([])
        items[-1].append(line)
    return "\n".join(re.sub(r"^[•▪◦‣●·*–]\s+", "- ", _join_lines(item)) for item in items)


def _join_lines(group: Sequence[_Line]) -> str:
    text = group[0].text
    for line in group[1:]:
        if re.search(r"[^\W\d]-$", text) and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            text += f" {line.text}"
    return text
