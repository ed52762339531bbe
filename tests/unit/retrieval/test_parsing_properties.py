"""What holds for every parser and any input."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import chunk_document
from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind
from retrieval.parsing.formats import PARSERS, parse_content

PIECES = [
    "# ", "## ", "- ", "1. ", "> ", "```\n", "| a | b |\n|---|---|\n", "---\n", "text ", "\n",
    "\n\n",
    "<p>", "</p>", "<ul><li>", "</ul>", "<h1>", "</h1>", "<pre>", "<table><tr><td>", "</main>",
    "<main>", "<br>", "*", "`", "[x](y)", "![i](j)", "title: t\n", "====\n", "    ", "é", "\x00",
    "\ud7ff", "\u200b", "。", "&amp;", "<!--", "-->", "\r\n", "\t", "<script>", "{#id}",
]  # fmt: skip


@pytest.mark.parametrize("media_type", ["text/markdown", "text/plain", "text/html"])
@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=30))
def test_blocks_are_in_order_and_hold_all_text(media_type: str, pieces: list[str]) -> None:
    content = "".join(pieces).encode("utf-8", "ignore")
    with suppress(DocumentUnreadable):
        document = parse_content(content, media_type, "name.x")
        assert document.title
        position = 0
        for block in document.blocks:
            assert not document.text[position : block.span.start].strip()
            assert document.text[block.span.start : block.span.end].strip()
            assert (block.level > 0) is (block.kind is BlockKind.HEADING)
            position = block.span.end
        assert position == len(document.text)
        assert "\x00" not in document.text
        assert chunk_document(document, count_tokens=lambda texts: [1] * len(texts))


@pytest.mark.parametrize("media_type", PARSERS)
@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(media_type: str, content: bytes) -> None:
    with suppress(DocumentUnreadable):
        assert parse_content(content, media_type, "name.x").blocks
