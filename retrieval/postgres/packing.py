"""The binary forms in which vectors and terms travel to and from PostgreSQL."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import SparseVector

from retrieval.lexical import TERM_SPACE
from retrieval.model import TermCounts, TermTable, Vector

Starts = NDArray[np.int64]

_ARRAY_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i4")])


def pack_vectors(vectors: Vector) -> bytes:
    """Vectors (k, d) as one signed byte per dimension, then one float32 scale per vector.

    The loss is below 0.0005 of a cosine for normalised vectors.
    """
    scales = np.abs(vectors).max(axis=1) / 127
    rounded = np.rint(vectors / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return b"".join([rounded.tobytes(), scales.astype("<f4").tobytes()])


def unpack_vectors(
    packed: Sequence[bytes | memoryview | None], passages: Vector
) -> tuple[Vector, Starts]:
    """What pack_vectors packed, for n passages: vectors (m, d), and where each one's begin.

    Where there is nothing, the passage's own vector (a row of `passages`) takes the place.
    """
    size = passages.shape[1]
    counts = [len(one) // (size + 4) if one else 0 for one in packed]
    filled = [(one, count * size) for one, count in zip(packed, counts, strict=True) if one]
    rounded = np.frombuffer(b"".join([one[:split] for one, split in filled]), np.int8)
    scales = np.frombuffer(b"".join([one[split:] for one, split in filled]), "<f4")
    own = rounded.reshape(-1, size).astype(np.float32) * scales[:, None]
    starts = np.cumsum([0, *(max(count, 1) for count in counts[:-1])], dtype=np.int64)
    if len(filled) == len(packed):
        return own, starts
    empty = np.array([not count for count in counts])
    vectors = np.empty((len(own) + int(empty.sum()), size), np.float32)
    borrowed = np.zeros(len(vectors), bool)
    borrowed[starts[empty]] = True
    vectors[borrowed] = passages[empty]
    vectors[~borrowed] = own
    return vectors, starts


def unpack_halfvecs(sent: bytes, size: int) -> Vector:
    """Halfvecs (n, size), one after the other as halfvec_send gives them without its header."""
    return np.frombuffer(sent, ">f2").reshape(-1, size).astype(np.float32)


def pack_frequencies(counts: TermCounts) -> bytes:
    """Frequencies as one little-endian uint16 each."""
    return counts.frequencies.astype("<u2").tobytes()


def unpack_terms(sent: bytes, counts: Sequence[int], frequencies: bytes | None = None) -> TermTable:
    """The terms of n texts, `counts` each, as array_send gives integers without its header.

    Each comes once where there are no packed `frequencies` beside them.
    """
    elements: NDArray[Any] = np.frombuffer(sent, _ARRAY_ELEMENT)
    terms = elements["value"].astype(np.int32)
    return TermTable(
        terms=terms,
        frequencies=np.ones(len(terms), np.uint16)
        if frequencies is None
        else np.frombuffer(frequencies, "<u2").astype(np.uint16),
        starts=np.cumsum([0, *counts], dtype=np.int64),
        lengths=np.array(counts, np.int64),
    )


def split_bytes(joined: bytes, sizes: Sequence[int]) -> list[memoryview]:
    """The pieces of a string that was joined from pieces of these sizes, without a copy."""
    view = memoryview(joined)
    ends = list(accumulate(sizes))
    return [view[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def array_literal(numbers: Iterable[int]) -> str:
    """A PostgreSQL array of integers as text, which costs a tenth of sending a list."""
    return f"{{{','.join(map(str, numbers))}}}"


def sparse_vector(terms: Sequence[int], weights: Sequence[float]) -> SparseVector:
    """A pgvector sparsevec over the space of term hashes."""
    return SparseVector(dict(zip(terms, weights, strict=True)), TERM_SPACE)
