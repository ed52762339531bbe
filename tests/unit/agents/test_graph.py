"""The graph as it is drawn in the documentation."""

from pathlib import Path

from agents.graph import draw_graph


def test_the_picture_in_the_documentation_is_that_of_the_code(repository: Path) -> None:
    page = (repository / "docs" / "agent.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{draw_graph()}\n```" in page


def test_every_way_ends_in_an_answer() -> None:
    lines = [line.split() for line in draw_graph().splitlines()[1:]]
    ways: dict[str, set[str]] = {}
    for source, _, target in lines:
        ways.setdefault(source, set()).add(target)
    for step in ways:
        reached, new = set(), {step}
        while new:
            reached |= new
            new = {target for one in new for target in ways.get(one, set())} - reached
        assert "answer([answer])" in reached, step
