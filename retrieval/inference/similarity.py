"""Similarity of sentences to a text over any embedder, remembering sentences it has seen."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.token_vectors import TokenVectors
from retrieval.model import Vector
from retrieval.ports import Embedder

T = TypeVar("T")

REMEMBERED = 10_000
"""Sentences whose vectors are kept; with token vectors about 30 MB."""

COSINE_SHARE = 0.28
"""Weight of the cosine beside MaxSim, fitted on half of a SQuAD 2.0 sample."""


class TokenEmbedder(Embedder, Protocol):
    """An embedder that also encodes tokens for late interaction (Khattab & Zaharia, 2020)."""

    async def embed_passages_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vector, list[TokenVectors]]: ...

    async def score_tokens(
        self, query: str, passages: Sequence[TokenVectors]
    ) -> NDArray[np.float32]: ...


class EmbeddingSentenceScorer:
    """Satisfies agents.ports.SentenceScorer by cosine. Raises EmbeddingFailed."""

    def __init__(self, embedder: Embedder, *, remembered: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._memory: _Memory[NDArray[np.float16]] = _Memory(remembered)

    async def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Cosine of each sentence to the text, -1..1."""
        if not sentences:
            return []
        query = await self._embedder.embed_query(text)
        vectors = np.stack(await self._memory.recall(sentences, self._embed))
        return [float(cosine) for cosine in vectors.astype(np.float32) @ query]

    async def _embed(self, sentences: Sequence[str]) -> list[NDArray[np.float16]]:
        return list((await self._embedder.embed_passages(sentences)).astype(np.float16))


class LateInteractionSentenceScorer:
    """Satisfies agents.ports.SentenceScorer by cosine and MaxSim mixed. Raises EmbeddingFailed."""

    def __init__(self, embedder: TokenEmbedder, *, remembered: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._memory: _Memory[tuple[NDArray[np.float16], TokenVectors]] = _Memory(remembered)

    async def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Mix of cosine and MaxSim of each sentence to the text, about -1..1."""
        if not sentences:
            return []
        query = await self._embedder.embed_query(text)
        known = await self._memory.recall(sentences, self._embed)
        cosines = np.stack([vector for vector, _ in known]).astype(np.float32) @ query
        scores = await self._embedder.score_tokens(text, [tokens for _, tokens in known])
        mixed = COSINE_SHARE * cosines + (1 - COSINE_SHARE) * scores
        return [float(one) for one in mixed]

    async def _embed(
        self, sentences: Sequence[str]
    ) -> list[tuple[NDArray[np.float16], TokenVectors]]:
        vectors, tokens = await self._embedder.embed_passages_with_tokens(sentences)
        return list(zip(vectors.astype(np.float16), tokens, strict=True))


def open_scorer(
    embedder: Embedder,
) -> "EmbeddingSentenceScorer | LateInteractionSentenceScorer":
    """The best scorer that an embedder allows."""
    if isinstance(embedder, MiniLmEmbedder):
        return LateInteractionSentenceScorer(embedder)
    return EmbeddingSentenceScorer(embedder)


class _Memory(Generic[T]):
    """What was made of the last sentences seen."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[str, T] = OrderedDict()

    async def recall(
        self, sentences: Sequence[str], make: Callable[[Sequence[str]], Awaitable[Sequence[T]]]
    ) -> list[T]:
        """One for each sentence; what is not known is made in one go."""
        distinct = list(dict.fromkeys(sentences))
        known = {one: self._held[one] for one in distinct if one in self._held}
        unknown = [one for one in distinct if one not in known]
        if unknown:
            known |= zip(unknown, await make(unknown), strict=True)
        for one in distinct:
            self._held[one] = known[one]
            self._held.move_to_end(one)
        while len(self._held) > self._size:
            self._held.popitem(last=False)
        return [known[one] for one in sentences]
