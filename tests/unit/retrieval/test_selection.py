"""What is chosen among the best candidates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.config import Pipeline
from retrieval.lexical import gather_counts, gather_sequences, hash_terms
from retrieval.model import Candidates, ChunkId, DocumentId, Passage, Span, TermCounts
from retrieval.ranking import Ranking
from retrieval.selection import (
    adjust_scores,
    diversify,
    drop_contained,
    drop_repeats,
    fit_budget,
    select_places,
)
from tests.fakes.passage_search import make_passage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOTHING = TermCounts(np.zeros(0, np.int32), np.zeros(0, np.uint16), 0)


def make_candidates(
    texts: Sequence[str], *, vectors: Sequence[Sequence[float]] = (), titles: Sequence[int] = ()
) -> Candidates:
    size = len(texts)
    passages = np.array(vectors or np.eye(size, max(size, 1)), np.float32)
    return Candidates(
        chunks=tuple(ChunkId(place) for place in range(size)),
        documents=tuple(DocumentId(place) for place in range(size)),
        passages=passages,
        sentences=passages,
        starts=np.arange(size),
        terms=gather_sequences([hash_terms("t", text.split()) for text in texts]),
        title_lengths=np.array(titles or [0] * size, np.int64),
        document_terms=gather_counts([NOTHING] * size),
        document_places=np.arange(size),
        tokens={},
    )


def make_ranking(scores: Sequence[float], **fields: object) -> Ranking:
    candidates = make_candidates([f"word{place}" for place in range(len(scores))], **fields)  # type: ignore[arg-type]
    fused = np.array(scores, np.float32)
    return Ranking(candidates.chunks, candidates, fused, {"fused": fused})


def make_found(*passages: Passage) -> dict[ChunkId, Passage]:
    return dict(zip(map(ChunkId, range(len(passages))), passages, strict=True))


def test_younger_documents_gain_and_half_as_much_after_each_half_life() -> None:
    found = make_found(
        make_passage(1, "old", "x", modified_at=NOW - timedelta(days=60)),
        make_passage(2, "new", "x", modified_at=NOW),
        make_passage(3, "undated", "x", modified_at=None),
        make_passage(4, "future", "x", modified_at=NOW + timedelta(days=9)),
    )
    pipeline = Pipeline(recency_weight=0.5, recency_days=30)
    ranking = adjust_scores(
        make_ranking([0.5, 0.5, 0.5, 0.5, 0.1]), found, pipeline, authorities={}, now=NOW
    )
    np.testing.assert_allclose(ranking.stages["recency"], [0.25, 1, 0.5, 1, 0])
    assert ranking.order() == [1, 3, 2, 0, 4]
    assert ranking.stages["fused"] is ranking.fused


def test_a_trusted_source_moves_up_and_an_unread_candidate_stays() -> None:
    found = make_found(
        make_passage(1, "a", "x", source="chatter"), make_passage(2, "b", "x", source="policy")
    )
    given = make_ranking([0.8, 0.7, 0.6])
    ranking = adjust_scores(
        given, found, Pipeline(), authorities={"policy": 1.5, "chatter": 0.5}, now=NOW
    )
    assert ranking.order() == [1, 2, 0]
    without = adjust_scores(
        given, found, Pipeline(authority=False), authorities={"policy": 1.5}, now=NOW
    )
    assert without.order() == [0, 1, 2]


def test_what_one_before_holds_already_is_left_out_but_not_what_says_more() -> None:
    short = "keys are rotated every ninety days by the platform team"
    long = f"{short} and whoever needs one asks in the channel for access before friday"
    candidates = make_candidates([short, long, f"other {short}", "lunch is at noon every day"])
    assert drop_repeats(candidates, [0, 1, 2, 3], 0.8) == [0, 1, 3]
    assert drop_repeats(candidates, [1, 0, 2, 3], 0.8) == [1, 3]


def test_copies_under_other_titles_are_repeats() -> None:
    text = "backups run every night and are kept for thirty days"
    candidates = make_candidates([f"Handbook {text}", f"Old wiki {text}"], titles=[1, 2])
    assert drop_repeats(candidates, [0, 1], 0.9) == [0]


def test_texts_of_a_word_or_none_are_compared_whole() -> None:
    candidates = make_candidates(["yes", "yes", "no", "", ""])
    assert drop_repeats(candidates, [0, 1, 2, 3, 4], 0.8) == [0, 2, 3, 4]


@given(
    st.lists(st.sampled_from(["a b c d", "a b c d e", "x y z", "q"]), min_size=1, max_size=8),
    st.floats(0.1, 1.0),
)
def test_the_best_is_never_a_repeat_and_nothing_is_dropped_twice(
    texts: list[str], share: float
) -> None:
    candidates = make_candidates(texts)
    kept = drop_repeats(candidates, list(range(len(texts))), share)
    assert kept[0] == 0
    assert drop_repeats(candidates, kept, share) == kept


def test_diversity_prefers_what_is_unlike_the_chosen() -> None:
    ranking = make_ranking([1.0, 0.95, 0.6], vectors=[[1, 0], [1, 0], [0, 1]])
    assert diversify(ranking, [0, 1, 2], 0.5, 3) == [0, 2, 1]
    assert diversify(ranking, [0, 1, 2], 0.0, 2) == [0, 1]
    assert diversify(ranking, [], 0.5, 3) == []


@given(st.permutations(range(6)), st.integers(0, 8), st.floats(0, 1))
def test_diversity_chooses_among_what_is_given(order: list[int], limit: int, weight: float) -> None:
    ranking = make_ranking([place / 10 for place in range(6)])
    chosen = diversify(ranking, order, weight, limit)
    assert len(chosen) == min(limit, 6)
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(order)


def test_without_stages_the_best_are_taken_as_they_stand() -> None:
    ranking = make_ranking([0.3, 0.2, 0.1])
    assert select_places(ranking, [2, 0, 1], Pipeline(), 2) == [2, 0]
    diverse = select_places(ranking, [0, 1, 2], Pipeline(diversity=0.3, duplicates=0.8), 2)
    assert diverse == [0, 1]


def test_a_passage_within_a_wider_one_is_left_out() -> None:
    wide = make_passage(1, "a", "x", span=Span(0, 90))
    inside = make_passage(1, "a", "x", span=Span(30, 60))
    beyond = make_passage(1, "a", "x", span=Span(60, 120))
    elsewhere = make_passage(2, "b", "x", span=Span(30, 60))
    assert list(drop_contained([wide, inside, beyond, elsewhere])) == [wide, beyond, elsewhere]


@pytest.mark.parametrize(
    ("sizes", "budget", "kept"),
    [
        ([50, 30, 40, 10], 100, [0, 1, 3]),
        ([500, 30], 100, [0]),
        ([], 100, []),
        ([10, 20, 30], 60, [0, 1, 2]),
    ],
)
def test_a_budget_is_filled_from_the_best_down(
    sizes: list[int], budget: int, kept: list[int]
) -> None:
    assert fit_budget(sizes, budget) == kept


@given(st.lists(st.integers(1, 300), max_size=12), st.integers(1, 1000))
def test_a_budget_is_kept_but_for_the_first(sizes: list[int], budget: int) -> None:
    kept = fit_budget(sizes, budget)
    assert kept[:1] == ([0] if sizes else [])
    assert sum(sizes[place] for place in kept) <= max(budget, sizes[0] if sizes else 0)
