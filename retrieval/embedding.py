"""Turns the chunks of documents into the vectors that the store keeps.

One forward pass a passage gives its own vector and, where the model shows its token vectors, the
vectors of its sentences as well: the mean of a sentence's tokens as the model saw them inside
their passage ('late chunking', Günther et al. 2024, arXiv:2409.04701).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.model import Chunk, TokenVectors, Vector
from retrieval.ports import Embedder, TokenEmbedder
from retrieval.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of one document's chunks, in the order of the chunks.

    `passages` has shape (n, d). `sentences`, where there are any, has one array (k, d) for each
    chunk.
    """

    passages: Vector
    sentences: tuple[Vector, ...] | None = None

    def __len__(self) -> int:
        return len(self.passages)


async def embed_document(embedder: Embedder, title: str, chunks: Sequence[Chunk]) -> Embeddings:
    """The vectors of one document. Raises EmbeddingFailed."""
    return (await embed_documents(embedder, [(title, chunks)]))[0]


async def embed_documents(
    embedder: Embedder, documents: Sequence[tuple[str, Sequence[Chunk]]]
) -> list[Embeddings]:
    """The vectors of several documents, (title, chunks) each, batched together for speed."""
    passages = [contextualise(title, chunk) for title, chunks in documents for chunk in chunks]
    texts = [text for text, _ in passages]
    sentences: list[Vector] | None = None
    if not texts:
        vectors = np.zeros((0, embedder.model.dimensions), np.float32)
    elif isinstance(embedder, TokenEmbedder):
        vectors, tokens = await embedder.embed_passages_with_tokens(texts)
        sentences = [
            pool_sentences(text, body, vector, token)
            for (text, body), vector, token in zip(passages, vectors, tokens, strict=True)
        ]
    else:
        vectors = await embedder.embed_passages(texts)
    return _split(vectors, sentences, [len(chunks) for _, chunks in documents])


def contextualise(title: str, chunk: Chunk) -> tuple[str, int]:
    """The text that is embedded for a chunk, and where in it the chunk's own text begins."""
    context = title.strip()
    prefix = f"{context}\n" if context else ""
    return prefix + chunk.text, len(prefix)


def pool_sentences(text: str, body: int, passage: Vector, tokens: TokenVectors) -> Vector:
    """The vectors (k, d) of the sentences of `text[body:]`; the passage's own if there are none.

    Sentences that the model cut off, and those of a single token, are left out.
    """
    starts, ends = tokens.offsets[:, 0], tokens.offsets[:, 1]
    pooled: list[NDArray[np.float32]] = []
    for span in split_sentences(text[body:]):
        inside = (starts >= span.start + body) & (ends <= span.end + body)
        if np.count_nonzero(inside) > 1:
            pooled.append(tokens.vectors[inside].mean(axis=0))
    if not pooled:
        return passage[None, :]
    vectors = np.stack(pooled)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def _split(
    vectors: Vector, sentences: list[Vector] | None, counts: Sequence[int]
) -> list[Embeddings]:
    result: list[Embeddings] = []
    start = 0
    for count in counts:
        end = start + count
        own = tuple(sentences[start:end]) if sentences is not None else None
        result.append(Embeddings(vectors[start:end], own))
        start = end
    return result
