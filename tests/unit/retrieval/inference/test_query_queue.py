import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.inference.query_queue import QueryQueue

LIMIT = 10.0


class Work:
    """Upper-cases texts; holds its first batch until it is released."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.started = threading.Event()
        self.released = threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        self.started.set()
        assert self.released.wait(LIMIT)
        if "bad" in texts:
            raise ValueError("a bad text")
        return [text.upper() for text in texts]


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_a_lone_request_starts_at_once_and_later_ones_form_the_next_batch(
    executor: ThreadPoolExecutor,
) -> None:
    work = Work()
    queue = QueryQueue(work, executor, batch=4)
    first = queue.submit("a")
    assert work.started.wait(LIMIT)
    later = [queue.submit(text) for text in ("b", "c", "b", "d", "e")]
    work.released.set()
    assert first.result(LIMIT) == "A"
    assert [future.result(LIMIT) for future in later] == ["B", "C", "B", "D", "E"]
    assert work.batches == [["a"], ["b", "c", "d"], ["e"]]


def test_an_error_reaches_its_batch_and_no_other(executor: ThreadPoolExecutor) -> None:
    work = Work()
    queue = QueryQueue(work, executor, batch=2)
    first = queue.submit("a")
    assert work.started.wait(LIMIT)
    failing, beside, after = (queue.submit(text) for text in ("bad", "b", "c"))
    work.released.set()
    assert first.result(LIMIT) == "A"
    for future in (failing, beside):
        with pytest.raises(ValueError, match="a bad text"):
            future.result(LIMIT)
    assert after.result(LIMIT) == "C"


def test_a_request_cancelled_while_it_waits_is_not_worked_on(executor: ThreadPoolExecutor) -> None:
    work = Work()
    queue = QueryQueue(work, executor, batch=2)
    first = queue.submit("a")
    assert work.started.wait(LIMIT)
    cancelled, kept = queue.submit("b"), queue.submit("c")
    assert cancelled.cancel()
    work.released.set()
    assert first.result(LIMIT) == "A"
    assert kept.result(LIMIT) == "C"
    assert work.batches == [["a"], ["c"]]


def test_the_queue_works_again_after_it_ran_dry(executor: ThreadPoolExecutor) -> None:
    work = Work()
    work.released.set()
    queue = QueryQueue(work, executor, batch=2)
    answers = [queue.submit(text).result(LIMIT) for text in ("a", "b", "a")]
    assert answers == ["A", "B", "A"]


def test_a_closed_executor_refuses_instead_of_hanging() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    queue = QueryQueue(Work(), executor, batch=2)
    with pytest.raises(RuntimeError, match="shutdown"):
        queue.submit("a")
    with pytest.raises(RuntimeError, match="shutdown"):
        queue.submit("b")
