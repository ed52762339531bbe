"""Vectors that an evaluation keeps for the next one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.evaluation.datasets import UnusableDataSet
from retrieval.evaluation.embedding_cache import remember_passages
from retrieval.model import EmbeddingModel, EncodedPassages, Span, StoredTokens
from retrieval.ports import TokenEmbedder
from tests.fakes.embedder import InMemoryEmbedder, embed_words


class CountingEmbedder(InMemoryEmbedder):
    """Implements TokenEmbedder; the 'tokens' of a text are its first letters."""

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        return EncodedPassages(
            await self.embed_passages(texts),
            tuple(
                np.stack([embed_words(text[span.start : span.end]) for span in own])
                if own
                else np.empty((0, self.model.dimensions), np.float32)
                for text, own in zip(texts, spans, strict=True)
            ),
            tuple(np.frombuffer(text[:4].encode(), np.uint8).reshape(-1, 1) for text in texts),
        )

    async def score_tokens(
        self, query: str, passages: Sequence[StoredTokens]
    ) -> NDArray[np.float32]:
        return np.array([len(one) for one in passages], np.float32)


TEXTS = ["whales swim", "owls fly at night", "bees"]
SPANS = [[Span(0, 6)], [Span(0, 4), Span(5, 8)], []]


async def encode(embedder: object, texts: Sequence[str] = TEXTS) -> EncodedPassages:
    assert isinstance(embedder, TokenEmbedder)
    spans = [SPANS[TEXTS.index(text)] if text in TEXTS else [] for text in texts]
    return await embedder.encode_passages(texts, spans)


def assert_same(left: EncodedPassages, right: EncodedPassages) -> None:
    np.testing.assert_array_equal(left.vectors, right.vectors)
    for one, other in zip(left.spans + left.tokens, right.spans + right.tokens, strict=True):
        np.testing.assert_array_equal(one, other)


async def test_what_was_embedded_once_is_read_from_the_folder(tmp_path: Path) -> None:
    inner = CountingEmbedder()
    plain = await encode(CountingEmbedder())
    with remember_passages(inner, tmp_path / "kept") as embedder:
        assert_same(await encode(embedder), plain)
    with remember_passages(inner, tmp_path / "kept") as embedder:
        assert_same(
            await encode(embedder, TEXTS[::-1]), await encode(CountingEmbedder(), TEXTS[::-1])
        )
        assert inner.embedded == TEXTS
        await encode(embedder, ["ants", TEXTS[0], "ants"])
        assert inner.embedded == [*TEXTS, "ants"]
        assert len((await encode(embedder, [])).vectors) == 0


async def test_models_and_sentences_are_kept_apart(tmp_path: Path) -> None:
    inner, other = CountingEmbedder(), CountingEmbedder()
    other.model = EmbeddingModel("other", 256, 256)
    with remember_passages(inner, tmp_path) as embedder:
        await encode(embedder)
        assert isinstance(embedder, TokenEmbedder)
        await embedder.encode_passages(TEXTS[:1], [[Span(0, 3)]])
    assert inner.embedded == [*TEXTS, TEXTS[0]]
    with remember_passages(other, tmp_path) as embedder:
        await encode(embedder)
    assert other.embedded == TEXTS


async def test_queries_go_to_the_embedder_itself(tmp_path: Path) -> None:
    inner = CountingEmbedder()
    with remember_passages(inner, tmp_path) as embedder:
        np.testing.assert_array_equal(await embedder.embed_query("a"), embed_words("a"))
        assert embedder.count_tokens(["a b"]) == [4]
        assert embedder.model == inner.model


def test_without_a_folder_and_for_other_embedders_nothing_is_kept(tmp_path: Path) -> None:
    plain, tokens = InMemoryEmbedder(), CountingEmbedder()
    with remember_passages(plain, tmp_path) as embedder:
        assert embedder is plain
    with remember_passages(tokens, None) as embedder:
        assert embedder is tokens


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UnusableDataSet, match="file"),
        remember_passages(CountingEmbedder(), tmp_path / "file" / "below"),
    ):
        pass
