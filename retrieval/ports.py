"""What retrieval needs from the outside, by role."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.model import (
    Chunk,
    Document,
    EmbeddingModel,
    ParsedDocument,
    RawDocument,
    Source,
    SourceEntry,
    StoredDocument,
    SyncCounts,
    TokenVectors,
    Vector,
)


class Embedder(Protocol):
    """Turns text into vectors. Raises EmbeddingFailed."""

    @property
    def model(self) -> EmbeddingModel: ...

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Vectors (n, d) of n passages, L2-normalised, in the order given."""
        ...

    async def embed_query(self, text: str) -> Vector:
        """The vector (d,) of one query, L2-normalised."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as the model would see it untruncated."""
        ...


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that also gives the vectors of a text's tokens, from the same forward pass."""

    async def embed_passages_with_tokens(
        self, texts: Sequence[str]
    ) -> tuple[Vector, Sequence[TokenVectors]]:
        """As embed_passages, and the token vectors of each text."""
        ...

    async def embed_query_with_tokens(self, text: str) -> tuple[Vector, TokenVectors]:
        """As embed_query, and the token vectors of the query."""
        ...


class Reranker(Protocol):
    """Scores passages against a query, reading both. Raises EmbeddingFailed."""

    @property
    def name(self) -> str: ...

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,), higher is better, comparable only within one call."""
        ...


class Connector(Protocol):
    """Reads one source. One file per kind in retrieval/sources."""

    def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every document of the source. Complete, or raises SourceUnreadable."""
        ...

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One document. Raises SourceUnreadable, or DocumentUnreadable for this one alone."""
        ...


class Parser(Protocol):
    """Turns fetched bytes into text with structure. Raises DocumentUnreadable."""

    async def parse(self, raw: RawDocument) -> ParsedDocument: ...


class DocumentStore(Protocol):
    """The write side of the store, as the sync needs it. Raises StoreUnavailable."""

    async def list_documents(self, source: Source) -> Mapping[str, StoredDocument]:
        """What the store holds of a source, by external id."""
        ...

    async def put_document(
        self, source: Source, document: Document, chunks: Sequence[Chunk], embeddings: Vector
    ) -> None:
        """Add or replace a document with all its chunks in one transaction."""
        ...

    async def touch_document(self, source: Source, entry: SourceEntry) -> None:
        """Record that a document was seen unchanged (fingerprint, url, audience, synced_at)."""
        ...

    async def delete_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Delete documents; returns how many there were."""
        ...


class Progress(Protocol):
    """Told how a sync run is getting on; `total` counts the documents to be worked on."""

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None: ...
