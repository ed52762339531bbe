"""The made-up part of a benchmark's store is of the size and kind that it should be."""

from collections import Counter

import numpy as np
import pytest

from retrieval.evaluation.datasets import CorpusDocument, DataSet
from retrieval.model import Chunk, Embeddings, Span
from tests.bench.corpora import RealDocument, pick_documents, spread_evenly
from tests.bench.filling import VISIBILITY, make_entries
from tests.bench.mixing import normalise

SIZE = 16


def real(name: str, texts: list[str]) -> RealDocument:
    text = "\n\n".join(texts)
    starts = [text.index(one) for one in texts]
    generator = np.random.default_rng(len(name))
    vectors = normalise(generator.standard_normal((len(texts), SIZE)))
    return RealDocument(
        name,
        text,
        [
            Chunk(n, t, Span(s, s + len(t)))
            for n, (t, s) in enumerate(zip(texts, starts, strict=True))
        ],
        Embeddings(
            vectors,
            tuple(one[None] for one in vectors),
            tuple(np.full((5, 3), n, np.uint8) for n in range(len(texts))),
        ),
    )


REAL = [
    real("bread", ["Bread is baked. It rises first.", "Salt keeps. It lasts."]),
    real("boats", ["Boats sail when it blows. They rest at night."]),
]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 29, 30])
def test_the_chunks_add_up_to_the_size(size: int) -> None:
    entries = list(make_entries(REAL, size, np.random.default_rng(1)))
    assert sum(len(entry.chunks) for entry in entries) == size
    names = [entry.document.external_id for entry in entries]
    assert len(set(names)) == len(names)


def test_made_up_documents_are_consistent() -> None:
    for entry in make_entries(REAL, 60, np.random.default_rng(2)):
        text = entry.document.text
        count = len(entry.chunks)
        assert entry.embeddings.passages.shape == (count, SIZE)
        assert entry.embeddings.sentences is not None
        assert entry.embeddings.tokens is not None
        assert len(entry.embeddings.sentences) == len(entry.embeddings.tokens) == count
        for chunk in entry.chunks:
            assert text[chunk.span.start : chunk.span.end] == chunk.text
        lengths = np.linalg.norm(entry.embeddings.passages, axis=1)
        assert lengths == pytest.approx(np.ones(count), abs=1e-5)


def test_made_up_text_is_made_of_real_sentences() -> None:
    known = "Bread is baked. It rises first. Salt keeps. It lasts. Boats sail when it blows."
    known += " They rest at night."
    entries = list(make_entries(REAL, 40, np.random.default_rng(3)))
    for entry in entries[2:]:
        for chunk in entry.chunks:
            assert all(f"{one.strip(' .')}." in known for one in chunk.text.split(".") if one)


def test_the_same_seed_gives_the_same_store() -> None:
    first, second = (list(make_entries(REAL, 20, np.random.default_rng(4))) for _ in range(2))
    assert [one.document for one in first] == [one.document for one in second]
    assert all(
        np.array_equal(one.embeddings.passages, other.embeddings.passages)
        for one, other in zip(first, second, strict=True)
    )


def test_audiences_come_in_their_shares() -> None:
    entries = make_entries(REAL, 8003, np.random.default_rng(6))
    counted = Counter(label for entry in entries for label in entry.document.audience)
    documents = counted.pop("everyone")
    assert counted["sees 90 %"] / documents == pytest.approx(VISIBILITY["90 %"], abs=0.03)
    assert counted["sees 9 %"] / documents == pytest.approx(VISIBILITY["9 %"], abs=0.03)
    assert sum(counted.values()) == documents


def test_items_are_spread_evenly() -> None:
    assert spread_evenly(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert spread_evenly([1, 2], 5) == [1, 2]
    assert len(set(spread_evenly(list(range(7)), 5))) == 5


def test_the_first_documents_picked_come_from_every_set() -> None:
    sets = [
        DataSet(name, tuple(CorpusDocument(f"{name}{n}", "", "text") for n in range(size)), ())
        for name, size in (("a", 50), ("b", 9), ("c", 200))
    ]
    picked = [document.id for document in pick_documents(sets, 60)]
    assert {name[0] for name in picked[:3]} == {"a", "b", "c"}
    assert len(set(picked)) == len(picked) == 49
