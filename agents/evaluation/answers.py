"""How well the built-in brain quotes what answers, and abstains where nothing does.

Each answerable question is judged twice: over the passages that a search finds, and over the same
passages without the paragraph that holds the answer, as if it had never been synced.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.citations import find_claims
from agents.llm.composition import compose
from agents.llm.evidence import Evidence, Ranking, rank_units
from agents.llm.extractive import ANSWER_THRESHOLD
from agents.ports import PassageSearch, SentenceScorer
from agents.support import bears_in_words
from retrieval.model import AccessScope, Passage, WeightedQuery

Progress = Callable[[int, int], None]
"""Told how many questions are done, and how many there are."""

_LIMIT = 12
_THRESHOLDS = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class AnswerableQuestion:
    """A question, what answers it word for word, and the document that does; none: unanswerable."""

    text: str
    answers: tuple[str, ...]
    document: str

    @property
    def answerable(self) -> bool:
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """Shares of questions answered when the confidence must reach `threshold`."""

    threshold: float
    answerable: float
    missing: float
    adversarial: float


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """What `footnote eval answers` prints; all shares are 0..1.

    `first` and `first_three`: a sentence with the answer, from the right document, leads;
    `first_any`: from any document. `auroc_missing` tells answerable questions from the same ones
    without their paragraph, `auroc_adversarial` from questions written to have no answer.
    """

    questions: int
    unanswerable: int
    first: float
    first_three: float
    first_any: float
    auroc_missing: float
    auroc_adversarial: float
    shipped: ThresholdRow
    curve: tuple[ThresholdRow, ...]
    citations: int
    citations_resolved: int
    citations_borne: int

    def to_json(self) -> dict[str, object]:
        """The report as plain values."""
        return asdict(self)

    def to_text(self) -> str:
        """The report to read: the figures, then the curve, a line for each threshold."""
        lines = [
            f"{self.questions} answerable and {self.unanswerable} unanswerable questions",
            f"right sentence first            {self.first:6.1%}",
            f"right sentence in first three   {self.first_three:6.1%}",
            f"first, from any document        {self.first_any:6.1%}",
            f"AUROC, paragraph missing        {self.auroc_missing:6.3f}",
            f"AUROC, adversarial              {self.auroc_adversarial:6.3f}",
            f"citations                       {self.citations:6}",
            f"citations that resolve          {self.citations_resolved:6}",
            f"citations that hold             {self.citations_borne:6}",
            "",
            "threshold  answerable  missing  adversarial   (shares answered)",
        ]
        for row in (*self.curve, self.shipped):
            shares = f"{row.answerable:10.1%}  {row.missing:7.1%}  {row.adversarial:11.1%}"
            lines.append(f"{row.threshold:9.2f}  {shares}")
        lines[-1] += "   ← shipped"
        return "\n".join(lines)


def load_questions(directory: Path) -> list[AnswerableQuestion]:
    """The questions of queries.jsonl: text, answers, and the id of their paragraph as `para`."""
    lines = directory.joinpath("queries.jsonl").read_text("utf-8").splitlines()
    rows: list[Mapping[str, object]] = [json.loads(line) for line in lines if line.strip()]
    return [
        AnswerableQuestion(str(row["text"]), _texts(row.get("answers")), str(row.get("para", "")))
        for row in rows
        if "answers" in row
    ]


async def evaluate_answers(
    questions: Sequence[AnswerableQuestion],
    *,
    passages: PassageSearch,
    sentences: SentenceScorer,
    scope: AccessScope,
    progress: Progress | None = None,
) -> AnswerReport:
    """Measure over a corpus whose documents carry their id as URL. Raises RetrievalError."""
    with_paragraph: list[float] = []
    without: list[float] = []
    adversarial: list[float] = []
    leads: list[tuple[bool, bool, bool]] = []
    citations: list[tuple[bool, bool]] = []
    for done, question in enumerate(questions, start=1):
        query = [WeightedQuery(question.text)]
        found = (await passages.search(query, scope, limit=_LIMIT + 1)).passages
        ranking = await rank_units(question.text, found[:_LIMIT], sentences)
        if question.answerable:
            with_paragraph.append(ranking.confidence)
            leads.append(_judge_lead(question, ranking, found))
            others = [one for one in found if one.url != question.document][:_LIMIT]
            without.append((await rank_units(question.text, others, sentences)).confidence)
        else:
            adversarial.append(ranking.confidence)
        citations += _check_citations(compose(question.text, ranking), found[:_LIMIT])
        if progress is not None:
            progress(done, len(questions))
    curve = [_row(at, with_paragraph, without, adversarial) for at in _THRESHOLDS]
    return AnswerReport(
        questions=len(with_paragraph),
        unanswerable=len(adversarial),
        first=_share([first for first, _, _ in leads]),
        first_three=_share([three for _, three, _ in leads]),
        first_any=_share([anywhere for _, _, anywhere in leads]),
        auroc_missing=measure_auroc(with_paragraph, without),
        auroc_adversarial=measure_auroc(with_paragraph, adversarial),
        shipped=_row(ANSWER_THRESHOLD, with_paragraph, without, adversarial),
        curve=tuple(curve),
        citations=len(citations),
        citations_resolved=sum(resolved for resolved, _ in citations),
        citations_borne=sum(borne for _, borne in citations),
    )


def measure_auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The probability that a positive scores above a negative, ties counting half; 0.5 if none."""
    if not positives or not negatives:
        return 0.5
    ranked = sorted([(score, 1) for score in positives] + [(score, 0) for score in negatives])
    rank_sum = 0.0
    start = 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        mean_rank = (start + 1 + end) / 2
        rank_sum += mean_rank * sum(label for _, label in ranked[start:end])
        start = end
    count = len(positives)
    return (rank_sum - count * (count + 1) / 2) / (count * len(negatives))


def _judge_lead(
    question: AnswerableQuestion, ranking: Ranking, found: Sequence[Passage]
) -> tuple[bool, bool, bool]:
    def holds(evidence: Evidence) -> bool:
        text = evidence.unit.text.casefold()
        return any(answer.casefold() in text for answer in question.answers)

    best = ranking.best[:3]
    right = [holds(one) and found[one.passage].url == question.document for one in best]
    return right[:1] == [True], any(right), bool(best) and holds(best[0])


def _check_citations(draft: str, found: Sequence[Passage]) -> list[tuple[bool, bool]]:
    """For each citation of a draft whether it points at a passage, and whether that bears it."""
    checked: list[tuple[bool, bool]] = []
    for claim in find_claims(draft):
        for mark in claim.marks:
            resolved = 1 <= mark <= len(found)
            borne = resolved and bears_in_words(claim.text, found[mark - 1].text) is True
            checked.append((resolved, borne))
    return checked


def _row(
    threshold: float,
    with_paragraph: Sequence[float],
    without: Sequence[float],
    adversarial: Sequence[float],
) -> ThresholdRow:
    shares = [
        _share([one >= threshold for one in scores])
        for scores in (with_paragraph, without, adversarial)
    ]
    return ThresholdRow(threshold, *shares)


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
