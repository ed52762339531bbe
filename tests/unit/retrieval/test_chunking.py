from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import chunk_document
from retrieval.model import Block, BlockKind, Chunk, ParsedDocument, Span


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) + 2 for text in texts]


def make_document(title: str, *parts: tuple[BlockKind, str, int]) -> ParsedDocument:
    text, blocks = "", []
    for kind, content, level in parts:
        text += "\n\n" if text else ""
        span = Span(len(text), len(text) + len(content))
        blocks.append(Block(kind, span, level, anchor=f"h{len(blocks)}" if level else None))
        text += content
    return ParsedDocument(title, text, tuple(blocks))


def heading(text: str, level: int) -> tuple[BlockKind, str, int]:
    return (BlockKind.HEADING, text, level)


def paragraph(text: str) -> tuple[BlockKind, str, int]:
    return (BlockKind.PARAGRAPH, text, 0)


def cut(document: ParsedDocument, **sizes: int) -> list[Chunk]:
    return chunk_document(document, count_tokens=count_words, **sizes)


LONG = "This sentence says something that matters to somebody. " * 6


def test_each_section_has_its_own_chunk_with_its_path_and_anchor() -> None:
    document = make_document(
        "Guide",
        heading("Guide", 1), paragraph(LONG),
        heading("Set up", 2), paragraph(LONG),
        heading("Linux", 3), paragraph(LONG),
        heading("Use", 2), paragraph(LONG),
    )  # fmt: skip
    chunks = cut(document)
    assert [chunk.heading_path for chunk in chunks] == [
        (), ("Set up",), ("Set up", "Linux"), ("Use",),
    ]  # fmt: skip
    assert [chunk.anchor for chunk in chunks] == ["h0", "h2", "h4", "h6"]
    assert all(chunk.text == LONG.strip() for chunk in chunks)
    assert [chunk.ordinal for chunk in chunks] == [0, 1, 2, 3]
    assert all(chunk.tokens == count_words([chunk.text])[0] for chunk in chunks)


def test_small_sections_under_one_heading_are_joined_with_their_headings() -> None:
    document = make_document(
        "Questions",
        heading("Billing", 2),
        heading("How do I pay?", 3), paragraph("By card."),
        heading("How do I stop?", 3), paragraph("By mail."),
        heading("Other", 2), paragraph(LONG),
    )  # fmt: skip
    first, second = cut(document)
    assert first.text == "How do I pay?\n\nBy card.\n\nHow do I stop?\n\nBy mail."
    assert first.heading_path == ("Billing",)
    assert first.anchor == "h1"
    assert second.heading_path == ("Other",)


def test_sections_stop_being_joined_once_they_say_enough() -> None:
    parts = []
    for number in range(8):
        parts += [heading(f"Question {number}", 2), paragraph("A few words to answer. " * 2)]
    chunks = cut(make_document("FAQ", heading("FAQ", 1), *parts), min_characters=80)
    assert [chunk.text.count("Question") for chunk in chunks] == [2, 2, 2, 2]


def test_top_sections_are_not_mixed_unless_tiny() -> None:
    document = make_document(
        "T", heading("A", 1), paragraph("Tiny."), heading("B", 1), paragraph(LONG)
    )
    assert [chunk.heading_path for chunk in cut(document)] == [("A",), ("B",)]
    document = make_document(
        "T", heading("A", 1), paragraph("Tiny."), heading("B", 1), paragraph("Tiny too.")
    )
    assert [chunk.text for chunk in cut(document)] == ["A\n\nTiny.\n\nB\n\nTiny too."]


def test_long_paragraphs_are_cut_at_sentences_evenly() -> None:
    chunks = cut(make_document("T", paragraph(LONG * 4)))
    assert len(chunks) == 2
    assert all(chunk.text.endswith("somebody.") for chunk in chunks)
    assert min(len(chunk.text) for chunk in chunks) > 500


