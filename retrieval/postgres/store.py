"""The write side of the store: documents with their chunks, vectors and terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector

from retrieval.errors import EmbeddingFailed
from retrieval.lexical import Analyzer, Terms, count_terms, hash_terms, saturate
from retrieval.model import (
    Chunk,
    Document,
    DocumentId,
    EmbeddingModel,
    Embeddings,
    Source,
    SourceEntry,
    Span,
    StoredDocument,
    TenantId,
    Vector,
)
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.packing import pack_frequencies, pack_vectors, sparse_vector
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document with all that is stored of it."""

    document: Document
    chunks: Sequence[Chunk]
    embeddings: Embeddings


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """How much a tenant holds; `embedded` counts chunks that have vectors of the current model."""

    documents: int
    chunks: int
    embedded: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A document on its way in, with the numbers it was given."""

    entry: DocumentEntry
    group: int
    document: DocumentId
    chunk_ids: Sequence[int]
    chunk_terms: Sequence[tuple[Terms, int]]


class PostgresDocumentStore:
    """Implements DocumentStore over PostgreSQL with pgvector.

    Each call is one transaction: a reader sees a document as it was or as it is, never a mixture.
    """

    def __init__(
        self, pool: Pool, model: EmbeddingModel, *, analyzer: Analyzer | None = None
    ) -> None:
        self._pool = pool
        self._analyzer = analyzer or Analyzer()
        self.models = ModelRegister(pool, model)

    async def list_documents(self, source: Source) -> Mapping[str, StoredDocument]:
        """What the store holds of a source, by external id."""
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(
                compose("list_documents"), {"tenant": source.tenant, "source": source.id}
            )
            return {
                row[0]: StoredDocument(
                    row[0], DocumentId(row[1]), row[2], row[3], frozenset(row[4])
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
            await connection.execute(compose("lock_statistics"), {"tenant": source.tenant})
            rows = await self._enter(connection, source, entries)
            pivot = await _read_pivot(connection, source.tenant, rows)
            await _copy_chunks(connection, source, rows)
            await _copy_embeddings(connection, source.tenant, rows, model)
            await _copy_lexical_chunks(connection, source.tenant, rows, pivot)
            await self._copy_lexical_documents(connection, source.tenant, rows)

    async def touch_document(self, source: Source, entry: SourceEntry) -> None:
        """Record that a document was seen unchanged (fingerprint, url, audience, synced_at)."""
        key = {"tenant": source.tenant}
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(compose("lock_statistics"), key)
            cursor = await connection.execute(
                compose("touch_document"),
                {
                    **key,
                    "source": source.id,
                    "external_id": entry.external_id,
                    "url": _clean(entry.url),
                    "fingerprint": entry.fingerprint,
                    "modified": entry.modified_at,
                },
            )
            row = await cursor.fetchone()
            audience = entry.audience if entry.audience is not None else source.audience
            if row is None or frozenset(row[1]) == audience:
                return
            group = await _find_group(connection, source, audience)
            moved = {**key, "document": row[0], "group": group, "audience": sorted(audience)}
            for name in ("document", "chunks", "embeddings", "lexical_chunks"):
                await connection.execute(compose(f"move_{name}"), moved)

    async def delete_documents(self, source: Source, external_ids: Sequence[str]) -> int:
        """Delete documents; returns how many there were."""
        key = {"tenant": source.tenant}
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(compose("lock_statistics"), key)
            cursor = await connection.execute(
                compose("find_document_ids"),
                {**key, "source": source.id, "external_ids": list(external_ids)},
            )
            documents = [row[0] async for row in cursor]
            await _delete_chunks(connection, source.tenant, documents)
            await connection.execute(compose("delete_documents"), {**key, "documents": documents})
            return len(documents)

    async def read_document(self, source: Source, external_id: str) -> Document | None:
        """A document as it was put, or None."""
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(
                compose("read_document"),
                {"tenant": source.tenant, "source": source.id, "external_id": external_id},
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        return Document(
            external_id=row[2],
            url=row[3],
            title=row[4],
            text=row[5],
            content_hash=row[6],
            audience=frozenset(row[7]),
            modified_at=row[8],
            fingerprint=row[9],
        )

    async def find_unembedded(
        self, tenant: TenantId, limit: int
    ) -> list[tuple[int, int, str, Chunk]]:
        """Chunks without vectors of the current model: (chunk id, access group, title, chunk)."""
        model = await self.models.ensure()
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(
                compose("find_unembedded", model=model), {"tenant": tenant, "limit": limit}
            )
            return [(row[0], row[1], row[2], _chunk_from(row[3:])) async for row in cursor]

    async def add_embeddings(
        self, tenant: TenantId, keys: Sequence[tuple[int, int]], embeddings: Embeddings
    ) -> None:
        """Vectors of the current model for chunks found by find_unembedded, in one transaction.

        `keys` are (chunk id, access group). Search with the model before it, until all are in.
        """
        self._check_shape(embeddings, len(keys))
        model = await self.models.ensure()
        async with (
            translate_errors(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            records = _embedding_records(tenant, keys, embeddings, model)
            await _copy(connection, "copy_embeddings", _EMBEDDING_TYPES, records)

    async def describe(self, tenant: TenantId) -> StoreSummary:
        """How much a tenant holds."""
        async with translate_errors(), self._pool.connection() as connection:
            model = await self.models.find(connection)
            cursor = await connection.execute(
                compose("describe_tenant", model=model or 0), {"tenant": tenant}
            )
            row = await cursor.fetchone()
        chunks, documents, embedded = row or (0, 0, 0)
        return StoreSummary(documents, chunks, embedded)

    def _check(self, entry: DocumentEntry) -> None:
        self._check_shape(entry.embeddings, len(entry.chunks))

    def _check_shape(self, embeddings: Embeddings, count: int) -> None:
        shape = embeddings.passages.shape
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
    ) -> list[_Row]:
        """Write the documents themselves, and give everything its number."""
        audiences = {entry.document.audience for entry in entries}
        groups = {
            audience: await _find_group(connection, source, audience)
            for audience in sorted(audiences, key=sorted)
        }
        documents = [entry.document for entry in entries]
        cursor = await connection.execute(
            compose("put_documents"),
            {
                "tenant": source.tenant,
                "source": source.id,
                "external_ids": [document.external_id for document in documents],
                "urls": [_clean(document.url) for document in documents],
                "titles": [_clean(document.title) for document in documents],
                "bodies": [_clean(document.text) for document in documents],
                "groups": [groups[document.audience] for document in documents],
                "hashes": [document.content_hash for document in documents],
                "fingerprints": [document.fingerprint for document in documents],
                "modified": [document.modified_at for document in documents],
            },
        )
        found = {row[0]: (DocumentId(row[1]), row[2]) async for row in cursor}
        replaced = [number for number, version in found.values() if version > 1]
        await _delete_chunks(connection, source.tenant, replaced)
        cursor = await connection.execute(
            compose("take_chunk_ids"), {"count": sum(len(entry.chunks) for entry in entries)}
        )
        ids = [row[0] async for row in cursor]
        rows: list[_Row] = []
        start = 0
        for entry in entries:
            end = start + len(entry.chunks)
            terms = [self._analyse(source.tenant, entry.document.title, c) for c in entry.chunks]
            number = found[entry.document.external_id][0]
            group = groups[entry.document.audience]
            rows.append(_Row(entry, group, number, ids[start:end], terms))
            start = end
        return rows

    def _analyse(self, tenant: TenantId, title: str, chunk: Chunk) -> tuple[Terms, int]:
        """A chunk's terms, and how many of them come from its title and headings."""
        title_terms = self._analyzer.tokenize("\n".join([title, *chunk.heading_path]))
        terms = [*title_terms, *self._analyzer.tokenize(chunk.text)]
        return hash_terms(tenant, terms), len(title_terms)

    async def _copy_lexical_documents(
        self, connection: psycopg.AsyncConnection, tenant: TenantId, rows: Sequence[_Row]
    ) -> None:
        records = []
        for row in rows:
            document = row.entry.document
            terms = self._analyzer.tokenize(f"{document.title}\n{document.text}")
            counts = count_terms(hash_terms(tenant, terms))
            records.append(
                (
                    tenant,
                    row.document,
                    counts.length,
                    counts.terms.tolist(),
                    pack_frequencies(counts),
                )
            )
        await _copy(
            connection,
            "copy_lexical_documents",
            ["text", "int8", "int4", "int4[]", "bytea"],
            records,
        )


