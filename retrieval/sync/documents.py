"""Takes documents from their source into the store: fetch, parse, chunk, embed, write."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.chunking import chunk_document
from retrieval.embedding import embed_documents
from retrieval.errors import DocumentGone, DocumentUnreadable, RetrievalError
from retrieval.model import Document, RawDocument, SourceEntry, SyncFailure, SyncMode
from retrieval.ports import DocumentStore, Embedder, Parser, SyncRecords
from retrieval.sync.waiting import PreparedDocument, WaitingRoom
from retrieval.sync.work import Job

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SyncPace:
    """How much a run takes on at once.

    `preparing` documents are fetched and parsed at the same time; `waiting` chunks may lie between
    them and the embedding, which bounds the memory of a run; `writing` batches are under way, of
    which one is embedded while the others are written; a batch of `batch_chunks` chunks, of as
    many documents as that takes, is embedded together; `heartbeat_seconds` between signs of life.

    Texts of a batch are sorted by length. In batches of 64, of which few were full, a fifth of what
    the model read was padding; in batches of 256 it is a twentieth.
    """

    preparing: int = 4
    waiting: int = 512
    writing: int = 2
    batch_chunks: int = 256
    heartbeat_seconds: float = 2.0


class DocumentPipeline:
    """Works through the documents of a plan, several at once."""

    def __init__(
        self,
        store: DocumentStore,
        records: SyncRecords,
        embedder: Embedder,
        parser: Parser,
        pace: SyncPace,
    ) -> None:
        self._store = store
        self._records = records
        self._embedder = embedder
        self._parser = parser
        self._pace = pace

    async def touch(self, job: Job, entry: SourceEntry) -> None:
        """Note that a document is as the store holds it but for url, readers and fingerprint."""
        await self._store.touch_document(job.source, entry)
        await self._forget_failure(job, entry.external_id)
        back = job.is_new(entry.external_id)
        await job.tally.finish_document(added=int(back), unchanged=int(not back))

    async def process(self, job: Job, entries: Sequence[SourceEntry]) -> None:
        """Fetch documents and store those that changed. Raises RetrievalError."""
        waiting = WaitingRoom(self._pace.waiting)
        remaining = iter(entries)
        embedding = asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as writers:
                for _ in range(self._pace.writing):
                    writers.create_task(self._write_all(job, waiting, embedding))
                async with asyncio.TaskGroup() as preparers:
                    for _ in range(self._pace.preparing):
                        preparers.create_task(self._prepare_all(job, remaining, waiting))
                await waiting.close()
        except BaseExceptionGroup as group:
            # the others were cancelled because of the first
            raise _find_cause(group) from group

    async def _prepare_all(
        self, job: Job, remaining: Iterator[SourceEntry], waiting: WaitingRoom
    ) -> None:
        for entry in remaining:
            raw = await self._fetch(job, entry)
            if raw is None:
                continue
            try:
                prepared = await self._prepare(job, raw)
            except DocumentUnreadable as error:
                # the same bytes fail again, so that a later sync need not try
                await self._record_failure(job, entry, str(error), entry.fingerprint)
            except RetrievalError:
                raise
            except Exception as error:  # noqa: BLE001 - it must not hide the other documents
                await self._record_mistake(job, entry, error)
            else:
                if prepared is not None:
                    await waiting.put(prepared)

    async def _fetch(self, job: Job, entry: SourceEntry) -> RawDocument | None:
        """What the source holds; None where there is nothing to be read for now."""
        known = job.stored.get(entry.external_id)
        asked = replace(entry, known=known.fingerprint if known else None)
        try:
            raw = await job.reader.fetch(asked)
        except DocumentGone:
            job.gone.append(entry.external_id)
            await job.tally.finish_document()
            return None
        except DocumentUnreadable as error:
            await self._record_failure(job, entry, str(error))
            return None
        except RetrievalError:
            raise
        except Exception as error:  # noqa: BLE001 - it must not hide the other documents
            await self._record_mistake(job, entry, error)
            return None
        if raw is None:
            await self.touch(job, replace(entry, fingerprint=asked.known))
        return raw

    async def _prepare(self, job: Job, raw: RawDocument) -> PreparedDocument | None:
        """A document ready to be embedded; None if its content turned out to be unchanged."""
        entry = raw.entry
        content_hash = await asyncio.to_thread(_hash_content, raw.content)
        known = job.stored.get(entry.external_id)
        if known and known.content_hash == content_hash and job.mode is not SyncMode.FULL:
            await self.touch(job, entry)
            return None
        parsed = await self._parser.parse(raw)
        chunks = await asyncio.to_thread(
            chunk_document, parsed, count_tokens=self._embedder.count_tokens
        )
        document = Document(
            external_id=entry.external_id,
            url=entry.url,
            title=parsed.title,
            text=parsed.text,
            content_hash=content_hash,
            audience=job.source.audience if entry.audience is None else entry.audience,
            modified_at=entry.modified_at,
            fingerprint=entry.fingerprint,
        )
        return PreparedDocument(document, chunks, is_new=job.is_new(entry.external_id))

    async def _record_mistake(self, job: Job, entry: SourceEntry, error: Exception) -> None:
        logger.error(
            "%s of %s could not be synced", entry.external_id, job.source.name, exc_info=error
        )
        reason = f"It met an error of Footnote's own ({type(error).__name__}: {error})."
        await self._record_failure(job, entry, reason)

    async def _record_failure(
        self, job: Job, entry: SourceEntry, reason: str, fingerprint: str | None = None
    ) -> None:
        failure = SyncFailure(entry.external_id, reason)
        await self._records.record_failure(job.source, job.run, failure, fingerprint=fingerprint)
        known = job.stored.get(entry.external_id)
        audience = job.source.audience if entry.audience is None else entry.audience
        if known and known.audience and known.audience != audience:
            # what it said before may be shown on, but only to those who may read it now
            kept = replace(entry, fingerprint=known.fingerprint)
            await self._store.touch_document(job.source, kept)
        await job.tally.finish_document(failed=1)

    async def _forget_failure(self, job: Job, external_id: str) -> None:
        if external_id in job.unreadable:
            await self._records.forget_failures(job.source, [external_id])

    async def _write_all(self, job: Job, waiting: WaitingRoom, embedding: asyncio.Lock) -> None:
        while True:
            async with embedding:
                # taken no sooner than the model is free, so that the batch is as full as can be
                batch = await waiting.take(self._pace.batch_chunks)
                if not batch:
                    return
                embedded = await embed_documents(
                    self._embedder, [(item.document.title, item.chunks) for item in batch]
                )
            for item, embeddings in zip(batch, embedded, strict=True):
                await self._store.put_document(job.source, item.document, item.chunks, embeddings)
                await self._forget_failure(job, item.document.external_id)
                await job.tally.finish_document(
                    added=int(item.is_new), updated=int(not item.is_new), chunks=len(item.chunks)
                )


def _hash_content(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _find_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _find_cause(first) if isinstance(first, BaseExceptionGroup) else first
