"""The worker: what it does now and then goes on whatever fails, beside the questions."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from bot.worker import Worker
from retrieval.errors import StoreUnavailable


class Steps:
    """Counts how often each step was taken; the first time it fails."""

    def __init__(self, error: Exception) -> None:
        self.taken = {"requeue": 0, "twins": 0, "letters": 0, "schedules": 0, "waiting": 0}
        self._error = error

    async def take(self, name: str) -> Any:
        self.taken[name] += 1
        if self.taken[name] == 1:
            raise self._error
        return []

    def build_worker(self) -> Worker:
        async def run(*_: object) -> None:
            await asyncio.Event().wait()

        parts: Any = SimpleNamespace
        return Worker(
            jobs=parts(run=run),
            inbox=parts(requeue_lost=lambda: self.take("requeue")),
            conversation=parts(),
            commands=parts(),
            syncs=parts(),
            schedules=parts(queue_due=lambda: self.take("schedules")),
            delivery=parts(
                remove_twins=lambda: self.take("twins"),
                deliver_overdue=lambda: self.take("letters"),
            ),
            waiting=parts(keep=lambda: self.take("waiting")),
            sweep=0.0,
            tick=0.0,
        )


@pytest.mark.parametrize("error", [StoreUnavailable(), RuntimeError("broken")])
async def test_a_step_that_fails_is_taken_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    steps = Steps(error)
    working = asyncio.create_task(steps.build_worker().run())
    async with asyncio.timeout(5):
        while min(steps.taken.values()) < 2:
            await asyncio.sleep(0)
    assert not working.done()
    working.cancel()
    await asyncio.wait({working})
    assert caplog.text.count("failed") >= 4
