import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.web_page import parse_web_page

MAIN = """<main><h1 id="top">Billing<a class="headerlink" href="#top">¶</a></h1>
<p>Pay with <code>card</code> or <b>by
bill</b>.<br>Next line.</p><script>x()</script>
<section id="refunds"><h2>Refunds</h2><ul><li>one<ul><li>nested</li></ul></li>
<li><p>two</p><pre>run it
  now</pre></li></ul></section>
<ol><li>first<li>second</ol>
<table><tr><th>Plan<th>Price<tr><td>Small<td><p>5 €</p></table>
<dl><dt>Term<dd>Meaning</dl>loose text</main>"""


def parse(body: str, head: str = "<title>Acme – Billing</title>") -> ParsedDocument:
    page = f"<!doctype html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return parse_web_page(page.encode(), "billing.html")


def blocks(document: ParsedDocument) -> list[tuple[str, str]]:
    return [
        (block.kind.value, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def test_structure_of_the_main_element_is_kept_and_furniture_left_out() -> None:
    document = parse(f"<nav>Home | Docs</nav>{MAIN}<footer>© Acme</footer>")
    assert document.title == "Billing"
    assert blocks(document) == [
        ("heading", "Billing"),
        ("paragraph", "Pay with `card` or by bill.\nNext line."),
        ("heading", "Refunds"),
        ("list", "- one\n  - nested\n- two\n  run it\n    now"),
        ("list", "1. first\n2. second"),
        ("table", "Plan | Price\nSmall | 5 €"),
        ("list", "- Term: Meaning"),
        ("paragraph", "loose text"),
    ]
    headings = [block for block in document.blocks if block.kind is BlockKind.HEADING]
    assert [(block.level, block.anchor) for block in headings] == [(1, "top"), (2, "refunds")]


def test_the_main_content_is_found_where_the_page_does_not_mark_it() -> None:
    paragraphs = "".join(
        f"<p>Paragraph {number} tells at some length what the product does for its users.</p>"
        for number in range(8)
    )
    links = "".join(f"<li><a href='/{number}'>Link {number}</a></li>" for number in range(30))
    document = parse(
        f"<div class='menu'><ul>{links}</ul></div><div class='content'><h1>Product</h1>"
        f"{paragraphs}</div><div class='bottom'><ul>{links}</ul></div>"
    )
    assert "Paragraph 7 tells" in document.text
    assert "Link 7" not in document.text
    assert document.title == "Product"


def test_a_small_page_is_read_whole() -> None:
    assert parse("<h1>Opening hours</h1><p>We open at nine.</p>").text == (
        "Opening hours\n\nWe open at nine."
    )


def test_hidden_text_is_not_read() -> None:
    text = parse("<main><p>Seen.</p><p hidden>Not seen.</p><!-- nor this --></main>").text
    assert text == "Seen."


def test_declared_encodings_and_xml_declarations_are_understood() -> None:
    page = "<html><head><meta charset='iso-8859-2'></head><body><p>ĄĆĘ ŁÓŻ</p></body></html>"
    assert parse_web_page(page.encode("iso-8859-2"), "a.html").text == "ĄĆĘ ŁÓŻ"
    page = '<?xml version="1.0" encoding="utf-8"?><html><body><p>Text.</p></body></html>'
    assert parse_web_page(page.encode(), "a.html").text == "Text."


@pytest.mark.parametrize("page", [b" ", b"<html></html>", b"<!-- x -->", b"<div></div>"])
def test_a_page_without_text_is_refused(page: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="no text"):
        parse_web_page(page, "a.html")


@pytest.mark.parametrize("odd", ["\x1f", "&#31;", "&#1;"])
def test_control_characters_beside_a_comment_are_dropped(odd: str) -> None:
    document = parse(f"<main><p>One{odd}</p>Two{odd}<!-- x -->{odd}three<p>Four</p></main>")
    assert document.text == "One\n\nTwothree\n\nFour"
