"""A run that is broken off leaves a record of what there was, whenever that was."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from agents.assistant import Assistant
from agents.errors import BudgetExceeded
from agents.llm.extractive import BuiltInBrain
from agents.memory import InProcessMemory
from agents.model import (
    AnswerRecord,
    AnswerSettings,
    Question,
    StepStarted,
    TextDelta,
    Trail,
    Turn,
)
from agents.ports import ThreadMemory
from retrieval.model import Passage, TenantId
from tests.fakes.passage_search import (
    NOW,
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
    make_scope,
)

PASSAGES = make_passages({"Backups": "Backups run every night. They are kept for 30 days."})
ASKED = Question("q1", "How many days are backups kept?", "t", make_scope(), AnswerSettings())


class InMemoryAnswerRecords:
    """Satisfies agents.ports.AnswerRecords; keeps all that was put, the latest last."""

    def __init__(self) -> None:
        self.put_ones: list[AnswerRecord] = []

    async def put(self, record: AnswerRecord) -> None:
        self.put_ones.append(record)

    async def forget(self, tenant: TenantId, thread: str) -> None:
        self.put_ones.clear()

    async def withdraw(self, tenant: TenantId, reference: str) -> None:
        self.put_ones.clear()


class Stalling(BuiltInBrain):
    """Writes a few words, and then nothing more."""

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        yield "They are kept, as far as"
        await asyncio.Event().wait()


def make_assistant(
    records: InMemoryAnswerRecords,
    brain: type[BuiltInBrain] = BuiltInBrain,
    memory: ThreadMemory | None = None,
) -> Assistant:
    thinking = brain(InMemorySentenceScorer(), now=lambda: NOW)
    return Assistant(
        brain=thinking,
        fallback=thinking,
        passages=InMemoryPassageSearch(PASSAGES),
        sentences=InMemorySentenceScorer(),
        memory=memory or InProcessMemory(),
        records=records,
        now=lambda: NOW,
    )


STEPS = ("plan", "search", "judge", "write")


@pytest.mark.parametrize("after", range(1, 7))
async def test_whenever_it_is_stopped_what_was_made_is_kept(after: int) -> None:
    records = InMemoryAnswerRecords()
    assistant = make_assistant(records)
    trail = Trail()
    steps, text = [], ""
    async with aclosing(assistant.answer(ASKED, trail)) as events:
        async for event in events:
            steps += [event.step] if isinstance(event, StepStarted) else []
            text += event.text if isinstance(event, TextDelta) else ""
            after -= 1
            if not after:
                break
    assert records.put_ones == []
    await assistant.break_off(ASKED, trail)
    [record] = records.put_ones
    assert (record.outcome, record.reference, record.error) == ("stopped", "q1", "")
    assert record.answer == text
    assert record.citations == ()
    # the steps that were finished are in the trace; the one that was going on may be
    told = [line.split(":")[0] for line in record.trace if not line.startswith("brain")]
    assert len(steps) - 1 <= len(told) <= len(steps)
    assert told == list(STEPS[: len(told)])
    assert set(record.timings_ms) == set(told)


async def test_a_run_that_is_cancelled_in_the_middle_of_a_word() -> None:
    records = InMemoryAnswerRecords()
    assistant = make_assistant(records, Stalling)
    trail, written = Trail(), asyncio.Event()

    async def run() -> None:
        async for event in assistant.answer(ASKED, trail):
            if isinstance(event, TextDelta):
                written.set()

    running = asyncio.create_task(run())
    await written.wait()
    running.cancel()
    await asyncio.wait([running])
    await assistant.break_off(ASKED, trail)
    [record] = records.put_ones
    assert record.answer == "They are kept, as far as"
    assert record.trace[-1].startswith("judge: enough")


async def test_stopped_before_it_began_it_has_the_trace_of_an_earlier_attempt() -> None:
    records, memory = InMemoryAnswerRecords(), InProcessMemory()
    async with aclosing(make_assistant(records, memory=memory).answer(ASKED)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    # that process is gone; another one is told to stop
    await make_assistant(records, memory=memory).break_off(ASKED, Trail())
    other = Question("q2", "Who pays for backups?", "t", make_scope(), AnswerSettings())
    await make_assistant(records, memory=memory).break_off(other, Trail())
    first, second = records.put_ones
    assert first.trace[-1].startswith("judge: enough")
    assert (second.outcome, second.trace) == ("stopped", ())


async def test_one_that_took_too_long_has_failed() -> None:
    records = InMemoryAnswerRecords()
    trail = Trail(text="They are", trace=("plan: search (asked)",))
    await make_assistant(records).break_off(ASKED, trail, BudgetExceeded())
    [record] = records.put_ones
    assert (record.outcome, record.answer) == ("failed", "")
    assert record.error == "BudgetExceeded: The question used up its budget."
    assert record.trace == trail.trace


async def test_asked_again_after_a_stop_it_is_answered() -> None:
    records, memory = InMemoryAnswerRecords(), InProcessMemory()
    assistant = make_assistant(records, memory=memory)
    trail = Trail()
    async with aclosing(assistant.answer(ASKED, trail)) as events:
        await anext(events)
    await assistant.break_off(ASKED, trail)
    again = Question("q2", ASKED.text, "t", make_scope(), AnswerSettings(), replaces=ASKED.id)
    [_ async for _ in assistant.answer(again)]
    assert [one.outcome for one in records.put_ones] == ["stopped", "answered"]
    [turn] = await assistant.recall(TenantId("acme"), "t")
    assert turn.id == "q2"
