"""The measures that the agent is judged by."""

import json
from pathlib import Path

import pytest

from agents.evaluation.answers import (
    AnswerableQuestion,
    evaluate_answers,
    load_questions,
    measure_auroc,
)
from agents.evaluation.conversations import (
    evaluate_conversations,
    load_turns,
    measure_ndcg,
)
from tests.fakes.passage_search import (
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
    make_scope,
)

DOCUMENTS = {
    "Backups": "Backups run every night at 2. Restores take one hour.",
    "Refunds": "Refunds are paid within 14 days. Ask on the billing page.",
}
SEARCH = InMemoryPassageSearch(make_passages(DOCUMENTS))


@pytest.mark.parametrize(
    ("positives", "negatives", "auroc"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5, 0.5], [0.5], 0.5),
        ([0.9, 0.3], [0.5, 0.1], 0.75),
        ([], [0.1], 0.5),
    ],
)
def test_auroc(positives: list[float], negatives: list[float], auroc: float) -> None:
    assert measure_auroc(positives, negatives) == pytest.approx(auroc)


async def test_answers_are_judged_with_and_without_their_paragraph() -> None:
    questions = [
        AnswerableQuestion("When do backups run?", ("at 2",), "https://docs.test/backups"),
        AnswerableQuestion("When are refunds paid?", ("14 days",), "https://docs.test/refunds"),
        AnswerableQuestion("Who pays refunds on Mars?", (), "https://docs.test/refunds"),
        AnswerableQuestion("When are refunds paid?", ("never",), "https://docs.test/refunds"),
    ]
    report = await evaluate_answers(
        questions, passages=SEARCH, sentences=InMemorySentenceScorer(), scope=make_scope()
    )
    assert (report.questions, report.unanswerable) == (3, 1)
    assert report.first == report.first_three == report.first_any == pytest.approx(2 / 3)
    assert report.auroc_missing > 0.9
    assert report.shipped.answerable > report.shipped.missing
    assert report.citations == report.citations_resolved == report.citations_borne > 0
    answered = [row.answerable for row in report.curve]
    assert answered == sorted(answered, reverse=True)
    assert json.dumps(report.to_json())
    assert "shipped" in report.to_text().splitlines()[-1]


def test_ndcg_rewards_an_early_hit() -> None:
    assert measure_ndcg(["a", "b"], {"a": 1}) == 1.0
    assert measure_ndcg(["b", "a"], {"a": 1}) == pytest.approx(0.6309, abs=1e-4)
    assert measure_ndcg(["b"], {"a": 1}) == 0.0


async def test_conversations_are_searched_in_several_ways(tmp_path: Path) -> None:
    row = {
        "id": "q1",
        "text": "How long do restores of backups take?",
        "lastturn": "and how long do they take?",
        "full": "Are there backups and restores?\nand how long do they take?",
    }
    (tmp_path / "queries.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    qrels = "qid\tdocid\trel\nq1\thttps://docs.test/backups\t1\n"
    (tmp_path / "qrels.tsv").write_text(qrels, "utf-8")
    [turn] = load_turns(tmp_path)
    assert [one.question for one in turn.history] == ["Are there backups and restores?"]
    report = await evaluate_conversations([turn], passages=SEARCH, scope=make_scope())
    assert report.turns == 1
    assert report.ndcg_at_10["built-in"] == 1.0


def test_questions_without_answers_are_unanswerable(tmp_path: Path) -> None:
    rows = [
        {"text": "a?", "answers": ["x"], "para": "p"},
        {"text": "b?", "answers": [], "para": "p"},
        {"text": "c?"},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "queries.jsonl").write_text(lines, "utf-8")
    assert [one.answerable for one in load_questions(tmp_path)] == [True, False]
