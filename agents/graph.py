"""How the steps hang together. Edges only; the steps are in nodes.py, the choices in routing.py."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agents import nodes
from agents.nodes import AgentDeps
from agents.routing import route_decision, route_judgement
from agents.state import AgentState

AgentGraph = CompiledStateGraph[AgentState, AgentDeps, AgentState, AgentState]


def build_graph() -> AgentGraph:
    """plan → (search → judge)* → write → check → conclude. Compiled without a checkpointer."""
    graph: StateGraph[AgentState, AgentDeps, AgentState, AgentState] = StateGraph(
        AgentState, context_schema=AgentDeps
    )
    steps: dict[str, Any] = {
        "plan": nodes.plan,
        "search": nodes.search,
        "judge": nodes.judge,
        "write": nodes.write,
        "check": nodes.check,
        "conclude": nodes.conclude,
    }
    for name, step in steps.items():
        graph.add_node(name, step)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", route_decision)
    graph.add_edge("search", "judge")
    graph.add_conditional_edges("judge", route_judgement)
    graph.add_edge("write", "check")
    graph.add_edge("check", "conclude")
    graph.add_edge("conclude", END)
    return graph.compile()


def draw_graph() -> str:
    """The graph as a Mermaid flowchart; dotted lines are choices."""
    ends = {START: "question([question])", END: "answer([answer])"}
    lines = ["flowchart LR"]
    for edge in build_graph().get_graph().edges:
        source, target = (ends.get(name, name) for name in edge[:2])
        lines.append(f"    {source} {'-.->' if edge.conditional else '-->'} {target}")
    return "\n".join(lines)
