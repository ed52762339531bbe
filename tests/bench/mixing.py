"""Vectors like those of real passages, in any number.

A made-up vector lies between those of two real passages that are near each other, and is moved by
the differences of real passages. So the made-up ones spread as real ones do: where passages are
many they are many, and they leave the place of a real one in the directions in which text differs.
From an hnsw.ef_search of 100 on they are as hard to search as real ones, and below a little easier
(`make bench ONLY=likeness`). Noise that points anywhere would make them harder: a query would then
have nothing really near it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.model import Vector

NEAR: Final = 100
"""Of so many nearest real passages one is taken to mix a passage with."""

DIFFERENCES: Final = 4
"""Pairs of real passages that move one vector."""

NOISE: Final = 0.7
"""Length of the move, against vectors of length 1."""

ANYWHERE: Final = 0.01
"""A dimension's noise that points anywhere, so that no two vectors are the same."""


class Mixer:
    """Makes vectors like the real ones (n, d), n ≥ 1."""

    def __init__(self, real: Vector) -> None:
        self._real = normalise(real)
        near = min(NEAR + 1, len(real))
        scores = self._real @ self._real.T
        self._near = np.argpartition(-scores, near - 1, axis=1)[:, :near]

    def pick(self, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Places of `count` real ones, each as likely."""
        return generator.integers(len(self._real), size=count)

    def pick_near(
        self, places: NDArray[np.int64], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """For each place that of a real one near it."""
        drawn = generator.integers(self._near.shape[1], size=len(places))
        return np.asarray(self._near[places, drawn], np.int64)

    def mix(
        self,
        ones: NDArray[np.int64],
        others: NDArray[np.int64],
        generator: np.random.Generator,
    ) -> Vector:
        """Vectors (k, d) of length 1 between the real ones at these places (k,), moved."""
        share = generator.uniform(0.3, 0.7, (len(ones), 1)).astype(np.float32)
        return self.move(share * self._real[ones] + (1 - share) * self._real[others], generator)

    def move(self, vectors: Vector, generator: np.random.Generator) -> Vector:
        """Vectors (k, d) moved as far as NOISE says, of length 1."""
        noise = generator.standard_normal(vectors.shape).astype(np.float32) * ANYWHERE
        for _ in range(DIFFERENCES):
            ones, others = (self.pick(len(vectors), generator) for _ in range(2))
            weights = generator.standard_normal((len(vectors), 1)).astype(np.float32)
            noise += weights * (self._real[ones] - self._real[others])
        return normalise(normalise(vectors) + NOISE * normalise(noise))


def normalise(vectors: Vector) -> Vector:
    """Vectors (k, d) of length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
