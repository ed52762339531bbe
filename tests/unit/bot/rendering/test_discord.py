"""Discord messages from replies: within every limit, and inert."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.discord import (
    MESSAGE_CHARACTERS,
    TEXT_DISPLAY,
    DiscordMessage,
    escape,
    measure,
    render_messages,
)
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
from tests.emulators.discord.models import COMPONENTS_V2
from tests.emulators.discord.validators import check_message

URL = "https://docs.example/leave?a=(1)&b=2"
TARGET = "https://docs.example/leave?a=%281%29&b=2"


def render(*blocks: Any, **rest: Any) -> DiscordMessage:
    (message,) = render_messages(Reply(tuple(blocks), **rest))
    return message


def answer(*blocks: Any) -> str:
    """The text of an answer."""
    (text,) = render(*blocks).texts
    return text


def say(*inlines: Any) -> str:
    return answer(Paragraph(inlines))


def words(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def check(message: DiscordMessage) -> None:
    """Discord would take it, and no fence stays open."""
    check_message({"components": [dict(part) for part in message.components]}, flags=COMPONENTS_V2)
    assert sum(map(measure, message.texts)) <= MESSAGE_CHARACTERS
    for text in message.texts:
        assert text.count("```") % 2 == 0


def read_active(text: str) -> str:
    """What Discord would read as markup: without code, and without what is escaped."""
    inert = r"```.*?```|\\[^A-Za-z0-9\s]|(`+)(?!`).+?(?<!`)\1(?!`)"
    return re.sub(inert, " ", text, flags=re.DOTALL)


def find_links(text: str) -> list[str]:
    return re.findall(r"\]\(<([^>]*)>\)", read_active(text))


# What it looks like


def test_running_text() -> None:
    assert say(Text("a "), Strong((Text("b"),)), Text(" "), Code("c"), LineBreak(), Text("d")) == (
        "a **b** `c`\nd"
    )


@pytest.mark.parametrize(
    ("inlines", "shown"),
    [
        ((Strong((Text(" a "),)), Text("b")), "**a** b"),
        ((Text("x"), Emphasis((Text("y"),)), Text("z")), "x\u200b_y_\u200bz"),
        ((Strong((Text("a"),)), Strong((Text("b"),))), "**a**\u200b**b**"),
        ((Strong((Emphasis((Text("a"),)), Text(" b"))),), "**_a_ b**"),
        ((Strong((Text("a "), Strong((Text("b"),)))),), "**a b**"),
        ((Strike((Text("gone"),)),), "~~gone~~"),
        ((Code("a`b"),), "`` a`b ``"),
        ((Code("a``b"),), "`` a`\u200b`b ``"),
        ((Code("a"), Code("b")), "`a`\u200b`b`"),
        ((Text("x"), Strong(()), Emphasis((Text(" "),)), Text("y")), "x y"),
        ((Text("see "), Mark(2, URL)), f"see [[2]](<{TARGET}>)"),
        ((Text("see "), Mark(2, "")), r"see \[2\]"),
        ((Mark(2, "javascript:alert(1)"),), r"\[2\]"),
    ],
)  # fmt: skip
def test_inlines(inlines: tuple[Any, ...], shown: str) -> None:
    assert say(*inlines) == shown


def test_blocks_stand_apart() -> None:
    text = answer(
        Heading(1, (Text("Leave"),)),
        words("First."),
        words("Second:"),
        Bullets(((words("one"), Bullets(((words("inner"),),))), (words("two"),)), start=9),
        CodeBlock("x = 1\n", "python"),
        words("Last."),
        Heading(3, (Text("Small"),)),
        Quote((words("said"), words("so"), Quote((words("again"),)))),
    )
    assert text == (
        "### Leave\nFirst.\n\nSecond:\n9. one\n   - inner\n10. two\n"
        "```python\nx = 1\n```\nLast.\n\n**Small**\n> said\n> \n> so\n> \n> again"
    )


def test_items_hold_code_lists_and_quotes() -> None:
    item = (words("run"), CodeBlock("a\nb"), words("then"), Quote((words("see"),)))
    assert answer(Bullets((item, (Bullets(((words("deep"),),)),), ()))) == (
        "- run\n```\na\nb\n```\n  then\n  see\n- \u200b\n  - deep\n- \u200b"
    )


def test_a_narrow_table_is_drawn() -> None:
    table = Table(
        ((Text("Who"),), (Text("Days"), Mark(1, URL))),
        (((Text("日本"),), (Text("*25*"),)), ((Text("Ben"),), (Text("1"),))),
    )
    assert answer(table) == ("```\nWho   Days[1]\n────  ───────\n日本  *25*\nBen   1\n```")


def test_a_wide_table_is_spelled_out() -> None:
    table = Table(
        ((Text("Who"),), (Text("What"),)), (((Text("Ben"),), (Text("word " * 20), Mark(1, URL))),)
    )
    assert answer(table) == (f"- Who: **Ben**\n  - What: {('word ' * 20)}[[1]](<{TARGET}>)")
    assert answer(Table(((Text("w" * 70),),), ())) == f"**{'w' * 70}**"


def test_sources_stand_below_a_rule() -> None:
    message = render(
        words("25 days"),
        sources=(
            SourceLine(1, "Hand[book]", "Leave › *Rules*", URL, "3 days old"),
            SourceLine(2, "", "", "", ""),
        ),
        notices=("The newest source is _old_.",),
        footer="Quoted from the sources",
    )
    check(message)
    assert [part["type"] for part in message.components] == [10, 10, 14, 10]
    small = message.texts[2].splitlines()
    assert message.texts[:2] == (
        "⚠️ The newest source is \\_old\\_.",
        "25 days",
    )
    assert small == [
        f"-# \\[1\\] [Hand\\[book\\]](<{TARGET}>) › Leave › \\*Rules\\* · 3 days old",
        "-# \\[2\\] Untitled",
        "-# Quoted from the sources",
    ]


def test_an_empty_reply_says_something() -> None:
    assert render().texts == ("…",)
    assert render(words("  "), CodeBlock(""), Bullets(())).texts == ("```\n\u200b\n```",)


# What a document or a model says is inert


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("@everyone and @Here", "@\u200beveryone and @\u200bHere"),
        ("<@1> <@&2> <#3> <:a:4> <t:5> </x:6> <id:home>",
         r"\<@1> \<@&2> \<#3> \<:a:4> \<t:5> \</x:6> \<id:home>"),
        ("[click](https://evil.example)", r"\[click\](https\://evil.example)"),
        ("discord.gg/abc discord.com/invite/abc", r"discord.gg\/abc discord.com\/invite/abc"),
        ("**a** _b_ ~~c~~ ||d|| `e`", r"\*\*a\*\* \_b\_ \~\~c\~\~ \|\|d\|\| \`e\`"),
        ("snake_case_name 2 < 3", "snake_case_name 2 < 3"),
        ("a__b__c", r"a\_\_b\_\_c"),
        (r"\*not\*", r"\\\*not\\\*"),
        ("a\x00b\x1b[0mc", r"ab\[0mc"),
    ],
)  # fmt: skip
def test_markup_in_text_is_shown_as_it_is(hostile: str, shown: str) -> None:
    assert escape(hostile) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("# big", r"\# big"), ("### big", r"\### big"), ("-# small", r"\-# small"),
        ("- item", r"\- item"), ("> said", r"\> said"), (">>> said", r"\>>> said"),
        ("12. then", r"12\. then"), ("2) then", r"2\) then"), ("#tag", "#tag"), ("-5", "-5"),
        ("1.5 days", "1.5 days"), ("* item", r"\* item"),
    ],
)  # fmt: skip
def test_no_line_begins_a_block(line: str, shown: str) -> None:
    assert say(Text("see"), LineBreak(), Text(line)) == f"see\n{shown}"
    assert answer(Bullets(((words(line),),))) == f"- {shown}"
    assert answer(Quote((words(line),))) == f"> {shown}"


def test_a_fence_within_code_is_parted() -> None:
    text = answer(CodeBlock("a\n```\n@everyone\n````", "py\nevil"))
    assert text.count("```") == 2
    assert text == "```\na\n``\u200b`\n@everyone\n``\u200b``\n```"


def test_an_address_cannot_break_out_of_its_link() -> None:
    url = "https://docs.example/a>) @everyone <b|`\n*x*"
    assert say(Mark(1, url)) == (
        "[[1]](<https://docs.example/a%3E%29%20@everyone%20%3Cb%7C%60%0A%2Ax%2A>)"
    )
    assert say(Mark(1, "https://docs.example/" + "a" * 2_000)) == r"\[1\]"


# Long replies


def test_a_long_answer_is_split_and_its_sources_come_last() -> None:
    reply = Reply(
        (words("word " * 1_500), CodeBlock("line of code\n" * 600, "python")),
        (SourceLine(1, "Handbook", "", URL, ""),),
        ("old",),
    )
    messages = render_messages(reply)
    assert len(messages) > 3
    for message in messages:
        check(message)
    assert "old" in messages[0].texts[0]
    assert "Handbook" in messages[-1].texts[-1]
    assert all("```python" in message.texts[0] for message in messages[2:-1])


def test_characters_count_as_discord_counts_them() -> None:
    for message in render_messages(Reply((words("🙂" * 6_000),))):
        check(message)
        assert "🙂" in message.texts[0]


SAMPLES = ["", "word " * 40, "@everyone ", "<@123456789012345678>", "```", "`", "**", "_", "\n# x"]
text = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(alphabet="ab*_~|`<@#:/[]()>\\-.1 \n🙂é\u200b", max_size=40),
    st.text(max_size=30),
    st.integers(1, 450).map("long word ".__mul__),
)
url = st.sampled_from(
    ["", URL, "https://x.example/>)`*", "ftp://no", "https://e.example/" + "u" * 900]
)
inline = st.recursive(
    st.one_of(
        text.map(Text), text.map(Code), st.builds(Mark, st.integers(1, 99), url),
        st.just(LineBreak()),
    ),
    lambda inner: st.one_of(
        *(st.lists(inner, max_size=3).map(tuple).map(kind) for kind in (Strong, Emphasis, Strike))
    ),
    max_leaves=4,
)  # fmt: skip
inlines = st.lists(inline, max_size=5).map(tuple)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    row = st.tuples(*[inlines] * width)
    return Table(draw(row), tuple(draw(st.lists(row, max_size=4))))


block = st.recursive(
    st.one_of(
        inlines.map(Paragraph),
        st.builds(Heading, st.integers(1, 6), inlines),
        st.builds(CodeBlock, text, text),
        tables(),
    ),
    lambda inner: st.one_of(
        st.builds(
            Bullets,
            st.lists(st.lists(inner, max_size=3).map(tuple), max_size=4).map(tuple),
            st.sampled_from([None, 0, 1, 98]),
        ),
        st.lists(inner, max_size=3).map(tuple).map(Quote),
    ),
    max_leaves=5,
)
replies = st.builds(
    Reply,
    st.lists(block, max_size=5).map(tuple),
    st.lists(st.builds(SourceLine, st.integers(1, 99), text, text, url, text), max_size=4).map(
        tuple
    ),
    st.lists(text, max_size=2).map(tuple),
    text,
)
ALLOWED = re.compile(
    r"https://(docs\.example/leave\?a=%281%29&b=2|x\.example/%3E%29%60%2A|e\.example/u+)"
)


@given(replies)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_reply_is_taken_and_inert(reply: Reply) -> None:
    for message in render_messages(reply):
        check(message)
        for part in message.texts:
            active = read_active(part)
            for target in find_links(part):
                assert ALLOWED.fullmatch(target)
            bare = re.sub(r"\]\(<[^>]*>\)", " ", active)
            assert "://" not in bare
            assert not re.search(r"<(?:@|#|:|/|t:)", bare)
            assert not re.search(r"@(?:everyone|here)", bare)


@given(st.text(alphabet="ab*_~|`<@#:/[]()>\\-.1 \n|", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_markdown_is_taken(markdown: str) -> None:
    for message in render_messages(Reply(read_markdown(markdown, {1: URL}))):
        check(message)


@given(st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=9), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_no_word_is_lost(found: list[str]) -> None:
    reply = Reply((Paragraph((Strong((Text(" ".join(found)),)),)), words(" ".join(found * 20))))
    shown = " ".join(" ".join(message.texts) for message in render_messages(reply))
    assert shown.replace("**", "").split() == found * 21


def test_a_component_holds_text_alone() -> None:
    assert all(
        part["type"] != TEXT_DISPLAY or set(part) == {"type", "content"}
        for part in render(words("a"), footer="b").components
    )
