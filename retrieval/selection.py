"""Chooses, among the best candidates, those that are worth a place in the answer. Pure.

Ranking says how well a passage fits the question; selection looks at what it adds: its age, how far
its source is trusted, whether it repeats or resembles what is chosen already, and its length.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from retrieval.config import Pipeline
from retrieval.fusion import combine
from retrieval.model import Candidates, ChunkId, Passage, TermTable
from retrieval.ranking import Ranking

SHINGLE = 3
"""Terms in a row that are compared when repeats are looked for (Broder 1997)."""

UNDATED = 0.5
"""Stands in for the recency of a document without a date: as if it were one half-life old."""

FLOOR = 0.01
"""Added to a score before authority multiplies it, so that it tells among scores of 0, too."""

DAY = 86_400.0


def adjust_scores(
    ranking: Ranking,
    found: Mapping[ChunkId, Passage],
    pipeline: Pipeline,
    *,
    authorities: Mapping[str, float],
    now: datetime,
) -> Ranking:
    """Let the age of documents and the authority of their sources have their say.

    Only the candidates in `found` can be shown, so only they gain by it; `authorities` are factors
    by the name of the source, 1 where none is given.
    """
    chunks = ranking.chunks
    stages = dict(ranking.stages)
    fused = ranking.fused
    if pipeline.recency_weight:
        stages["recency"] = np.array(
            [_rate_age(found.get(chunk), now, pipeline.recency_days) for chunk in chunks],
            np.float32,
        )
        fused = combine([fused, stages["recency"]], [1.0, pipeline.recency_weight])
    if pipeline.authority and authorities:
        stages["authority"] = np.array(
            [authorities.get(found[c].source, 1.0) if c in found else 1.0 for c in chunks],
            np.float32,
        )
        fused = np.asarray((fused + FLOOR) * stages["authority"], np.float32)
    return replace(ranking, fused=fused, stages={**stages, "fused": fused})


def select_places(
    ranking: Ranking, order: Sequence[int], pipeline: Pipeline, limit: int
) -> list[int]:
    """At most `limit` of the places in `order`, which runs from the best down.

    Only what was read closely can be compared with others.
    """
    if not (pipeline.duplicates or pipeline.diversity):
        return list(order[:limit])
    places: Sequence[int] = [place for place in order if place < len(ranking.candidates)]
    if pipeline.duplicates:
        places = drop_repeats(ranking.candidates, places, pipeline.duplicates)
    if pipeline.diversity:
        return diversify(ranking, places, pipeline.diversity, limit)
    return list(places[:limit])


def drop_repeats(candidates: Candidates, places: Sequence[int], share: float) -> list[int]:
    """Leave out each passage of which one before it holds at least `share`.

    What is compared are runs of terms; titles and headings do not count, since copies of a text
    often differ in those alone.
    """
    kept: list[int] = []
    shown: list[set[tuple[int, ...]]] = []
    for place in places:
        own = _cut_shingles(candidates.terms, int(candidates.title_lengths[place]), place)
        if own and any(len(own & other) >= share * len(own) for other in shown):
            continue
        kept.append(place)
        shown.append(own)
    return kept


def diversify(ranking: Ranking, places: Sequence[int], weight: float, limit: int) -> list[int]:
    """Maximal marginal relevance (Carbonell & Goldstein 1998) over the passages' vectors.

    Each next place has the greatest score less `weight` times its greatest cosine to one that is
    chosen already, both counted in all as 1.
    """
    if not len(places):
        return []
    rest = np.array(places)
    vectors = ranking.candidates.passages[rest]
    scores = ranking.fused[rest]
    nearest = np.zeros(len(rest), np.float32)
    chosen: list[int] = []
    open_places = np.ones(len(rest), bool)
    for _ in range(min(limit, len(rest))):
        gain = np.where(open_places, (1 - weight) * scores - weight * nearest, -np.inf)
        best = int(np.argmax(gain))
        chosen.append(int(rest[best]))
        open_places[best] = False
        nearest = np.maximum(nearest, np.einsum("ij,j->i", vectors, vectors[best]))
    return chosen


def drop_contained(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Leave out each passage whose text is part of one before it, as it stands in the document."""
    shown: list[Passage] = []
    for passage in passages:
        if not any(
            other.document == passage.document
            and other.span.start <= passage.span.start
            and passage.span.end <= other.span.end
            for other in shown
        ):
            shown.append(passage)
            yield passage


def fit_budget(sizes: Sequence[int], budget: int) -> list[int]:
    """Which of the texts, best first, fit in `budget` tokens together: each that still does.

    The best one is always among them, since an answer needs something to stand on.
    """
    kept: list[int] = []
    spent = 0
    for place, size in enumerate(sizes):
        if not kept or spent + size <= budget:
            kept.append(place)
            spent += size
    return kept


def score_passage(passage: Passage, ranking: Ranking, place: int) -> Passage:
    """The passage with its scores by stage."""
    scores = {name: float(stage[place]) for name, stage in ranking.stages.items()}
    return replace(passage, score=float(ranking.fused[place]), scores=scores)


def _rate_age(passage: Passage | None, now: datetime, half_life: float) -> float:
    """1 for a document of today, half of it for each half-life in days that it is older."""
    if passage is None:
        return 0.0
    if passage.modified_at is None:
        return UNDATED
    age = max(0.0, (now - passage.modified_at).total_seconds() / DAY)
    return float(0.5 ** (age / half_life))


def _cut_shingles(terms: TermTable, title_length: int, place: int) -> set[tuple[int, ...]]:
    """Every run of SHINGLE terms of one text, or all of its terms where they are fewer."""
    start, end = int(terms.starts[place]) + title_length, int(terms.starts[place + 1])
    own = terms.terms[start:end].tolist()
    if len(own) < SHINGLE:
        return {tuple(own)} if own else set()
    return set(zip(*(own[offset:] for offset in range(SHINGLE)), strict=False))
