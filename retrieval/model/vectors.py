"""What embedding models give."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Identifies an embedding model; vectors of different models are never mixed."""

    name: str
    dimensions: int
    max_tokens: int


Vector = NDArray[np.float32]
"""Shape (d,) for one text, (n, d) for n texts; L2-normalised."""

StoredTokens = NDArray[np.uint8]
"""A passage's token vectors in the embedder's own compact form, shape (t, bytes a token)."""


@dataclass(frozen=True, slots=True)
class EncodedPassages:
    """What one pass gives for n texts: vectors (n, d), vectors (k, d) of each text's spans, and
    each text's token vectors as they are stored.
    """

    vectors: Vector
    spans: tuple[Vector, ...]
    tokens: tuple[StoredTokens, ...]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of one document's chunks, in the order of the chunks.

    `passages` has shape (n, d). `sentences`, where there are any, has one array (k, d) for each
    chunk; `tokens` one array of stored token vectors (t, bytes), in the form of the embedder.
    """

    passages: Vector
    sentences: tuple[Vector, ...] | None = None
    tokens: tuple[StoredTokens, ...] | None = None

    def __len__(self) -> int:
        return len(self.passages)
