"""Searching for what is wanted, within what may be seen."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from langgraph.runtime import Runtime

from agents.model import Search, SearchAgain, StepStarted, is_enclosed
from agents.nodes.deps import AgentDeps, measure, tell
from agents.state import DECISION, EVIDENCE, JUDGEMENT, WANTED, AgentState, AgentUpdate
from retrieval.model import NOTHING_TO_READ, AccessScope, Passage

T = TypeVar("T")

_AROUND = 3
"""Best hits whose neighbours are read where the judgement asks for what stands around them."""

_LEAST_SECONDS = 5.0
"""What a search may take however late it is: without it there is no answer at all."""


async def search(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Search for every part that is wanted, and add what is found to the evidence."""
    deps = runtime.context
    started = deps.clock()
    parts = WANTED.read(state) or ()
    labels = [part[0].text for part in parts if part]
    tell(runtime, StepStarted("searching", "; ".join(labels)))
    chosen = find_narrowing(state)
    scope = deps.question.scope if chosen is None else narrow(deps.question.scope, chosen.sources)
    results = await _run_together(
        deps.passages.search(
            part,
            scope,
            limit=deps.config.search_limit,
            period=None if chosen is None else chosen.period,
            seconds=max(deps.time_to_think(), _LEAST_SECONDS),
        )
        for part in parts
    )
    held = EVIDENCE.read(state) or ()
    beside = await _look_around(state, held, deps)
    evidence = merge_evidence([held, *(result.passages for result in results), beside])
    where = "" if chosen is None else f" {describe_narrowing(chosen)}"
    found = [
        f"search: {label!r}{where} found {len(result.passages)}"
        for label, result in zip(labels, results, strict=True)
    ]
    found += dict.fromkeys(f"search: {one}" for result in results for one in result.trouble)
    if beside:
        found.append(f"search: read {len(beside)} passages around the best")
    return {
        "evidence": EVIDENCE.pack(evidence[: deps.config.search_limit * max(1, len(parts))]),
        "relevance": max([state["relevance"], *(result.relevance for result in results)]),
        "nothing_to_read": chosen is None
        and all(result.reason in NOTHING_TO_READ for result in results),
        "searches": list(dict.fromkeys([*state["searches"], *labels])),
        "rounds": state["rounds"] + 1,
        "wanted": None,
        "trace": [*state["trace"], *found],
        "timings": {"search": measure(deps, started)},
    }


def merge_evidence(lists: Sequence[Sequence[Passage]]) -> tuple[Passage, ...]:
    """Passages of several searches, one of each in turn, each chunk once."""
    merged: dict[int, Passage] = {}
    for rank in range(max((len(one) for one in lists), default=0)):
        for one in lists:
            if rank < len(one):
                merged.setdefault(one[rank].chunk, one[rank])
    return tuple(merged.values())


def find_narrowing(state: AgentState) -> Search | None:
    """The plan, while it narrows the search to sources or a period; None once that is let go."""
    decision, verdict = DECISION.read(state), JUDGEMENT.read(state)
    if isinstance(verdict, SearchAgain) and verdict.wider:
        return None
    narrows = isinstance(decision, Search) and (decision.sources or decision.period)
    return decision if isinstance(decision, Search) and narrows else None


def describe_narrowing(plan: Search) -> str:
    """Where a plan looks, for the trace: 'in handbook, changed from 2026-06-01'."""
    words: list[str] = []
    if plan.sources:
        words.append(f"in {', '.join(sorted(plan.sources))}")
    if plan.period is not None:
        since, until = plan.period.since, plan.period.until
        words += ["changed"] if since or until else []
        words += [f"from {since:%Y-%m-%d}"] if since else []
        words += [f"before {until:%Y-%m-%d}"] if until else []
    return " ".join(words)


def narrow(scope: AccessScope, sources: frozenset[str] | None) -> AccessScope:
    """The scope, narrowed to the sources that were chosen; never widened."""
    if not sources:
        return scope
    chosen = sources if scope.sources is None else sources & scope.sources
    return replace(scope, sources=chosen) if chosen else scope


async def _look_around(
    state: AgentState, held: Sequence[Passage], deps: AgentDeps
) -> tuple[Passage, ...]:
    """What stands before and after the best hits, where the judgement asks for it."""
    verdict = JUDGEMENT.read(state)
    if not isinstance(verdict, SearchAgain) or not verdict.around:
        return ()
    known = {passage.chunk for passage in held}
    stored = [passage for passage in held if not is_enclosed(passage)]
    around = await _run_together(
        deps.passages.load_context(one, deps.question.scope) for one in stored[:_AROUND]
    )
    return tuple(one for beside in around for one in beside if one.chunk not in known)


async def _run_together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each brings. When one fails, so does the step: the others end, and its error is raised
    plainly, with its own cause."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]
