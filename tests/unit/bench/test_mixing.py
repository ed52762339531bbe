"""Made-up vectors spread as the real ones do."""

import numpy as np
import pytest

from tests.bench.mixing import NOISE, Mixer, normalise

SIZE = 64


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(1)


def test_a_vector_is_moved_as_far_as_it_says(generator: np.random.Generator) -> None:
    mixer = Mixer(generator.standard_normal((300, SIZE)).astype(np.float32))
    start = normalise(generator.standard_normal((200, SIZE)))
    moved = mixer.move(start, generator)
    assert np.linalg.norm(moved, axis=1) == pytest.approx(np.ones(200), abs=1e-5)
    assert (start * moved).sum(1).mean() == pytest.approx(1 / np.sqrt(1 + NOISE**2), abs=0.03)


def test_vectors_leave_a_place_in_the_directions_in_which_real_ones_differ(
    generator: np.random.Generator,
) -> None:
    real = np.zeros((300, SIZE), np.float32)
    real[:, :8] = generator.standard_normal((300, 8))
    mixer = Mixer(real)
    places = mixer.pick(500, generator)
    made = mixer.mix(places, mixer.pick_near(places, generator), generator)
    assert np.square(made[:, :8]).sum(1).min() > 0.95


def test_what_a_passage_is_mixed_with_is_near_it(generator: np.random.Generator) -> None:
    real = normalise(generator.standard_normal((400, SIZE)))
    mixer = Mixer(real)
    places = mixer.pick(1000, generator)
    near = mixer.pick_near(places, generator)
    ranks = (real[places] @ real.T > (real[places] * real[near]).sum(1)[:, None] + 1e-6).sum(1)
    assert ranks.max() <= 100
    assert 40 < ranks.mean() < 60


def test_of_one_real_vector_different_ones_are_made(generator: np.random.Generator) -> None:
    mixer = Mixer(np.ones((1, SIZE), np.float32))
    places = mixer.pick(50, generator)
    made = mixer.mix(places, mixer.pick_near(places, generator), generator)
    assert len(np.unique(made, axis=0)) == 50
