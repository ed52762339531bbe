"""Rerankers: late interaction over the built-in model, and cross-encoders by setting."""

import asyncio
import hashlib
import importlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EmbeddingFailed
from retrieval.inference.token_vectors import TokenVectors

CACHED_BYTES = 64 * 2**20
"""Some 3,700 passages of 200 tokens at two bits."""

CROSS_ENCODER_BATCH = 16


class TokenEncoder(Protocol):
    """What late interaction needs of an embedder. Raises EmbeddingFailed."""

    async def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]: ...

    async def score_tokens(
        self, query: str, passages: Sequence[TokenVectors]
    ) -> NDArray[np.float32]: ...


class MaxSimReranker:
    """Implements Reranker by late interaction (see retrieval.inference.token_vectors).

    Passages that are not at hand are encoded, which costs a forward pass, and remembered by
    their text. A store that keeps token vectors hands them to `score_tokens` instead.
    """

    def __init__(self, encoder: TokenEncoder, *, cached_bytes: int = CACHED_BYTES) -> None:
        self._encoder = encoder
        self._cache = _ByteCache(cached_bytes)

    @property
    def name(self) -> str:
        return "maxsim"

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,), about in [-1, 1]. Raises EmbeddingFailed."""
        keys = [hashlib.blake2b(text.encode("utf-8", "replace")).digest() for text in passages]
        texts = dict(zip(keys, passages, strict=True))
        tokens = {key: known for key in texts if (known := self._cache.get(key)) is not None}
        missing = [key for key in texts if key not in tokens]
        if missing:
            encoded = await self._encoder.encode_tokens([texts[key] for key in missing])
            for key, vectors in zip(missing, encoded, strict=True):
                tokens[key] = vectors
                self._cache.put(key, vectors)
        return await self.score_tokens(query, [tokens[key] for key in keys])

    async def score_tokens(
        self, query: str, passages: Sequence[TokenVectors]
    ) -> NDArray[np.float32]:
        """Scores (n,) of passages whose token vectors are at hand. Raises EmbeddingFailed."""
        if not passages:
            return np.empty(0, np.float32)
        return await self._encoder.score_tokens(query, passages)


class CrossEncoderReranker:
    """Implements Reranker with a sentence-transformers cross-encoder, an optional extra."""

    def __init__(self, name: str) -> None:
        """`name` is a folder or a model of the hub, e.g. cross-encoder/ms-marco-MiniLM-L6-v2."""
        self._name = name
        self._executor = ThreadPoolExecutor(1, "cross-encoder")
        self._encoder: Any = None

    @property
    def name(self) -> str:
        return f"cross-encoder:{self._name}"

    def close(self) -> None:
        """Let the thread end once what it works on is done."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,) as the model gives them. Raises EmbeddingFailed."""
        if not passages:
            return np.empty(0, np.float32)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._score, query, list(passages))

    def _score(self, query: str, passages: list[str]) -> NDArray[np.float32]:
        encoder = self._load()
        pairs = [(query, passage) for passage in passages]
        try:
            scores = encoder.predict(pairs, batch_size=CROSS_ENCODER_BATCH, show_progress_bar=False)
        except Exception as error:
            raise EmbeddingFailed(f"The reranker {self._name!r} failed: {error}") from error
        scores = np.asarray(scores, np.float32)
        if scores.shape != (len(passages),):
            raise EmbeddingFailed(
                f"The reranker {self._name!r} gives {scores.shape[1:]} scores a passage instead of "
                "one; choose a cross-encoder that was trained to rank."
            )
        return scores

    def _load(self) -> Any:
        if self._encoder is None:
            try:
                library = importlib.import_module("sentence_transformers")
            except ImportError as error:
                raise EmbeddingFailed(
                    f"The reranker {self._name!r} needs sentence-transformers. In the checkout: "
                    ".venv/bin/pip install '.[cross-encoder]'"
                ) from error
            try:
                self._encoder = library.CrossEncoder(self._name, device="cpu")
            except Exception as error:
                raise EmbeddingFailed(
                    f"The reranker {self._name!r} cannot be loaded: {error}"
                ) from error
        return self._encoder


class _ByteCache:
    """The token vectors used last, up to a number of bytes in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._entries: OrderedDict[bytes, TokenVectors] = OrderedDict()

    def get(self, key: bytes) -> TokenVectors | None:
        vectors = self._entries.get(key)
        if vectors is not None:
            self._entries.move_to_end(key)
        return vectors

    def put(self, key: bytes, vectors: TokenVectors) -> None:
        replaced = self._entries.pop(key, None)
        self._used += vectors.nbytes - (0 if replaced is None else replaced.nbytes)
        self._entries[key] = vectors
        while self._used > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self._used -= oldest.nbytes
