"""What ranking works on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.model.names import ChunkId, DocumentId
from retrieval.model.vectors import StoredTokens, Vector


@dataclass(frozen=True, slots=True)
class TermCounts:
    """The terms of one text for lexical search.

    `terms` are sorted hashes, shape (t,); `frequencies` how often each occurs, aligned with them;
    `length` counts all occurrences.
    """

    terms: NDArray[np.int32]
    frequencies: NDArray[np.uint16]
    length: int


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know of a collection: its size, its mean length, terms' frequencies."""

    size: int
    mean_length: float
    frequencies: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class TermTable:
    """The terms of n texts, one after the other: `terms[starts[i]:starts[i + 1]]` are text i's.

    `terms` and `frequencies` have shape (t,), `starts` (n + 1,), `lengths` (n,). A term may come
    more than once in a text; its frequencies then add up.
    """

    terms: NDArray[np.int32]
    frequencies: NDArray[np.uint16]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FirstScores:
    """What n chunks score for k phrasings by what the store can compute of each by itself.

    `dense` (k, n) are inner products of the passages' vectors, 0 where there is none; `lexical`
    (k, n) is BM25 with the mean length that held when a chunk was written, and so nearly exact.
    """

    chunks: tuple[ChunkId, ...]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.chunks)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What n chunks are ranked by when they are read closely, column by column.

    `passages` has shape (n, d), with zeros where a chunk has no vector of the model in use.
    `sentences` (m, d) holds the sentences of all, those of candidate i from `starts[i]` on; each
    has at least one, which is its passage's vector where it has none of its own. `terms` are the
    chunks' terms in the order of the text, of which the first `title_lengths` (n,) come from title
    and headings. `document_terms` are those of the documents that they belong to, each document
    once; candidate i belongs to number `document_places[i]` of them. `tokens` are the token vectors
    of those that have any, where they were asked for.
    """

    chunks: tuple[ChunkId, ...]
    documents: tuple[DocumentId, ...]
    passages: Vector
    sentences: Vector
    starts: NDArray[np.int64]
    terms: TermTable
    title_lengths: NDArray[np.int64]
    document_terms: TermTable
    document_places: NDArray[np.int64]
    tokens: Mapping[ChunkId, StoredTokens]

    def __len__(self) -> int:
        return len(self.chunks)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand together: their terms, and the text to be found (any case)."""

    text: str
    terms: tuple[int, ...]
