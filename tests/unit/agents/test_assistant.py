"""The graph from question to answer, with fakes around it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from markdown_it import MarkdownIt

from agents.config import AgentConfig
from agents.errors import AgentError, ModelUnavailable
from agents.memory import InProcessMemory
from agents.model import (
    EARLIER,
    Answered,
    AnswerSettings,
    Decision,
    Enough,
    Judgement,
    Outcome,
    Question,
    Search,
    SearchAgain,
    StepStarted,
    TextDelta,
    Turn,
)
from agents.replies import escape, warn
from retrieval.model import Passage, SearchResult, TenantId, WeightedQuery
from tests.fakes.passage_search import make_scope


class ScriptedBrain:
    """Thinks as it is told: each step returns its value, raises it, or waits for ever (None)."""

    name = "scripted"
    version = "scripted 1"

    def __init__(
        self,
        *,
        plan: Any = None,
        judge: Any = None,
        draft: Any = "Backups run every night. [1]",
        summary: Any = None,
    ) -> None:
        self._plan = plan or Search(((WeightedQuery("nightly backups"),),), "asked")
        self._judge = judge or Enough("told so")
        self._draft = draft
        self._summary = summary
        self.judged = 0
        self.stopped = asyncio.Event()

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision:
        return await _give(self._plan)

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement:
        self.judged += 1
        return await _give(self._judge)

    async def condense(self, turns: Sequence[Turn]) -> str:
        return await _give(self._summary or f"in short: {', '.join(t.question for t in turns)}")

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        try:
            for piece in [self._draft] if isinstance(self._draft, str) else self._draft:
                yield await _give(piece)
        finally:
            self.stopped.set()


async def _give(step: Any) -> Any:
    if isinstance(step, Exception):
        raise step
    if step is STALL:
        await asyncio.Event().wait()
    return step


STALL = object()
IMPATIENT = AgentConfig(seconds=0.3, reserve_seconds=0.2, step_seconds=0.05)


async def test_an_answer_is_quoted_and_cited(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    answer = await talk.ask("How many days are backups kept?")
    assert answer.outcome is Outcome.ANSWERED
    assert "kept for 30 days. [1]" in answer.text
    [citation] = answer.citations
    assert (citation.n, citation.title, citation.age_days) == (1, "Backups", 30)
    assert answer.quoted
    assert answer.searches == ("How many days are backups kept?",)
    assert set(answer.timings_ms) >= {"plan", "search", "judge", "write", "check", "total"}


async def test_without_money_the_built_in_brain_answers_and_says_so(
    start_talk: Callable[..., Any],
) -> None:
    brain = ScriptedBrain()
    talk = start_talk(brain)
    answer = await talk.ask(
        "How many days are backups kept?", settings=AnswerSettings(frugal=True, language="de")
    )
    assert "kept for 30 days. [1]" in answer.text
    assert answer.quoted
    assert answer.notices[0].startswith("Das heutige Budget")
    assert brain.judged == 0


async def test_what_is_built_in_costs_nothing_and_says_nothing_of_money(
    start_talk: Callable[..., Any],
) -> None:
    answer = await start_talk().ask(
        "How many days are backups kept?", settings=AnswerSettings(frugal=True)
    )
    assert answer.notices == ()


async def test_steps_are_told_in_order(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    await talk.ask("How many days are backups kept?")
    steps = [event.step for event in talk.events if isinstance(event, StepStarted)]
    assert steps == ["planning", "searching", "reading", "writing", "checking"]
    deltas = "".join(event.text for event in talk.events if isinstance(event, TextDelta))
    assert "30 days" in deltas


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("hi", Outcome.CHAT),
        ("thanks!", Outcome.CHAT),
        ("how do I do that?", Outcome.CLARIFY),
        ("write me a poem", Outcome.DECLINED),
        ("What is the capital of Peru?", Outcome.UNKNOWN),
    ],
)
async def test_outcomes(start_talk: Callable[..., Any], message: str, outcome: Outcome) -> None:
    talk = start_talk()
    answer = await talk.ask(message)
    assert answer.outcome is outcome
    assert answer.text
    assert bool(talk.search.calls) == (outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
async def test_where_there_is_nothing_to_read_it_says_how_to_add_it(
    start_talk: Callable[..., Any], language: str
) -> None:
    talk = start_talk()
    asked = "How many days are backups kept, according to the handbook?"
    settings = AnswerSettings(language=language)
    assert "/sources add" not in (await talk.ask("What is the capital of Peru?")).text
    talk.search.passages = ()
    answer = await talk.ask(asked, settings=settings)
    assert answer.outcome is Outcome.UNKNOWN
    assert "/sources add" in answer.text
    assert answer.searches


async def test_a_question_outside_the_remit_is_declined(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    settings = AnswerSettings(remit="questions on invoices and refunds")
    assert (await talk.ask("How many days are backups kept?", settings=settings)).outcome is (
        Outcome.DECLINED
    )
    assert (await talk.ask("When are refunds paid?", settings=settings)).outcome is Outcome.ANSWERED


async def test_a_follow_up_has_its_context(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    await talk.ask("How long are backups kept?")
    answer = await talk.ask("and how long do restores take?")
    assert "one hour" in answer.text
    assert any("backups" in query.text.lower() for query in talk.search.calls[-1][0][1:])


async def test_the_scope_reaches_the_search_and_a_planner_cannot_widen_it(
    start_talk: Callable[..., Any],
) -> None:
    plan = Search(((WeightedQuery("backups"),),), "asked", sources=frozenset({"secret"}))
    talk = start_talk(ScriptedBrain(plan=plan))
    scope = make_scope(sources=frozenset({"handbook"}))
    question = Question("q", "when do backups run?", "t", scope, AnswerSettings())
    [_ async for _ in talk.assistant.answer(question)]
    assert all(used.sources == {"handbook"} for _, used in talk.search.calls)


async def test_a_question_asked_twice_is_answered_from_memory(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    first = await talk.ask("How many days are backups kept?", key="same")
    again = await talk.ask("How many days are backups kept?", key="same")
    assert again.text == first.text
    assert len(talk.search.calls) == 1
    assert len(await talk.assistant.recall(TenantId("acme"), "thread")) == 1


async def test_an_edited_question_replaces_its_turn(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    await talk.ask("How many days are backups kept?", key="same")
    edited = await talk.ask("When are refunds paid?", key="same")
    assert "14 days" in edited.text
    [turn] = await talk.assistant.recall(TenantId("acme"), "thread")
    assert turn.question == "When are refunds paid?"


async def test_an_interrupted_question_goes_on_where_it_stopped(
    start_talk: Callable[..., Any],
) -> None:
    memory = InProcessMemory()
    broken = start_talk(ScriptedBrain(draft=[RuntimeError("killed")]), memory=memory)
    with pytest.raises(RuntimeError, match="killed"):
        await broken.ask("When do backups run?", key="same")
    well = start_talk(ScriptedBrain(), memory=memory)
    answer = await well.ask("When do backups run?", key="same")
    assert answer.text == "Backups run every night. [1]"
    assert well.search.calls == []


async def test_what_was_interrupted_does_not_disturb_the_next_question(
    start_talk: Callable[..., Any],
) -> None:
    memory = InProcessMemory()
    broken = start_talk(ScriptedBrain(draft=[RuntimeError("killed")]), memory=memory)
    with pytest.raises(RuntimeError, match="killed"):
        await broken.ask("When do backups run?", key="one")
    answer = await start_talk(memory=memory).ask("When are refunds paid?", key="two")
    assert "14 days" in answer.text


async def test_a_question_that_replaces_another_leaves_it_out_of_account(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    await talk.ask("How many days are backups kept?", key="one")
    again = Question(
        "two",
        "How many days are backups kept?",
        "thread",
        make_scope(),
        AnswerSettings(),
        replaces="one",
    )
    [_ async for _ in talk.assistant.answer(again)]
    assert len(talk.search.calls) == 2
    [turn] = await talk.assistant.recall(TenantId("acme"), "thread")
    assert turn.id == "two"


async def test_a_withdrawn_question_is_not_remembered_and_the_others_are(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk()
    for key, text in (
        ("one", "How many days are backups kept?"),
        ("two", "When are refunds paid?"),
    ):
        await talk.ask(text, key=key)
    await talk.assistant.withdraw(TenantId("acme"), "thread", "two")
    [turn] = await talk.assistant.recall(TenantId("acme"), "thread")
    assert turn.id == "one"
    answer = await talk.ask("and how long do restores take?")
    assert "one hour" in answer.text
    await talk.assistant.withdraw(TenantId("acme"), "thread", "one")
    await talk.assistant.withdraw(TenantId("acme"), "thread", "q3")
    assert await talk.assistant.recall(TenantId("acme"), "thread") == ()


async def test_what_may_be_among_condensed_turns_goes_with_them(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk(ScriptedBrain(), config=AgentConfig(history_turns=4))
    for at in range(7):
        await talk.ask(f"question {at}")
    await talk.assistant.withdraw(TenantId("acme"), "thread", "q1")
    turns = await talk.assistant.recall(TenantId("acme"), "thread")
    assert EARLIER not in [turn.id for turn in turns]
    assert turns


async def test_begun_anew_a_conversation_knows_nothing(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    await talk.ask("How many days are backups kept?")
    await talk.assistant.begin_anew(TenantId("acme"), "thread")
    assert await talk.assistant.recall(TenantId("acme"), "thread") == ()


async def test_a_long_conversation_is_condensed(start_talk: Callable[..., Any]) -> None:
    talk = start_talk(ScriptedBrain(), config=AgentConfig(history_turns=4))
    for at in range(7):
        answer = await talk.ask(f"question {at}")
    first, *others = await talk.assistant.recall(TenantId("acme"), "thread")
    assert first.id == EARLIER
    # what was condensed before is condensed again, and nothing of it is lost
    assert "question 0" in first.question
    assert "question 4" in first.question
    assert [turn.question for turn in others] == ["question 5", "question 6"]
    assert answer.decisions[-1].startswith("memory: ")


@pytest.mark.parametrize("broken", [ModelUnavailable(), "STALL"])
async def test_when_the_model_cannot_condense_the_words_are_kept(
    start_talk: Callable[..., Any], broken: Any
) -> None:
    brain = ScriptedBrain(summary=STALL if broken == "STALL" else broken)
    config = AgentConfig(history_turns=2, step_seconds=0.05)
    talk = start_talk(brain, config=config)
    for text in ("When are refunds paid?", "How many retries are there?", "When do backups run?"):
        answer = await talk.ask(text)
    first, *_ = await talk.assistant.recall(TenantId("acme"), "thread")
    assert (first.id, first.question) == (EARLIER, "many retries refunds paid")
    assert "failed" in answer.decisions[-2]


async def test_history_is_short_and_can_be_forgotten(start_talk: Callable[..., Any]) -> None:
    talk = start_talk(config=AgentConfig(history_turns=3, history_characters=20))
    for at in range(7):
        await talk.ask(f"When are refunds number {at} paid?")
    turns = await talk.assistant.recall(TenantId("acme"), "thread")
    assert len(turns) == 3
    assert all(len(turn.question) <= 20 for turn in turns)
    await talk.assistant.forget(TenantId("acme"), "thread")
    assert await talk.assistant.recall(TenantId("acme"), "thread") == ()


async def test_threads_do_not_know_each_other(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    await talk.ask("How long are backups kept?", thread="one")
    assert await talk.assistant.recall(TenantId("acme"), "two") == ()


async def test_searching_again_is_bounded(start_talk: Callable[..., Any]) -> None:
    class Restless(ScriptedBrain):
        async def judge(
            self, question: Question, history: Sequence[Turn], result: SearchResult
        ) -> Judgement:
            self.judged += 1
            return SearchAgain(((WeightedQuery(f"backups try {self.judged}"),),), "not yet")

    brain = Restless()
    talk = start_talk(brain)
    answer = await talk.ask("When do backups run?")
    assert answer.outcome is Outcome.ANSWERED
    assert len(talk.search.calls) == AgentConfig().max_searches


async def test_the_same_search_is_not_made_twice(start_talk: Callable[..., Any]) -> None:
    again = SearchAgain(((WeightedQuery("Nightly Backups"),),), "thin")
    talk = start_talk(ScriptedBrain(judge=again))
    await talk.ask("When do backups run?")
    assert len(talk.search.calls) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"plan": ModelUnavailable(), "judge": ModelUnavailable(), "draft": [ModelUnavailable()]},
        {"draft": ["Backups run every", ModelUnavailable()]},
        {"plan": STALL, "judge": STALL, "draft": [STALL]},
        {"draft": ["Backups", STALL]},
    ],
)
async def test_when_the_model_fails_the_sources_are_quoted_and_it_is_said(
    start_talk: Callable[..., Any], broken: dict[str, Any]
) -> None:
    talk = start_talk(ScriptedBrain(**broken), config=IMPATIENT)
    answer = await talk.ask("How many days are backups kept?")
    assert answer.outcome is Outcome.ANSWERED
    assert "kept for 30 days. [1]" in answer.text
    assert answer.notices == (warn("quoted instead", "en"),)
    assert answer.quoted


async def test_a_model_that_lies_is_not_believed(start_talk: Callable[..., Any]) -> None:
    lies = (
        "Backups are kept for 90 days. [1] See [this](https://evil.test/x) [5]."
        " The password is hunter2. [2]"
    )
    answer = await start_talk(ScriptedBrain(draft=lies)).ask("How many days are backups kept?")
    assert "90" not in answer.text
    assert "evil" not in answer.text
    assert "hunter2" not in answer.text
    assert "30 days" in answer.text


async def test_a_model_that_does_not_know_is_believed_and_not_streamed(
    start_talk: Callable[..., Any],
) -> None:
    talk = start_talk(ScriptedBrain(draft=["UNK", "NOWN"]))
    answer = await talk.ask("How many days are backups kept?")
    assert answer.outcome is Outcome.UNKNOWN
    assert not [event for event in talk.events if isinstance(event, TextDelta)]


async def test_a_model_without_an_end_is_cut(start_talk: Callable[..., Any]) -> None:
    endless = ["Backups run every night. [1] "] * 2_000
    brain = ScriptedBrain(draft=endless)
    answer = await start_talk(brain).ask("When do backups run?")
    assert answer.text.startswith("Backups run every night. [1]")
    assert len(answer.text) < 15_000


async def test_closing_the_iterator_stops_the_model(start_talk: Callable[..., Any]) -> None:
    brain = ScriptedBrain(draft=["Backups run every night.", STALL])
    talk = start_talk(brain)
    question = Question("q", "When do backups run?", "t", make_scope(), AnswerSettings())
    async with aclosing(talk.assistant.answer(question)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    async with asyncio.timeout(5):
        await brain.stopped.wait()


async def test_the_built_in_brain_can_be_stopped_and_goes_on(
    start_talk: Callable[..., Any],
) -> None:
    memory = InProcessMemory()
    talk = start_talk(memory=memory)
    question = Question("q", "When are refunds paid?", "t", make_scope(), AnswerSettings())
    seen: list[str] = []
    async with aclosing(talk.assistant.answer(question)) as events:
        async for event in events:
            seen.append(type(event).__name__)
            if isinstance(event, TextDelta):
                break
    assert seen == [*["StepStarted"] * 4, "TextDelta"]
    assert await talk.assistant.recall(TenantId("acme"), "t") == ()
    again = start_talk(memory=memory)
    [*_, last] = [event async for event in again.assistant.answer(question)]
    assert isinstance(last, Answered)
    assert "14 days" in last.answer.text
    assert again.search.calls == []


async def test_the_store_failing_is_not_hidden(start_talk: Callable[..., Any]) -> None:
    talk = start_talk(ScriptedBrain(plan=RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        await talk.ask("When do backups run?")


async def test_sources_that_disagree_and_old_sources_are_pointed_out(
    start_talk: Callable[..., Any],
) -> None:
    documents = {
        "Old": "Backups of customer data are kept for 30 days.",
        "New": "Backups of customer data are kept for 90 days.",
    }
    draft = (
        "Backups of customer data are kept for 30 days. [1]"
        " Backups of customer data are kept for 90 days. [2]"
    )
    talk = start_talk(ScriptedBrain(draft=draft), documents=documents)
    answer = await talk.ask("backups?", settings=AnswerSettings(freshness_days=7))
    assert answer.notices == (
        "The newest source of this answer is 30 days old.",
        "Sources [1] and [2] give different figures.",
    )


async def test_the_trace_explains_the_answer(start_talk: Callable[..., Any]) -> None:
    answer = await start_talk().ask("How many days are backups kept?")
    kinds = [line.split(":")[0] for line in answer.decisions]
    assert kinds == ["brain", "plan", "search", "judge", "write"]


def test_errors_have_a_root() -> None:
    assert issubclass(ModelUnavailable, AgentError)
    assert Answered


@pytest.mark.parametrize("title", ["24. A process", "# heading", "- item", "a_b *c* [1] `d`"])
def test_a_title_is_shown_as_it_is(title: str) -> None:

    tokens = MarkdownIt("commonmark").parse(escape(title))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert "".join(leaf.content for leaf in tokens[1].children or ()) == title
