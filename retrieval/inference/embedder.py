"""The built-in embedder: all-MiniLM-L6-v2 behind the port Embedder, off the event loop."""

import asyncio
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.inference.minilm import BATCH_TEXTS, MAX_TOKENS, MiniLm, TextTokens
from retrieval.inference.minilm_graph import HIDDEN, Precision
from retrieval.inference.query_queue import QueryQueue
from retrieval.inference.token_vectors import Bits, TokenCodec, TokenVectors
from retrieval.model import EmbeddingModel, EncodedPassages, Span, Vector

NAME = "all-MiniLM-L6-v2"
SLICE = 256
"""Passages sorted and embedded at a time; a cancelled call stops after the slice it is in."""

CACHED_QUERIES = 512

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """A query after one pass: its sentence vector (d,) and its token vectors (t, e), normalised."""

    sentence: Vector
    tokens: Vector


class MiniLmEmbedder:
    """Implements Embedder, and encodes tokens for late interaction.

    One instance serves the whole process. Queries have a thread of their own, so that none waits
    for the passages of a sync; concurrent queries share a batch; the last ones are remembered.
    """

    def __init__(
        self,
        minilm: MiniLm | None = None,
        *,
        token_bits: Bits = 2,
        cached_queries: int = CACHED_QUERIES,
    ) -> None:
        self._minilm = minilm or MiniLm()
        self._token_bits = token_bits
        self._passages = ThreadPoolExecutor(1, "embed-passages")
        self._queries = ThreadPoolExecutor(1, "embed-queries")
        self._queue = QueryQueue(self._encode_queries, self._queries, batch=BATCH_TEXTS)
        self._cache: OrderedDict[str, EncodedQuery] = OrderedDict()
        self._cache_limit = cached_queries
        self._lock = threading.Lock()

    @property
    def model(self) -> EmbeddingModel:
        precision = self._minilm.precision
        name = NAME if precision is Precision.FP32 else f"{NAME}/{precision}"
        return EmbeddingModel(name, HIDDEN, MAX_TOKENS)

    @functools.cached_property
    def codec(self) -> TokenCodec:
        """Scores what `embed_passages_with_tokens` and `encode_query` give. Loads the model."""
        return TokenCodec(self._minilm.vocabulary(), bits=self._token_bits)

    async def start(self) -> None:
        """Load the model before the first question needs it. Raises EmbeddingFailed."""
        await self._on(self._queries, lambda: self.codec)

    def close(self) -> None:
        """Let the two threads end once what they work on is done."""
        self._passages.shutdown(wait=False, cancel_futures=True)
        self._queries.shutdown(wait=False)

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Vectors (n, 384), L2-normalised, in the order given. Raises EmbeddingFailed."""
        vectors = [
            await self._on(self._passages, functools.partial(self._minilm.embed, part))
            for part in _slices(texts)
        ]
        return np.concatenate([np.empty((0, HIDDEN), np.float32), *vectors])

    async def embed_passages_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vector, list[TokenVectors]]:
        """Vectors as `embed_passages` gives them and token vectors to store, from one pass."""
        vectors = [np.empty((0, HIDDEN), np.float32)]
        tokens: list[TokenVectors] = []
        for part in _slices(texts):
            work = functools.partial(self._encode_passages, part)
            some_vectors, some_tokens = await self._on(self._passages, work)
            vectors.append(some_vectors)
            tokens.extend(some_tokens)
        return np.concatenate(vectors), tokens

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        """Vectors, vectors of spans, and token vectors to store, all from one pass."""
        parts = [
            await self._on(
                self._passages,
                functools.partial(
                    self._encode_spans,
                    texts[start : start + SLICE],
                    spans[start : start + SLICE],
                ),
            )
            for start in range(0, len(texts), SLICE)
        ]
        return EncodedPassages(
            np.concatenate([np.empty((0, HIDDEN), np.float32), *(part.vectors for part in parts)]),
            tuple(vectors for part in parts for vectors in part.spans),
            tuple(tokens for part in parts for tokens in part.tokens),
        )

    async def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Token vectors of passages that a query waits for.

        They are encoded on the queries' thread, a batch at a time to let other queries between.
        """
        tokens: list[TokenVectors] = []
        for part in _slices(texts, BATCH_TEXTS):
            work = functools.partial(self._encode_passages, part)
            tokens.extend((await self._on(self._queries, work))[1])
        return tokens

    async def embed_query(self, text: str) -> Vector:
        """The vector (384,), L2-normalised. Raises EmbeddingFailed."""
        return (await self.encode_query(text)).sentence

    async def encode_query(self, text: str) -> EncodedQuery:
        """Sentence and token vectors of a query, from one pass or from memory."""
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                return known
        encoded = await asyncio.wrap_future(self._queue.submit(text))
        with self._lock:
            self._cache[text] = encoded
            while len(self._cache) > self._cache_limit:
                self._cache.popitem(last=False)
        return encoded

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, two special ones included, without the cut at `max_tokens`."""
        return self._minilm.count_tokens(texts)

    async def score_tokens(
        self, query: str, passages: Sequence[TokenVectors]
    ) -> NDArray[np.float32]:
        """MaxSim scores (n,), about in [-1, 1], of stored passages for a query."""
        encoded = await self.encode_query(query)
        work = functools.partial(self.codec.score, encoded.tokens, passages)
        return await self._on(self._queries, work)

    def _encode_passages(self, texts: Sequence[str]) -> tuple[Vector, list[TokenVectors]]:
        codec = self.codec

        def keep(text: TextTokens) -> TokenVectors:
            return codec.encode_passage(text.ids, text.states)

        return self._minilm.embed_with_tokens(texts, keep)

    def _encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        codec = self.codec

        def keep(text: TextTokens) -> tuple[Vector, TokenVectors]:
            return pool_spans(text, spans[text.row]), codec.encode_passage(text.ids, text.states)

        vectors, kept = self._minilm.embed_with_tokens(texts, keep, offsets=True)
        return EncodedPassages(
            vectors, tuple(pooled for pooled, _ in kept), tuple(tokens for _, tokens in kept)
        )

    def _encode_queries(self, texts: Sequence[str]) -> list[EncodedQuery]:
        codec = self.codec

        def keep(text: TextTokens) -> Vector:
            return codec.encode_query(text.ids, text.states)

        sentences, tokens = self._minilm.embed_with_tokens(texts, keep)
        encoded = [EncodedQuery(*pair) for pair in zip(sentences, tokens, strict=True)]
        for query in encoded:
            query.sentence.setflags(write=False)
            query.tokens.setflags(write=False)
        return encoded

    @staticmethod
    async def _on(executor: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(executor, work)


def pool_spans(text: TextTokens, spans: Sequence[Span]) -> Vector:
    """The vectors (k, 384) of the spans that hold at least two tokens."""
    if text.offsets is None:
        raise ValueError("spans are pooled from token offsets, which were not asked for")
    starts, ends = text.offsets[:, 0], text.offsets[:, 1]
    pooled = []
    for span in spans:
        inside = (starts >= span.start) & (ends <= span.end) & (ends > starts)
        if np.count_nonzero(inside) > 1:
            pooled.append(text.states[inside].mean(axis=0))
    if not pooled:
        return np.empty((0, HIDDEN), np.float32)
    vectors = np.stack(pooled)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _slices(texts: Sequence[str], size: int = SLICE) -> list[Sequence[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]
