"""Excel files, made by XlsxWriter, and separated values."""

from datetime import date, datetime
from io import BytesIO

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunking import chunk_document
from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.builder import DocumentBuilder
from retrieval.parsing.spreadsheet import add_table, parse_separated_values, parse_workbook

TABLE = """Name | Since | Load | Up
alpha | 2024-05-01 | 3 | yes
beta | 2024-05-01 08:30 | 0.25 | no
gamma |  | 1200 | yes"""
MORNING = datetime.fromisoformat("2024-05-01T08:30")


def save(sheets: dict[str, list[list[object]]]) -> bytes:
    buffer = BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    workbook.close()
    return buffer.getvalue()


def show(document: ParsedDocument) -> list[tuple[str, str]]:
    return [
        (block.kind.value, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def test_each_sheet_is_a_section_and_cells_are_shown_as_people_see_them() -> None:
    rows: list[list[object]] = [
        ["Servers of the team"],
        [],
        ["Name", "Since", "Load", "Up"],
        ["alpha", date(2024, 5, 1), 3.0, True],
        ["beta", MORNING, 0.25, False],
        ["gamma", None, 1200, True],
    ]
    document = parse_workbook(
        save({"Servers": rows, "Empty": [], "More": [[1, 2]]}), "ops_list.xlsx"
    )
    assert document.title == "Ops list"
    assert show(document) == [
        ("heading", "Servers"),
        ("paragraph", "Servers of the team"),
        ("table", TABLE),
        ("heading", "More"),
        ("table", "1 | 2"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_values_are_separated_by_whatever_it_is(delimiter: str) -> None:
    lines = [["Name", "Port"], ["web, front", "80"], ["two\nlines", "443"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    document = parse_separated_values(text.encode(), "ports.csv")
    assert show(document) == [("table", "Name | Port\nweb, front | 80\ntwo lines | 443")]


def test_values_in_an_old_encoding_are_read() -> None:
    text = "Stadt;Straße\nKöln;Große Straße\nMünchen;Äußere Gasse\n" * 3
    document = parse_separated_values(text.encode("cp1252"), "x.csv")
    assert "Köln | Große Straße" in document.text


def test_every_chunk_of_a_long_table_begins_with_the_header() -> None:
    rows = [["Host", "Role"], *([f"host-{n}", f"serves purpose number {n}"] for n in range(300))]
    document = parse_workbook(save({"All": rows}), "hosts.xlsx")
    chunks = chunk_document(document, count_tokens=lambda texts: [len(t) // 4 for t in texts])
    assert len(chunks) > 5
    assert all(chunk.text.startswith("Host | Role\nhost-") for chunk in chunks)
    assert all(chunk.heading_path == ("All",) for chunk in chunks)


def test_a_row_that_is_too_long_names_its_columns() -> None:
    rows = [["Name", "Text"], ["a", "short"], ["b", "word " * 300], ["c", "short"]]
    builder = DocumentBuilder()
    add_table(builder, [[cell.strip() for cell in row] for row in rows])
    kinds = [(kind, text[:12]) for kind, text in show(builder.build("t"))]
    assert kinds == [
        ("table", "Name | Text\n"), ("list", "- Name: b\n- "), ("table", "Name | Text\n"),
    ]  # fmt: skip


@given(st.lists(st.lists(st.text("ab1 ", max_size=6), max_size=4), max_size=30))
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    builder = DocumentBuilder()
    add_table(builder, cells)
    wanted = sorted("".join(cell for row in cells for cell in row).replace(" ", ""))
    if not wanted:
        return
    written = builder.build("t").text
    assert all(written.count(sign) >= wanted.count(sign) for sign in "ab1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 garbage", "cut short"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), r"encrypted.*\.xlsx"),
        (save({"Nothing": []}), "no text"),
        (save({"A": [["x"]]}).replace(b"workbook.xml", b"wxrkbook.xml"), "broken"),
    ],
)
def test_what_is_no_workbook_says_why(content: bytes, words: str) -> None:
    with pytest.raises(DocumentUnreadable, match=words):
        parse_workbook(content, "x.xlsx")


def test_values_with_an_endless_field_say_why() -> None:
    with pytest.raises(DocumentUnreadable, match="cannot be read"):
        parse_separated_values(b'a,b\n"' + b"x" * 200_000, "x.csv")
