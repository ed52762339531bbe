import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.encoding import decode_text
from retrieval.parsing.plain_text import parse_plain_file, parse_plain_text


def blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [
        (block.kind.value, block.level, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def test_paragraphs_are_unwrapped_and_structure_is_seen() -> None:
    text = (
        "My notes\r\n\r\nThis is a paragraph that somebody wrapped at some width so it\r\n"
        "goes on here.\r\n\r\nSet up\r\n------\r\n- one\r\n- two\r\n\r\n"
        "    code\r\n      more\r\n"
    )
    document = parse_plain_file(text.encode(), "n.txt")
    assert document.title == "My notes"
    assert blocks(document) == [
        ("heading", 1, "My notes"),
        (
            "paragraph",
            0,
            "This is a paragraph that somebody wrapped at some width so it goes on here.",
        ),
        ("heading", 2, "Set up"),
        ("list", 0, "- one\n- two"),
        ("code", 0, "    code\n      more"),
    ]


def test_a_text_without_headline_is_named_after_its_file() -> None:
    document = parse_plain_file(b"One sentence. Another.\n\nMore.", "release-notes.txt")
    assert document.title == "Release notes"
    assert document.text == "One sentence. Another.\n\nMore."


def test_text_at_hand_keeps_the_title_it_is_given() -> None:
    document = parse_plain_text("Some text.\n\nMore text.", "A title")
    assert (document.title, document.text) == ("A title", "Some text.\n\nMore text.")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251"]
)
def test_encodings_are_recognised(encoding: str) -> None:
    russian = "Съешь же ещё этих мягких французских булок, да выпей чаю. Это обычный текст. "
    german = "Größere Übungen für Anfänger: schön, aber mühsam. Das ist gewöhnlicher Text. "
    text = (german if encoding == "cp1252" else russian) * 5
    content = text.encode(encoding)
    if encoding == "utf-16-le":
        content = b"\xff\xfe" + content
    assert decode_text(content) == text


def test_a_declared_encoding_is_tried_before_guessing() -> None:
    assert decode_text("naïve café".encode("cp1250", "ignore"), "cp1250")
    assert decode_text("ĄĆĘ".encode("iso-8859-2"), "iso-8859-2") == "ĄĆĘ"
    assert decode_text(b"plain \xe9", "no-such-encoding")


def test_binary_data_is_refused() -> None:
    with pytest.raises(DocumentUnreadable, match="binary|not text"):
        decode_text(bytes(range(256)) * 20)
    with pytest.raises(DocumentUnreadable, match="binary"):
        decode_text(b"\x00\x01\x02\x03" * 100)


def test_characters_that_cannot_be_stored_are_dropped() -> None:
    assert parse_plain_text("a\x00b\u200bc\u00a0d e\u0301", "t").text == "abc d é"
