"""All candidates are scored by what the store computes, the best of them by what they hold."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retrieval.config import Pipeline
from retrieval.lexical import count_terms, gather_counts, gather_sequences, hash_terms
from retrieval.model import Candidates, ChunkId, DocumentId, FirstScores, TermStatistics
from retrieval.ranking import PreparedQuery, choose_best, rank_candidates

WORDS = ("red", "apples")
RED, APPLES = hash_terms("t", WORDS).tolist()
STATISTICS = TermStatistics(100, 4.0, {RED: 5, APPLES: 5})
QUERY = PreparedQuery(
    " ".join(WORDS), 1.0, np.array([1, 0], np.float32), {RED: 1, APPLES: 1}, (RED, APPLES), ()
)


def first_scores(dense: Sequence[float], lexical: Sequence[float]) -> FirstScores:
    chunks = tuple(ChunkId(number) for number in range(len(dense)))
    return FirstScores(chunks, np.array([dense], np.float32), np.array([lexical], np.float32))


def read(chunks: Sequence[int], texts: Sequence[str], cosines: Sequence[float]) -> Candidates:
    """Chunks with one sentence each, of that cosine to the query."""
    hashed = [hash_terms("t", text.split()) for text in texts]
    vectors = np.array([[cosine, (1 - cosine**2) ** 0.5] for cosine in cosines], np.float32)
    return Candidates(
        chunks=tuple(map(ChunkId, chunks)),
        documents=tuple(map(DocumentId, chunks)),
        passages=vectors,
        sentences=vectors,
        starts=np.arange(len(chunks)),
        terms=gather_sequences(hashed),
        title_lengths=np.zeros(len(chunks), np.int64),
        document_terms=gather_counts([count_terms(terms) for terms in hashed]),
        document_places=np.arange(len(chunks)),
        tokens={},
    )


def test_the_best_by_both_sides_are_read_closely() -> None:
    first = first_scores([0.9, 0.1, 0.5, 0.2], [0.0, 9.0, 6.0, 0.0])
    best = choose_best(first, [QUERY], STATISTICS, Pipeline(depth=2))
    assert best == [2, 0]
    only_words = choose_best(
        first, [replace(QUERY, vector=None)], STATISTICS, Pipeline(dense=False, depth=2)
    )
    assert only_words == [1, 2]


def test_phrasings_count_by_their_weights() -> None:
    first = FirstScores(
        (ChunkId(0), ChunkId(1)),
        np.array([[0.9, 0.1], [0.1, 0.9]], np.float32),
        np.zeros((2, 2), np.float32),
    )
    for weights, best in (((1.0, 3.0), 1), ((3.0, 1.0), 0)):
        queries = [replace(QUERY, weight=weight) for weight in weights]
        assert choose_best(first, queries, STATISTICS, Pipeline(depth=1)) == [best]


def test_what_was_read_closely_stands_before_the_others() -> None:
    first = first_scores([0.3, 0.8, 0.4, 0.1], [0.0, 5.0, 0.0, 0.0])
    candidates = read([2, 0], ["green pears", "red apples"], [0.2, 0.9])
    ranking = rank_candidates(
        first, candidates, [QUERY], (STATISTICS, STATISTICS), Pipeline(interaction=0)
    )
    assert ranking.chunks == (2, 0, 1, 3)
    assert [ranking.chunks[place] for place in ranking.order()] == [0, 2, 1, 3]
    np.testing.assert_allclose(ranking.stages["dense"], [0.4, 0.3, 0.8, 0.1])
    np.testing.assert_allclose(ranking.stages["sentences"], [0.2, 0.9, 0.8, 0.1], rtol=1e-6)
    assert ranking.stages["lexical"][2] == 5.0
    assert ranking.stages["adjacency"][1] > 0
    assert not ranking.stages["adjacency"][[0, 2, 3]].any()
