"""Measures of one ranking against graded judgements, as trec_eval defines them. Pure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

Judgements = Mapping[str, int]
"""Grade by document id; grades of 0 and less mean 'not relevant'."""


def ndcg(ranking: Sequence[str], judged: Judgements, depth: int = 10) -> float:
    """Normalised discounted cumulative gain, the gain being the grade; 0 if none is relevant."""
    ideal = sorted((grade for grade in judged.values() if grade > 0), reverse=True)
    best = _discount(ideal[:depth])
    return (
        _discount([max(judged.get(name, 0), 0) for name in ranking[:depth]]) / best if best else 0
    )


def recall(ranking: Sequence[str], judged: Judgements, depth: int) -> float:
    """The share of the relevant documents among the first `depth`."""
    relevant = {name for name, grade in judged.items() if grade > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], judged: Judgements, depth: int = 10) -> float:
    """1 / the rank of the first relevant document, 0 if it is not among the first `depth`."""
    for place, name in enumerate(ranking[:depth], start=1):
        if judged.get(name, 0) > 0:
            return 1 / place
    return 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..100) of the values lie; 0 without values."""
    return float(np.percentile(np.asarray(values), share)) if len(values) else 0.0


def _discount(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))
