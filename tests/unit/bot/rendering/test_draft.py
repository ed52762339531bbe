"""What may be seen of an answer before it is checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.rendering.draft import compose_draft, compose_stopped, settle_markdown
from bot.rendering.phrases import making
from bot.rendering.plain import render_plain
from bot.rendering.reply import Button, Draft

STOP = Button("Stop", "answer stop 1")

PIECES = st.lists(
    st.sampled_from(
        ["word ", "[1]", "[", "]", "(", ")", "![", "`", "```\n", "\n", " ", "<", "&", "!", "a",
         "https://evil.example/x", "www.evil.example", "[here](https://evil.example)", "**", "- ",
         "[1, 2] ", "\\", "~~~\n", "- ```\n", "[a]: x\n", "[a][b] ", "x[0] ",
         "| a | b |\n", "`code [1] <b>` "]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(PIECES, PIECES)
def test_what_is_settled_stays(text: str, more: str) -> None:
    assert settle_markdown(text + more).startswith(settle_markdown(text))


@given(PIECES)
def test_what_is_settled_holds_no_link_and_no_tag(text: str) -> None:
    parsed = MarkdownIt("commonmark", {"html": True}).parse(settle_markdown(text))
    tokens = [token for block in parsed for token in (block, *(block.children or ()))]
    assert not {"link_open", "image", "html_inline", "html_block"} & {one.type for one in tokens}
    assert "evil" not in "".join(one.content for one in tokens if one.type == "text")


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("Twenty days", "Twenty"),
        ("Twenty days ", "Twenty days"),
        ("Twenty days [1]. More", "Twenty days."),
        ("Twenty days [", "Twenty days"),
        ("See [the page](https://evil.example) for more ", "See the page for more"),
        ("See [the pa", "See"),
        ("An image ![of a", "An image"),
        ("values[0] and more ", r"values\[0\] and more"),
        ("a <!channel> b ", "a <\u200b!channel> b"),
        ("at https://evil.example/x now ", "at … now"),
        ("Run `footnote sync ", "Run"),
        ("Run `footnote sync` now ", "Run `footnote sync` now"),
        ("# Title\n\n- **one**\n- two\nthr", "# Title\n\n- **one**\n- two"),
        ("```\nx[0] < 1\n```\nDone. ", "```\nx[0] <\u200b 1\n```\nDone."),
        ("an open [bracket\nand more ", "an open \\[bracket\nand more"),
    ],
)
def test_what_is_settled_of_a_text(text: str, settled: str) -> None:
    assert settle_markdown(text, "…") == settled


def test_a_draft_tells_its_steps_until_there_is_text() -> None:
    steps = ("Searching the sources", "Reading 3 passages")
    reply = compose_draft(Draft(steps, "", STOP))
    assert render_plain(reply).split("\n\n") == [
        "✓ Searching the sources",
        "Reading 3 passages…",
        "[Stop]",
    ]
    assert reply.buttons == (STOP,)
    reply = compose_draft(Draft(steps, "Twenty days [1]", STOP), private=True)
    assert render_plain(reply).startswith("Twenty days\n")
    assert "checked at the end" in reply.footer
    assert (reply.buttons, reply.private) == ((STOP,), True)


def test_what_was_stopped_says_so() -> None:
    reply = compose_stopped("Twenty days [1]")
    assert reply.notices == (making.STOPPED.en,)
    assert not reply.buttons
    assert render_plain(compose_stopped("")).strip() == making.STOPPED_EARLY.en
