"""Shards are shared among processes."""

from hypothesis import given
from hypothesis import strategies as st

from bot.shards import choose_shards

PROCESSES = st.integers(1, 7)
SHARDS = st.integers(1, 16)


def test_one_process_serves_all() -> None:
    assert choose_shards(1, [], []) == {0}
    assert choose_shards(3, [1], []) == {0, 1, 2}


def test_shards_that_are_no_more_are_let_go() -> None:
    assert choose_shards(2, [1, 5], []) == {0, 1}


@given(SHARDS, st.lists(st.integers(0, 6), min_size=1, max_size=40), PROCESSES)
def test_whatever_the_order_each_shard_ends_with_one_process_and_stays_there(
    shards: int, order: list[int], processes: int
) -> None:
    held: dict[int, frozenset[int]] = {}

    def renew(process: int) -> bool:
        others = [taken for other, taken in held.items() if other != process]
        mine = held.get(process, frozenset())
        held[process] = choose_shards(shards, mine, others)
        assert not held[process] & frozenset().union(*others)
        return held[process] != mine

    for process in order:
        renew(process % processes)
    for _ in range(4):
        for process in range(processes):
            renew(process)
    served = sorted(shard for each in held.values() for shard in each)
    assert served == list(range(shards))
    moved = [renew(process) for process in range(processes)]
    assert not any(moved)
