"""What reading needs from the outside, by role."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.model import Platform, Preferences
from retrieval.model import (
    AccessScope,
    ChunkId,
    Passage,
    Period,
    SearchResult,
    TenantId,
    WeightedQuery,
)


class Library(Protocol):
    """Searches, reads and lists within a scope. Raises RetrievalError."""

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

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """Names of the sources of which something may be read."""
        ...


class PreferenceStore(Protocol):
    """Knows what people chose for themselves. Raises StoreUnavailable."""

    async def read(self, tenant: TenantId, platform: Platform, person: str) -> Preferences:
        """What this person chose, or what is usual."""
        ...

    async def change(
        self, tenant: TenantId, platform: Platform, person: str, preferences: Preferences
    ) -> None:
        """Keep what this person chose."""
        ...
