"""Token vectors small enough to store, and late interaction over them.

Late interaction (MaxSim, Khattab and Zaharia 2020, ColBERT): each token of the query takes its
best cosine among the passage's tokens; the sum, weighted by how rare the query's token is, is the
passage's score. Over the last hidden states of all-MiniLM-L6-v2, on samples of four of the data
sets (nDCG@10 of reranking the 50 densest, alone and added to the dense score):

    whole states, every token                          .806 / .786
    … without special tokens and punctuation           .809 / .793
    … and query tokens weighted by log rank            .812 / .797
    … and two bits a dimension (96 bytes a token)      .815 / .799
    … one bit a dimension (48 bytes a token)           .811 / .795

Unweighted and on half the queries: whole states .810 / .799, eight bits .810 / .799, and 128
principal components of other sets at eight bits, though a third larger than two bits, .796 / .799.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.inference.minilm_graph import HIDDEN
from retrieval.model import Vector

TokenVectors = NDArray[np.uint8]
"""A passage's token vectors as stored: (tokens, bytes a token); `tobytes()` keeps them."""

Bits = Literal[1, 2]

OUTER = 1.0
LEVELS: Mapping[Bits, tuple[float, ...]] = {1: (-1.0, 1.0), 2: (-1.5, -0.5, 0.5, 1.5)}
"""What a code stands for, in root mean squares of its token; the outer levels begin at OUTER.
Rows decoded so have nearly the same length, so they are scored without being normalised again."""

BLOCK_PRODUCTS = 250_000
"""Multiplications in one matrix product of late interaction. Unpacked vectors so stay in the cache,
and OpenBLAS starts no threads, which on cores shared with PostgreSQL wait for each other: on a busy
machine 19 ms became 1.5 ms."""

SPECIAL = ("[CLS]", "[SEP]", "[PAD]")
COMMONEST = "the"
SINGLE_CHARACTER_RANK = 2000
NO_TOKENS = -1.0
"""Score of a passage without tokens: less than any cosine."""


class TokenCodec:
    """Turns token states into TokenVectors and scores them. Pure and thread-safe."""

    def __init__(self, vocabulary: Mapping[str, int], *, bits: Bits = 2) -> None:
        """`vocabulary` maps a WordPiece to its id; from `COMMONEST` on it runs by frequency."""
        size = max(vocabulary.values()) + 1
        self._bits = bits
        self._special = np.zeros(size, bool)
        self._content = np.zeros(size, bool)
        for piece, number in vocabulary.items():
            self._special[number] = piece in SPECIAL
            self._content[number] = any(character.isalnum() for character in piece)
        for piece in (*SPECIAL, "[UNK]"):
            self._content[vocabulary[piece]] = False
        self._weights = _weigh_by_rank(size, vocabulary[COMMONEST])
        codes = np.arange(2 ** (4 * bits))[:, None] >> (np.arange(4)[::-1] * bits) & (2**bits - 1)
        table = (np.array(LEVELS[bits]) / HIDDEN**0.5).astype(np.float32)[codes]
        # Four floats travel as one complex number: numpy copies single items ten times faster
        # than it gathers rows.
        self._table = np.ascontiguousarray(table).view(np.complex128)[:, 0]

    @property
    def name(self) -> str:
        """Identifies the stored form; vectors of different forms are never mixed."""
        return f"{self._bits}bit"

    @property
    def token_bytes(self) -> int:
        return HIDDEN * self._bits // 8

    def encode_passage(self, ids: NDArray[np.int32], states: Vector) -> TokenVectors:
        """The states (t, 384) of one passage as stored; fewer rows than it has tokens."""
        kept = states[self._keep(ids)]
        codes = (kept > 0).view(np.uint8)
        if self._bits == 2:
            outer = np.sqrt(np.einsum("ij,ij->i", kept, kept) / HIDDEN)[:, None] * np.float32(OUTER)
            codes = codes + (kept > -outer) + (kept > outer)
        per_byte = 8 // self._bits
        grouped = codes.reshape(len(kept), HIDDEN // per_byte, per_byte)
        packed = np.zeros(grouped.shape[:2], np.uint8)
        for place in range(per_byte):
            packed = packed << self._bits | grouped[:, :, place]
        return packed

    def encode_query(self, ids: NDArray[np.int32], states: Vector) -> Vector:
        """One query's rows (t, 384), each of the length of its token's weight, in all 1."""
        keep = self._keep(ids)
        rows, weights = states[keep], self._weights[ids[keep]]
        lengths = np.maximum(np.linalg.norm(rows, axis=1), np.float32(1e-12))
        scale = weights / lengths / max(float(weights.sum()), 1e-12)
        return np.asarray(rows * scale[:, None], np.float32)

    def restore(self, stored: bytes) -> TokenVectors:
        """TokenVectors from their `tobytes()`. Raises ValueError when these are of another form."""
        return np.frombuffer(stored, np.uint8).reshape(-1, self.token_bytes)

    def score(self, query: Vector, passages: Sequence[TokenVectors]) -> NDArray[np.float32]:
        """Scores (n,), about in [-1, 1], of passages for a query of `encode_query`.

        50 passages of 180 tokens take some 2 ms on one core.
        """
        scores = np.full(len(passages), NO_TOKENS, np.float32)
        filled = [place for place, passage in enumerate(passages) if len(passage)]
        if not filled:
            return scores
        if not len(query):
            scores[filled] = 0.0
            return scores
        packed = np.concatenate([passages[place] for place in filled])
        cosines = self._compare(query, packed)
        starts = np.cumsum([0, *(len(passages[place]) for place in filled[:-1])])
        scores[filled] = np.maximum.reduceat(cosines, starts, axis=1).sum(axis=0)
        return scores

    def _compare(self, query: Vector, packed: TokenVectors) -> Vector:
        """Cosines (rows of the query, tokens), block by block: see BLOCK_PRODUCTS."""
        cosines = np.empty((len(query), len(packed)), np.float32)
        step = max(1, BLOCK_PRODUCTS // query.size)
        for start in range(0, len(packed), step):
            block = self._unpack(packed[start : start + step])
            np.matmul(query, block.T, out=cosines[:, start : start + step])
        return cosines

    def _unpack(self, packed: TokenVectors) -> Vector:
        fours = packed if self._bits == 2 else np.stack([packed >> 4, packed & 15], axis=-1)
        return self._table.take(fours).view(np.float32).reshape(len(packed), HIDDEN)

    def _keep(self, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        content = self._content[ids]
        return content if content.any() else ~self._special[ids]


def _weigh_by_rank(size: int, commonest: int) -> NDArray[np.float32]:
    """The logarithm of each piece's frequency rank, which by Zipf's law is close to its idf."""
    rank = np.arange(size, dtype=np.float64) - commonest + 1
    rank[rank < 1] = SINGLE_CHARACTER_RANK
    return np.log1p(rank).astype(np.float32)
