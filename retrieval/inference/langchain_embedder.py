"""Any LangChain embedding model behind the port Embedder."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import numpy as np
from langchain.embeddings import init_embeddings
from langchain_core.embeddings import Embeddings

from retrieval.errors import EmbeddingFailed
from retrieval.model import EmbeddingModel, Vector

PROBE = "How long is a vector of this model?"
BYTES_PER_TOKEN = 4
MAX_TOKENS = 512
"""What hosted models take at least; passages beyond it would be hard to cite anyway."""


class LangChainEmbedder:
    """Implements Embedder. Token counts are an estimate, since LangChain does not tell them."""

    def __init__(self, embeddings: Embeddings, model: EmbeddingModel) -> None:
        self._embeddings = embeddings
        self._model = model

    @classmethod
    async def connect(cls, name: str, **options: Any) -> Self:
        """Open `provider:model`, e.g. `openai:text-embedding-3-small`, and ask it for one vector.

        `options` go to the provider's class. Raises EmbeddingFailed for an unknown provider, a
        package that is not installed, a missing key or a model that does not answer.
        """
        provider, _, rest = name.partition(":")
        if not provider or not rest:
            raise EmbeddingFailed(
                f"{name!r} names no embedding model; give it as provider:model, "
                "for example openai:text-embedding-3-small."
            )
        try:
            embeddings = await asyncio.to_thread(_open, name, options)
        except Exception as error:
            raise EmbeddingFailed(
                f"The embedding model {name!r} cannot be opened: {_first_line(error)}"
            ) from error
        return await cls.probe(embeddings, name)

    @classmethod
    async def probe(cls, embeddings: Embeddings, name: str) -> Self:
        """Wrap an embedding model whose number of dimensions one request tells."""
        vector = await _ask(name, embeddings.aembed_query, PROBE)
        return cls(embeddings, EmbeddingModel(name, len(vector), MAX_TOKENS))

    @property
    def model(self) -> EmbeddingModel:
        return self._model

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Vectors (n, d), L2-normalised. Raises EmbeddingFailed."""
        if not texts:
            return np.empty((0, self._model.dimensions), np.float32)
        rows = await _ask(self._model.name, self._embeddings.aembed_documents, list(texts))
        return self._normalise(rows, len(texts))

    async def embed_query(self, text: str) -> Vector:
        """The vector (d,), L2-normalised. Raises EmbeddingFailed."""
        row = await _ask(self._model.name, self._embeddings.aembed_query, text)
        vector: Vector = self._normalise([row], 1)[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate: a token for every four bytes of UTF-8, and at least one."""
        return [
            max(1, -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)) for text in texts
        ]

    def _normalise(self, rows: Sequence[Sequence[float]], count: int) -> Vector:
        shape = (count, self._model.dimensions)
        try:
            vectors = np.asarray(rows, np.float32)
        except (TypeError, ValueError) as error:
            raise EmbeddingFailed(
                f"The embedding model {self._model.name!r} answered with something that is not a "
                "list of equally long vectors; check that it is an embedding model."
            ) from error
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise EmbeddingFailed(
                f"The embedding model {self._model.name!r} answered with vectors of shape "
                f"{vectors.shape} where {shape} finite numbers were expected; was the model "
                "exchanged behind its name?"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), np.float32)


def _open(name: str, options: dict[str, Any]) -> Embeddings:
    embeddings = init_embeddings(name, **options)
    if not isinstance(embeddings, Embeddings):
        raise TypeError(f"{name!r} is no embedding model.")
    return embeddings


async def _ask(name: str, ask: Callable[[Any], Awaitable[Any]], text: str | list[str]) -> Any:
    try:
        return await ask(text)
    except Exception as error:
        raise EmbeddingFailed(
            f"The embedding model {name!r} did not answer: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
