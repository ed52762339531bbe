"""What the rows of a search's queries hold, as values. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from retrieval.links import link_place
from retrieval.model import (
    Candidates,
    ChunkId,
    DocumentId,
    FirstScores,
    Passage,
    Span,
    StoredTokens,
    TermStatistics,
)
from retrieval.postgres.packing import split_bytes, unpack_halfvecs, unpack_terms, unpack_vectors

Row = Sequence[Any]

_NO_STATISTICS: Row = (0, 0, 0, 0, (), (), ())
_NO_DOCUMENTS: Row = ((), (), (), b"", b"")


def read_statistics(rows: Sequence[Row]) -> tuple[TermStatistics, TermStatistics]:
    """Those over chunks and over whole documents, from the one row of read_statistics, if any."""
    chunks, chunk_length, documents, document_length, *frequencies = (
        rows[0] if rows else _NO_STATISTICS
    )
    terms, in_chunks, in_documents = (column or () for column in frequencies)
    return (
        TermStatistics(
            chunks, chunk_length / max(chunks, 1), dict(zip(terms, in_chunks, strict=True))
        ),
        TermStatistics(
            documents,
            document_length / max(documents, 1),
            dict(zip(terms, in_documents, strict=True)),
        ),
    )


def read_first_scores(rows: Sequence[Row]) -> FirstScores:
    """The scores of all chunks, from the row of weigh for each phrasing."""
    found = tuple(ChunkId(chunk) for chunk in rows[0][0] or ())
    scores = np.zeros((2, len(rows), len(found)), np.float32)
    places = {chunk: place for place, chunk in enumerate(found)}
    for number, (ids, dense, lexical) in enumerate(rows):
        order = [places[chunk] for chunk in ids or ()]
        # Where a passage has no vector there is NULL, which becomes NaN.
        scores[0, number, order] = np.nan_to_num(np.array(dense or (), np.float32))
        scores[1, number, order] = lexical or ()
    return FirstScores(found, scores[0], scores[1])


def read_candidates(
    rows: Sequence[Row], documents: Row, dimensions: int, *, tokens: bool
) -> Candidates:
    """From the rows of load_candidates and the one of load_document_counts."""
    found, belonging, title_lengths, counts, terms, known, *vectors = _join(rows)
    passages = np.zeros((len(found), dimensions), np.float32)
    passages[np.array(known, bool)] = unpack_halfvecs(vectors[0], dimensions)
    sentences, starts = unpack_vectors(split_bytes(vectors[2], vectors[1]), passages)
    numbers, lengths, distinct, document_terms, frequencies = documents if found else _NO_DOCUMENTS
    places = {number: place for place, number in enumerate(numbers)}
    return Candidates(
        chunks=tuple(ChunkId(chunk) for chunk in found),
        documents=tuple(DocumentId(document) for document in belonging),
        passages=passages,
        sentences=sentences,
        starts=starts,
        terms=unpack_terms(terms, counts),
        title_lengths=np.array(title_lengths, np.int64),
        document_terms=replace(
            unpack_terms(document_terms, distinct, frequencies),
            lengths=np.array(lengths, np.int64),
        ),
        document_places=np.array([places[number] for number in belonging], np.int64),
        tokens=_read_tokens(found, *vectors[3:]) if tokens else {},
    )


def read_passage(row: Sequence[Any]) -> Passage:
    """A row of load_passages and its like, with a score of 0."""
    return Passage(
        chunk=ChunkId(row[0]),
        document=DocumentId(row[1]),
        source=row[2],
        title=row[3],
        url=link_place(row[4], row[10]),
        text=row[5],
        span=Span(row[6], row[7]),
        heading_path=tuple(row[8]),
        page=row[9],
        ordinal=row[11],
        modified_at=row[12],
        synced_at=row[13],
        score=0.0,
    )


def _join(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The columns of load_candidates, each put together from all rows."""
    if not rows:
        return [[], [], [], [], b"", [], b"", [], b"", [], [], b""]
    return [
        b"".join(column) if isinstance(column[0], bytes) else list(chain.from_iterable(column))
        for column in zip(*rows, strict=True)
    ]


def _read_tokens(
    chunks: Sequence[int], widths: Sequence[int], sizes: Sequence[int], joined: bytes
) -> dict[ChunkId, StoredTokens]:
    return {
        ChunkId(chunk): np.frombuffer(one, np.uint8).reshape(-1, width)
        for chunk, width, one in zip(chunks, widths, split_bytes(joined, sizes), strict=True)
        if one
    }
