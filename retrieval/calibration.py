"""Estimates how likely it is that a result bears on the query at all. Pure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.fusion import Scores
from retrieval.lexical import weigh_inverse
from retrieval.model import Candidates, TermStatistics, TermTable

OFFSET, COSINE, COVER = -5.0, 7.0, 3.5


def estimate_relevance(
    queries: Sequence[Mapping[int, float]],
    statistics: TermStatistics,
    candidates: Candidates,
    fused: Scores,
    stages: Mapping[str, Scores],
) -> float:
    """A likelihood, 0..1, from the best cosine and the share of the query's terms, by idf, that
    the best passages hold.
    """
    if not len(candidates):
        return 0.0
    best = [int(place) for place in np.argsort(-fused, kind="stable")[:3]]
    cosines = stages.get("sentences", stages.get("dense"))
    cosine = float(max(cosines[place] for place in best)) if cosines is not None else 0.5
    covers = [
        cover_terms(query, statistics, candidates.terms, place)
        for query in queries
        if query
        for place in best
    ]
    cover = max(covers, default=cosine)
    return 1 / (1 + math.exp(-(OFFSET + COSINE * cosine + COVER * cover)))


def cover_terms(
    query: Mapping[int, float], statistics: TermStatistics, texts: TermTable, place: int
) -> float:
    """The share of the query's terms that one text of the table holds, weighed by idf, 0..1."""
    weights = {term: weigh_inverse(statistics, term) for term in query}
    total = sum(weights.values())
    terms = texts.terms[texts.starts[place] : texts.starts[place + 1]]
    held = np.isin(np.array(list(weights), np.int32), terms)
    covered = sum(weight for weight, has in zip(weights.values(), held, strict=True) if has)
    return covered / total if total > 0 else 0.0
