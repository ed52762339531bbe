"""The hand-labelled messages: a floor under the built-in brain's decisions."""

from pathlib import Path

from agents.evaluation.decisions import evaluate_decisions, load_messages, score_f1
from agents.llm.extractive import BuiltInBrain
from tests.fakes.passage_search import InMemorySentenceScorer

MESSAGES = Path(__file__).resolve().parents[2] / "evals" / "decisions.jsonl"


async def test_decisions_on_the_held_out_part_stay_good() -> None:
    messages = load_messages(MESSAGES, "held-out")
    assert len(messages) >= 150
    report = await evaluate_decisions(BuiltInBrain(InMemorySentenceScorer()), messages)
    assert report.macro_f1 >= 0.94, report.f1


def test_the_set_is_large_and_knows_every_decision() -> None:
    messages = load_messages(MESSAGES)
    assert len(messages) >= 300
    assert {one.label for one in messages} == {"chat", "search", "clarify", "decline"}
    assert len({one.text for one in messages}) == len(messages)


def test_f1_is_the_harmonic_mean() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]
    assert score_f1(pairs) == {"a": 2 / 3, "b": 4 / 5}
