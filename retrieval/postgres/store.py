"""The write side of the store: documents with their chunks, vectors and terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from retrieval.config import VectorIndex
from retrieval.errors import EmbeddingFailed, ModelChanged
from retrieval.lexical import Analyzer, Terms, hash_terms
from retrieval.model import (
    Chunk,
    Document,
    DocumentId,
    EmbeddingModel,
    Embeddings,
    Source,
    SourceEntry,
    StoredDocument,
    TenantId,
    Vector,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.loading import (
    DocumentEntry,
    LoadedDocument,
    clean_text,
    copy_chunks,
    copy_embeddings,
    copy_lexical_chunks,
    copy_lexical_documents,
)
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import render


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """How much a tenant holds; `embedded` counts chunks that have vectors of the current model."""

    documents: int
    chunks: int
    embedded: int


class PostgresDocumentStore:
    """Implements DocumentStore over PostgreSQL with pgvector.

    Each call is one transaction: a reader sees a document as it was or as it is, never a mixture.
    """

    def __init__(
        self,
        pool: Pool,
        model: EmbeddingModel,
        *,
        analyzer: Analyzer | None = None,
        index: VectorIndex = VectorIndex.HALFVEC,
    ) -> None:
        self._pool = pool
        self._analyzer = analyzer or Analyzer()
        self.models = ModelRegister(pool, model, index)

    async def list_documents(self, source: Source) -> Mapping[str, StoredDocument]:
        """What the store holds of a source, by external id."""
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(
                render("list_documents"), {"tenant": source.tenant, "source": source.id}
            )
            return {
                row[0]: StoredDocument(
                    row[0], DocumentId(row[1]), row[2], row[3], frozenset(row[4]), row[5]
                )
                async for row in cursor
            }

    async def put_document(
        self,
        source: Source,
        document: Document,
        chunks: Sequence[Chunk],
        embeddings: Embeddings | Vector,
    ) -> None:
        """Add or replace a document with all its chunks in one transaction."""
        vectors = embeddings if isinstance(embeddings, Embeddings) else Embeddings(embeddings)
        await self.put_documents(source, [DocumentEntry(document, chunks, vectors)])

    async def put_documents(self, source: Source, entries: Sequence[DocumentEntry]) -> None:
        """Add or replace several documents in one transaction, by binary COPY.

        External ids must not repeat within one call. Raises EmbeddingFailed when the vectors do
        not fit the chunks or the model.
        """
        if not entries:
            return
        for entry in entries:
            self._check(entry)
        model = await self.models.ensure()
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(render("lock_statistics"), {"tenant": source.tenant})
            rows = await self._enter(connection, source, entries, model)
            pivot = await _read_pivot(connection, source.tenant, rows)
            await copy_chunks(connection, source, rows)
            await copy_embeddings(connection, source.tenant, rows, model)
            await copy_lexical_chunks(connection, source.tenant, rows, pivot)
            await copy_lexical_documents(connection, source.tenant, rows, self._analyzer)
        await self.models.note_written(sum(len(entry.chunks) for entry in entries))

    async def touch_document(self, source: Source, entry: SourceEntry) -> None:
        """Record that a document was seen unchanged (fingerprint, url, audience, synced_at)."""
        key = {"tenant": source.tenant}
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(render("lock_statistics"), key)
            cursor = await connection.execute(
                render("touch_document"),
                {
                    **key,
                    "source": source.id,
                    "external_id": entry.external_id,
                    "url": clean_text(entry.url),
                    "fingerprint": entry.fingerprint,
                    "modified": entry.modified_at,
                },
            )
            row = await cursor.fetchone()
            audience = entry.audience if entry.audience is not None else source.audience
            if row is None or frozenset(row[1]) == audience:
                return
            group = await _find_group(connection, source, audience)
            await _move_document(connection, source, DocumentId(row[0]), group, audience)

    async def hide_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Give documents an audience of nobody; returns how many were not hidden before."""
        key = {"tenant": source.tenant}
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(render("lock_statistics"), key)
            cursor = await connection.execute(
                render("find_visible_ids"),
                {**key, "source": source.id, "external_ids": list(external_ids)},
            )
            documents = [row[0] async for row in cursor]
            group = await _find_group(connection, source, frozenset())
            for document in documents:
                await _move_document(connection, source, document, group, frozenset())
            return len(documents)

    async def delete_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Delete documents; returns how many there were."""
        key = {"tenant": source.tenant}
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(render("lock_statistics"), key)
            cursor = await connection.execute(
                render("find_document_ids"),
                {**key, "source": source.id, "external_ids": list(external_ids)},
            )
            documents = [row[0] async for row in cursor]
            await _delete_chunks(connection, source.tenant, documents)
            await connection.execute(render("delete_documents"), {**key, "documents": documents})
            return len(documents)

    async def describe(self, tenant: TenantId) -> StoreSummary:
        """How much a tenant holds."""
        async with translate_errors(), self._pool.connection() as connection:
            model = await self.models.find(connection)
            cursor = await connection.execute(
                render("describe_tenant", model=model or 0), {"tenant": tenant}
            )
            row = await cursor.fetchone()
        chunks, documents, embedded = row or (0, 0, 0)
        return StoreSummary(documents, chunks, embedded)

    def _check(self, entry: DocumentEntry) -> None:
        shape, count = entry.embeddings.passages.shape, len(entry.chunks)
        if shape != (count, self.models.dimensions) and (count or shape[0]):
            raise EmbeddingFailed(
                f"The vectors have shape {shape}, but {count} chunks of {self.models.dimensions} "
                "dimensions are stored. Check that the embedding model is the one configured."
            )

    async def _enter(
        self,
        connection: psycopg.AsyncConnection,
        source: Source,
        entries: Sequence[DocumentEntry],
        model: int,
    ) -> list[LoadedDocument]:
        """Write the documents themselves, and give everything its number.

        Raises ModelChanged where `model` is not the one in use, under the lock of writers.
        """
        audiences = {entry.document.audience for entry in entries}
        groups = {
            audience: await _find_group(connection, source, audience)
            for audience in sorted(audiences, key=sorted)
        }
        documents = [entry.document for entry in entries]
        numbers = await _put_documents(connection, source, documents, groups, model)
        cursor = await connection.execute(
            render("take_chunk_ids"), {"count": sum(len(entry.chunks) for entry in entries)}
        )
        ids = [row[0] async for row in cursor]
        rows: list[LoadedDocument] = []
        start = 0
        for entry in entries:
            end = start + len(entry.chunks)
            terms = [self._analyse(source.tenant, entry.document.title, c) for c in entry.chunks]
            number = numbers[entry.document.external_id]
            group = groups[entry.document.audience]
            rows.append(LoadedDocument(entry, group, number, ids[start:end], terms))
            start = end
        return rows

    def _analyse(self, tenant: TenantId, title: str, chunk: Chunk) -> tuple[Terms, int]:
        """A chunk's terms, and how many of them come from its title and headings."""
        title_terms = self._analyzer.tokenize("\n".join([title, *chunk.heading_path]))
        terms = [*title_terms, *self._analyzer.tokenize(chunk.text)]
        return hash_terms(tenant, terms), len(title_terms)


