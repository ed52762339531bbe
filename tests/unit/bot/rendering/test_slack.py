"""Slack messages from replies: within every limit, and inert."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.markdown import read_markdown
from bot.rendering.reply import (
    Bullets,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    LineBreak,
    Mark,
    Paragraph,
    Quote,
    Reply,
    SourceLine,
    Strike,
    Strong,
    Table,
    Text,
)
from bot.rendering.slack import (
    MESSAGE_BLOCKS,
    MESSAGE_BYTES,
    TEXT_CHARACTERS,
    SlackMessage,
    measure,
    render_messages,
)
from bot.rendering.slack_text import escape
from tests.emulators.slack.validators import check_blocks, check_text

URL = "https://docs.example/leave?a=1&b=2"
HOSTILE = (
    "<!channel> <@U0ALMA00001> <https://evil.example|click> *b* _i_ `c` &amp; ~s~ :tada: @here"
)


def render(*blocks: Any, **rest: Any) -> SlackMessage:
    (message,) = render_messages(Reply(tuple(blocks), **rest))
    return message


def rich(*blocks: Any) -> list[dict[str, Any]]:
    """The parts of the one rich_text block of an answer."""
    (block,) = render(*blocks).blocks
    assert block["type"] == "rich_text"
    parts: list[dict[str, Any]] = block["elements"]
    return parts


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from walk(value)


def shown(messages: tuple[SlackMessage, ...]) -> str:
    """All characters that rich text and tables show."""
    return "".join(
        node["text"]
        for message in messages
        for node in walk(message.blocks)
        if node.get("type") in ("text", "link", "raw_text")
    )


def test_inlines_keep_their_styles_and_a_mark_links_to_its_source() -> None:
    (section,) = rich(
        Paragraph(
            (
                Text("You get "),
                Strong((Text("25 "), Emphasis((Text("working"),)))),
                LineBreak(),
                Strike((Text("old"),)),
                Code("a < b"),
                Mark(1, URL),
                Mark(2, ""),
            )
        )
    )
    assert section["elements"] == [
        {"type": "text", "text": "You get "},
        {"type": "text", "text": "25 ", "style": {"bold": True}},
        {"type": "text", "text": "working", "style": {"bold": True, "italic": True}},
        {"type": "text", "text": "\n"},
        {"type": "text", "text": "old", "style": {"strike": True}},
        {"type": "text", "text": "a < b", "style": {"code": True}},
        {"type": "link", "url": URL, "text": "[1]"},
        {"type": "text", "text": "[2]"},
    ]


def test_paragraphs_share_a_section_and_headings_are_bold() -> None:
    (section,) = rich(
        Heading(2, (Text("Leave"),)), Paragraph((Text("One."),)), Paragraph((Text("Two."),))
    )
    texts = [element["text"] for element in section["elements"]]
    assert texts == ["Leave", "\n", "One.", "\n\n", "Two."]
    assert section["elements"][0]["style"] == {"bold": True}


def test_nested_lists_become_lists_with_indents_and_numbers_count_on() -> None:
    inner = Bullets(((Paragraph((Text("b"),)),),))
    parts = rich(
        Bullets(
            (
                (Paragraph((Text("a"),)), inner, CodeBlock("x = 1")),
                (Paragraph((Text("c"),)),),
            ),
            start=3,
        )
    )
    assert [(p["type"], p.get("style"), p.get("indent"), p.get("offset")) for p in parts] == [
        ("rich_text_list", "ordered", 0, 2),
        ("rich_text_list", "bullet", 1, None),
        ("rich_text_preformatted", None, None, None),
        ("rich_text_list", "ordered", 0, 3),
    ]


def test_code_is_shown_as_it_is() -> None:
    (part,) = rich(CodeBlock("if a < b:\n    print('```')\n", "python"))
    assert part == {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": "if a < b:\n    print('```')"}],
    }


def test_a_quote_draws_what_slack_cannot_quote() -> None:
    (part,) = rich(Quote((Paragraph((Text("said"),)), Bullets(((Paragraph((Text("x"),)),),)))))
    assert part["type"] == "rich_text_quote"
    assert [element["text"] for element in part["elements"]] == ["said", "\n\n", "- x"]


def test_the_first_table_is_native_and_a_second_one_is_drawn() -> None:
    table = Table(((Text("Days"),), (Text(""),)), (((Text("25"), Mark(1, URL)), (Text("名"),)),))
    message = render(table, Paragraph((Text("and"),)), table)
    native, rest = message.blocks
    assert native["type"] == "table"
    assert native["rows"][0] == [
        {"type": "raw_text", "text": "Days"},
        {"type": "raw_text", "text": " "},
    ]
    assert native["rows"][1][0]["elements"][0]["elements"][1]["url"] == URL
    assert rest["elements"][-1]["type"] == "rich_text_preformatted"
    assert "Days" in rest["elements"][-1]["elements"][0]["text"]


def test_a_table_wider_than_slack_allows_is_drawn() -> None:
    row = tuple((Text(str(n)),) for n in range(21))
    (part,) = rich(Table(row, (row,)))
    assert part["type"] == "rich_text_preformatted"


def test_sources_are_a_list_of_links_with_section_and_age() -> None:
    message = render(
        Paragraph((Text("a"),)),
        sources=(
            SourceLine(1, "Hand<book> | A&B", "Leave", "https://x.example/a b|c>d", "3 days old"),
            SourceLine(2, "Scan", "", "", ""),
            SourceLine(3, "Local", "", "file:///etc/passwd", "from today"),
        ),
        notices=("Old & <grey>",),
        footer="Quoted from the sources",
    )
    notice, _, sources, footer = message.blocks
    assert notice["elements"][0]["text"] == "⚠️ Old &amp; &lt;grey&gt;"
    assert sources["elements"][0] == {
        "type": "mrkdwn",
        "verbatim": True,
        "text": "[1] <https://x.example/a%20b%7Cc%3Ed|Hand&lt;book&gt; | A&amp;B>"
        " › Leave · 3 days old\n"
        "[2] Scan\n[3] Local · from today",
    }
    assert footer["elements"][0]["text"] == "Quoted from the sources"


def test_hostile_text_is_inert_everywhere() -> None:
    words = Text(HOSTILE)
    table = Table(((words,),), (((words,),),))
    messages = render_messages(
        Reply(
            (
                Heading(1, (words,)),
                Paragraph((words, Strong((words,)))),
                Bullets(((Paragraph((words,)),),)),
                Quote((Paragraph((words,)), table)),
                CodeBlock(HOSTILE),
                table,
                table,
            ),
            (SourceLine(1, HOSTILE, HOSTILE, URL, HOSTILE),),
            (HOSTILE,),
            HOSTILE,
        )
    )
    for message in messages:
        assert "<" not in message.text
        for node in walk(message.blocks):
            kind = node.get("type")
            assert kind not in ("user", "usergroup", "broadcast", "channel", "emoji", "team")
            if kind == "mrkdwn":
                assert node["verbatim"]
                assert re.findall(r"<[^>]*>", node["text"]) in (
                    [],
                    re.findall(r"<https://docs\.example[^>]*>", node["text"]),
                )
            if "url" in node:
                assert node["url"] == URL
    assert shown(messages).count("<!channel>") >= 7


def test_the_fallback_text_is_never_empty_and_never_cuts_an_entity() -> None:
    assert render().text == "…"
    message = render_messages(Reply((Paragraph((Text("&" * 6000),)),)))[0]
    assert len(message.text) <= TEXT_CHARACTERS
    assert re.fullmatch(r"(&amp;)+…", message.text)


def test_escape() -> None:
    assert escape("a & <b> &lt;") == "a &amp; &lt;b&gt; &amp;lt;"


def test_a_long_answer_is_several_messages_with_the_sources_in_the_last() -> None:
    sentence = "Every employee is entitled to twenty-five working days of leave. "
    blocks = tuple(Paragraph((Text(sentence * 20),)) for _ in range(40))
    sources = (SourceLine(1, "Handbook", "Leave", URL, "from today"),)
    messages = render_messages(Reply(blocks, sources))
    assert 4 <= len(messages) <= 6
    assert [any(b["type"] == "context" for b in m.blocks) for m in messages] == [
        *[False] * (len(messages) - 1),
        True,
    ]
    assert shown(messages).count("twenty-five") == 800
    check(messages)


ANSWERS = {
    "table": "| a | b |\n|---|---|\n" + "| رقم | **x** `y` [1] |\n" * 300,
    "wide table": "|" + "c|" * 25 + "\n|" + "-|" * 25 + "\n" + ("|" + "v|" * 25 + "\n") * 200,
    "nested": "\n".join("  " * (n % 12) + f"- item {n} <@U1>" for n in range(400)),
    "numbers": "\n".join(f"{n}. step {n} [1]" for n in range(1, 900)),
    "code": "```python\n" + "print('long' * 100)  # 😀\n" * 2000 + "```",
    "one line of code": "```\n" + "x" * 50_000 + "\n```",
    "rtl": "مرحبا بالعالم، هذا نص طويل. " * 1500,
    "emoji": "👩‍👩‍👧‍👦🇩🇪" * 3000,
    "no spaces": "字" * 50_000,
    "quotes": "> said\n> - x\n>\n> " + "again and again " * 2000,
    "headings": "\n\n".join(f"{'#' * (n % 6 + 1)} {'Heading ' * 40}" for n in range(80)),
    "marks": "".join(f"word [{n % 9 + 1}] " for n in range(600)),
    "empty": "",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_corpus_of_answers_is_within_the_limits(name: str) -> None:
    urls = {n: f"https://docs.example/{'deep/' * 30}{n}" for n in range(1, 10)}
    sources = tuple(SourceLine(n, "T" * 300, "S" * 300, url, "old") for n, url in urls.items())
    reply = Reply(read_markdown(ANSWERS[name], urls), sources, ("careful",) * 3, "small print")
    check(render_messages(reply))


def check(messages: tuple[SlackMessage, ...]) -> None:
    """Slack takes each message: the emulator's validators, and the limit that is not documented."""
    assert messages
    for message in messages:
        assert 0 < len(message.text) <= TEXT_CHARACTERS
        check_text(message.text)
        assert len(message.blocks) <= MESSAGE_BLOCKS
        assert measure(message.blocks) <= MESSAGE_BYTES
        check_blocks([json.loads(json.dumps(block)) for block in message.blocks])
        for node in walk(message.blocks):
            if "text" in node and isinstance(node["text"], str):
                assert node["text"]
            assert node.get("elements") != []


