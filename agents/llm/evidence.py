"""Ranks what could be quoted from passages by how well it answers a question.

The score of a unit mixes eight features: similarity to the question, its own and the best of its
passage; cover of the question's words by rarity, as a whole, close together, and what the sentence
before it and the headings above it add; the standing of its passage; whether it holds the kind of
thing that is asked for; and whether it points back to the sentence before it. The weights were
fitted by maximum likelihood (softmax over the candidates of a question) on the questions of half of
the paragraphs of a SQuAD 2.0 sample, and rounded; the confidence by logistic regression on them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.language import find_terms, find_words, is_stopword, stem, weigh_cover
from agents.llm.units import (
    Unit,
    UnitKind,
    names_columns,
    points_back,
    read_row,
    split_units,
)
from agents.ports import SentenceScorer
from retrieval.model import Passage

SIMILARITY_WEIGHT = 1.0
PASSAGE_SIMILARITY_WEIGHT = 1.05
COVER_WEIGHT = 0.40
DENSITY_WEIGHT = 0.30
BESIDE_WEIGHT = 0.42
PASSAGE_WEIGHT = 0.43
KIND_WEIGHT = 0.27
POINTING_WEIGHT = 0.06
_UNDETERMINED = 0.5
"""Kind of a unit when the question does not tell what kind of thing it asks for."""

CONFIDENCE = {
    "similarity": 2.9,
    "passage_similarity": 8.2,
    "cover": 0.9,
    "beside": 1.3,
    "passage": 1.0,
    "margin": 2.0,
}
CONFIDENCE_OFFSET = -7.7

DENSITY_WORDS = 12
"""Words in a row within which the question's words count as close together."""

MOST_UNITS = 24
"""Units whose similarity is looked at, which takes nearly all of the time; of more, those with the
best cover and passage are. On 250 questions of SQuAD 2.0, each with some 54 units, 64, 32 and 24
led with the same right answers (80.0 %, 92.0 % in the first three, AUROC .864); 12 lost one."""
_LONGEST_UNIT = 1_000

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    rf"\b(?:1\d{{3}}|20\d\d)s?\b|\b{_MONTH}\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\bcentur(?:y|ies)\b|\b\d+(?:st|nd|rd|th)\b|\b\d{1,2}:\d\d\b"
    r"|\b(?:days?|weeks?|months?|years?|hours?|minutes?|daily|weekly|monthly)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\d[\d,.]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty"
    r"|forty|fifty|hundred|thousand|million|billion|half|quarter|third|dozen)s?\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-Z][\w'’-]+")
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|therefore|caused?|causes|reason|as a result"
    r"|to \w+|weil|damit|um|parce que|pour|porque|para)\b",
    re.IGNORECASE,
)
_MEASURES = (
    r"(?:percent|percentage|number|amount|size|price|cost|limit|population|rate|ratio|fraction"
    r"|proportion|temperature|length|height|width|area|distance|speed|score|total|value|age|quota"
    r"|timeout|maximum|minimum|enrollment)"
)
_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(question, re.IGNORECASE), answer)
    for question, answer in (
        (
            (
                r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|time)\b"
                r"|\bwann\b|\bquand\b|\bcuándo\b"
            ),
            _DATE,
        ),
        (
            (
                r"\bhow (?:many|much|long|old|far|large|big|tall|often|high|fast|deep|wide|heavy)\b"
                rf"|\b(?:what|which) (?:\w+ )?{_MEASURES}\b"
                rf"|\bwhat (?:is|was|are|were) the (?:\w+ ){{0,3}}{_MEASURES}\b"
                r"|\bwie ?(?:viele?|lange?|oft|groß)\b|\bcombien\b|\bcuánt[oa]s?\b"
            ),
            _AMOUNT,
        ),
        (
            (
                r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:person|people|team|company|leader"
                r"|author|president|scientists?|group|organi[sz]ation|man|woman|name)\b"
                r"|\b(?:what|which) (?:\w+ )?(?:country|city|place|state|region|location|river"
                r"|island|town|continent|street|building|university|school|county)\b|\bwhere\b"
                r"|\bwer\b|\bqui\b|\bquién\b"
            ),
            _NAME,
        ),
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
    similarity: float
    passage_similarity: float
    cover: float
    beside: float
    passage_cover: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """All units by passage, and those that can be quoted, best first."""

    units: tuple[tuple[Unit, ...], ...]
    best: tuple[Evidence, ...]
    documents: tuple[int, ...] = ()
    """The document of each passage."""

    @property
    def confidence(self) -> float:
        """How likely the evidence holds the answer, 0..1."""
        return estimate_confidence(self.best)

    def without(self, written: str) -> "Ranking":
        """The ranking without what was written already; the best evidence stays in any case."""
        fresh = (one for one in self.best[1:] if one.unit.text not in written)
        return replace(self, best=(*self.best[:1], *fresh))


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: int
    index: int
    unit: Unit
    reading: str
    standing: float
    cover: float
    density: float
    beside: float
    passage_cover: float
    kind: float

    @property
    def promise(self) -> float:
        """Its score without the similarities."""
        return (
            COVER_WEIGHT * self.cover
            + DENSITY_WEIGHT * self.density
            + POINTING_WEIGHT * points_back(self.unit.text)
            + BESIDE_WEIGHT * self.beside
            + PASSAGE_WEIGHT * self.standing
            + KIND_WEIGHT * self.kind
        )


