"""The controls below an answer, and the passages behind it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.model import Answer, Outcome
from bot.rendering.actions import ROW, SHOWN_SOURCES, compose_shared, offer_actions
from bot.rendering.compose import compose_answer
from bot.rendering.discord import render_message as render_discord
from bot.rendering.discord import render_messages as render_discord_messages
from bot.rendering.plain import render_plain
from bot.rendering.proof import (
    SHOWN_CHARACTERS,
    compose_proof,
    compose_sources,
    split_passage,
)
from bot.rendering.record import from_record, to_record
from bot.rendering.reply import Mention, Paragraph, Quote, Reply, Strong, Text
from bot.rendering.slack import render_message as render_slack
from bot.rendering.slack import render_messages as render_slack_messages
from tests.fakes.answers import make_citation
from tests.fakes.messages import make_message

ITEM = "0123456789abcdef"


def make_answer(sources: int, outcome: Outcome = Outcome.ANSWERED) -> Answer:
    numbers = range(1, sources + 1)
    text = "So it is " + " ".join(f"[{n}]" for n in numbers)
    return Answer(text, outcome, tuple(make_citation(n) for n in numbers))


def offer(sources: int, *, share: bool = False, outcome: Outcome = Outcome.ANSWERED) -> Reply:
    answer = make_answer(sources, outcome)
    return offer_actions(compose_answer(answer), answer, ITEM, can_share=share)


@pytest.mark.parametrize("sources", [1, 3, 4, 9])
@pytest.mark.parametrize("share", [False, True])
def test_five_controls_stand_beside_each_other_and_the_rest_in_a_menu(
    sources: int, share: bool
) -> None:
    reply = offer(sources, share=share)
    assert 2 + len(reply.buttons) <= ROW
    assert not reply.menu or 2 + len(reply.buttons) == ROW
    verbs = [button.command.split()[1] for button in (*reply.buttons, *reply.menu)]
    many = ["sources"] if sources > SHOWN_SOURCES else []
    assert verbs == [*many, "proof", *(["share"] if share else []), "person", "again"]
    assert len(reply.sources) == min(sources, SHOWN_SOURCES)
    assert all(button.command.endswith(ITEM) for button in (*reply.buttons, *reply.menu))


def test_what_is_unknown_offers_a_person_and_small_talk_nothing() -> None:
    unknown = offer(0, outcome=Outcome.UNKNOWN)
    assert [button.command.split()[1] for button in unknown.buttons] == ["person", "again"]
    chat = offer(0, outcome=Outcome.CHAT)
    assert (chat.rating, chat.buttons, chat.menu) == (None, (), ())


def test_what_nobody_else_may_read_is_shared_with_nobody() -> None:
    unknown = Answer("I don't know.", Outcome.UNKNOWN)
    reply = compose_shared(unknown, make_message(), ITEM, "en")
    assert reply.private
    shared = compose_shared(make_answer(1), make_message(), ITEM, "en")
    assert not shared.private
    assert "Anna asked:" in render_plain(shared)
    assert "How many days of leave?" in render_plain(shared)


def test_the_controls_survive_the_outbox() -> None:
    reply = offer(9, share=True)
    reply = replace(reply, blocks=(Paragraph((Mention("group", "S1", "desk"),)),))
    assert from_record(to_record(reply)) == reply


def test_slack_shows_thumbs_buttons_and_a_menu() -> None:
    *_, rating, actions = render_slack(offer(9)).blocks
    (thumbs,) = rating["elements"]
    assert thumbs["positive_button"]["value"] == f"answer good {ITEM}"
    assert thumbs["negative_button"]["value"] == f"answer bad {ITEM}"
    assert [element["type"] for element in actions["elements"]] == ["button"] * 3 + ["overflow"]


def test_discord_shows_thumbs_buttons_and_a_menu() -> None:
    *_, row, menu = render_discord(offer(9)).components
    assert [button["label"] for button in row["components"]][:2] == ["👍", "👎"]
    (select,) = menu["components"]
    assert [option["value"] for option in select["options"]] == [f"answer again {ITEM}"]


def test_a_mention_pings_whom_it_names_and_nobody_else() -> None:
    call = Reply((Paragraph((Mention("person", "7"), Text(" <@8> @everyone"))),))
    message = render_discord(call)
    assert message.calls == (Mention("person", "7"),)
    assert "<@7>" in message.texts[0]
    assert r"\<@8>" in message.texts[0]
    (block,) = render_slack(call).blocks
    assert block["elements"][0]["elements"][0] == {"type": "user", "user_id": "7"}


# Sources and passages


def test_one_of_many_sources_is_chosen_from_a_menu_of_their_titles() -> None:
    citations = [replace(make_citation(n), title="A title " * 20) for n in range(1, 40)]
    reply = compose_sources(citations, ITEM, complete=True, language="de")
    assert [line.n for line in reply.sources] == list(range(1, 40))
    *_, slack = [block for m in render_slack_messages(reply) for block in m.blocks]
    (select,) = slack["elements"]
    assert (select["type"], len(select["options"])) == ("static_select", 25)
    assert select["placeholder"]["text"] == "Die Stelle zeigen aus …"
    *_, discord = [part for m in render_discord_messages(reply) for part in m.components]
    (menu,) = discord["components"]
    assert menu["placeholder"] == "Die Stelle zeigen aus …"
    assert menu["options"][1]["value"] == f"answer passage {ITEM} 2"
    assert menu["options"][1]["label"].startswith("[2] A title")


def test_the_cited_sentence_is_marked_in_its_passage() -> None:
    text = "First this.\n\nEveryone has\ntwenty days. More follows.\n\nThen that."
    citation = replace(make_citation(), passage=text, quote="Everyone has twenty days.")
    _, quote = compose_proof([citation], complete=True).blocks
    assert isinstance(quote, Quote)
    first, middle, last = quote.children
    assert first == Paragraph((Text("First this."),))
    assert isinstance(middle, Paragraph)
    assert Strong((Text("Everyone has twenty days."),)) in middle.children
    assert last == Paragraph((Text("Then that."),))


@given(st.text(max_size=4_000), st.text(max_size=400), st.text(max_size=4_000))
def test_a_passage_is_cut_around_what_is_quoted(before: str, quote: str, after: str) -> None:
    shown = "".join(split_passage(before + quote + after, quote))
    assert len(shown) <= SHOWN_CHARACTERS + len(quote) + 4
    if quote.split():
        assert " ".join(quote.split()) in shown
