"""Ranks what could be quoted from passages by how well it answers a question.

The score of a unit mixes four features: cosine to the question, cover of the question's words by
rarity, the score of its passage, and whether it holds the kind of thing that is asked for.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.language import find_terms, weigh_cover
from agents.llm.units import Unit, UnitKind, split_units
from agents.ports import SentenceScorer
from retrieval.model import Passage

COSINE_WEIGHT = 0.5
COVER_WEIGHT = 0.5
PASSAGE_WEIGHT = 0.3
TYPE_WEIGHT = 0.1
_NEIGHBOUR_SHARE = 0.15
"""Part of the cover that the sentences beside a sentence lend it: pronouns point there."""
_LONGEST_UNIT = 700

_FIGURE = re.compile(r"\d")
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\bcentur(?:y|ies)\b|\b\d{1,2}:\d\d\b"
    r"|\b(?:daily|weekly|monthly|yearly|every|after|before|until|days?|weeks?|hours?|minutes?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+")
_PLACE = re.compile(r"\b(?:in|at|near|from|to|of|under|inside)\s+(?:the\s+)?[A-Z/`][\w'’/-]*")
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|therefore|caused?|causes|reason|as a result"
    r"|weil|damit|parce que|porque)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty"
    r"|fifty|hundred|thousand|million|billion|half|quarter|third|dozen|several|many|few)\b",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(question, re.IGNORECASE), answer)
    for question, answer in (
        (r"\bwhen\b|\b(?:what|which|in what) (?:year|date|day|month|century|decade|time)\b", _DATE),
        (
            (
                r"\bhow (?:many|much|long|old|far|large|big|tall|often|high|fast)\b"
                r"|\bwhat (?:percent|percentage|number|amount|size|price|cost|limit)"
                r"|\bwie ?viele?\b"
            ),
            _AMOUNT,
        ),
        (r"\bwh(?:o|om|ose)\b|\bwhich (?:person|team|company|people)\b|\bwer\b|\bqui\b", _NAME),
        (r"\bwhere\b|\b(?:what|which) (?:country|city|place|state|region|location)\b", _PLACE),
        (r"\bwhy\b|\bwarum\b|\bpourquoi\b|\bpor qué\b", _REASON),
    )
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of a passage (`passage` from 0, `index` among its units) with its features, 0..1."""

    passage: int
    index: int
    unit: Unit
    score: float
    cosine: float
    cover: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """All units by passage, and those that can be quoted, best first."""

    units: tuple[tuple[Unit, ...], ...]
    best: tuple[Evidence, ...]

    @property
    def confidence(self) -> float:
        """How likely the evidence holds the answer, 0..1."""
        return estimate_confidence(self.best)


def matches_kind(question: str, text: str) -> bool:
    """Whether a text holds the kind of thing that is asked for: a date, a figure, a name …"""
    for asked, given in _KINDS:
        if asked.search(question):
            return given.search(text) is not None
    return False


async def rank_units(question: str, passages: Sequence[Passage], scorer: SentenceScorer) -> Ranking:
    """Rank everything quotable in `passages`. Raises RetrievalError."""
    units = tuple(tuple(split_units(passage.text)) for passage in passages)
    places = [
        (number, index)
        for number, held in enumerate(units)
        for index, unit in enumerate(held)
        if unit.kind is not UnitKind.HEADING
    ]
    texts = [units[number][index].text[:_LONGEST_UNIT] for number, index in places]
    if not texts:
        return Ranking(units, ())
    cosines = await scorer.similarity(question, texts)
    terms = [frozenset(find_terms(text)) for text in texts]
    weights = weigh_rarity(terms)
    wanted = set(find_terms(question))
    standing = _scale([passage.score for passage in passages])
    ranked: list[Evidence] = []
    for at, (number, index) in enumerate(places):
        own = weigh_cover(wanted, terms[at], weights)
        beside = _terms_beside(places, terms, at) | set(
            find_terms(_above(passages[number], units[number][index]))
        )
        cover = own + _NEIGHBOUR_SHARE * weigh_cover(wanted - terms[at], beside, weights) * (
            1 - own
        )
        score = (
            COSINE_WEIGHT * max(0.0, cosines[at])
            + COVER_WEIGHT * cover
            + PASSAGE_WEIGHT * standing[number]
            + TYPE_WEIGHT * matches_kind(question, texts[at])
        )
        ranked.append(
            Evidence(number, index, units[number][index], score, max(0.0, cosines[at]), cover)
        )
    ranked.sort(key=lambda evidence: (-evidence.score, evidence.passage, evidence.index))
    return Ranking(units, tuple(ranked))


def weigh_rarity(terms: Sequence[frozenset[str]]) -> dict[str, float]:
    """Inverse document frequency of each term over the texts at hand (Robertson & Zaragoza)."""
    count = len(terms)
    frequency = Counter(term for held in terms for term in held)
    return {
        term: math.log(1 + (count - seen + 0.5) / (seen + 0.5)) for term, seen in frequency.items()
    }


def estimate_confidence(best: Sequence[Evidence]) -> float:
    """How likely the best evidence answers the question, 0..1."""
    if not best:
        return 0.0
    top = best[0]
    logit = 9.0 * (0.5 * top.cosine + 0.5 * top.cover) - 4.5
    return 1 / (1 + math.exp(-logit))


def _terms_beside(
    places: Sequence[tuple[int, int]], terms: Sequence[frozenset[str]], at: int
) -> set[str]:
    beside: set[str] = set()
    for other in (at - 1, at + 1):
        if 0 <= other < len(places) and places[other][0] == places[at][0]:
            beside |= terms[other]
    return beside


def _above(passage: Passage, unit: Unit) -> str:
    return " ".join((passage.title, *passage.heading_path, unit.heading))


def _scale(scores: Sequence[float]) -> list[float]:
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]
