import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.pdf import parse_pdf
from tests.fakes.pdf import make_pdf


def blocks(document: ParsedDocument) -> list[tuple[str, int | None, str]]:
    return [
        (block.kind.value, block.page, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def test_headings_paragraphs_lists_and_pages() -> None:
    pages = [
        [
            (20, 740, "Handbook"),
            (12, 700, "The first paragraph has a line that"),
            (12, 686, "goes on in the next one."),
            (12, 650, "A second paragraph."),
            (15, 610, "Leave"),
            (12, 590, "- one item"),
            (12, 576, "- another item"),
            (12, 540, "A paragraph that is con-"),
            (12, 526, "tinued by the"),
        ],
        [(12, 700, "page that follows."), (12, 660, "The end.")],
    ]
    document = parse_pdf(make_pdf(pages), "handbook.pdf")
    assert document.title == "Handbook"
    assert blocks(document) == [
        ("heading", 1, "Handbook"),
        (
            "paragraph",
            1,
            "The first paragraph has a line that goes on in the next one.",
        ),
        ("paragraph", 1, "A second paragraph."),
        ("heading", 1, "Leave"),
        ("list", 1, "- one item\n- another item"),
        ("paragraph", 1, "A paragraph that is continued by the page that follows."),
        ("paragraph", 2, "The end."),
    ]
    assert [block.level for block in document.blocks if block.level] == [1, 2]
    assert {block.anchor for block in document.blocks} == {"page=1", "page=2"}


def test_running_headers_page_numbers_and_leaders_are_left_out() -> None:
    pages = [
        [
            (9, 780, f"Acme handbook, chapter {number}"),
            (12, 700, f"What page {number} says."),
            (12, 680, "1.2 Leave . . . . . . . . . . 17"),
            (9, 20, f"Page {number} of 4"),
        ]
        for number in range(1, 5)
    ]
    document = parse_pdf(make_pdf(pages), "a.pdf")
    assert document.text == "\n\n".join(f"What page {number} says." for number in range(1, 5))


@pytest.mark.parametrize(
    ("told", "title"),
    [("Travel policy", "Travel policy"), ("Microsoft Word - x.doc", "My file"), ("", "My file")],
)
def test_the_title_is_the_files_own_unless_it_says_nothing(told: str, title: str) -> None:
    document = parse_pdf(make_pdf([[(12, 700, "Some text.")]], title=told), "my_file.pdf")
    assert document.title == title


def test_files_that_cannot_be_read_say_why() -> None:
    with pytest.raises(DocumentUnreadable, match="OCR"):
        parse_pdf(make_pdf([[]]), "a.pdf")
    with pytest.raises(DocumentUnreadable, match="broken"):
        parse_pdf(b"%PDF-1.7\nnothing", "a.pdf")
    locked = (
        "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <" + "00" * 32 + "> /U <" + "11" * 32
        + "> >> /ID [<00><00>]"
    )  # fmt: skip
    with pytest.raises(DocumentUnreadable, match="encrypted"):
        parse_pdf(make_pdf([[(12, 700, "Secret.")]], trailer=locked), "a.pdf")
