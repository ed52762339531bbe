"""What search and syncs need of models: vectors, and a second opinion."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.model import EmbeddingModel, EncodedPassages, Span, StoredTokens, Vector


class Embedder(Protocol):
    """Turns text into vectors. Raises EmbeddingFailed."""

    @property
    def model(self) -> EmbeddingModel: ...

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Vectors (n, d) of n passages, L2-normalised, in the order given."""
        ...

    async def embed_query(self, text: str) -> Vector:
        """The vector (d,) of one query, L2-normalised."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model would see it untruncated."""
        ...


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that looks inside a text: sentences and tokens, from the same pass."""

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        """As embed_passages, with vectors of each text's spans and tokens.

        A span's vector is the mean of its tokens' last hidden states in the text, L2-normalised.
        Spans that hold fewer than two tokens, or that lie beyond the model's cut, are left out, so
        there may be fewer vectors than spans.
        """
        ...

    async def score_tokens(
        self, query: str, passages: Sequence[StoredTokens]
    ) -> NDArray[np.float32]:
        """Late interaction scores (n,) of passages whose stored token vectors are at hand."""
        ...


class Reranker(Protocol):
    """Scores passages against a query, reading both. Raises EmbeddingFailed."""

    @property
    def name(self) -> str: ...

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,), higher is better, comparable only within one call."""
        ...
