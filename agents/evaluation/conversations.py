"""How well follow-ups are searched: nDCG@10 over judged turns of conversations."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.llm.extractive import NAME
from agents.llm.queries import Part, plan_parts
from agents.model import Turn
from agents.ports import PassageSearch
from retrieval.model import AccessScope, Passage, WeightedQuery

_DEPTH = 10
_PASSAGES = 40


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """A turn as typed, a person's rewrite of it, the turns before, and the relevant documents."""

    typed: str
    rewrite: str
    history: tuple[Turn, ...]
    judged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ConversationReport:
    """nDCG@10 by way of searching."""

    turns: int
    ndcg_at_10: Mapping[str, float]


def load_turns(directory: Path) -> list[JudgedTurn]:
    """The judged turns: `lastturn`, `full` (one line a turn), `text` (rewrite) of queries.jsonl."""
    judged: dict[str, dict[str, int]] = {}
    for line in directory.joinpath("qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        judged.setdefault(query, {})[document] = int(grade)
    lines = directory.joinpath("queries.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [
        JudgedTurn(
            typed=row["lastturn"],
            rewrite=row["text"],
            history=tuple(Turn(turn, "") for turn in row["full"].splitlines()[:-1] if turn.strip()),
            judged=judged[row["id"]],
        )
        for row in rows
        if "lastturn" in row and row["id"] in judged
    ]


def plan_searches(turn: JudgedTurn) -> dict[str, tuple[Part, ...]]:
    """The ways of searching that are compared."""
    last = WeightedQuery(turn.typed)
    rewrite = WeightedQuery(turn.rewrite)
    before = [WeightedQuery(turn.history[-1].question, 0.3)] if turn.history else []
    return {
        "last turn": ((last,),),
        NAME: plan_parts(turn.typed, turn.history),
        "person's rewrite": ((rewrite,),),
        "model that rewrites so": ((rewrite, last, *before),),
    }


async def evaluate_conversations(
    turns: Sequence[JudgedTurn], *, passages: PassageSearch, scope: AccessScope
) -> ConversationReport:
    """Measure over a corpus whose documents carry their id as URL. Raises RetrievalError."""
    scores: dict[str, list[float]] = {}
    for turn in turns:
        for way, parts in plan_searches(turn).items():
            found = [
                (await passages.search(part, scope, limit=_PASSAGES)).passages for part in parts
            ]
            urls = [one.url for rank in _interleave(found) for one in rank]
            scores.setdefault(way, []).append(measure_ndcg(list(dict.fromkeys(urls)), turn.judged))
    means = {way: sum(values) / len(values) for way, values in scores.items()}
    return ConversationReport(len(turns), means)


def measure_ndcg(ranking: Sequence[str], judged: Mapping[str, int]) -> float:
    """nDCG@10 with exponential gain (Burges et al., 2005); 0 when nothing is relevant."""
    gains = [2 ** judged.get(name, 0) - 1 for name in ranking[:_DEPTH]]
    ideal = sorted((2**grade - 1 for grade in judged.values()), reverse=True)[:_DEPTH]
    best = sum(gain / math.log2(at + 2) for at, gain in enumerate(ideal))
    return sum(gain / math.log2(at + 2) for at, gain in enumerate(gains)) / best if best else 0.0


def _interleave(lists: Sequence[Sequence[Passage]]) -> list[list[Passage]]:
    longest = max((len(one) for one in lists), default=0)
    return [[one[rank] for one in lists if rank < len(one)] for rank in range(longest)]
