"""What every Reranker promises, asked of the fake and of the real one."""

from collections.abc import Iterator

import numpy as np
import pytest

from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.reranker import MaxSimReranker
from retrieval.ports import Reranker
from tests.fakes.reranker import InMemoryReranker

QUESTION = "how often is the database backed up"
PASSAGES = [
    "Lunch is served between noon and two.",
    "The database is backed up every night and kept for thirty days.",
    "Keys are rotated in the console.",
    "How to book a room.",
]


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder()
    yield embedder
    embedder.close()


@pytest.fixture(params=["fake", "maxsim"])
def reranker(request: pytest.FixtureRequest, minilm: MiniLmEmbedder) -> Reranker:
    return InMemoryReranker() if request.param == "fake" else MaxSimReranker(minilm)


async def test_the_passage_that_answers_scores_highest(reranker: Reranker) -> None:
    scores = await reranker.score(QUESTION, PASSAGES)
    assert scores.shape == (4,)
    assert scores.dtype == np.float32
    assert int(np.argmax(scores)) == 1


async def test_scores_follow_their_passages(reranker: Reranker) -> None:
    passages = [*PASSAGES, PASSAGES[1], PASSAGES[0]]
    scores = await reranker.score(QUESTION, passages)
    turned = await reranker.score(QUESTION, passages[::-1])
    np.testing.assert_allclose(scores, turned[::-1], atol=1e-3)
    assert scores[1] == pytest.approx(scores[4], abs=1e-3)


async def test_no_passages_have_no_scores(reranker: Reranker) -> None:
    assert (await reranker.score(QUESTION, [])).shape == (0,)


async def test_odd_texts_have_finite_scores(reranker: Reranker) -> None:
    odd = ["", "???", "\x00", "\ud800", "🎉", "word " * 20_000, PASSAGES[1]]
    for question in ("", "?", "🎉", QUESTION):
        scores = await reranker.score(question, odd)
        assert scores.shape == (len(odd),)
        assert np.isfinite(scores).all()
    assert int(np.argmax(await reranker.score(QUESTION, odd))) == len(odd) - 1


def test_it_has_a_name(reranker: Reranker) -> None:
    assert reranker.name
