"""The last word of a run, and what is remembered of it."""

from collections.abc import Sequence
from dataclasses import replace

from langgraph.runtime import Runtime

from agents.model import EARLIER, Answer, Chat, Clarify, Decision, Decline, Outcome, Turn
from agents.nodes.checking import make_citation
from agents.nodes.deps import AgentDeps, measure
from agents.nodes.thinking import think
from agents.replies import escape, say_nothing_to_read, say_unknown
from agents.state import (
    ANSWER,
    DECISION,
    EVIDENCE,
    HISTORY,
    AgentState,
    AgentUpdate,
    remember,
    split_history,
)
from retrieval.model import Passage

_NEAREST = 2


async def conclude(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Say the last word where there is no answer yet, and remember the exchange."""
    deps = runtime.context
    started = deps.clock()
    answer = ANSWER.read(state) or _answer_without_writing(state, deps)
    history, told = await _remember(HISTORY.read(state) or (), answer, deps)
    answer = replace(
        answer,
        searches=tuple(state["searches"]),
        decisions=(*state["trace"], *told),
        timings_ms={**state["timings"], "conclude": measure(deps, started)},
    )
    return {
        "answer": ANSWER.pack(answer),
        "history": HISTORY.pack(history),
        "evidence": None,
        "wanted": None,
        "draft": "",
        "timings": {},
    }


async def _remember(
    history: tuple[Turn, ...], answer: Answer, deps: AgentDeps
) -> tuple[tuple[Turn, ...], list[str]]:
    """The history with this exchange, its older part condensed where it is long; and the trace."""
    longest = deps.config.history_characters
    turn = Turn(deps.question.text[:longest], answer.text[:longest], deps.question.id)
    older, kept = split_history(remember(history, turn), most=deps.config.history_turns)
    if not older:
        return kept, []
    summary, trouble = await think(deps, lambda brain: brain.condense(older))
    told = [*trouble, f"memory: {len(older)} earlier turns condensed"]
    return (Turn(summary[:longest], "", EARLIER), *kept), told


def _answer_without_writing(state: AgentState, deps: AgentDeps) -> Answer:
    decision: Decision | None = DECISION.read(state)
    # An image that was not seen may be what the message is about.
    notices = tuple(state["notices"]) if deps.question.pictures else ()
    match decision:
        case Chat(reply=reply):
            return Answer(reply, Outcome.CHAT, notices=notices)
        case Clarify(question=text):
            return Answer(text, Outcome.CLARIFY, notices=notices)
        case Decline(reply=reply):
            return Answer(reply, Outcome.DECLINED, notices=notices)
        case _:
            return _say_unknown(state, deps)


def _say_unknown(state: AgentState, deps: AgentDeps) -> Answer:
    if state.get("nothing_to_read") and not state.get("evidence"):
        return Answer(say_nothing_to_read(deps.language), Outcome.UNKNOWN, model=deps.brain.name)
    near: tuple[Passage, ...] = ()
    if state["relevance"] >= deps.config.relevance_floor:
        near = _distinct_sections(EVIDENCE.read(state) or ())[:_NEAREST]
    lines = [
        f"{escape(' › '.join(filter(None, (passage.title, passage.section))))} [{number}]"
        for number, passage in enumerate(near, start=1)
    ]
    return Answer(
        text=say_unknown(lines, deps.language),
        outcome=Outcome.UNKNOWN,
        citations=tuple(
            make_citation(number, passage, "", deps.now()) for number, passage in enumerate(near, 1)
        ),
        notices=tuple(state["notices"]),
        model=state["writer"] or deps.brain.name,
    )


def _distinct_sections(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    sections: dict[tuple[int, str], Passage] = {}
    for passage in passages:
        sections.setdefault((passage.document, passage.section), passage)
    return tuple(sections.values())
