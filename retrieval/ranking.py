"""Scores candidates stage by stage and orders them. Pure.

All are scored by what the store computes of each by itself; only the best of them are read closely,
which takes many times longer. The others stand below these, and tell what a low score is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from retrieval.model import Candidates, ChunkId, FirstScores, Phrase, TermStatistics, Vector

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
    """Scores of all `chunks`, aligned with them, by stage; `fused` is what orders them.

    `candidates` are those that were read closely: the first of the chunks, in the same order.
    """

    chunks: tuple[ChunkId, ...]
    candidates: Candidates
    fused: Scores
    stages: Mapping[str, Scores]

    def order(self) -> list[int]:
        """The places of the chunks, best first, those that were read closely before all others."""
        read = len(self.candidates)
        best = np.argsort(-self.fused[:read], kind="stable")
        others = np.argsort(-self.fused[read:], kind="stable") + read
        return [*best.tolist(), *others.tolist()]


def choose_best(
    first: FirstScores,
    queries: Sequence[PreparedQuery],
    statistics: TermStatistics,
    pipeline: Pipeline,
) -> list[ChunkId]:
    """The chunks to be read closely: the best by both sides' first scores.

    `statistics` are those of chunks.
    """
    total = sum(query.weight for query in queries)
    fused = np.zeros(len(first), np.float32)
    for place, query in enumerate(queries):
        sides: dict[str, Scores] = {}
        if query.vector is not None:
            sides["dense_side"] = first.dense[place]
        if pipeline.lexical:
            sides["lexical_side"] = first.lexical[place]
        strong = STRONG * bound_score(query.terms, statistics)
        fused += _fuse(sides, pipeline, strong) * np.float32(query.weight / total)
    return [first.chunks[place] for place in np.argsort(-fused, kind="stable")[: pipeline.depth]]


def rank_candidates(
    first: FirstScores,
    candidates: Candidates,
    queries: Sequence[PreparedQuery],
    statistics: tuple[TermStatistics, TermStatistics],
    pipeline: Pipeline,
) -> Ranking:
    """Score chunks for several phrasings, by weight in score space.

    `candidates` are those of them that were read closely; `statistics` are those of chunks and of
    whole documents.
    """
    total = sum(query.weight for query in queries)
    first = _put_first(first, candidates.chunks)
    stages: dict[str, Scores] = {}
    for place, query in enumerate(queries):
        known = first.dense[place], first.lexical[place]
        for stage, scores in _score(known, candidates, query, statistics, pipeline).items():
            share = scores * np.float32(query.weight / total)
            stages[stage] = stages[stage] + share if stage in stages else share
    return Ranking(first.chunks, candidates, stages["fused"], stages)


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
    return replace(ranking, fused=fused, stages={**ranking.stages, stage: raw, "fused": fused})


def _put_first(scores: FirstScores, chunks: Sequence[ChunkId]) -> FirstScores:
    """The same scores, those of `chunks` before the others."""
    places = {chunk: place for place, chunk in enumerate(scores.chunks)}
    order = [places.pop(chunk) for chunk in chunks] + list(places.values())
    return FirstScores(
        tuple(scores.chunks[place] for place in order),
        scores.dense[:, order],
        scores.lexical[:, order],
    )


def _score(
    first: tuple[Scores, Scores],
    candidates: Candidates,
    query: PreparedQuery,
    statistics: tuple[TermStatistics, TermStatistics],
    pipeline: Pipeline,
) -> dict[str, Scores]:
    """The scores of one phrasing by stage; `first` are both sides' first scores of all."""
    dense, lexical = first
    stages: dict[str, Scores] = {}
    nothing = np.zeros_like(dense)
    if query.vector is not None:
        stages["dense"] = side = dense
        if pipeline.sentences:
            nearest = np.maximum.reduceat(
                _compare(candidates.sentences, query.vector), candidates.starts
            )
            stages["sentences"] = _overlay(dense, nearest)
            side = np.asarray((dense + stages["sentences"]) / 2, dtype=np.float32)
        stages["dense_side"] = side
    if pipeline.lexical:
        exact = score_terms(query.terms, candidates.terms, statistics[0])
        stages["lexical"] = side = _overlay(lexical, exact)
        if pipeline.documents:
            whole = score_terms(query.terms, candidates.document_terms, statistics[1])
            stages["document"] = _overlay(nothing, whole[candidates.document_places])
            side = side + stages["document"]
        stages["lexical_side"] = side
        if pipeline.title_weight:
            titles = score_titles(
                query.terms, candidates.terms, candidates.title_lengths, statistics[0]
            )
            stages["title"] = _overlay(nothing, titles)
        if pipeline.adjacency_weight:
            adjacent = score_adjacent(query.sequence, candidates.terms, statistics[0])
            stages["adjacency"] = _overlay(nothing, adjacent)
    bound = bound_score(query.terms, statistics[0])
    if pipeline.documents:
        bound += bound_score(query.terms, statistics[1])
    stages["fused"] = _fuse(stages, pipeline, STRONG * bound)
    return {name: scores for name, scores in stages.items() if not name.endswith("_side")}


def _overlay(all_scores: Scores, read: Scores) -> Scores:
    """The scores of all, with what close reading found of the first in place of theirs."""
    return np.concatenate([read, all_scores[len(read) :]])


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
