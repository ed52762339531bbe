"""Tasks that run together: when one fails, the others end, and what it raised is raised plainly."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


async def run_together(*work: Coroutine[object, object, None]) -> None:
    """Run until cancelled or until one fails, whose error is raised without its group."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as failures:
        raise _find_first(failures) from failures


@asynccontextmanager
async def running_beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run `work` while the context lasts. Where it fails, the context is left with its error."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            yield
            task.cancel()
    except ExceptionGroup as failures:
        raise _find_first(failures) from failures


def _find_first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
