"""Shows that work is going on, without holding it up."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.model import Place
from bot.ports import Messenger

REPEAT = 8.0
"""Seconds after which the activity is shown again: Discord's typing fades after ten."""


class ActivityLine:
    """The line that says what is being done, while the context lasts.

    Only the latest text is sent; when the context ends nothing is sent any more, so that no
    status appears after the answer.
    """

    def __init__(self, messenger: Messenger, place: Place, *, repeat: float = REPEAT) -> None:
        self._messenger = messenger
        self._place = place
        self._repeat = repeat
        self._text = ""
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def show(self, text: str) -> None:
        """Say this from now on."""
        if text != self._text:
            self._text = text
            self._changed.set()

    async def _send(self) -> None:
        await self._changed.wait()
        while True:
            self._changed.clear()
            await self._messenger.show_activity(self._place, self._text)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._repeat):
                    await self._changed.wait()