_CHUNK_TYPES = "text int8 int8 int8 text[] int4 text[] int4 text int4 int4 text int4".split()
_EMBEDDING_TYPES = ["text", "int8", "int2", "int4", "halfvec", "bytea", "bytea", "int2"]


async def _copy(
    connection: psycopg.AsyncConnection,
    query: str,
    types: Sequence[str],
    records: Iterable[Sequence[object]],
) -> None:
    async with connection.cursor() as cursor, cursor.copy(compose(query)) as copy:
        copy.set_types(types)
        for record in records:
            await copy.write_row(record)


async def _find_group(
    connection: psycopg.AsyncConnection, source: Source, audience: frozenset[str]
) -> int:
    cursor = await connection.execute(
        compose("find_group"),
        {"tenant": source.tenant, "source": source.id, "audience": sorted(audience)},
    )
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - INSERT … RETURNING gives a row or raises
    return int(row[0])


async def _delete_chunks(
    connection: psycopg.AsyncConnection, tenant: TenantId, documents: Sequence[DocumentId]
) -> None:
    if documents:
        key = {"tenant": tenant, "documents": list(documents)}
        await connection.execute(compose("delete_lexical_chunks"), key)
        await connection.execute(compose("delete_lexical_documents"), key)
        await connection.execute(compose("delete_chunks"), key)


