"""Excel files and comma-separated values to text with structure: a section for each sheet."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

from python_calamine import CalamineError, CalamineWorkbook

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, title_from_name
from retrieval.parsing.encoding import decode_text
from retrieval.parsing.office import check_package

Row = Sequence[str]

GROUP_CHARACTERS = 800
"""Rows are put together up to this length, header included, so that no chunk lacks its header."""
_DELIMITERS = ",;\t|"
_SAMPLE = 20_000


def parse_workbook(content: bytes, name: str) -> ParsedDocument:
    """Parse an xlsx file; each sheet is a section, and rows keep the header of their table."""
    check_package(content, "Excel", ".xlsx")
    builder = DocumentBuilder()
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        for sheet_name in workbook.sheet_names:
            cells = workbook.get_sheet_by_name(sheet_name).to_python()
            rows = [[_show(cell) for cell in row] for row in cells]
            if any(any(row) for row in rows):
                builder.add_heading(sheet_name, 1)
                add_table(builder, rows)
    except (CalamineError, ValueError, OSError) as error:
        raise DocumentUnreadable(
            "The Excel file is broken or encrypted. Open it in Excel and save it anew."
        ) from error
    return builder.build(title_from_name(name))


def parse_separated_values(content: bytes, name: str) -> ParsedDocument:
    """Parse a CSV or TSV file; the character that divides its fields is found out."""
    text = decode_text(content)
    try:
        delimiter = csv.Sniffer().sniff(text[:_SAMPLE], _DELIMITERS).delimiter
    except csv.Error:
        delimiter = "\t" if name.endswith(".tsv") else ","
    try:
        read = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        rows = [[" ".join(cell.split()) for cell in row] for row in read]
    except csv.Error as error:
        raise DocumentUnreadable(f"The table cannot be read: {error}.") from error
    builder = DocumentBuilder()
    add_table(builder, rows)
    return builder.build(title_from_name(name))


def add_table(builder: DocumentBuilder, rows: Sequence[Row]) -> None:
    """Add a sheet: what stands above the table as paragraphs, then its rows in groups.

    Every group begins with the header. A row that is too long for that names its columns instead.
    """
    kept = [row for row in (_strip(row) for row in rows) if row]
    width = max((len(row) for row in kept), default=0)
    while kept and width > 1 and _count(kept[0]) == 1:
        builder.add_block(BlockKind.PARAGRAPH, "".join(kept.pop(0)))
    if not kept:
        return
    header = kept[0] if len(kept) > 1 and _is_header(kept[0]) else ()
    title = _join(header)
    group: list[str] = []
    for row in kept[1:] if header else kept:
        line = _join(row)
        if header and len(title) + len(line) > GROUP_CHARACTERS:
            _flush(builder, title, group)
            builder.add_block(BlockKind.LIST, "\n".join(_name_columns(header, row)))
            continue
        length = len(title) + sum(len(member) + 1 for member in group) + len(line) + 1
        if group and length > GROUP_CHARACTERS:
            _flush(builder, title, group)
        group.append(line)
    _flush(builder, title, group)


def _flush(builder: DocumentBuilder, title: str, group: list[str]) -> None:
    if group:
        builder.add_block(BlockKind.TABLE, "\n".join([title, *group] if title else group))
        group.clear()


def _name_columns(header: Row, row: Row) -> Iterator[str]:
    for position, value in enumerate(row):
        if value:
            name = header[position] if position < len(header) else ""
            yield f"- {name or f'Column {position + 1}'}: {value}"


def _strip(row: Row) -> list[str]:
    cells = list(row)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _count(row: Row) -> int:
    return sum(1 for cell in row if cell)


def _join(row: Row) -> str:
    return " | ".join(row)


def _is_header(row: Row) -> bool:
    """Whether a first row names columns: several of them, in words."""
    return _count(row) > 1 and not any(cell.replace(".", "").isdigit() for cell in row)


def _show(cell: object) -> str:
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(" ", "minutes")
        case date() | time() | timedelta():
            return str(cell)
        case _:
            return " ".join(str(cell).split())