texts = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from([HOSTILE, "\n", " "])
urls = st.sampled_from(["", URL, "javascript:alert(1)", "https://x.example/" + "y" * 4000])
inlines = st.recursive(
    st.builds(Text, texts)
    | st.builds(Code, texts)
    | st.builds(Mark, st.integers(1, 99), urls)
    | st.just(LineBreak()),
    lambda inner: st.one_of(
        *(
            st.builds(kind, st.lists(inner, max_size=3).map(tuple))
            for kind in (Strong, Emphasis, Strike)
        )
    ),
    max_leaves=6,
)
lines = st.lists(inlines, max_size=5).map(tuple)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.integers(1, 22))
    row = st.lists(lines, min_size=columns, max_size=columns).map(tuple)
    return Table(draw(row), tuple(draw(st.lists(row, max_size=3))))


leaves = (
    st.builds(Paragraph, lines)
    | st.builds(Heading, st.integers(1, 6), lines)
    | st.builds(CodeBlock, texts, texts)
    | tables()
)
blocks = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            Bullets,
            st.lists(st.lists(inner, max_size=3).map(tuple), max_size=4).map(tuple),
            st.none() | st.integers(0, 50),
        )
        | st.builds(Quote, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=8,
)
sources = st.builds(SourceLine, st.integers(1, 99), texts, texts, urls, texts)
replies = st.builds(
    Reply,
    st.lists(blocks, max_size=8).map(tuple),
    st.lists(sources, max_size=30).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    texts,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(replies)
def test_whatever_is_said_slack_takes_it(reply: Reply) -> None:
    messages = render_messages(reply)
    check(messages)
    for message in messages:
        for node in walk(message.blocks):
            if "url" in node:
                assert node["url"].startswith("https://")
