"""Planning and judging: the chat model's decisions, or the built-in ones where it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from langgraph.runtime import Runtime

from agents.errors import AgentError, BudgetExceeded
from agents.model import Clarify, Enough, Judgement, Nothing, Search, SearchAgain, StepStarted
from agents.nodes.deps import AgentDeps, describe, measure, read_evidence, tell
from agents.nodes.enclosing import open_enclosures
from agents.nodes.searching import find_narrowing
from agents.ports import Brain
from agents.state import (
    DECISION,
    EVIDENCE,
    HISTORY,
    JUDGEMENT,
    WANTED,
    AgentState,
    AgentUpdate,
)
from retrieval.model import Passage, SearchResult, WeightedQuery

T = TypeVar("T")


async def plan(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Decide what the question needs."""
    deps = runtime.context
    started = deps.clock()
    tell(runtime, StepStarted("planning"))
    history = HISTORY.read(state) or ()
    opened = await open_enclosures(deps)
    decision, trouble = await think(deps, lambda brain: brain.plan(opened.question, history))
    if opened.evidence and isinstance(decision, Clarify):
        asked = (WeightedQuery(deps.question.text),)
        decision = Search((asked,), "what it is about came with it")
    update: AgentUpdate = {
        "evidence": EVIDENCE.pack(opened.evidence),
        "notices": [*state["notices"], *opened.notices],
        "decision": DECISION.pack(decision),
        "trace": [
            f"brain: {deps.brain.version}",
            *opened.trace,
            *trouble,
            f"plan: {decision.kind} ({decision.reason})",
        ],
        "timings": {"plan": measure(deps, started)},
    }
    if isinstance(decision, Search):
        update["wanted"] = WANTED.pack(decision.parts)
    return update


async def judge(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Judge whether what a writer would see of the evidence bears an answer, within the budget."""
    deps = runtime.context
    started = deps.clock()
    evidence = read_evidence(state, deps)
    tell(runtime, StepStarted("reading", _count(evidence), len(evidence)))
    history = HISTORY.read(state) or ()
    result = SearchResult(evidence, relevance=state["relevance"])
    verdict, trouble = await think(deps, lambda brain: brain.judge(deps.question, history, result))
    verdict = bound_judgement(verdict, state, may_go_on=_may_go_on(state, deps))
    update: AgentUpdate = {
        "judgement": JUDGEMENT.pack(verdict),
        "trace": [*state["trace"], *trouble, f"judge: {verdict.kind} ({verdict.reason})"],
        "timings": {"judge": measure(deps, started)},
    }
    if isinstance(verdict, SearchAgain):
        update["wanted"] = WANTED.pack(verdict.parts)
    return update


def bound_judgement(verdict: Judgement, state: AgentState, *, may_go_on: bool) -> Judgement:
    """The judgement as the budget and what was searched already allow it."""
    if not isinstance(verdict, SearchAgain):
        return verdict
    searched = {text.casefold() for text in state["searches"]}
    narrowed = find_narrowing(state) is not None
    fresh = tuple(
        part
        for part in verdict.parts
        if part and ((narrowed and verdict.wider) or part[0].text.casefold() not in searched)
    )
    before = JUDGEMENT.read(state)
    looked = isinstance(before, SearchAgain) and before.around
    if (fresh or (verdict.around and not looked)) and may_go_on:
        return replace(verdict, parts=fresh, wider=verdict.wider or not narrowed)
    why = "the budget allows no further search" if fresh else "searched for that already"
    if verdict.otherwise == "give_up" or not state.get("evidence"):
        return Nothing(f"{verdict.reason}; {why}")
    return Enough(f"{verdict.reason}; {why}")


def _may_go_on(state: AgentState, deps: AgentDeps) -> bool:
    return state["rounds"] < deps.config.max_searches and deps.may_think()


async def think(deps: AgentDeps, ask: Callable[[Brain], Awaitable[T]]) -> tuple[T, list[str]]:
    """What the brain thinks, or else the fallback; and what went wrong with the brain."""
    if deps.brain is deps.fallback:
        return await ask(deps.brain), []
    try:
        if not deps.may_think():
            raise BudgetExceeded
        async with asyncio.timeout(min(deps.time_to_think(), deps.config.step_seconds)):
            return await ask(deps.brain), []
    except (AgentError, TimeoutError) as error:
        trouble = f"{deps.brain.name} failed ({describe(error)}), deciding without it"
        return await ask(deps.fallback), [trouble]


def _count(evidence: Sequence[Passage]) -> str:
    documents = len({passage.document for passage in evidence})
    return f"{len(evidence)} passages from {documents} documents"
