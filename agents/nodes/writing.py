"""Writing the draft, and quoting where the model cannot write."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from langgraph.runtime import Runtime

from agents.errors import AgentError, BudgetExceeded
from agents.model import StepStarted, TextDelta, Turn
from agents.nodes.deps import AgentDeps, describe, measure, quote, read_evidence, tell
from agents.replies import warn
from agents.state import HISTORY, AgentState, AgentUpdate
from retrieval.model import Passage

UNKNOWN_MARK = "UNKNOWN"
"""What a model writes when the passages do not hold the answer."""
_LONGEST_DRAFT = 12_000


async def write(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Write the draft, streaming it; when the model fails, the built-in brain quotes instead."""
    deps = runtime.context
    started = deps.clock()
    tell(runtime, StepStarted("writing"))
    history = HISTORY.read(state) or ()
    evidence = read_evidence(state, deps)
    notices = list(state["notices"])
    trace = list(state["trace"])
    writer = deps.brain
    try:
        draft = await _stream_draft(runtime, history, evidence)
    except (AgentError, TimeoutError) as error:
        if deps.brain is deps.fallback:
            raise
        writer = deps.fallback
        draft = await quote(deps, history, evidence)
        kind = "quoted instead" if draft else "model unavailable"
        notices.append(warn(kind, deps.language))
        trace.append(f"write: {deps.brain.name} failed ({describe(error)}), quoting instead")
    return {
        "draft": draft,
        "writer": writer.name,
        "notices": notices,
        "trace": [*trace, f"write: {len(draft)} characters by {writer.name}"],
        "timings": {"write": measure(deps, started)},
    }


def admits_unknown(draft: str) -> bool:
    """Whether a model said, in the agreed way, that the passages do not hold the answer."""
    return draft.strip().strip("*_`.\"' ").upper().startswith(UNKNOWN_MARK)


async def _stream_draft(
    runtime: Runtime[AgentDeps], history: Sequence[Turn], evidence: Sequence[Passage]
) -> str:
    """The draft, told piece by piece once it is clear that there is one."""
    deps = runtime.context
    patience = None
    if deps.brain is not deps.fallback:
        if not deps.may_write():
            raise BudgetExceeded
        patience = deps.deadline - deps.clock()
    draft = ""
    told = 0
    stream = deps.brain.write(deps.question, history, evidence)
    async with (
        asyncio.timeout(patience),
        aclosing(cast("AsyncGenerator[str, None]", stream)) as pieces,
    ):
        async for piece in pieces:
            draft += piece
            if len(draft) > len(UNKNOWN_MARK) + 4 and not admits_unknown(draft):
                tell(runtime, TextDelta(draft[told:]))
                told = len(draft)
            if len(draft) >= _LONGEST_DRAFT:
                break
    if told < len(draft) and not admits_unknown(draft):
        tell(runtime, TextDelta(draft[told:]))
    return draft[:_LONGEST_DRAFT]