async def _put_documents(
    connection: psycopg.AsyncConnection,
    source: Source,
    documents: Sequence[Document],
    groups: Mapping[frozenset[str], int],
    model: int,
) -> dict[str, DocumentId]:
    """Write documents without their chunks, those of earlier versions gone; ids by external id.

    Raises ModelChanged.
    """
    cursor = await connection.execute(
        render("put_documents"),
        {
            "tenant": source.tenant,
            "source": source.id,
            "external_ids": [document.external_id for document in documents],
            "urls": [clean_text(document.url) for document in documents],
            "titles": [clean_text(document.title) for document in documents],
            "bodies": [clean_text(document.text) for document in documents],
            "groups": [groups[document.audience] for document in documents],
            "hashes": [document.content_hash for document in documents],
            "fingerprints": [document.fingerprint for document in documents],
            "modified": [document.modified_at for document in documents],
        },
    )
    written = await cursor.fetchall()
    if any(active not in (None, model) for *_, active in written):
        raise ModelChanged
    await _delete_chunks(connection, source.tenant, [row[1] for row in written if row[2] > 1])
    return {row[0]: DocumentId(row[1]) for row in written}


async def _find_group(
    connection: psycopg.AsyncConnection, source: Source, audience: frozenset[str]
) -> int:
    cursor = await connection.execute(
        render("find_group"),
        {"tenant": source.tenant, "source": source.id, "audience": sorted(audience)},
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - INSERT … RETURNING gives a row or raises
    return int(row[0])


async def _move_document(
    connection: psycopg.AsyncConnection,
    source: Source,
    document: DocumentId,
    group: int,
    audience: frozenset[str],
) -> None:
    values = {
        "tenant": source.tenant,
        "document": document,
        "group": group,
        "audience": sorted(audience),
    }
    for name in ("document", "chunks", "embeddings", "lexical_chunks"):
        await connection.execute(render(f"move_{name}"), values)


async def _delete_chunks(
    connection: psycopg.AsyncConnection, tenant: TenantId, documents: Sequence[DocumentId]
) -> None:
    if documents:
        key = {"tenant": tenant, "documents": list(documents)}
        await connection.execute(render("delete_lexical_chunks"), key)
        await connection.execute(render("delete_lexical_documents"), key)
        await connection.execute(render("delete_chunks"), key)


async def _read_pivot(
    connection: psycopg.AsyncConnection, tenant: TenantId, rows: Sequence[LoadedDocument]
) -> float:
    """The mean length of the tenant's chunks; of those coming in where there are none yet."""
    cursor = await connection.execute(render("read_mean_length"), {"tenant": tenant})
    found = await cursor.fetchone()
    if found is not None:
        return float(found[0])
    lengths = [len(terms) for row in rows for terms, _ in row.chunk_terms]
    return max(float(np.mean(lengths)), 1.0) if lengths else 1.0
