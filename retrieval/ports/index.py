"""What a search reads: one consistent view of the store."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from retrieval.model import (
    AccessScope,
    Candidates,
    ChunkId,
    FirstScores,
    Passage,
    Period,
    Phrase,
    TermStatistics,
    Vector,
)


class IndexSnapshot(Protocol):
    """One consistent view of what an AccessScope may see. Raises StoreUnavailable.

    Nothing outside the scope ever leaves it, whatever ids are asked for. A period bounds what is
    found, not what is counted or loaded by id.
    """

    @property
    def visible(self) -> int:
        """How many chunks the scope may see."""
        ...

    @property
    def held(self) -> int:
        """How many chunks the tenant holds in all."""
        ...

    async def list_sources(self) -> frozenset[str]:
        """Names of the sources that hold something visible."""
        ...

    @property
    def authorities(self) -> Mapping[str, float]:
        """How far visible sources are trusted, by name, where that is not 1."""
        ...

    @property
    def statistics(self) -> tuple[TermStatistics, TermStatistics]:
        """The tenant's, over chunks and over whole documents, with the terms asked for."""
        ...

    async def find_nearest(self, vector: Vector, limit: int) -> Sequence[ChunkId]:
        """The chunks whose vectors have the greatest inner product with `vector`, best first."""
        ...

    async def find_matching(
        self,
        weights: Mapping[int, float],
        phrases: Sequence[Phrase],
        any_of: Sequence[int],
        limit: int,
    ) -> Sequence[ChunkId]:
        """The chunks with the greatest weighted sum of terms (BM25), best first.

        Only chunks with a term of `any_of` and with every phrase are considered.
        """
        ...

    async def weigh(
        self,
        chunks: Sequence[ChunkId],
        vectors: Sequence[Vector | None],
        weights: Sequence[Mapping[int, float]],
    ) -> FirstScores:
        """What chunks score for phrasings, in no particular order; unknown chunks are left out.

        Each phrasing has a vector, or None, and the weights of its terms: idf, and how much each
        counts.
        """
        ...

    async def load_candidates(
        self, chunks: Sequence[ChunkId], *, tokens: bool = False
    ) -> Candidates:
        """What close reading needs, in no particular order; unknown chunks are left out."""
        ...

    async def load_passages(self, chunks: Sequence[ChunkId]) -> Mapping[ChunkId, Passage]:
        """What a reader is shown, with a score of 0; unknown chunks are left out."""
        ...

    async def load_widened(
        self, chunks: Sequence[ChunkId], reach: int
    ) -> Mapping[ChunkId, Passage]:
        """As load_passages, each with the text of `reach` neighbours before and after it.

        The span covers all of it, headings in between included.
        """
        ...

    async def load_neighbours(self, chunk: ChunkId, before: int, after: int) -> Sequence[Passage]:
        """The chunk and those around it in its document, in the order of the text."""
        ...


class PassageIndex(Protocol):
    """The read side of the store, as search needs it. Raises StoreUnavailable."""

    def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AbstractAsyncContextManager[IndexSnapshot]:
        """A view, with statistics of these terms."""
        ...
