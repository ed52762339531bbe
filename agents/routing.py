"""Where a run goes next, by the state alone.

Asynchronous only because LangGraph would send them to a thread, which takes longer than they do.
"""

from typing import Literal

from agents.model import Enough, Search, SearchAgain
from agents.state import DECISION, JUDGEMENT, AgentState


async def route_decision(state: AgentState) -> Literal["search", "conclude"]:
    """After planning: search, or reply at once."""
    return "search" if isinstance(DECISION.read(state), Search) else "conclude"


async def route_judgement(state: AgentState) -> Literal["search", "write", "conclude"]:
    """After judging: search again, write, or say that nothing was found."""
    match JUDGEMENT.read(state):
        case SearchAgain():
            return "search"
        case Enough():
            return "write"
        case _:
            return "conclude"
