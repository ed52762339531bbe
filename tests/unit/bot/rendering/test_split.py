"""Splitting replies: within the limit, nothing lost, no markup broken."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.compose import find_marks
from bot.rendering.plain import render_plain
from bot.rendering.reply import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Heading,
    LineBreak,
    Mark,
    Paragraph,
    Quote,
    Reply,
    SourceLine,
    Strong,
    Table,
    Text,
)
from bot.rendering.split import split_reply


def fits_in(limit: int):
    return lambda reply: len(render_plain(reply)) <= limit


def words_of(*replies: Reply) -> list[str]:
    """Letters and digits in reading order, without what splitting may repeat or renumber."""
    found: list[str] = []
    for reply in replies:
        found.extend(re.findall(r"[a-z]+", render_plain(reply).replace("Sources", "")))
    return found


def letters_of(*replies: Reply) -> str:
    return "".join(words_of(*replies))


words = st.text(alphabet="abcdefgh", min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=20).map(" ".join).map(Text)
inlines = st.lists(
    st.one_of(
        texts,
        words.map(Code),
        texts.map(lambda text: Strong((text,))),
        st.integers(1, 9).map(lambda n: Mark(n, "")),
        st.just(LineBreak()),
    ),
    min_size=1,
    max_size=6,
).map(tuple)
leaves = st.one_of(
    inlines.map(Paragraph),
    st.builds(Heading, st.integers(1, 3), words.map(lambda word: (Text(word),))),
    st.builds(
        CodeBlock, st.lists(words, min_size=1, max_size=12).map("\n".join), st.just("python")
    ),
)
blocks = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            Bullets,
            st.lists(
                st.lists(inner, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5
            ).map(tuple),
            st.sampled_from([None, 1, 7]),
        ),
        st.lists(inner, min_size=1, max_size=4).map(tuple).map(Quote),
    ),
    max_leaves=6,
)
replies = st.builds(
    Reply,
    st.lists(blocks, max_size=6).map(tuple),
    st.lists(
        st.builds(SourceLine, st.integers(1, 9), words, words, st.just(""), st.just("")), max_size=4
    ).map(tuple),
    st.lists(words, max_size=2).map(tuple),
    st.one_of(st.just(""), words),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(replies, st.integers(80, 400))
def test_every_piece_fits_and_nothing_is_lost(reply: Reply, limit: int) -> None:
    fits = fits_in(limit)
    pieces = split_reply(reply, fits)
    assert all(fits(piece) for piece in pieces)
    assert letters_of(*pieces) == letters_of(reply)
    assert [mark.n for piece in pieces for mark in find_marks(piece.blocks)] == [
        mark.n for mark in find_marks(reply.blocks)
    ]
    assert {piece.private for piece in pieces} == {reply.private}


def test_what_fits_is_left_alone() -> None:
    reply = Reply((Paragraph((Text("short"),)),))
    assert split_reply(reply, fits_in(100)) == (reply,)


def test_code_goes_on_as_code_of_the_same_language() -> None:
    code = "\n".join(f"line{n} = {n}" for n in range(100))
    pieces = split_reply(Reply((CodeBlock(code, "python"),)), fits_in(200))
    found = [block for piece in pieces for block in piece.blocks]
    assert len(pieces) > 5
    assert all(isinstance(block, CodeBlock) and block.language == "python" for block in found)
    assert "\n".join(block.text for block in found if isinstance(block, CodeBlock)) == code


def test_a_line_of_code_longer_than_a_message_is_cut() -> None:
    pieces = split_reply(Reply((CodeBlock("x" * 500),)), fits_in(100))
    texts = [
        block.text for piece in pieces for block in piece.blocks if isinstance(block, CodeBlock)
    ]
    assert "".join(texts) == "x" * 500


def test_tables_repeat_their_header_and_keep_rows_whole() -> None:
    header = ((Text("name"),), (Text("use"),))
    rows = tuple(((Text(f"n{n}"),), (Text(f"use of {n}"),)) for n in range(60))
    pieces = split_reply(Reply((Table(header, rows),)), fits_in(300))
    tables = [block for piece in pieces for block in piece.blocks]
    assert len(tables) > 3
    assert all(isinstance(table, Table) and table.header == header for table in tables)
    assert tuple(row for table in tables if isinstance(table, Table) for row in table.rows) == rows


def test_rows_longer_than_a_message_are_spelled_out() -> None:
    header = ((Text("name"),), (Text("use"),))
    rows = (((Text("alpha"),), (Text("beta " * 100),)),)
    pieces = split_reply(Reply((Table(header, rows),)), fits_in(120))
    assert letters_of(*pieces) == "namealphause" + "beta" * 100


def test_numbered_lists_count_on() -> None:
    items: tuple[tuple[Block, ...], ...] = tuple(
        (Paragraph((Text(f"step {n}"),)),) for n in range(1, 41)
    )
    pieces = split_reply(Reply((Bullets(items, 1),)), fits_in(150))
    lines = [line for piece in pieces for line in render_plain(piece).splitlines()]
    assert lines == [f"{n}. step {n}" for n in range(1, 41)]


def test_text_is_cut_after_a_sentence() -> None:
    text = "This is the first sentence of it. " * 12
    pieces = split_reply(Reply((Paragraph((Text(text.strip()),)),)), fits_in(120))
    assert all(render_plain(piece).endswith("of it.") for piece in pieces)


def test_a_heading_goes_with_its_text() -> None:
    reply = Reply(
        (
            Paragraph((Text("a" * 70),)),
            Heading(2, (Text("Title"),)),
            Paragraph((Text("word " * 30),)),
        )
    )
    first, second, *_ = split_reply(reply, fits_in(100))
    assert len(first.blocks) == 1
    assert isinstance(second.blocks[0], Heading)


def test_sources_and_footer_come_last_and_notices_first() -> None:
    reply = Reply(
        (Paragraph((Text("word " * 100),)),),
        tuple(SourceLine(n, f"title{n}", "", "http://s.example/" + "x" * 30, "") for n in range(9)),
        ("stale",),
        "small",
    )
    pieces = split_reply(reply, fits_in(200))
    assert pieces[0].notices == ("stale",)
    assert pieces[-1].footer == "small"
    assert [line.n for piece in pieces for line in piece.sources] == list(range(9))
    assert not any(piece.blocks for piece in pieces[-2:-1])


def test_characters_of_several_code_points_stay_whole() -> None:
    family = "👩\u200d👧\u200d👦"
    pieces = split_reply(Reply((Paragraph((Text(family * 60),)),)), fits_in(52))
    assert all(len(render_plain(piece)) % len(family) == 0 for piece in pieces)


def test_an_impossible_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="not even one character"):
        split_reply(Reply((Paragraph((Text("word"),)),)), lambda reply: not reply.blocks)
