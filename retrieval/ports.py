"""What retrieval needs from the outside, by role."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.model import (
    AccessScope,
    Candidates,
    ChatMessage,
    Chunk,
    ChunkId,
    Document,
    EmbeddingModel,
    Embeddings,
    EncodedPassages,
    FirstScores,
    ParsedDocument,
    Passage,
    Period,
    Phrase,
    RawDocument,
    Reading,
    RunId,
    RunSignal,
    Source,
    SourceEntry,
    Span,
    StoredDocument,
    StoredTokens,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
    TermStatistics,
    UnreadableDocument,
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
    """An embedder that looks inside a text: sentences and tokens, from the same pass."""

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        """As embed_passages, with vectors of each text's spans and tokens.

        A span's vector is the mean of its tokens' last hidden states in the text, L2-normalised.
        Spans that hold fewer than two tokens, or that lie beyond the model's cut, are left out, so
        there may be fewer vectors than spans.
        """
        ...

    async def score_tokens(
        self, query: str, passages: Sequence[StoredTokens]
    ) -> NDArray[np.float32]:
        """Late interaction scores (n,) of passages whose stored token vectors are at hand."""
        ...


class Reranker(Protocol):
    """Scores passages against a query, reading both. Raises EmbeddingFailed."""

    @property
    def name(self) -> str: ...

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,), higher is better, comparable only within one call."""
        ...


class Connector(Protocol):
    """Reads one source. One file per kind in retrieval/sources.

    What went wrong decides what a sync does. SourceRefused (401, no such folder) ends it at once.
    SourceUnreadable (5xx, 429, no answer) has it wait, `retry_after` seconds where the source said
    so, and try again a few times. DocumentUnreadable (403, too large, no format that is read) is
    recorded for that document. DocumentGone (404, 410) counts as a deletion at the source. Nothing
    else deletes than DocumentGone and a document's lack in a complete listing.
    """

    def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every document of the source. Complete, or raises SourceUnreadable."""
        ...

    async def fetch(self, entry: SourceEntry) -> RawDocument | None:
        """One document; None where it has not changed since `entry.known`.

        Raises SourceUnreadable, or DocumentUnreadable for this one alone.
        """
        ...


class Transcript(Protocol):
    """What was said in the channels of one source, written down. Raises StoreUnavailable."""

    async def open(self, channel: str, workspace: str) -> Reading:
        """Write a channel down from now on, as its events tell; how far it was read before that.

        Where its events were not heard for a while, it is to be read anew.
        """
        ...

    async def put(
        self,
        channel: str,
        reading: int,
        messages: Sequence[ChatMessage],
        *,
        down_to: str | None = None,
    ) -> None:
        """Add what a reading saw. A later version that events told of stands, as does a deletion.

        `down_to` is the message down to which the reading has come with them.
        """
        ...

    async def keep_thread(self, channel: str, reading: int, thread: str) -> None:
        """Note that a reading saw a thread as it is written down."""
        ...

    async def finish(self, channel: str, reading: int) -> None:
        """End a reading: what it did not see, and was there when it began, is gone."""
        ...

    async def list_outline(self, channel: str) -> Sequence[ChatMessage]:
        """Every message that is there, in the order of time, without its text."""
        ...

    async def count_replies(self, channel: str, thread: str) -> tuple[int, str] | None:
        """How many replies to a message are written down, and the ts of the last.

        None where it is to be read without regard to what is written down.
        """
        ...

    async def list_thread(self, channel: str, thread: str) -> Sequence[ChatMessage]:
        """A message with the replies to it, in the order of time."""
        ...

    async def list_loose(self, channel: str, first: str, last: str) -> Sequence[ChatMessage]:
        """What people said outside threads from one ts to another, in the order of time."""
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
        self,
        source: Source,
        document: Document,
        chunks: Sequence[Chunk],
        embeddings: Embeddings | Vector,
    ) -> None:
        """Add or replace a document with all its chunks in one transaction."""
        ...

    async def touch_document(self, source: Source, entry: SourceEntry) -> None:
        """Record that a document was seen unchanged (fingerprint, url, audience, synced_at).

        An entry without an audience has the source's.
        """
        ...

    async def hide_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Give documents an audience of nobody; returns how many were not hidden before."""
        ...

    async def delete_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Delete documents; returns how many there were."""
        ...


class SyncRecords(Protocol):
    """The record of sync runs, and what keeps two from running at once. Raises StoreUnavailable."""

    async def start_run(self, source: Source, mode: SyncMode, run: RunId | None = None) -> SyncRun:
        """Open a run; one that died is closed first. Raises SyncInProgress.

        It bears the id that was announced for it, unless there is a run of that id already.
        """
        ...

    async def update_run(
        self, source: Source, run: RunId, counts: SyncCounts, *, done: int = 0, total: int = 0
    ) -> RunSignal:
        """Say that the run is alive and how far it is; learn whether to go on."""
        ...

    async def record_failure(
        self, source: Source, run: RunId, failure: SyncFailure, *, fingerprint: str | None = None
    ) -> None:
        """Keep a document's failure, in the run and beyond it, until it is read or gone."""
        ...

    async def list_unreadable(self, source: Source) -> Mapping[str, UnreadableDocument]:
        """The documents that could not be read when they were last tried, by external id."""
        ...

    async def forget_failures(self, source: Source, external_ids: Sequence[str]) -> None:
        """Documents that were read, or that are gone, are unreadable no more."""
        ...

    async def finish_run(
        self,
        source: Source,
        run: RunId,
        state: SyncState,
        counts: SyncCounts,
        error: str | None = None,
        *,
        done: int = 0,
        total: int = 0,
        held: Sequence[str] = (),
    ) -> SyncRun:
        """Close a run, and return its record with all its failures."""
        ...


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


class SyncRunner(Protocol):
    """Brings the store in step with a source, as retrieval.sync.engine.SyncEngine does."""

    async def run(
        self,
        source: Source,
        mode: SyncMode,
        *,
        confirm_deletions: bool = False,
        confirmed: Collection[str] = (),
        run: RunId | None = None,
        progress: "Progress | None" = None,
    ) -> SyncRun: ...


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


class Progress(Protocol):
    """Told how a sync run is getting on; `total` counts the documents to be worked on."""

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None: ...
