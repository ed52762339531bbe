"""What a sync writes to, what is kept of it, and how it is run and followed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from retrieval.model import (
    Chunk,
    Document,
    Embeddings,
    RunId,
    RunSignal,
    Source,
    SourceEntry,
    StoredDocument,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncRun,
    SyncState,
    UnreadableDocument,
    Vector,
)


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


class Progress(Protocol):
    """Told how a sync run is getting on; `total` counts the documents to be worked on."""

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None: ...


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
        progress: Progress | None = None,
    ) -> SyncRun: ...
