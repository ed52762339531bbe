"""Cancellation that libraries lose on the way."""

import asyncio


def is_cancelled() -> bool:
    """Whether the task that asks was cancelled, even if nothing was raised in it.

    Before Python 3.12 asyncio.wait_for, on which the pool of connections stands, loses one that
    comes just as its work ends. What runs until cancelled asks, lest it run for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def heed_cancellation() -> None:
    """Raise CancelledError in a task that was cancelled, where is_cancelled says that it was."""
    if is_cancelled():
        raise asyncio.CancelledError
