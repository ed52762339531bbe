"""From a message and its history to what is searched."""

import pytest

from agents.llm.queries import (
    find_compared,
    leans_on_history,
    narrow_follow_up,
    plan_parts,
    reduce_to_terms,
    rewrite_follow_up,
    split_question,
    strip_politeness,
)
from agents.model import Turn

HISTORY = (Turn("does IBM offer document databases?", "Yes, Cloudant. [1]", "1"),)


def test_a_question_is_searched_as_typed() -> None:
    [[query]] = plan_parts('what does "retry limit" mean in ERR_503?', ())
    assert query.text == 'what does "retry limit" mean in ERR_503?'


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("can you tell me where the logs live?", "where the logs live?"),
        ("hey, does anyone know how backups work?", "how backups work?"),
        ("Where are logs?", "Where are logs?"),
        ("can you tell me please?", "can you tell me please?"),
    ],
)
def test_politeness_is_dropped(typed: str, plain: str) -> None:
    assert strip_politeness(typed) == plain


def test_a_question_of_two_parts_is_split() -> None:
    assert split_question("What does plan A1 cost, and how do I cancel a subscription?") == [
        "What does plan A1 cost",
        "how do I cancel a subscription?",
    ]


@pytest.mark.parametrize(
    "whole",
    [
        "How do I install and configure the agent?",
        "What is it and how do I use it?",
        "How do I install the agent, and what is it?",
        "I do not like the look of my web chat and how it opens.",
    ],
)
def test_parts_that_do_not_stand_alone_stay_together(whole: str) -> None:
    assert split_question(whole) == [whole]


def test_a_part_that_leans_on_the_first_takes_its_words_along() -> None:
    asked = "How do I add a folder as a source, and how often is it synced?"
    assert split_question(asked) == ["How do I add a folder as a source", "how often is it synced?"]
    first, second = plan_parts(asked, ())
    assert [query.text for query in first] == ["How do I add a folder as a source"]
    assert second[0].text == "how often is synced folder source"


def test_both_sides_of_a_comparison_are_searched() -> None:
    parts = plan_parts("What's the difference between the Pro plan and the Team plan?", ())
    assert [part[0].text for part in parts[1:]] == ["Pro plan", "Team plan"]
    assert find_compared("Postgres vs MySQL?") == ("Postgres", "MySQL")
    assert find_compared("How do backups work?") is None


def test_a_follow_up_is_fused_from_three_phrasings() -> None:
    [part] = plan_parts("So it can store any random JSON object?", HISTORY)
    assert [query.text for query in part] == [
        "it can store any random JSON object?",
        "it can store any random JSON object IBM offer document databases",
        "does IBM offer document databases?",
    ]
    assert part[0].weight > part[1].weight > part[2].weight > 0


def test_a_rewrite_carries_only_words_that_are_new() -> None:
    assert rewrite_follow_up("and document databases?", HISTORY).count("document") == 1


@pytest.mark.parametrize("text", ["and on Windows?", "why?", "how do I delete it?", "pricing"])
def test_messages_that_lean_on_history(text: str) -> None:
    assert leans_on_history(text)


def test_a_full_question_does_not_lean_on_history() -> None:
    assert not leans_on_history("Where are nightly database backups stored for customers?")


def test_another_phrasing_keeps_what_is_quoted() -> None:
    assert reduce_to_terms('how do I set the "retry limit" for jobs?') == 'set "retry limit" jobs'


@pytest.mark.parametrize(
    ("before", "message", "narrowed"),
    [
        (
            "How do I add a folder as a knowledge source?",
            "And how do I remove it again?",
            "how do I remove knowledge source",
        ),
        ("How long is the probation period?", "for managers?", "for managers probation period"),
        ("Which PostgreSQL do I need?", "which pgvector?", "which pgvector PostgreSQL"),
    ],
)
def test_what_a_follow_up_points_to_takes_the_place_of_the_pointing_word(
    before: str, message: str, narrowed: str
) -> None:
    assert narrow_follow_up(message, (Turn(before, ""),)) == narrowed
