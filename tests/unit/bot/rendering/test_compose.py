"""From an answer to a reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.model import Answer, Citation, Outcome
from bot.rendering.apology import UNEXPECTED
from bot.rendering.compose import compose_answer, compose_failure, describe_age
from bot.rendering.plain import render_plain
from bot.rendering.record import from_record, to_record
from bot.rendering.reply import (
    Bullets,
    CodeBlock,
    Heading,
    LineBreak,
    Mark,
    Paragraph,
    Quote,
    Strike,
    Strong,
    Table,
    Text,
)


def cite(n: int, *, age_days: int | None = 3) -> Citation:
    return Citation(
        n=n,
        title=f"Title {n}",
        url=f"https://docs.example/{n}",
        section="Part › Section",
        passage="the passage",
        quote="the quote",
        source="handbook",
        age_days=age_days,
    )


def answer(text: str, *citations: Citation, **more: object) -> Answer:
    return Answer(text, Outcome.ANSWERED, citations or (cite(1), cite(2)), **more)  # type: ignore[arg-type]


def test_marks_point_at_stored_addresses() -> None:
    (block,) = compose_answer(answer("Twenty days [1], more later [2].")).blocks
    assert block == Paragraph(
        (
            Text("Twenty days "),
            Mark(1, "https://docs.example/1"),
            Text(", more later "),
            Mark(2, "https://docs.example/2"),
            Text("."),
        )
    )


@pytest.mark.parametrize("text", ["a [1, 2]", "a [1][2]", "a [1](http://evil.example)[2]"])
def test_marks_in_every_spelling(text: str) -> None:
    (block,) = compose_answer(answer(text)).blocks
    assert isinstance(block, Paragraph)
    assert [part.n for part in block.children if isinstance(part, Mark)] == [1, 2]


def test_only_cited_sources_are_listed() -> None:
    reply = compose_answer(answer("Only this [2].", cite(1), cite(2)))
    assert [line.n for line in reply.sources] == [2]
    assert reply.sources[0].section == "Part › Section"
    assert reply.sources[0].age == "3 days old"


def test_a_forged_mark_is_dropped() -> None:
    reply = compose_answer(answer("True [1]. Forged [7]."))
    assert render_plain(reply).startswith("True [1]. Forged.\n")


def test_an_index_is_no_mark() -> None:
    reply = compose_answer(answer("Read values[0] and `rows[1]` [1]"))
    assert render_plain(reply).startswith("Read values[0] and `rows[1]` [1]\n")


@pytest.mark.parametrize(
    "text",
    [
        "[click](https://evil.example/x)",
        "![alt](https://evil.example/x.png)",
        "<https://evil.example/x>",
        "https://evil.example/x",
        "see www.evil.example/x",
        "[1]: https://evil.example\n\n[1]",
        "[click][2]\n\n[2]: https://evil.example",
        '<a href="https://evil.example">x</a>',
        "javascript:alert(1)",
        "| a |\n|---|\n| https://evil.example |",
        "- **https://evil.example**",
    ],
)
def test_no_foreign_address_survives(text: str) -> None:
    shown = repr(compose_answer(answer(text, cite(1))))
    assert "evil.example" not in shown
    assert "alert(1)" not in shown


def test_markup_of_every_kind() -> None:
    text = (
        "# Head\n\nA **bold** ~~old~~ line  \nnext\n\n3. three\n4. four\n\n"
        "```python title=x\nx = [1]\n```\n\n> said\n\n| a | b |\n|---|---|\n| 1<br>2 | 3 |\n\n---\n"
    )
    head, line, numbered, code, quote, table = compose_answer(answer(text)).blocks
    assert head == Heading(1, (Text("Head"),))
    assert isinstance(line, Paragraph)
    assert Strong((Text("bold"),)) in line.children
    assert Strike((Text("old"),)) in line.children
    assert LineBreak() in line.children
    assert isinstance(numbered, Bullets)
    assert numbered.start == 3
    assert code == CodeBlock("x = [1]", "python")
    assert isinstance(quote, Quote)
    assert isinstance(table, Table)
    assert table.rows[0][0] == (Text("1"), LineBreak(), Text("2"))


def test_raw_html_stays_visible_text() -> None:
    reply = compose_answer(answer("Use <details> and <script>x</script>\n\n<div>block</div>"))
    assert "<details>" in render_plain(reply)
    assert "<div>block</div>" in render_plain(reply)


def test_small_print() -> None:
    assert compose_answer(answer("x [1]", quoted=True)).footer == "Quoted from the sources"
    assert compose_answer(answer("x [1]")).footer == ""
    unknown = Answer("I don't know.", Outcome.UNKNOWN, searches=("leave", "parental leave"))
    assert compose_answer(unknown).footer == "I looked for: leave · parental leave"
    assert compose_answer(unknown, language="de").footer.startswith("Gesucht habe ich: leave")


def test_notices_and_privacy_are_kept() -> None:
    reply = compose_answer(answer("x [1]", notices=("The newest source is old.",)), private=True)
    assert reply.notices == ("The newest source is old.",)
    assert reply.private


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, ""),
        (0, "from today"),
        (1, "1 day old"),
        (13, "13 days old"),
        (14, "2 weeks old"),
        (59, "8 weeks old"),
        (60, "2 months old"),
        (729, "24 months old"),
        (730, "2 years old"),
    ],
)
def test_age_in_words(days: int | None, words: str) -> None:
    assert describe_age(days) == words


def test_a_failure_carries_its_reference() -> None:
    reply = compose_failure(UNEXPECTED.words, "ab12", private=True, language="de")
    assert render_plain(reply) == f"{UNEXPECTED.words.de}\n\n(Referenz ab12)"
    assert reply.private


@given(
    st.text(
        alphabet=st.sampled_from("ab1 \n*_`~#>|-[](){}!<>:/\\.&;"),
        max_size=200,
    )
)
def test_any_text_composes_and_survives_the_outbox(text: str) -> None:
    reply = compose_answer(answer(text))
    assert from_record(to_record(reply)) == reply
    assert isinstance(render_plain(reply), str)


def test_a_broken_record_is_refused() -> None:
    with pytest.raises(ValueError, match="no node of the kind"):
        from_record({"is": "Script", "text": "x"})
    with pytest.raises(TypeError, match="a stored reply"):
        from_record(["x"])
