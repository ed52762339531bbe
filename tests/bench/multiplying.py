"""Makes a filled store many times larger inside the database, which costs no Python.

Each copy repeats the documents, chunks and terms under other ids, and has vectors of its own, made
of real ones (see tests.bench.mixing). What a search reads so has the size, the frequencies and the
disk of a store of that many chunks; only its texts come again.
"""

from collections.abc import Callable
from typing import LiteralString

import numpy as np
import psycopg
from psycopg import sql

from retrieval.model import Vector
from tests.bench.mixing import Mixer

TEXT_INDEX = "lexical_chunk_by_term"
"""Dropped meanwhile, and built at the end in one go."""

PREPARE: tuple[LiteralString, ...] = (
    # Neither foreign keys nor statistics row by row: the copies are as right as the original, and
    # the statistics are multiplied at the end.
    "SET session_replication_role = replica",
    # Nothing of it needs to survive a crash.
    "ALTER TABLE embedding SET UNLOGGED",
    "ALTER TABLE lexical_chunk SET UNLOGGED",
    "CREATE TEMPORARY TABLE made_up (chunk_id bigint PRIMARY KEY, passage halfvec)",
)
COPY_ROWS: tuple[LiteralString, ...] = (
    """
    INSERT INTO document (tenant_id, document_id, source_id, external_id, url, title, body,
        audience, content_hash, fingerprint, modified_at)
    OVERRIDING SYSTEM VALUE
    SELECT tenant_id, document_id + %(documents)s, source_id, external_id || %(suffix)s,
        url || %(suffix)s, title, body, audience, content_hash, fingerprint, modified_at
    FROM document WHERE document_id <= %(last_document)s
    """,
    """
    INSERT INTO chunk (tenant_id, chunk_id, document_id, source_id, audience, ordinal,
        heading_path, page, anchor, start_char, end_char, body, tokens)
    OVERRIDING SYSTEM VALUE
    SELECT tenant_id, chunk_id + %(chunks)s, document_id + %(documents)s, source_id, audience,
        ordinal, heading_path, page, anchor, start_char, end_char, body, tokens
    FROM chunk WHERE chunk_id <= %(last_chunk)s
    """,
    """
    INSERT INTO lexical_document (tenant_id, document_id, length, terms, frequencies)
    SELECT tenant_id, document_id + %(documents)s, length, terms, frequencies
    FROM lexical_document WHERE document_id <= %(last_document)s
    """,
    """
    INSERT INTO lexical_chunk (tenant_id, chunk_id, document_id, group_id, title_length, pivot,
        terms, weights)
    SELECT tenant_id, chunk_id + %(chunks)s, document_id + %(documents)s, group_id, title_length,
        pivot, terms, weights
    FROM lexical_chunk WHERE chunk_id <= %(last_chunk)s
    """,
    """
    INSERT INTO embedding (tenant_id, chunk_id, model_id, group_id, passage, sentences, tokens,
        token_bytes)
    SELECT tenant_id, made_up.chunk_id, model_id, group_id, made_up.passage, sentences, tokens,
        token_bytes
    FROM made_up JOIN embedding ON embedding.chunk_id = made_up.chunk_id - %(chunks)s
    """,
    "TRUNCATE made_up",
)
FINISH: tuple[LiteralString, ...] = (
    "UPDATE lexical_term SET chunks = chunks * %(copies)s, documents = documents * %(copies)s",
    """
    UPDATE lexical_total SET chunks = chunks * %(copies)s, documents = documents * %(copies)s,
        chunk_length = chunk_length * %(copies)s, document_length = document_length * %(copies)s
    """,
    "UPDATE access_group SET chunks = chunks * %(copies)s",
    "SELECT setval(pg_get_serial_sequence('chunk', 'chunk_id'), max(chunk_id)) FROM chunk",
    """
    SELECT setval(pg_get_serial_sequence('document', 'document_id'), max(document_id))
    FROM document
    """,
)


async def multiply_store(
    connection: psycopg.AsyncConnection,
    copies: int,
    real: Vector,
    generator: np.random.Generator,
    tell: Callable[[int], None],
) -> None:
    """Make a store `copies` times as large, with vectors made of the `real` ones (n, d).

    The store must hold one tenant's documents, written since it was made, and no vector index.
    """
    for statement in PREPARE:
        await connection.execute(statement)
    cursor = await connection.execute("SELECT pg_get_indexdef(%s::regclass)", [TEXT_INDEX])
    [definition] = await cursor.fetchone() or [""]
    await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(TEXT_INDEX)))
    cursor = await connection.execute("SELECT array_agg(chunk_id) FROM chunk")
    [ids] = await cursor.fetchone() or [[]]
    cursor = await connection.execute("SELECT max(document_id) FROM document")
    [last_document] = await cursor.fetchone() or [0]
    mixer = Mixer(real)
    for number in range(1, copies):
        bound = {
            "chunks": max(ids) * number,
            "documents": last_document * number,
            "suffix": f"-{number}",
            "last_chunk": max(ids),
            "last_document": last_document,
        }
        places = mixer.pick(len(ids), generator)
        vectors = mixer.mix(places, mixer.pick_near(places, generator), generator)
        await _copy_vectors(connection, np.array(ids) + bound["chunks"], vectors)
        for statement in COPY_ROWS:
            await connection.execute(statement, bound if "%" in statement else None)
        tell(len(ids) * (number + 1))
    for statement in FINISH:
        await connection.execute(statement, {"copies": copies} if "%" in statement else None)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    await connection.execute(definition.encode())


async def _copy_vectors(
    connection: psycopg.AsyncConnection, ids: np.ndarray, vectors: Vector
) -> None:
    """Rows for made_up in the form of a binary COPY, built without a loop."""
    size = vectors.shape[1]
    row = [
        ("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), ("vector_bytes", ">i4"),
        ("size", ">i2"), ("unused", ">i2"), ("vector", ">f2", (size,)),
    ]  # fmt: skip
    rows = np.zeros(len(ids), np.dtype(row))
    rows["fields"], rows["id_bytes"], rows["id"] = 2, 8, ids
    rows["vector_bytes"], rows["size"], rows["vector"] = 4 + 2 * size, size, vectors
    header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    async with (
        connection.cursor() as cursor,
        cursor.copy("COPY made_up (chunk_id, passage) FROM STDIN (FORMAT binary)") as copy,
    ):
        await copy.write(header + rows.tobytes() + b"\xff\xff")
