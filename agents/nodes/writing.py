"""Writing the draft, and quoting where the model cannot write."""

import asyncio

from langgraph.runtime import Runtime

from agents.errors import AgentError, BudgetExceeded
from agents.model import StepStarted, TextDelta
from agents.nodes.deps import AgentDeps, describe, measure, quote, read_evidence, tell
from agents.replies import MODEL_UNAVAILABLE
from agents.state import HISTORY, AgentState, AgentUpdate


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
    draft = ""
    try:
        if deps.brain is not deps.fallback and deps.spent_tokens() >= deps.config.max_tokens:
            raise BudgetExceeded
        async with asyncio.timeout(max(0.0, deps.deadline - deps.clock())):
            async for piece in deps.brain.write(deps.question, history, evidence):
                draft += piece
                tell(runtime, TextDelta(piece))
    except (AgentError, TimeoutError) as error:
        if deps.brain is deps.fallback:
            raise
        writer = deps.fallback
        draft = await quote(deps, history, evidence)
        notices.append(MODEL_UNAVAILABLE)
        trace.append(f"write: {deps.brain.name} failed ({describe(error)}), quoting instead")
    return {
        "draft": draft,
        "writer": writer.name,
        "notices": notices,
        "trace": [*trace, f"write: {len(draft)} characters by {writer.name}"],
        "timings": {"write": measure(deps, started)},
    }
