"""An embedder without a model: texts that share words have similar vectors."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from retrieval.model import EmbeddingModel, Vector

DIMENSIONS = 256
WORD = re.compile(r"\w+")


def embed_words(text: str, dimensions: int = DIMENSIONS) -> Vector:
    """Each distinct word adds four signed ones at places that its hash tells; then normalised."""
    vector = np.zeros(dimensions, np.float32)
    for word in sorted(set(WORD.findall(text.lower()))):
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=16).digest()
        for start in range(0, 16, 4):
            number = int.from_bytes(digest[start : start + 4], "little")
            vector[(number >> 1) % dimensions] += 1.0 if number & 1 else -1.0
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0] = length = 1.0
    return vector / np.float32(length)


class InMemoryEmbedder:
    """Implements Embedder. `embedded` records every passage, in order."""

    def __init__(self, name: str = "words", dimensions: int = DIMENSIONS) -> None:
        self.model = EmbeddingModel(name, dimensions, 256)
        self.embedded: list[str] = []

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.embedded.extend(texts)
        rows = [embed_words(text, self.model.dimensions) for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), self.model.dimensions)

    async def embed_query(self, text: str) -> Vector:
        return embed_words(text, self.model.dimensions)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words, plus two as for a BERT model's special tokens."""
        return [len(WORD.findall(text)) + 2 for text in texts]
