import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.inference.token_vectors import LEVELS, NO_TOKENS, Bits, TokenCodec

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "the", "of", "cat", "##s", ",", "##.", "dog"]
VOCABULARY = {piece: number for number, piece in enumerate(PIECES)}
BITS: list[Bits] = [1, 2]


def ids(*pieces: str) -> np.ndarray:
    return np.array([VOCABULARY[piece] for piece in ("[CLS]", *pieces, "[SEP]")], np.int32)


def states(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 384)).astype(np.float32)


@pytest.mark.parametrize("bits", BITS)
def test_scores_are_those_of_the_definition(bits: Bits) -> None:
    codec = TokenCodec(VOCABULARY, bits=bits)
    passages = [states(9, seed) for seed in range(5)]
    numbers = ids("the", "cat", "##s", "of", "the", "dog", "a")
    query = codec.encode_query(ids("the", "dog"), states(4, 9))
    stored = [codec.encode_passage(numbers, passage) for passage in passages]

    def quantise(rows: np.ndarray) -> np.ndarray:
        levels = np.array(LEVELS[bits])
        scaled = rows / np.sqrt((rows**2).mean(axis=1, keepdims=True))
        nearest = levels[np.abs(scaled[..., None] - levels).argmin(axis=-1)]
        return nearest / 384**0.5

    expected = [
        sum(max(token @ row for row in quantise(passage[1:-1])) for token in query)
        for passage in passages
    ]
    np.testing.assert_allclose(codec.score(query, stored), expected, atol=1e-5)


@given(st.integers(1, 40), st.integers(0, 5), st.sampled_from(BITS))
def test_a_passage_scores_highest_for_its_own_tokens(count: int, seed: int, bits: Bits) -> None:
    codec = TokenCodec(VOCABULARY, bits=bits)
    numbers = ids(*["cat"] * count)
    mine, other = states(count + 2, seed), states(count + 2, seed + 100)
    query = codec.encode_query(numbers, mine)
    scores = codec.score(query, [codec.encode_passage(numbers, rows) for rows in (other, mine)])
    assert scores[1] > scores[0]
    assert scores[1] == pytest.approx(0.9 if bits == 2 else 0.8, abs=0.1)


@pytest.mark.parametrize("bits", BITS)
def test_stored_vectors_come_back(bits: Bits) -> None:
    codec = TokenCodec(VOCABULARY, bits=bits)
    stored = codec.encode_passage(ids("cat", "dog"), states(4))
    assert stored.shape == (2, codec.token_bytes)
    assert stored.nbytes == 2 * 384 * bits // 8
    np.testing.assert_array_equal(codec.restore(stored.tobytes()), stored)
    with pytest.raises(ValueError, match="reshape"):
        codec.restore(stored.tobytes()[:-1])


def test_forms_have_names_of_their_own() -> None:
    assert {TokenCodec(VOCABULARY, bits=bits).name for bits in BITS} == {"1bit", "2bit"}


def test_special_tokens_and_punctuation_are_left_out() -> None:
    codec = TokenCodec(VOCABULARY)
    with_them = codec.encode_passage(ids("cat", ",", "[UNK]", "##."), states(6))
    np.testing.assert_array_equal(with_them, codec.encode_passage(ids("cat"), states(6)[[0, 1, 5]]))


def test_punctuation_alone_is_kept() -> None:
    codec = TokenCodec(VOCABULARY)
    assert len(codec.encode_passage(ids(",", "##."), states(4))) == 2


def test_rarer_query_tokens_count_for_more() -> None:
    codec = TokenCodec(VOCABULARY)
    the, cat, dog = np.linalg.norm(codec.encode_query(ids("the", "cat", "dog"), states(5)), axis=1)
    assert the < cat < dog
    assert the + cat + dog == pytest.approx(1)


def test_nothing_to_compare_has_a_score_too() -> None:
    codec = TokenCodec(VOCABULARY)
    empty = codec.encode_passage(ids(), states(2))
    full = codec.encode_passage(ids("cat"), states(3))
    query = codec.encode_query(ids("cat"), states(3))
    assert codec.score(query, []).shape == (0,)
    assert codec.score(query, [empty, full, empty]).tolist()[::2] == [NO_TOKENS, NO_TOKENS]
    assert codec.score(query, [empty, full])[1] > 0.5
    nothing = codec.encode_query(ids(), states(2))
    assert codec.score(nothing, [empty, full]).tolist() == [NO_TOKENS, 0.0]
