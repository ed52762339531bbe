"""Cosine of sentences to a text, over any embedder, remembering sentences it has seen."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from retrieval.model import Vector
from retrieval.ports import Embedder

REMEMBERED = 20_000
"""Sentence vectors kept, in half precision: about 15 MB for 384 dimensions."""


class EmbeddingSentenceScorer:
    """Satisfies agents.ports.SentenceScorer. Raises EmbeddingFailed."""

    def __init__(self, embedder: Embedder, *, remembered: int = REMEMBERED) -> None:
        self._embedder = embedder
        self._remembered = remembered
        self._vectors: OrderedDict[str, np.ndarray[tuple[int], np.dtype[np.float16]]] = (
            OrderedDict()
        )

    async def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Cosine of each sentence to the text, -1..1."""
        if not sentences:
            return []
        query = await self._embedder.embed_query(text)
        vectors = await self._embed(sentences)
        return [float(cosine) for cosine in vectors @ query]

    async def _embed(self, sentences: Sequence[str]) -> Vector:
        unseen = [one for one in dict.fromkeys(sentences) if one not in self._vectors]
        fresh: dict[str, np.ndarray[tuple[int], np.dtype[np.float16]]] = {}
        if unseen:
            embedded = await self._embedder.embed_passages(unseen)
            fresh = dict(zip(unseen, embedded.astype(np.float16), strict=True))
        rows = [fresh[one] if one in fresh else self._vectors[one] for one in sentences]
        for one in dict.fromkeys(sentences):
            if one not in fresh:
                self._vectors.move_to_end(one)
        self._vectors.update(fresh)
        while len(self._vectors) > self._remembered:
            self._vectors.popitem(last=False)
        return np.stack(rows).astype(np.float32)
