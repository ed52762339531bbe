from hypothesis import given
from hypothesis import strategies as st

from retrieval.inference.batches import SIMILAR, plan_batches

LENGTHS = st.lists(st.integers(0, 300), max_size=80)


@given(LENGTHS, st.integers(1, 32), st.integers(1, 4096))
def test_every_text_is_in_one_batch_within_the_limits(
    lengths: list[int], texts: int, tokens: int
) -> None:
    batches = plan_batches(lengths, texts=texts, tokens=tokens)
    assert sorted(int(row) for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= texts
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= tokens


@given(LENGTHS)
def test_the_longest_come_first(lengths: list[int]) -> None:
    batches = plan_batches(lengths, texts=8, tokens=2048)
    order = [lengths[row] for batch in batches for row in batch]
    assert order == sorted(lengths, reverse=True)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=80))
def test_little_of_a_batch_is_padding(lengths: list[int]) -> None:
    for batch in plan_batches(lengths, texts=16, tokens=4096):
        held = [lengths[row] for row in batch]
        assert len(held) * max(held) <= sum(held) / SIMILAR + 1e-6