def test_code_and_tables_stay_whole_where_they_fit_and_are_cut_at_lines_where_not() -> None:
    code = "\n".join(f"    step_{number}(argument)" for number in range(20))
    document = make_document("T", paragraph(LONG), paragraph(LONG), (BlockKind.CODE, code, 0))
    assert cut(document)[-1].text == code.strip()
    rows = "\n".join(f"name {number} | what it does, in words | value" for number in range(60))
    parts = cut(make_document("T", (BlockKind.TABLE, rows, 0)))
    assert len(parts) > 1
    assert "\n".join(part.text for part in parts) == rows


def test_list_items_keep_their_markers() -> None:
    items = "\n".join(f"- item {number} is about something or other" for number in range(60))
    chunks = cut(make_document("T", (BlockKind.LIST, items, 0)))
    assert len(chunks) > 1
    assert all(chunk.text.startswith("- item") for chunk in chunks)


def test_a_document_of_headings_only_can_still_be_found() -> None:
    assert [chunk.text for chunk in cut(make_document("T", heading("One", 1), heading("Two", 1)))]
    assert cut(make_document("T")) == []


def test_a_word_without_spaces_is_cut() -> None:
    chunks = cut(make_document("T", paragraph("x" * 5000)))
    assert "".join(chunk.text for chunk in chunks) == "x" * 5000
    assert max(len(chunk.text) for chunk in chunks) <= 1000


def test_page_comes_from_the_first_block() -> None:
    text = "First page.\n\nSecond page."
    document = ParsedDocument(
        "T",
        text,
        (
            Block(BlockKind.PARAGRAPH, Span(0, 11), page=1, anchor="page=1"),
            Block(BlockKind.PARAGRAPH, Span(13, 25), page=2, anchor="page=2"),
        ),
    )
    (chunk,) = cut(document)
    assert (chunk.page, chunk.anchor) == (1, "page=1")


contents = st.text(alphabet="aB .\n1-|", min_size=1, max_size=300).filter(str.strip)
kinds = st.sampled_from([kind for kind in BlockKind if kind is not BlockKind.HEADING])
parts = st.one_of(
    st.tuples(kinds, contents, st.just(0)),
    st.tuples(st.just(BlockKind.HEADING), contents, st.integers(1, 4)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(parts, max_size=12), st.integers(20, 400), st.integers(8, 60), st.integers(0, 100))
def test_spans_reassemble_the_document_and_keep_the_limits(
    parts: list[tuple[BlockKind, str, int]], characters: int, tokens: int, least: int
) -> None:
    document = make_document("Title", *parts)
    chunks = cut(document, max_characters=characters, max_tokens=tokens, min_characters=least)
    position = 0
    covered = [False] * len(document.text)
    for chunk in chunks:
        assert position <= chunk.span.start < chunk.span.end
        assert chunk.text == document.text[chunk.span.start : chunk.span.end]
        assert chunk.text.strip() == chunk.text
        assert len(chunk.text) <= characters
        assert chunk.tokens == count_words([chunk.text])[0] <= tokens
        covered[chunk.span.start : chunk.span.end] = [True] * len(chunk.text)
        position = chunk.span.end
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            continue
        for place in range(block.span.start, block.span.end):
            assert covered[place] or document.text[place].isspace()


@settings(max_examples=200, deadline=None)
@given(st.lists(parts, max_size=12), st.integers(20, 400), st.integers(8, 60), st.integers(0, 100))
def test_code_tables_and_paragraphs_that_fit_are_never_cut(
    parts: list[tuple[BlockKind, str, int]], characters: int, tokens: int, least: int
) -> None:
    document = make_document("Title", *parts)
    chunks = cut(document, max_characters=characters, max_tokens=tokens, min_characters=least)
    for block in document.blocks:
        text = document.text[block.span.start : block.span.end].strip()
        fits = len(text) <= characters and count_words([text])[0] <= tokens
        if block.kind is BlockKind.HEADING or not text or not fits:
            continue
        start = document.text.index(text, block.span.start)
        assert any(
            chunk.span.start <= start and start + len(text) <= chunk.span.end for chunk in chunks
        )
