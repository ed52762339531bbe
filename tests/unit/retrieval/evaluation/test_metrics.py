"""Measures against values worked out by hand, and their bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.evaluation.metrics import ndcg, percentile, recall, reciprocal_rank

RANKINGS = st.permutations([str(number) for number in range(12)])
JUDGED = st.dictionaries(st.sampled_from([str(number) for number in range(15)]), st.integers(0, 3))


def test_ndcg_by_hand() -> None:
    judged = {"a": 1, "b": 2, "c": 0}
    ideal = 2 + 1 / math.log2(3)
    assert ndcg(["a", "b"], judged) == pytest.approx((1 + 2 / math.log2(3)) / ideal)
    assert ndcg(["b", "a"], judged) == 1
    assert ndcg(["c", "x"], judged) == 0


def test_ndcg_looks_at_the_first_ten_only() -> None:
    ranking = [f"x{number}" for number in range(10)]
    assert ndcg([*ranking, "a"], {"a": 1}) == 0
    assert ndcg([*ranking[:9], "a"], {"a": 1}) == pytest.approx(1 / math.log2(11))


def test_recall_and_reciprocal_rank_by_hand() -> None:
    judged = {"a": 1, "b": 1, "c": 0}
    assert recall(["x", "a", "c", "b"], judged, 3) == 0.5
    assert reciprocal_rank(["c", "x", "b"], judged) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c"], judged) == 0


@given(RANKINGS, JUDGED)
def test_measures_lie_between_0_and_1(ranking: list[str], judged: dict[str, int]) -> None:
    for value in (
        ndcg(ranking, judged),
        recall(ranking, judged, 5),
        reciprocal_rank(ranking, judged),
    ):
        assert 0 <= value <= 1 + 1e-9
    assert recall(ranking, judged, 5) <= recall(ranking, judged, 10)


def test_percentiles() -> None:
    assert percentile([1, 2, 3, 4, 5], 50) == 3
    assert percentile([], 95) == 0
