"""A search narrowed to sources and a period, and what lets go of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.llm.narrowing import narrow_question
from agents.model import (
    Decision,
    Enough,
    Judgement,
    Passage,
    Period,
    Question,
    Search,
    SearchAgain,
    Turn,
)
from retrieval.model import DocumentId, SearchResult, WeightedQuery
from tests.fakes.passage_search import NOW, make_passage

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
NARROW = Search(
    ((WeightedQuery("backups"),),), "asked", frozenset({"handbook"}), Period(since=JUNE)
)


class Judging:
    """Plans as told, and gives the judgements in order; the last one for ever."""

    name = version = "judging"

    def __init__(self, plan: Decision, *judgements: Judgement) -> None:
        self._plan = plan
        self._judgements = list(judgements)

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision:
        return self._plan

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement:
        return self._judgements.pop(0) if len(self._judgements) > 1 else self._judgements[0]

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        yield "Backups run every night. [1]"


async def test_a_plan_narrows_the_search_and_the_trace_tells(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk(Judging(NARROW, Enough("sure")))
    answer = await talk.ask("What changed about backups since June?")
    assert [scope.sources for _, scope in talk.search.calls] == [{"handbook"}]
    assert talk.search.periods == [NARROW.period]
    [line] = [one for one in answer.decisions if one.startswith("search:")]
    assert line == "search: 'backups' in handbook changed from 2026-06-01 found 0"


async def test_thin_evidence_lets_go_of_sources_and_period_once(
    start_talk: Callable[..., Any],
) -> None:
    thin = SearchAgain(NARROW.parts, "thin", wider=True)
    talk = start_talk(Judging(NARROW, thin))
    await talk.ask("What changed about backups since June?")
    assert [scope.sources for _, scope in talk.search.calls] == [{"handbook"}, None]
    assert talk.search.periods == [NARROW.period, None]


async def test_what_was_let_go_stays_so(start_talk: Callable[..., Any]) -> None:
    thin = SearchAgain(NARROW.parts, "thin", wider=True)
    still = SearchAgain(((WeightedQuery("nightly copies"),),), "still thin")
    talk = start_talk(Judging(NARROW, thin, still, Enough("sure")))
    await talk.ask("What changed about backups since June?")
    assert talk.search.periods == [NARROW.period, None, None]


async def test_what_stands_around_a_hit_is_read_within_the_scope(
    start_talk: Callable[..., Any],
) -> None:
    again = SearchAgain(((WeightedQuery("copies"),),), "thin", around=True)
    plan = Search(((WeightedQuery("backups"),),), "asked")
    talk = start_talk(Judging(plan, again, Enough("sure")))
    hit = make_passage(1, "Backups", "Backups run every night.")
    beside = make_passage(2, "", "The key lies in the safe.", document=DocumentId(1), ordinal=1)
    hidden = make_passage(3, "", "Not for everyone.", document=DocumentId(1), ordinal=-1)
    talk.search.passages = [hit, beside, hidden]
    talk.search.audience = {hidden.chunk: frozenset({"staff"})}
    answer = await talk.ask("When do backups run?")
    assert "search: read 1 passages around the best" in answer.decisions


async def test_the_built_in_brain_looks_where_the_question_says(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    answer = await talk.ask("How many days are backups kept according to the handbook?")
    assert "30 days" in answer.text
    assert [scope.sources for _, scope in talk.search.calls] == [{"handbook"}]
    answer = await talk.ask("Which changes to backups were made in the updates since last month?")
    assert talk.search.periods[1] == Period(since=datetime(2025, 12, 1, tzinfo=UTC))


async def test_the_built_in_brain_looks_elsewhere_when_the_chosen_source_holds_nothing(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    talk.search.passages = [
        make_passage(1, "Backups", "Backups run every night. They are kept for 30 days."),
        make_passage(2, "Blog", "We moved to the new office.", source="blog"),
    ]
    answer = await talk.ask("In the blog, how many days are backups kept?")
    assert "30 days" in answer.text
    assert [scope.sources for _, scope in talk.search.calls] == [{"blog"}, None, None]
    assert "search: 'how many days are backups kept?' in blog found 0" in answer.decisions


async def test_what_stands_beside_a_hit_can_bear_the_answer(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    talk.search.passages = [
        make_passage(
            1, "Safe", "The safe stands in the cellar under the stairs.", document=DocumentId(1)
        ),
        make_passage(2, "", "Anna does.", document=DocumentId(1), ordinal=1),
    ]
    answer = await talk.ask("Who opens the safe in the cellar each morning?")
    assert "search: read 1 passages around the best" in answer.decisions


def test_a_period_has_an_end_and_runs_forward() -> None:
    may = datetime(2026, 5, 1, tzinfo=UTC)
    assert may in Period(until=JUNE)
    assert JUNE not in Period(until=JUNE)
    assert None not in Period(since=may)
    with pytest.raises(ValueError, match="is none"):
        Period()
    with pytest.raises(ValueError, match="runs forward"):
        Period(JUNE, may)


async def test_both_sides_of_a_comparison_are_told_of_and_labelled(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk(
        documents={
            "Business plan": "The business plan has 50 seats.",
            "Team plan": "The team plan has 10 seats.",
        }
    )
    answer = await talk.ask("What is the difference between the business plan and the team plan?")
    assert answer.text.startswith("**Business plan:**\n")
    assert "\n\n**Team plan:**\n" in answer.text
    assert "50 seats" in answer.text
    assert "10 seats" in answer.text
    assert len(answer.citations) == 2


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (
            "How long do refunds take, and how do I ask for one?",
            (
                "**How long do refunds take?**\nRefunds take 14 days. [1]\n\n"
                "**How do I ask for one?**\nAsk for refunds on the billing page. [2]"
            ),
        ),
        (
            "How long do refunds take, and which penguin likes them?",
            (
                "**How long do refunds take?**\nRefunds take 14 days. [1]\n\n"
                "**Which penguin likes them?**\nThe sources don't seem to cover this."
            ),
        ),
        (
            "Wie lange dauert die Erstattung, und welche Pinguine mögen sie?",
            (
                "**Wie lange dauert die Erstattung?**\nDie Erstattung dauert lange. [1]\n\n"
                "**Welche Pinguine mögen sie?**\nDie Quellen sagen dazu anscheinend nichts."
            ),
        ),
    ],
)
async def test_each_part_is_answered_under_its_words_or_named_as_not_covered(
    start_talk: Callable[..., Any], asked: str, answer: str
) -> None:
    talk = start_talk(
        documents={
            "Refunds": "Refunds take 14 days.",
            "Billing": "Ask for refunds on the billing page.",
            "Erstattung": "Die Erstattung dauert lange.",
        }
    )
    assert (await talk.ask(asked)).text == answer


async def test_the_judge_sees_what_the_writer_will_see(start_talk: Callable[..., Any]) -> None:
    crowd = {f"Page {n}": f"Backups, page {n}." for n in range(12)}
    talk = start_talk(documents=crowd)
    await talk.ask("What do the pages say about backups?")
    told = [one.detail for one in talk.events if getattr(one, "step", "") == "reading"]
    assert told[0] == "8 passages from 8 documents"


SOURCES = frozenset({"team-wiki", "HR Handbook", "footnote docs", "eng-notes", "ops-notes"})


@pytest.mark.parametrize(
    ("question", "source", "rest"),
    [
        ("How long is the notice, according to the wiki?", "team-wiki", "How long is the notice?"),
        ("Laut Handbuch, wie viele Tage Urlaub?", "HR Handbook", "wie viele Tage Urlaub?"),
        ("Search the documentation for ports", "footnote docs", "for ports"),
        ("In the wiki, when does it close?", "team-wiki", "when does it close?"),
        # what is asked may be about it, so the words are kept
        ("How do I create a page in the wiki?", "team-wiki", "How do I create a page in the wiki?"),
        ("In the HR handbook, what is said of leave?", "HR Handbook", "what is said of leave?"),
        # which of the two is not said
        ("What was decided, according to the notes?", "", ""),
        ("What was decided, according to the ops notes?", "ops-notes", "What was decided?"),
        ("Who wrote the wiki?", "", ""),
        ("Why is a wiki in production?", "", ""),
    ],
)
def test_a_source_is_chosen_by_the_word_for_it_where_it_is_the_only_one(
    question: str, source: str, rest: str
) -> None:
    narrowed = narrow_question(question, SOURCES, NOW)
    assert narrowed.sources == (frozenset({source}) if source else None)
    assert narrowed.text == (rest or question)


async def test_the_word_for_a_source_narrows_the_search_of_the_built_in_brain(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    talk.search.passages = [
        make_passage(1, "Backups", "Backups are kept for 30 days.", source="team-wiki"),
        make_passage(2, "Blog", "Backups are kept for 90 days.", source="blog"),
    ]
    answer = await talk.ask("How many days are backups kept, according to the wiki?")
    assert "30 days" in answer.text
    assert "90 days" not in answer.text
    assert [scope.sources for _, scope in talk.search.calls] == [{"team-wiki"}]
