"""Concurrent single requests, answered in batches.

Whatever arrives while a batch is being worked on forms the next one. A lone request starts at
once, so batching costs no latency when there is nothing to batch with.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class QueryQueue(Generic[Answer]):
    """`work` answers a batch of distinct texts, in order, on a thread of `executor`."""

    def __init__(
        self,
        work: Callable[[Sequence[str]], Sequence[Answer]],
        executor: Executor,
        *,
        batch: int,
    ) -> None:
        self._work = work
        self._executor = executor
        self._batch = batch
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Future[Answer]]] = deque()
        self._draining = False

    def submit(self, text: str) -> "Future[Answer]":
        """The answer to come; it carries whatever `work` raises."""
        future: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((text, future))
            if not self._draining:
                self._executor.submit(self._drain)
                self._draining = True
        return future

    def _drain(self) -> None:
        while taken := self._take():
            live = [(text, future) for text, future in taken if _starts(future)]
            texts = list(dict.fromkeys(text for text, _ in live))
            if not texts:
                continue
            try:
                answers = dict(zip(texts, self._work(texts), strict=True))
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
                for _, future in live:
                    future.set_exception(error)
                continue
            for text, future in live:
                future.set_result(answers[text])

    def _take(self) -> list[tuple[str, "Future[Answer]"]]:
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            self._draining = bool(taken)
            return taken


def _starts(future: "Future[Answer]") -> bool:
    """False for a request that was cancelled while it waited."""
    return future.set_running_or_notify_cancel()
