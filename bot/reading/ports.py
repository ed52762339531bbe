"""What reading needs from the outside, by role."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from retrieval.model import (
    AccessScope,
    ChunkId,
    Passage,
    Period,
    ReadableSource,
    SearchResult,
    WeightedQuery,
)


class Library(Protocol):
    """Searches and reads within a scope. Raises RetrievalError."""

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
    ) -> SearchResult:
        """The best passages."""
        ...

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """Those of the chunks that may be read in the scope."""
        ...


class Catalog(Protocol):
    """Knows what sources there are for somebody. Raises RetrievalError."""

    async def list_readable(self, scope: AccessScope) -> Sequence[ReadableSource]:
        """The sources of which something may be read in the scope, by name."""
        ...
