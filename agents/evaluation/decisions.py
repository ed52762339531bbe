"""How well a brain decides what a message needs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.model import AnswerSettings, Question, Turn
from agents.ports import Brain
from retrieval.model import EVERYONE, AccessScope, TenantId


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message as it came in a channel, and the decision that a person would take."""

    text: str
    label: str
    part: str = ""
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """Figures over one part of a set; `mistakes` are (text, label, decided)."""

    messages: int
    accuracy: float
    macro_f1: float
    f1: Mapping[str, float]
    mistakes: tuple[tuple[str, str, str], ...]


def load_messages(path: Path, part: str = "") -> list[LabelledMessage]:
    """The messages of a JSON-lines file with text, label and part; all parts when none is named."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    messages = [LabelledMessage(row["text"], row["label"], row.get("part", "")) for row in rows]
    return [one for one in messages if not part or one.part == part]


async def evaluate_decisions(brain: Brain, messages: Sequence[LabelledMessage]) -> DecisionReport:
    """Let the brain decide on each message. Raises AgentError, RetrievalError."""
    scope = AccessScope(TenantId("evaluation"), frozenset({EVERYONE}))
    pairs: list[tuple[str, str]] = []
    mistakes: list[tuple[str, str, str]] = []
    for at, message in enumerate(messages):
        question = Question(str(at), message.text, "evaluation", scope, AnswerSettings())
        decided = (await brain.plan(question, message.history)).kind
        pairs.append((message.label, decided))
        if decided != message.label:
            mistakes.append((message.text, message.label, decided))
    f1 = score_f1(pairs)
    right = sum(label == decided for label, decided in pairs)
    return DecisionReport(
        messages=len(pairs),
        accuracy=right / len(pairs) if pairs else 0.0,
        macro_f1=sum(f1.values()) / len(f1) if f1 else 0.0,
        f1=f1,
        mistakes=tuple(mistakes),
    )


def score_f1(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """F1 of each label from pairs of (label, decided)."""
    pairs = list(pairs)
    scores: dict[str, float] = {}
    for name in sorted({label for label, _ in pairs}):
        hits = sum(label == decided == name for label, decided in pairs)
        wanted = sum(label == name for label, _ in pairs)
        given = sum(decided == name for _, decided in pairs)
        scores[name] = 2 * hits / (wanted + given)
    return scores