def match_kind(question: str, text: str) -> float:
    """1 when a text holds a new thing of the kind that is asked for: a date, a figure, a name …

    0 when it does not, one half when the question does not tell what it asks for.
    """
    for asked, given in _KINDS:
        if asked.search(question):
            known = set(find_words(question))
            found = (match.group().lower() for match in given.finditer(text))
            return float(any(one not in known and not is_stopword(one) for one in found))
    return _UNDETERMINED


async def rank_units(question: str, passages: Sequence[Passage], scorer: SentenceScorer) -> Ranking:
    """Rank everything quotable in `passages`. Raises RetrievalError."""
    units = tuple(tuple(split_units(one.text, one.heading_path)) for one in passages)
    candidates = _find_candidates(question, passages, units)
    candidates.sort(key=lambda candidate: -candidate.promise)
    candidates = candidates[:MOST_UNITS]
    if not candidates:
        return Ranking(units, ())
    texts = [_in_context(one) for one in candidates]
    similarities = await scorer.similarity(question, texts)
    best: dict[int, float] = {}
    for candidate, similarity in zip(candidates, similarities, strict=True):
        best[candidate.passage] = max(similarity, best.get(candidate.passage, similarity))
    ranked = [
        Evidence(
            passage=candidate.passage,
            index=candidate.index,
            unit=candidate.unit,
            score=candidate.promise
            + SIMILARITY_WEIGHT * similarity
            + PASSAGE_SIMILARITY_WEIGHT * best[candidate.passage],
            similarity=similarity,
            passage_similarity=best[candidate.passage],
            cover=candidate.cover,
            beside=candidate.beside,
            passage_cover=candidate.passage_cover,
        )
        for candidate, similarity in zip(candidates, similarities, strict=True)
    ]
    ranked.sort(key=lambda evidence: (-evidence.score, evidence.passage, evidence.index))
    return Ranking(units, tuple(ranked), tuple(passage.document for passage in passages))


def weigh_rarity(terms: Sequence[frozenset[str]]) -> dict[str, float]:
    """Inverse document frequency of each term over the texts at hand (Robertson & Zaragoza)."""
    count = len(terms)
    frequency = Counter(term for held in terms for term in held)
    return {
        term: math.log(1 + (count - seen + 0.5) / (seen + 0.5)) for term, seen in frequency.items()
    }


def measure_density(wanted: Iterable[str], text: str, weights: Mapping[str, float]) -> float:
    """The share of the wanted terms, by weight, that stand within DENSITY_WORDS of each other."""
    total = sum(weights[term] for term in wanted)
    held = set(wanted)
    words = [stem(word) for word in find_words(text[:_LONGEST_UNIT])]
    places = [(place, word) for place, word in enumerate(words) if word in held]
    best = 0.0
    for start, (first, _) in enumerate(places):
        near = {word for place, word in places[start:] if place < first + DENSITY_WORDS}
        best = max(best, sum(weights[word] for word in near))
    return best / total if total else 0.0


def estimate_confidence(best: Sequence[Evidence]) -> float:
    """How likely the best evidence answers the question, 0..1, by logistic regression."""
    if not best:
        return 0.0
    top = best[0]
    features = {
        "similarity": top.similarity,
        "passage_similarity": top.passage_similarity,
        "cover": top.cover,
        "beside": top.beside,
        "passage": top.passage_cover,
        "margin": top.score - best[1].score if len(best) > 1 else 0.0,
    }
    logit = CONFIDENCE_OFFSET + sum(CONFIDENCE[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-logit))


def _find_candidates(
    question: str, passages: Sequence[Passage], units: Sequence[Sequence[Unit]]
) -> list[_Candidate]:
    wanted = set(find_terms(question))
    terms = [[frozenset(find_terms(unit.text[:_LONGEST_UNIT])) for unit in held] for held in units]
    weights = weigh_rarity([one for held in terms for one in held])
    unseen = math.log(1 + 2 * len(weights)) if weights else 1.0
    weights |= {term: unseen for term in wanted if term not in weights}
    standing = _scale([passage.score for passage in passages]) if passages else []
    candidates: list[_Candidate] = []
    for number, held in enumerate(units):
        above = " ".join((passages[number].title, *passages[number].heading_path))
        around = frozenset(find_terms(above))
        whole = around.union(*terms[number])
        passage_cover = weigh_cover(wanted, whole, weights)
        for index, unit in enumerate(held):
            if unit.kind is UnitKind.HEADING or names_columns(held, index):
                continue
            reading = read_row(held, index) if unit.kind is UnitKind.ROW else unit.text
            own = terms[number][index].union(find_terms(unit.heading))
            if unit.kind is UnitKind.ROW:
                own = own.union(find_terms(reading[:_LONGEST_UNIT]))
            near = around.union(find_terms(unit.heading), *terms[number][max(0, index - 1) : index])
            cover = weigh_cover(wanted, own, weights)
            candidates.append(
                _Candidate(
                    passage=number,
                    index=index,
                    unit=unit,
                    reading=reading,
                    standing=standing[number],
                    cover=cover,
                    density=measure_density(wanted, reading, weights) if cover else 0.0,
                    beside=weigh_cover(wanted, own | near, weights) - cover,
                    passage_cover=passage_cover,
                    kind=match_kind(question, reading),
                )
            )
    return candidates


def _in_context(candidate: _Candidate) -> str:
    heading = candidate.unit.heading
    text = f"{heading}: {candidate.reading}" if heading else candidate.reading
    return text[:_LONGEST_UNIT]


def _scale(scores: Sequence[float]) -> list[float]:
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]