async def _read_pivot(
    connection: psycopg.AsyncConnection, tenant: TenantId, rows: Sequence[_Row]
) -> float:
    """The mean length of the tenant's chunks; of those coming in where there are none yet."""
    cursor = await connection.execute(compose("read_mean_length"), {"tenant": tenant})
    found = await cursor.fetchone()
    if found is not None:
        return float(found[0])
    lengths = [len(terms) for row in rows for terms, _ in row.chunk_terms]
    return max(float(np.mean(lengths)), 1.0) if lengths else 1.0


async def _copy_chunks(
    connection: psycopg.AsyncConnection, source: Source, rows: Sequence[_Row]
) -> None:
    await _copy(
        connection,
        "copy_chunks",
        _CHUNK_TYPES,
        (
            (
                source.tenant,
                number,
                row.document,
                source.id,
                sorted(row.entry.document.audience),
                chunk.ordinal,
                [_clean(heading) for heading in chunk.heading_path],
                chunk.page,
                chunk.anchor,
                chunk.span.start,
                chunk.span.end,
                _clean(chunk.text),
                chunk.tokens,
            )
            for row in rows
            for number, chunk in zip(row.chunk_ids, row.entry.chunks, strict=True)
        ),
    )


async def _copy_embeddings(
    connection: psycopg.AsyncConnection, tenant: TenantId, rows: Sequence[_Row], model: int
) -> None:
    records = (
        record
        for row in rows
        for record in _embedding_records(
            tenant,
            [(number, row.group) for number in row.chunk_ids],
            row.entry.embeddings,
            model,
        )
    )
    await _copy(connection, "copy_embeddings", _EMBEDDING_TYPES, records)


def _embedding_records(
    tenant: TenantId, keys: Sequence[tuple[int, int]], embeddings: Embeddings, model: int
) -> Iterable[tuple[object, ...]]:
    for place, (number, group) in enumerate(keys):
        sentences = embeddings.sentences[place] if embeddings.sentences is not None else None
        tokens = embeddings.tokens[place] if embeddings.tokens is not None else None
        yield (
            tenant,
            number,
            model,
            group,
            HalfVector(embeddings.passages[place]),
            pack_vectors(sentences) if sentences is not None else None,
            tokens.tobytes() if tokens is not None else None,
            tokens.shape[1] if tokens is not None else None,
        )


async def _copy_lexical_chunks(
    connection: psycopg.AsyncConnection, tenant: TenantId, rows: Sequence[_Row], pivot: float
) -> None:
    records = []
    for row in rows:
        for number, (terms, title_length) in zip(row.chunk_ids, row.chunk_terms, strict=True):
            counts = count_terms(terms)
            shares = saturate(counts.frequencies.astype(np.float32), counts.length, pivot)
            records.append(
                (
                    tenant,
                    number,
                    row.document,
                    row.group,
                    title_length,
                    pivot,
                    terms.tolist(),
                    sparse_vector(counts.terms.tolist(), shares.tolist()),
                )
            )
    await _copy(
        connection,
        "copy_lexical_chunks",
        ["text", "int8", "int8", "int4", "int4", "float4", "int4[]", "sparsevec"],
        records,
    )


def _chunk_from(row: Sequence[Any]) -> Chunk:
    ordinal, text, start, end, headings, page, anchor, tokens = row
    return Chunk(ordinal, text, Span(start, end), tuple(headings), page, anchor, tokens)


def _clean(text: str) -> str:
    """PostgreSQL cannot hold NUL, nor lone surrogates; lengths stay, so that spans still fit."""
    cleaned = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cleaned.encode("utf-8", "replace").decode("utf-8")
