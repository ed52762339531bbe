"""Brings scores of different kinds onto one scale and adds them up. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

RANK_CONSTANT = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)."""


def normalise(scores: Scores, least_span: float = 0.0) -> Scores:
    """Min-max: the least becomes 0 and the greatest 1; all 0 where they do not differ.

    The least over a deep pool stands for 'not about this at all', so the pool should be much
    deeper than the result. Scores that differ by less than `least_span` stay below 1 by as much:
    what is best among weak evidence is weak.
    """
    if not len(scores):
        return scores
    least, span = scores.min(), max(float(np.ptp(scores)), least_span)
    if span <= 0 or not np.isfinite(span):
        return np.zeros_like(scores)
    return np.asarray((scores - least) / span, dtype=np.float32)


def scale_to_one(scores: Scores) -> Scores:
    """Scores of which 0 means nothing (a BM25, say), so that the greatest becomes 1."""
    greatest = scores.max(initial=0.0)
    return np.asarray(scores / greatest, dtype=np.float32) if greatest > 0 else scores


def combine(scores: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """The weighted mean of scores, each of shape (n,), that are on one scale already."""
    parts = [weight * part for part, weight in zip(scores, weights, strict=True)]
    return np.asarray(np.sum(parts, axis=0) / sum(weights), dtype=np.float32)


def fuse_convex(
    scores: Sequence[Scores], weights: Sequence[float], least_spans: Sequence[float] | None = None
) -> Scores:
    """The weighted mean of normalised scores, each of shape (n,); 0..1.

    Convex combination kept what ranks throw away, and beat reciprocal ranks in every trial
    (see also Bruch, Gai & Ingber 2023, arXiv:2210.11934).
    """
    total = sum(weights)
    if total <= 0:
        raise ValueError("the weights of a fusion must add up to more than nothing")
    spans = least_spans or [0.0] * len(scores)
    parts = [normalise(part, span) for part, span in zip(scores, spans, strict=True)]
    return combine(parts, weights)


def fuse_ranks(
    scores: Sequence[Scores], weights: Sequence[float], constant: float = RANK_CONSTANT
) -> Scores:
    """Reciprocal rank fusion: the sum of weight / (constant + rank), ranks from 1.

    Equal scores share the better rank, so that the order of the candidates does not matter.
    """
    parts = [
        weight / (constant + _rank(part)) for part, weight in zip(scores, weights, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float32)


def _rank(scores: Scores) -> NDArray[np.int64]:
    descending = np.sort(-scores)
    return np.searchsorted(descending, -scores, side="left") + 1
