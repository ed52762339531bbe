"""Rows on their way into the store, by binary COPY."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from pgvector import HalfVector

from retrieval.lexical import Analyzer, Terms, count_terms, hash_terms, saturate
from retrieval.model import Chunk, Document, DocumentId, Embeddings, Source, TenantId
from retrieval.postgres.packing import pack_frequencies, pack_vectors, sparse_vector
from retrieval.postgres.queries import render


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document with all that is stored of it."""

    document: Document
    chunks: Sequence[Chunk]
    embeddings: Embeddings


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """A document on its way in, with the numbers it was given."""

    entry: DocumentEntry
    group: int
    document: DocumentId
    chunk_ids: Sequence[int]
    chunk_terms: Sequence[tuple[Terms, int]]


_CHUNK_TYPES = "text int8 int8 int8 text[] int4 text[] int4 text int4 int4 text int4".split()
EMBEDDING_TYPES = ["text", "int8", "int2", "int4", "halfvec", "bytea", "bytea", "int2"]


async def copy_records(
    connection: psycopg.AsyncConnection,
    query: str,
    types: Sequence[str],
    records: Iterable[Sequence[object]],
) -> None:
    """Rows into the table of a COPY query, in binary form."""
    async with connection.cursor() as cursor, cursor.copy(render(query)) as copy:
        copy.set_types(types)
        for record in records:
            await copy.write_row(record)


async def copy_chunks(
    connection: psycopg.AsyncConnection, source: Source, rows: Sequence[LoadedDocument]
) -> None:
    """The chunks themselves."""
    await copy_records(
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
                [clean_text(heading) for heading in chunk.heading_path],
                chunk.page,
                chunk.anchor,
                chunk.span.start,
                chunk.span.end,
                clean_text(chunk.text),
                chunk.tokens,
            )
            for row in rows
            for number, chunk in zip(row.chunk_ids, row.entry.chunks, strict=True)
        ),
    )


async def copy_embeddings(
    connection: psycopg.AsyncConnection,
    tenant: TenantId,
    rows: Sequence[LoadedDocument],
    model: int,
) -> None:
    records = (
        record
        for row in rows
        for record in embedding_records(
            tenant,
            [(number, row.group) for number in row.chunk_ids],
            row.entry.embeddings,
            model,
        )
    )
    await copy_records(connection, "copy_embeddings", EMBEDDING_TYPES, records)


def embedding_records(
    tenant: TenantId, keys: Sequence[tuple[int, int]], embeddings: Embeddings, model: int
) -> Iterable[tuple[object, ...]]:
    """Records for copy_embeddings: `keys` are (chunk id, access group)."""
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


async def copy_lexical_chunks(
    connection: psycopg.AsyncConnection,
    tenant: TenantId,
    rows: Sequence[LoadedDocument],
    pivot: float,
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
    await copy_records(
        connection,
        "copy_lexical_chunks",
        ["text", "int8", "int8", "int4", "int4", "float4", "int4[]", "sparsevec"],
        records,
    )


async def copy_lexical_documents(
    connection: psycopg.AsyncConnection,
    tenant: TenantId,
    rows: Sequence[LoadedDocument],
    analyzer: Analyzer,
) -> None:
    """The terms of whole documents."""
    records = []
    for row in rows:
        document = row.entry.document
        terms = analyzer.tokenize(f"{document.title}\n{document.text}")
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
    await copy_records(
        connection,
        "copy_lexical_documents",
        ["text", "int8", "int4", "int4[]", "bytea"],
        records,
    )


def clean_text(text: str) -> str:
    """PostgreSQL cannot hold NUL, nor lone surrogates; lengths stay, so that spans still fit."""
    cleaned = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cleaned.encode("utf-8", "replace").decode("utf-8")
