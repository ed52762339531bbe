"""Fills a store to a size: real documents first, then mixtures of them, which cost no embedding.

A made-up chunk takes sentences from two real ones that are near each other, in any order, and its
vectors are made of theirs (see tests.bench.mixing); so the terms, the vectors and the sizes of the
rows are like real ones. Its words are those of the real ones: rare terms become as many times more
frequent as the store is larger than the real text, which is harder on lexical search than growth
is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.model import (
    EVERYONE,
    Chunk,
    Document,
    Embeddings,
    Source,
    Span,
    StoredTokens,
    Vector,
)
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sentences import split_sentences
from tests.bench.corpora import RealDocument
from tests.bench.mixing import Mixer

CHUNKS_A_DOCUMENT = 4
BATCH = 1000
VISIBILITY = {"90 %": 0.90, "9 %": 0.09, "1 %": 0.009, "0.1 %": 0.001}
"""Each document is in one of these audiences besides everyone's; the shares add up to 1."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A real chunk, taken apart."""

    title: str
    sentences: Sequence[str]
    passage: Vector
    vectors: Vector
    tokens: StoredTokens | None


def take_apart(documents: Sequence[RealDocument]) -> list[Piece]:
    pieces = []
    for document in documents:
        embeddings = document.embeddings
        for place, chunk in enumerate(document.chunks):
            spans = split_sentences(chunk.text)
            own = embeddings.passages[place]
            pieces.append(
                Piece(
                    title=document.title,
                    sentences=[chunk.text[s.start : s.end] for s in spans] or [chunk.text],
                    passage=own,
                    vectors=embeddings.sentences[place] if embeddings.sentences else own[None],
                    tokens=embeddings.tokens[place] if embeddings.tokens else None,
                )
            )
    return pieces


def make_entries(
    real: Sequence[RealDocument], size: int, generator: np.random.Generator
) -> Iterator[DocumentEntry]:
    """Documents whose chunks add up to `size`."""
    left = size
    for number, document in enumerate(real):
        if len(document.chunks) > left:
            break
        left -= len(document.chunks)
        yield DocumentEntry(
            _document(f"real-{number}", document.title, document.text, generator),
            document.chunks,
            document.embeddings,
        )
    pieces = take_apart(real)
    mixer = Mixer(np.stack([piece.passage for piece in pieces]))
    number = 0
    while left:
        count = min(CHUNKS_A_DOCUMENT, left)
        yield mix_document(f"mixed-{number}", pieces, mixer, count, generator)
        left -= count
        number += 1


def mix_document(
    name: str,
    pieces: Sequence[Piece],
    mixer: Mixer,
    count: int,
    generator: np.random.Generator,
) -> DocumentEntry:
    """A document of `count` chunks, each a mixture of two pieces; the first piece is its topic.

    The mixer is that of the pieces' passages.
    """
    places = np.repeat(mixer.pick(1, generator), count)
    others = mixer.pick_near(places, generator)
    topic = pieces[places[0]]
    mixed = [mix_pieces(topic, pieces[other], generator) for other in others]
    texts = [text for text, _ in mixed]
    starts = np.cumsum([0, *(len(text) + 2 for text in texts)])
    chunks = [
        Chunk(place, text, Span(int(start), int(start) + len(text)), tokens=len(text) // 4)
        for place, (text, start) in enumerate(zip(texts, starts[:-1], strict=True))
    ]
    tokens = [kept for _, kept in mixed]
    embeddings = Embeddings(
        mixer.mix(places, others, generator),
        tuple(mixer.move(topic.vectors, generator) for _ in mixed),
        tuple(kept for kept in tokens if kept is not None)
        if None not in map(type, tokens)
        else None,
    )
    title = f"{topic.title} {name}"
    return DocumentEntry(_document(name, title, "\n\n".join(texts), generator), chunks, embeddings)


def mix_pieces(
    one: Piece, other: Piece, generator: np.random.Generator
) -> tuple[str, StoredTokens | None]:
    """Text, and token vectors, as many as a real chunk has."""
    share = generator.uniform(0.2, 0.8)
    sentences = [
        *_draw(one.sentences, share, generator),
        *_draw(other.sentences, 1 - share, generator),
    ]
    text = " ".join(sentences[place] for place in generator.permutation(len(sentences)))
    tokens = one.tokens
    if one.tokens is not None and other.tokens is not None:
        tokens = np.concatenate(
            [
                one.tokens[: int(len(one.tokens) * share) + 1],
                other.tokens[: int(len(other.tokens) * (1 - share)) + 1],
            ]
        )
    return text, tokens


async def fill_store(
    store: PostgresDocumentStore,
    source: Source,
    entries: Iterator[DocumentEntry],
    tell: Callable[[int], None],
) -> None:
    """Store what is made, a batch at a time, without the vector index."""
    await store.models.drop_index()
    batch: list[DocumentEntry] = []
    done = waiting = 0
    for entry in entries:
        batch.append(entry)
        waiting += len(entry.chunks)
        if waiting >= BATCH:
            await store.put_documents(source, batch)
            done += waiting
            batch, waiting = [], 0
            tell(done)
    await store.put_documents(source, batch)
    tell(done + waiting)


def _draw(items: Sequence[object], share: float, generator: np.random.Generator) -> list[object]:
    count = max(1, round(len(items) * share))
    return [items[place] for place in generator.permutation(len(items))[:count]]


def _document(name: str, title: str, text: str, generator: np.random.Generator) -> Document:
    label = generator.choice(list(VISIBILITY), p=list(VISIBILITY.values()))
    return Document(
        external_id=name,
        url=f"https://bench.invalid/{name}",
        title=title,
        text=text,
        content_hash="",
        audience=frozenset({EVERYONE, f"sees {label}"}),
    )
