"""Searching for what is wanted, within what may be seen."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from agents.model import Search, StepStarted
from agents.nodes.deps import AgentDeps, measure, tell
from agents.state import DECISION, EVIDENCE, WANTED, AgentState, AgentUpdate
from retrieval.model import AccessScope, Passage


async def search(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Search for every part that is wanted, and add what is found to the evidence."""
    deps = runtime.context
    started = deps.clock()
    parts = WANTED.read(state) or ()
    labels = [part[0].text for part in parts if part]
    tell(runtime, StepStarted("searching", "; ".join(labels)))
    decision = DECISION.read(state)
    scope = _narrow(deps.question.scope, decision if isinstance(decision, Search) else None)
    results = await asyncio.gather(
        *(deps.passages.search(part, scope, limit=deps.config.search_limit) for part in parts)
    )
    held = EVIDENCE.read(state) or ()
    evidence = merge_evidence([held, *(result.passages for result in results)])
    found = [len(result.passages) for result in results]
    return {
        "evidence": EVIDENCE.pack(evidence[: deps.config.search_limit * max(1, len(parts))]),
        "relevance": max([state["relevance"], *(result.relevance for result in results)]),
        "searches": list(dict.fromkeys([*state["searches"], *labels])),
        "rounds": state["rounds"] + 1,
        "wanted": None,
        "trace": [
            *state["trace"],
            *(f"search: {label!r} found {n}" for label, n in zip(labels, found, strict=True)),
        ],
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


def _narrow(scope: AccessScope, decision: Search | None) -> AccessScope:
    """The scope, narrowed to the sources the planner chose; never widened."""
    if decision is None or decision.sources is None:
        return scope
    chosen = decision.sources if scope.sources is None else decision.sources & scope.sources
    return replace(scope, sources=chosen) if chosen else scope
