"""PowerPoint files, made by python-pptx."""

from io import BytesIO

import pptx
import pytest
from pptx.util import Inches

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.presentation import parse_presentation


def save(presentation: object) -> bytes:
    buffer = BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def show(document: ParsedDocument) -> list[tuple[str, int, int | None, str]]:
    return [
        (
            block.kind.value,
            block.level,
            block.page,
            document.text[block.span.start : block.span.end],
        )
        for block in document.blocks
    ]


def test_each_slide_is_a_section_with_its_number() -> None:
    presentation = pptx.Presentation()
    title, content = presentation.slide_layouts[5], presentation.slide_layouts[1]
    presentation.slides.add_slide(title).shapes.title.text = "Security"
    slide = presentation.slides.add_slide(content)
    slide.shapes.title.text = "Passwords\nand keys"
    frame = slide.placeholders[1].text_frame
    frame.text = "Change them"
    frame.add_paragraph().text = "every year"
    frame.paragraphs[1].level = 1
    slide.notes_slide.notes_text_frame.text = "Mention the vault."
    bare = presentation.slides.add_slide(presentation.slide_layouts[6])
    box = bare.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1))
    box.text_frame.text = "A box of text."
    table = bare.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate([("Who", "What"), ("Ada", "Engines")]):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    assert show(parse_presentation(save(presentation), "security-talk.pptx")) == [
        ("heading", 1, 1, "Security"),
        ("heading", 2, 2, "Passwords and keys"),
        ("list", 0, 2, "- Change them\n  - every year"),
        ("paragraph", 0, 2, "Mention the vault."),
        ("heading", 2, 3, "Slide 3"),
        ("paragraph", 0, 3, "A box of text."),
        ("table", 0, 3, "Who | What\nAda | Engines"),
    ]


def test_groups_are_read_in_their_place_and_the_title_is_that_of_the_file() -> None:
    presentation = pptx.Presentation()
    presentation.core_properties.title = "Our quarter"
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    inner = group.shapes.add_group_shape()
    box = inner.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1))
    box.text_frame.text = "Deep inside."
    document = parse_presentation(save(presentation), "q.pptx")
    assert document.title == "Our quarter"
    assert [kind for kind, *_ in show(document)] == [BlockKind.HEADING, BlockKind.PARAGRAPH]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 garbage", "cut short"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), r"encrypted.*\.pptx"),
        (save(pptx.Presentation()), "no text"),
        (save(pptx.Presentation())[:-3000], "cut short"),
    ],
)
def test_what_is_no_presentation_says_why(content: bytes, words: str) -> None:
    with pytest.raises(DocumentUnreadable, match=words):
        parse_presentation(content, "x.pptx")
