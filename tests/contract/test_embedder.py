"""What every Embedder promises, asked of the fake and of the real ones."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.langchain_embedder import LangChainEmbedder
from retrieval.ports import Embedder
from tests.fakes.embedder import InMemoryEmbedder, embed_words

PASSAGES = [
    "An API key is rotated in the console under Settings, Keys, Rotate.",
    "Lunch is served between noon and two.",
    "The database is backed up every night and kept for thirty days.",
]
ODD = ["", " \n\t", "\x00", "\ud800 lone surrogate", "🎉", "…", "word " * 20_000, "x" * 100_000]


class UnnormalisedWords(Embeddings):
    """A LangChain model whose vectors are not of length one."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [(embed_words(text) * 3).tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture(scope="module")
def minilm() -> Iterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder()
    yield embedder
    embedder.close()


@pytest.fixture(params=["fake", "minilm", "langchain"])
async def embedder(
    request: pytest.FixtureRequest, minilm: MiniLmEmbedder
) -> AsyncIterator[Embedder]:
    if request.param == "fake":
        yield InMemoryEmbedder()
    elif request.param == "minilm":
        yield minilm
    else:
        yield await LangChainEmbedder.probe(UnnormalisedWords(), "test:words")


async def test_vectors_have_the_models_dimensions_and_length_one(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(PASSAGES)
    assert vectors.shape == (3, embedder.model.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = await embedder.embed_query(PASSAGES[0])
    assert query.shape == (embedder.model.dimensions,)
    assert query.dtype == np.float32


async def test_vectors_come_in_the_order_of_their_texts(embedder: Embedder) -> None:
    texts = ["short", PASSAGES[2] * 5, "", PASSAGES[0], "a few words more"] * 5
    together = await embedder.embed_passages(texts)
    for text, vector in zip(texts[:5], together[:5], strict=True):
        alone = await embedder.embed_passages([text])
        np.testing.assert_allclose(alone[0], vector, atol=1e-4)
    np.testing.assert_allclose(together[:5], together[-5:], atol=1e-4)


async def test_a_query_is_nearest_to_the_passage_it_is_about(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(PASSAGES)
    for place, question in enumerate(
        ["how is an API key rotated", "when is lunch served", "how long is the database kept"]
    ):
        scores = vectors @ await embedder.embed_query(question)
        assert int(np.argmax(scores)) == place


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert (await embedder.embed_passages([])).shape == (0, embedder.model.dimensions)
    assert embedder.count_tokens([]) == []


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
async def test_odd_texts_have_vectors_too(embedder: Embedder, text: str) -> None:
    vectors = np.vstack([await embedder.embed_passages([text]), await embedder.embed_query(text)])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.count_tokens([text])[0] >= 1


async def test_concurrent_queries_get_their_own_vectors(embedder: Embedder) -> None:
    questions = [f"question number {number} about topic {number % 7}" for number in range(40)]
    vectors = await asyncio.gather(*(embedder.embed_query(question) for question in questions))
    expected = await embedder.embed_passages(questions)
    np.testing.assert_allclose(np.array(vectors), expected, atol=1e-4)


def test_longer_texts_have_more_tokens_even_past_the_models_limit(embedder: Embedder) -> None:
    counts = embedder.count_tokens(["one", "one two three four", "word " * 1000])
    assert counts == sorted(set(counts))
    assert counts[2] >= 1000


def test_the_model_has_a_name(embedder: Embedder) -> None:
    assert embedder.model.name
    assert embedder.model.max_tokens > 0
