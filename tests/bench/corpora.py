"""Real text for the benchmarks: the documents and queries of judged data sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import numpy as np

from retrieval.chunking import chunk_document
from retrieval.embedding import embed_documents
from retrieval.errors import DocumentUnreadable
from retrieval.evaluation.datasets import CorpusDocument, DataSet, load_data_set
from retrieval.model import Chunk, Embeddings
from retrieval.parsing.plain_text import parse_plain_text
from retrieval.ports import Embedder

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Portion:
    """How much of each judged set is used: so many queries, so many documents or all."""

    queries: int
    documents: int | None = None

    def cut(self, data_set: DataSet) -> DataSet:
        """The portion of a set."""
        return data_set.thin_out(self.queries).thin_corpus(self.documents)

    def describe(self) -> str:
        """What a table says of it."""
        queries = f"at most {self.queries} queries of each set"
        if self.documents is None:
            return f"{queries}, over all its documents"
        return (
            f"{queries}, over at most {self.documents:,} documents: those that are judged for them"
            " and a sample of the others"
        )


@dataclass(frozen=True, slots=True)
class RealDocument:
    """A document as it would be synced, with the vectors of its chunks."""

    title: str
    text: str
    chunks: Sequence[Chunk]
    embeddings: Embeddings


def load_sets(directories: Sequence[Path]) -> list[DataSet]:
    return [load_data_set(directory) for directory in directories]


def pick_queries(sets: Sequence[DataSet], most: int) -> list[str]:
    """Different queries, evenly from all sets and spread over each."""
    share = max(1, most // len(sets))
    picked = [query for one in sets for query in spread_evenly(one.queries, share)]
    return list(dict.fromkeys(query.text for query in picked))[:most]


def pick_documents(sets: Sequence[DataSet], most: int) -> list[CorpusDocument]:
    """Documents with text, spread over each set; the sets take turns, so that any start of the
    list holds something for every set's queries."""
    share = max(1, most // len(sets))
    picked = [spread_evenly([d for d in one.documents if d.text.strip()], share) for one in sets]
    turns = zip_longest(*(shuffled(one) for one in picked))
    return [document for turn in turns for document in turn if document is not None]


def shuffled(items: Sequence[Item]) -> list[Item]:
    """Always in the same disorder."""
    return [items[place] for place in np.random.default_rng(0).permutation(len(items))]


def spread_evenly(items: Sequence[Item], most: int) -> list[Item]:
    step = max(1.0, len(items) / most)
    return [items[int(place * step)] for place in range(min(most, len(items)))]


async def embed_real(
    documents: Sequence[CorpusDocument], embedder: Embedder, most_chunks: int
) -> list[RealDocument]:
    """Parse, chunk and embed documents until there are `most_chunks` chunks."""
    ready = []
    count = 0
    for document in documents:
        try:
            parsed = parse_plain_text(document.text, document.title)
        except DocumentUnreadable:
            continue
        chunks = chunk_document(parsed, count_tokens=embedder.count_tokens)
        ready.append((document.title, parsed.text, chunks))
        count += len(chunks)
        if count >= most_chunks:
            break
    vectors = await embed_documents(embedder, [(title, chunks) for title, _, chunks in ready])
    return [
        RealDocument(title, text, chunks, embeddings)
        for (title, text, chunks), embeddings in zip(ready, vectors, strict=True)
    ]
