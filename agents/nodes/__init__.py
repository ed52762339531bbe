"""The steps of a run. Each is a function of the state and of the ports in its context."""

from agents.nodes.checking import check
from agents.nodes.concluding import conclude
from agents.nodes.deps import AgentDeps
from agents.nodes.searching import search
from agents.nodes.thinking import judge, plan
from agents.nodes.writing import write

__all__ = ["AgentDeps", "check", "conclude", "judge", "plan", "search", "write"]
