import zipfile
from io import BytesIO

import docx
import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.parsing.word import parse_word


def save(document: "docx.document.Document") -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_structure_is_kept_in_the_order_of_the_text() -> None:
    document = docx.Document()
    document.add_heading("Travel policy", 0)
    document.add_paragraph("Who pays.")
    document.add_heading("Trains", 1)
    document.add_paragraph("book early", style="List Bullet")
    document.add_paragraph("second class", style="List Bullet")
    table = document.add_table(2, 3)
    for row, cells in enumerate([("City", "Limit", "Note"), ("Rome", "120", "a\nb")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.add_row().cells[0].merge(table.rows[2].cells[2]).text = "All in euros"
    document.add_paragraph("After the table.")
    parsed = parse_word(save(document), "travel.docx")
    assert parsed.title == "Travel policy"
    shown = [
        (block.kind.value, block.level, parsed.text[block.span.start : block.span.end])
        for block in parsed.blocks
    ]
    assert shown == [
        ("heading", 1, "Travel policy"),
        ("paragraph", 0, "Who pays."),
        ("heading", 1, "Trains"),
        ("list", 0, "- book early\n- second class"),
        ("table", 0, "City | Limit | Note\nRome | 120 | a b\nAll in euros"),
        ("paragraph", 0, "After the table."),
    ]


def test_the_title_of_the_properties_counts_where_the_text_has_none() -> None:
    document = docx.Document()
    document.add_paragraph("Text.")
    assert parse_word(save(document), "my-file.docx").title == "My file"
    document.core_properties.title = "Expenses"
    assert parse_word(save(document), "my-file.docx").title == "Expenses"


def pack(**members: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return buffer.getvalue()


def test_files_that_cannot_be_read_say_why() -> None:
    with pytest.raises(DocumentUnreadable, match="no text"):
        parse_word(save(docx.Document()), "a.docx")
    with pytest.raises(DocumentUnreadable, match="encrypted"):
        parse_word(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512, "a.docx")
    with pytest.raises(DocumentUnreadable, match="cut short"):
        parse_word(save(docx.Document())[:2000], "a.docx")
    with pytest.raises(DocumentUnreadable, match="broken"):
        parse_word(pack(anything="else"), "a.docx")
    with pytest.raises(DocumentUnreadable, match="unpacks to 286 MB"):
        parse_word(pack(bomb="\0" * 300_000_000), "a.docx")
