"""Turns the chunks of documents into the vectors that the store keeps.

One forward pass a passage gives its own vector and, where the model can tell them, the
vectors of its sentences as well: the mean of a sentence's tokens as the model saw them inside
their passage ('late chunking', Günther et al. 2024, arXiv:2409.04701).
"""

from collections.abc import Sequence

import numpy as np

from retrieval.model import Chunk, Embeddings, Span
from retrieval.ports import Embedder, TokenEmbedder
from retrieval.sentences import split_sentences


async def embed_document(embedder: Embedder, title: str, chunks: Sequence[Chunk]) -> Embeddings:
    """The vectors of one document. Raises EmbeddingFailed."""
    return (await embed_documents(embedder, [(title, chunks)]))[0]


async def embed_documents(
    embedder: Embedder, documents: Sequence[tuple[str, Sequence[Chunk]]]
) -> list[Embeddings]:
    """The vectors of several documents, (title, chunks) each, batched together for speed."""
    whole = await embed_chunks(
        embedder, [(title, chunk) for title, chunks in documents for chunk in chunks]
    )
    return _split(whole, [len(chunks) for _, chunks in documents])


async def embed_chunks(embedder: Embedder, chunks: Sequence[tuple[str, Chunk]]) -> Embeddings:
    """The vectors of chunks, each with the title of its document. Raises EmbeddingFailed."""
    passages = [contextualise(title, chunk) for title, chunk in chunks]
    texts = [text for text, _ in passages]
    if not texts:
        return Embeddings(np.zeros((0, embedder.model.dimensions), np.float32))
    if isinstance(embedder, TokenEmbedder):
        spans = [find_spans(text, body) for text, body in passages]
        encoded = await embedder.encode_passages(texts, spans)
        sentences = tuple(
            own if len(own) else vector[None, :]
            for own, vector in zip(encoded.spans, encoded.vectors, strict=True)
        )
        return Embeddings(encoded.vectors, sentences, encoded.tokens)
    return Embeddings(await embedder.embed_passages(texts))


def contextualise(title: str, chunk: Chunk) -> tuple[str, int]:
    """The text that is embedded for a chunk, and where in it the chunk's own text begins."""
    context = title.strip()
    prefix = f"{context}\n" if context else ""
    return prefix + chunk.text, len(prefix)


def find_spans(text: str, body: int) -> list[Span]:
    """The sentences of `text[body:]`, as spans of `text`."""
    return [Span(s.start + body, s.end + body) for s in split_sentences(text[body:])]


def _split(whole: Embeddings, counts: Sequence[int]) -> list[Embeddings]:
    result: list[Embeddings] = []
    start = 0
    for count in counts:
        part = slice(start, start + count)
        result.append(
            Embeddings(
                whole.passages[part],
                whole.sentences[part] if whole.sentences is not None else None,
                whole.tokens[part] if whole.tokens is not None else None,
            )
        )
        start += count
    return result
