import importlib.util
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.errors import EmbeddingFailed
from retrieval.inference.reranker import CrossEncoderReranker, MaxSimReranker
from retrieval.inference.token_vectors import TokenVectors


class LengthEncoder:
    """A TokenEncoder whose vectors are a text's length, whose score is the vectors' sum."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    async def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.encoded.extend(texts)
        return [np.full((1, 10), len(text), np.uint8) for text in texts]

    async def score_tokens(self, query: str, passages: Sequence[TokenVectors]) -> np.ndarray:
        return np.array([passage.sum() for passage in passages], np.float32)


async def test_known_passages_are_not_encoded_again() -> None:
    encoder = LengthEncoder()
    reranker = MaxSimReranker(encoder)
    assert (await reranker.score("q", ["a", "bbb", "a"])).tolist() == [10, 30, 10]
    assert encoder.encoded == ["a", "bbb"]
    assert (await reranker.score("q", ["cc", "a"])).tolist() == [20, 10]
    assert encoder.encoded == ["a", "bbb", "cc"]


async def test_the_passages_used_longest_ago_are_forgotten() -> None:
    encoder = LengthEncoder()
    reranker = MaxSimReranker(encoder, cached_bytes=25)
    await reranker.score("q", ["a", "bb"])
    await reranker.score("q", ["a"])
    await reranker.score("q", ["ccc"])
    encoder.encoded.clear()
    await reranker.score("q", ["a", "ccc"])
    assert encoder.encoded == []
    await reranker.score("q", ["bb"])
    assert encoder.encoded == ["bb"]


async def test_more_passages_than_fit_are_scored_all_the_same() -> None:
    reranker = MaxSimReranker(LengthEncoder(), cached_bytes=5)
    assert (await reranker.score("q", ["a", "bb", "ccc"])).tolist() == [10, 20, 30]


async def test_token_vectors_at_hand_are_scored_without_encoding() -> None:
    encoder = LengthEncoder()
    passages = [np.full((2, 10), 2, np.uint8)]
    assert (await MaxSimReranker(encoder).score_tokens("q", passages)).tolist() == [40]
    assert encoder.encoded == []


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None,
    reason="sentence-transformers is installed here",
)
async def test_a_missing_library_is_told_with_the_command_that_installs_it() -> None:
    reranker = CrossEncoderReranker("cross-encoder/any")
    with pytest.raises(EmbeddingFailed, match=r"pip install '\.\[cross-encoder\]'"):
        await reranker.score("q", ["a"])
    assert (await reranker.score("q", [])).shape == (0,)
    reranker.close()
