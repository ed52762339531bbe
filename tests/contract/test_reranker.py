"""What every Reranker promises, asked of the fake and of the real ones."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from agents.llm.models import open_model
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.listwise_reranker import ListwiseReranker
from retrieval.inference.onnx_cross_encoder import OnnxCrossEncoderReranker
from retrieval.inference.reranker import MaxSimReranker
from retrieval.ports import Reranker
from tests.emulators.chat_model import ChatModelServer, Reply, Request, Rule, Script
from tests.fakes.cross_encoder import write_cross_encoder
from tests.fakes.reranker import WORD, InMemoryReranker

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


def rank_by_words(request: Request) -> Reply:
    """What a model that counts shared words answers; equal ones go by their text."""
    passages = re.findall(r"^\[(\d+)\] (.*)$", request.last, re.MULTILINE)
    question = set(WORD.findall(request.last.lower().rsplit("question:", 1)[1]))
    ranked = sorted(
        passages, key=lambda one: (-len(question & set(WORD.findall(one[1].lower()))), one[1])
    )
    return Reply(" > ".join(f"[{number}]" for number, _ in ranked))


@pytest.fixture
async def listwise(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ListwiseReranker]:
    async with ChatModelServer(Script([Rule(reply=rank_by_words)])) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        yield ListwiseReranker(open_model("openai:gpt-5-mini"), "openai:gpt-5-mini")


@pytest.fixture
def onnx(tmp_path: Path) -> Iterator[OnnxCrossEncoderReranker]:
    words = WORD.findall(" ".join([QUESTION, *PASSAGES]))
    reranker = OnnxCrossEncoderReranker(write_cross_encoder(tmp_path / "model", words))
    yield reranker
    reranker.close()


@pytest.fixture(params=["fake", "maxsim", "onnx", "listwise"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "fake":
        return InMemoryReranker()
    if request.param == "maxsim":
        return MaxSimReranker(request.getfixturevalue("minilm"))
    found: Reranker = request.getfixturevalue(request.param)
    return found


async def test_the_passage_that_answers_scores_highest(reranker: Reranker) -> None:
    scores = await reranker.score(QUESTION, PASSAGES)
    assert scores.shape == (4,)
    assert scores.dtype == np.float32
    assert int(np.argmax(scores)) == 1


async def test_scores_follow_their_passages(reranker: Reranker) -> None:
    passages = [*PASSAGES[:3], PASSAGES[1], PASSAGES[0], PASSAGES[3]]
    scores = await reranker.score(QUESTION, passages)
    turned = await reranker.score(QUESTION, passages[::-1])
    np.testing.assert_allclose(scores, turned[::-1], atol=1e-3)
    assert scores[1] == pytest.approx(scores[3], abs=1e-3)


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
