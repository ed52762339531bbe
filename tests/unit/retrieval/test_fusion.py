"""Score fusion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.fusion import combine, fuse_convex, fuse_ranks, normalise, scale_to_one

SCORES = st.integers(2, 20).flatmap(
    lambda size: st.tuples(
        *(
            arrays(
                np.float32, size, elements=st.integers(-1000, 1000).map(lambda n: np.float32(n / 8))
            )
            for _ in range(2)
        ),
        st.permutations(range(size)),
    )
)


@given(SCORES)
def test_fusion_does_not_depend_on_the_order_of_candidates(
    given: tuple[np.ndarray, np.ndarray, list[int]],
) -> None:
    one, other, order = given
    for fuse in (fuse_convex, fuse_ranks):
        fused = fuse([one, other], [0.3, 0.7])
        np.testing.assert_allclose(fused[order], fuse([one[order], other[order]], [0.3, 0.7]))


@given(SCORES, st.floats(0.1, 10), st.floats(-100, 100))
def test_convex_fusion_ignores_scale_and_offset(
    given: tuple[np.ndarray, np.ndarray, list[int]], factor: float, offset: float
) -> None:
    one, other, _ = given
    moved = (one * factor + offset).astype(np.float32)
    np.testing.assert_allclose(
        fuse_convex([one, other], [1, 1]), fuse_convex([moved, other], [1, 1]), atol=2e-3
    )


@given(SCORES)
def test_a_candidate_better_on_both_sides_is_never_below(
    given: tuple[np.ndarray, np.ndarray, list[int]],
) -> None:
    one, other, _ = given
    for fuse in (fuse_convex, fuse_ranks):
        fused = fuse([one, other], [0.5, 0.5])
        if one[0] > one[1] and other[0] > other[1]:
            assert fused[0] > fused[1]


@given(SCORES)
def test_normalised_scores_lie_between_0_and_1(
    given: tuple[np.ndarray, np.ndarray, list[int]],
) -> None:
    scaled = normalise(given[0])
    assert scaled.min() == 0
    assert scaled.max() == (1 if np.ptp(given[0]) else 0)


def test_the_best_of_weak_scores_stays_weak() -> None:
    weak = np.array([0, 1, 2], np.float32)
    np.testing.assert_allclose(normalise(weak, 8.0), [0, 0.125, 0.25])
    np.testing.assert_allclose(normalise(weak, 1.0), [0, 0.5, 1])
    strong = np.array([2, 0, 0], np.float32)
    assert fuse_convex([weak, strong], [1, 1], [8.0, 0.0]).argmax() == 0


def test_reciprocal_ranks_by_hand() -> None:
    fused = fuse_ranks([np.array([3, 2, 1], np.float32)], [1.0], constant=60)
    np.testing.assert_allclose(fused, [1 / 61, 1 / 62, 1 / 63], rtol=1e-6)


def test_equal_scores_share_a_rank() -> None:
    fused = fuse_ranks([np.array([5, 5, 1], np.float32)], [1.0])
    assert fused[0] == fused[1] > fused[2]


def test_nothing_is_fused_to_nothing() -> None:
    nothing = np.zeros(0, np.float32)
    assert fuse_convex([nothing, nothing], [1, 1]).shape == (0,)
    assert fuse_ranks([nothing], [1]).shape == (0,)
    assert scale_to_one(nothing).shape == (0,)


def test_weights_must_weigh_something() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        fuse_convex([np.ones(2, np.float32)], [0.0])


def test_scaling_keeps_nothing_at_nothing() -> None:
    np.testing.assert_allclose(scale_to_one(np.array([0, 2, 4], np.float32)), [0, 0.5, 1])
    np.testing.assert_allclose(scale_to_one(np.zeros(2, np.float32)), [0, 0])


def test_combining_is_a_weighted_mean() -> None:
    parts = [np.array([0, 1], np.float32), np.array([1, 1], np.float32)]
    np.testing.assert_allclose(combine(parts, [3, 1]), [0.25, 1])
