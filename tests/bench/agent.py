"""The agent's own time for a question, beside a chat model that answers at once."""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.assistant import Assistant
from agents.llm.chat_model import ChatModelBrain
from agents.llm.extractive import BuiltInBrain
from agents.llm.models import CallPolicy, ModelChain, open_models
from agents.model import Answer, Answered, AnswerSettings, Outcome, Question
from bot.storage.answers import PostgresAnswerRecords
from bot.storage.memory import PostgresThreadMemory
from retrieval.evaluation.metrics import percentile
from retrieval.inference.similarity import open_scorer
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.outlines import PostgresOutlines
from retrieval.search import PassageSearcher
from tests.bench.children import open_child
from tests.bench.corpora import pick_queries
from tests.bench.effort import read_effort
from tests.bench.report import Row, Section
from tests.bench.stores import SCOPE, Bench, FilledStore, open_filled

SIZE = 10_000
QUESTIONS = 200
WARM_UP = 10
GOALS = {"p50": 60.0, "p95": 120.0}
"""Milliseconds of the agent's own time that a question may take."""
STEPS = ("plan", "search", "judge", "write", "check", "conclude")
REST = "graph, memory, record"


@dataclass(frozen=True, slots=True)
class TimedChain(ModelChain):
    """Models whose calls are timed, client library and loopback included: seconds in `waited`."""

    waited: list[float] = field(default_factory=list)

    async def call(self, work: Any) -> Any:
        started = time.perf_counter()
        try:
            return await super(TimedChain, self).call(work)
        finally:
            self.waited.append(time.perf_counter() - started)

    async def stream(self, messages: Any) -> AsyncIterator[str]:
        waited = 0.0
        started = time.perf_counter()
        async for piece in super(TimedChain, self).stream(messages):
            waited += time.perf_counter() - started
            yield piece
            started = time.perf_counter()
        self.waited.append(waited + time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Timing:
    """One question in milliseconds: the agent's own time by step, and that of the model's calls."""

    own: dict[str, float]
    model: float


async def measure_agent(bench: Bench) -> Section:
    """One row for each step, and one for the whole question."""
    questions = pick_queries(bench.sets, QUESTIONS + WARM_UP)
    async with open_filled(bench, SIZE) as store, answering_model() as url:
        chain = TimedChain(
            open_models(["openai:at-once"], CallPolicy(), base_url=url, api_key="none").models
        )
        assistant = build_assistant(bench, store, chain)
        warm_up = min(WARM_UP, len(questions) // 3)
        for question in questions[:warm_up]:
            await ask(assistant, chain, question)
        before = await read_effort(store.pool)
        timings = [await ask(assistant, chain, question) for question in questions[warm_up:]]
        effort = (await read_effort(store.pool) - before) / len(timings)
    return Section("agent", f"The agent's own time at {SIZE:,} chunks", *_tabulate(timings, effort))


def _tabulate(timings: Sequence[Timing], effort: float) -> tuple[list[Row], list[str]]:
    whole = [sum(one.own.values()) for one in timings]
    rows: list[Row] = []
    for name in (*STEPS, REST):
        spent = [one.own.get(name, 0.0) for one in timings]
        rows.append(_describe(name, spent, sum(spent) / sum(whole)))
    rows.append(_describe("the whole question", whole, 1.0))
    model = [one.model for one in timings]
    goals = ", ".join(f"{name} {limit:.0f} ms" for name, limit in GOALS.items())
    return rows, [
        f"{len(timings)} questions: plan, two searches, judge, a cited answer, check; goal {goals}",
        f"beside that, the model's calls with client and loopback: {percentile(model, 50):.1f} ms",
        f"CPU: {effort:.0f} ms a question, the database's and the model's client's included",
    ]


def _describe(name: str, spent: Sequence[float], share: float) -> Row:
    return {
        "step": name,
        "p50 ms": round(percentile(spent, 50), 2),
        "p95 ms": round(percentile(spent, 95), 2),
        "share %": round(share * 100, 1),
    }


def build_assistant(bench: Bench, store: FilledStore, chain: ModelChain) -> Assistant:
    """The agent as it is shipped, with a chat model, over the store."""
    scorer = open_scorer(bench.embedder)
    searcher = PassageSearcher(
        PostgresPassageIndex(store.pool, bench.embedder.model), bench.embedder
    )
    return Assistant(
        brain=ChatModelBrain(chain, sources=PostgresOutlines(store.pool)),
        fallback=BuiltInBrain(scorer),
        passages=searcher,
        sentences=scorer,
        memory=PostgresThreadMemory(store.pool),
        records=PostgresAnswerRecords(store.pool),
    )


async def ask(assistant: Assistant, chain: TimedChain, text: str) -> Timing:
    """Ask in a conversation of its own; the clock stands outside."""
    key = uuid.uuid4().hex
    chain.waited.clear()
    started = time.perf_counter()
    answer: Answer | None = None
    async for event in assistant.answer(Question(key, text, key, SCOPE, AnswerSettings())):
        if isinstance(event, Answered):
            answer = event.answer
    total = (time.perf_counter() - started) * 1_000
    assert answer is not None
    assert answer.outcome in {Outcome.ANSWERED, Outcome.UNKNOWN}
    waited = [seconds * 1_000 for seconds in chain.waited]
    own = {step: answer.timings_ms.get(step, 0.0) for step in STEPS}
    asked = ("plan", "judge", "write") if len(waited) == 3 else ("plan", "write")
    for step, spent in zip(asked, waited, strict=True):
        own[step] -= spent
    own[REST] = total - sum(waited) - sum(own.values())
    return Timing(own, sum(waited))


@asynccontextmanager
async def answering_model() -> AsyncIterator[str]:
    """The address of a model that answers at once, in a process of its own."""
    async with open_child("tests.bench.answering_model") as child:
        yield child.greeting
