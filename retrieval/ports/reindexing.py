"""What changing the embedding model writes to."""

from collections.abc import Sequence
from typing import Protocol

from retrieval.model import Chunk, ChunkId, Embeddings, TenantId


class ReindexStore(Protocol):
    """Keeps the vectors of a model that is to come into use. Raises StoreUnavailable."""

    async def count(self) -> tuple[int, int]:
        """How many chunks have vectors of the model, and how many there are."""
        ...

    async def list_tenants(self) -> Sequence[TenantId]:
        """Everyone who has documents."""
        ...

    async def find_unembedded(
        self, tenant: TenantId, limit: int, *, after: ChunkId = ...
    ) -> Sequence[tuple[ChunkId, str, Chunk]]:
        """Chunks beyond `after` without vectors of the model: (id, title, chunk), by id."""
        ...

    async def add_embeddings(
        self, tenant: TenantId, chunks: Sequence[ChunkId], embeddings: Embeddings
    ) -> int:
        """Vectors for these chunks, in one transaction; how many of them are still there."""
        ...

    async def build_index(self) -> None:
        """The index over the model's vectors, built while others read and write."""
        ...

    async def activate(self, spec: str) -> bool:
        """Have everyone use the model from now on; False, and no change, if a chunk lacks it."""
        ...
