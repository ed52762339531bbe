"""The exact search that the approximate one is measured against."""

import numpy as np
import pytest

from tests.bench.neighbours import DEPTH, Nearest, share_found


@pytest.mark.parametrize("block", [1, 7, 50])
def test_the_best_are_kept_whatever_the_blocks(block: int) -> None:
    generator = np.random.default_rng(0)
    scores = generator.standard_normal((3, 50)).astype(np.float32)
    chunks = generator.permutation(1000)[:50]
    nearest = Nearest(3)
    for start in range(0, 50, block):
        nearest.add(chunks[start : start + block], scores[:, start : start + block])
    expected = [[int(chunks[place]) for place in np.argsort(-row)[:DEPTH]] for row in scores]
    assert nearest.list() == expected


def test_fewer_than_wanted_are_all_kept() -> None:
    nearest = Nearest(1)
    nearest.add(np.array([4, 5]), np.array([[0.1, 0.2]], np.float32))
    nearest.add(np.array([], np.int64), np.zeros((1, 0), np.float32))
    assert nearest.list() == [[5, 4]]


def test_the_share_found() -> None:
    assert share_found([1, 2, 3, 4], [4, 9, 1]) == 0.5
    assert share_found([], [1]) == 1.0
