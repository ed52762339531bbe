"""Scores candidates stage by stage and orders them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.config import Fusion, Pipeline
from retrieval.fusion import (
    Scores,
    combine,
    fuse_convex,
    fuse_ranks,
    normalise,
    scale_to_one,
)
from retrieval.lexical import bound_score, score_adjacent, score_terms, score_titles
from retrieval.model import Candidates, Phrase, TermStatistics, Vector

STRONG = 0.25
"""The share of the greatest possible BM25 score from which on words are full evidence. Where the
best passage has less, few of the question's words occur anywhere, and meaning should decide."""


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """One phrasing, ready to search: its vector, its terms once each and in their order."""

    text: str
    weight: float
    vector: Vector | None
    terms: Mapping[int, float]
    sequence: tuple[int, ...]
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of all candidates, aligned with them, by stage; `fused` is what orders them."""

    candidates: Candidates
    fused: Scores
    stages: Mapping[str, Scores]

    def order(self) -> list[int]:
        """The places of the candidates, best first."""
        return [int(place) for place in np.argsort(-self.fused, kind="stable")]


def rank_candidates(
    candidates: Candidates,
    queries: Sequence[PreparedQuery],
    statistics: tuple[TermStatistics, TermStatistics],
    pipeline: Pipeline,
) -> Ranking:
    """Score candidates for several phrasings, by weight in score space.

    `statistics` are those of chunks and of whole documents.
    """
    total = sum(query.weight for query in queries)
    stages: dict[str, Scores] = {}
    for query in queries:
        for stage, scores in _score(candidates, query, statistics, pipeline).items():
            share = scores * np.float32(query.weight / total)
            stages[stage] = stages[stage] + share if stage in stages else share
    return Ranking(candidates, stages["fused"], stages)


def mix_stage(
    ranking: Ranking,
    places: Sequence[int],
    read: Sequence[tuple[Scores, float]],
    stage: str,
    weight: float,
) -> Ranking:
    """Add what a later stage says of the best, 0..1, to their scores; the others gain nothing.

    `read` has the scores of `places`, and a weight, for each phrasing.
    """
    said = fuse_convex([scores for scores, _ in read], [weight for _, weight in read])
    gained, raw = np.zeros_like(ranking.fused), np.zeros_like(ranking.fused)
    gained[list(places)] = said
    raw[list(places)] = combine([scores for scores, _ in read], [weight for _, weight in read])
    fused = combine([ranking.fused, gained], [1.0, weight])
    return Ranking(ranking.candidates, fused, {**ranking.stages, stage: raw, "fused": fused})


def _score(
    candidates: Candidates,
    query: PreparedQuery,
    statistics: tuple[TermStatistics, TermStatistics],
    pipeline: Pipeline,
) -> dict[str, Scores]:
    """The scores of one phrasing by stage."""
    stages: dict[str, Scores] = {}
    if query.vector is not None:
        stages["dense"] = _compare(candidates.passages, query.vector)
        side: Scores = stages["dense"]
        if pipeline.sentences:
            stages["sentences"] = np.maximum.reduceat(
                _compare(candidates.sentences, query.vector), candidates.starts
            )
            side = np.asarray((side + stages["sentences"]) / 2, dtype=np.float32)
        stages["dense_side"] = side
    if pipeline.lexical:
        stages["lexical"] = score_terms(query.terms, candidates.terms, statistics[0])
        side = stages["lexical"]
        if pipeline.documents:
            stages["document"] = score_terms(query.terms, candidates.document_terms, statistics[1])[
                candidates.document_places
            ]
            side = side + stages["document"]
        stages["lexical_side"] = side
        if pipeline.title_weight:
            stages["title"] = score_titles(
                query.terms, candidates.terms, candidates.title_lengths, statistics[0]
            )
        if pipeline.adjacency_weight:
            stages["adjacency"] = score_adjacent(query.sequence, candidates.terms, statistics[0])
    bound = bound_score(query.terms, statistics[0])
    if pipeline.documents:
        bound += bound_score(query.terms, statistics[1])
    stages["fused"] = _fuse(stages, pipeline, STRONG * bound)
    return {name: scores for name, scores in stages.items() if not name.endswith("_side")}


def _fuse(stages: Mapping[str, Scores], pipeline: Pipeline, strong: float) -> Scores:
    """Both sides as one score, and what the title and the order of words add to it.

    `strong` is the lexical score from which on its side has all of its weight.
    """
    sides = [
        (stages[name], weight, span)
        for name, weight, span in (
            ("dense_side", pipeline.dense_weight, 0.0),
            ("lexical_side", 1 - pipeline.dense_weight, strong),
        )
        if name in stages
    ]
    scores, weights, spans = zip(*sides, strict=True)
    if pipeline.fusion is Fusion.RANKS:
        fused = normalise(fuse_ranks(scores, weights))
    else:
        fused = fuse_convex(scores, weights, spans)
    parts = [(fused, 1.0)]
    for name, weight in (
        ("title", pipeline.title_weight),
        ("adjacency", pipeline.adjacency_weight),
    ):
        if name in stages:
            parts.append((scale_to_one(stages[name]), weight))
    return combine([part for part, _ in parts], [weight for _, weight in parts])


def _compare(vectors: Vector, vector: Vector) -> Scores:
    """Inner products (n,). Not by BLAS: its threads would fight PostgreSQL for the cores."""
    return np.asarray(np.einsum("ij,j->i", vectors, vector), dtype=np.float32)
