"""Shows how an answer comes about, without holding it up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.cancellation import is_cancelled
from bot.errors import AnswerStopped, BotError, DeliveryRefused, RateLimited
from bot.model import Hold, Place
from bot.ports import LiveAnswer, Messenger
from bot.rendering.reply import Button, Draft
from retrieval.errors import RetrievalError

REPEAT = 8.0
"""Seconds after which the activity is shown again: Discord's typing fades after ten."""

LEAD = 0.25
"""Seconds that an answer has before it is shown in the making; a faster one is just posted."""

TICK = 0.5
"""Seconds between two looks whether the answer is still wanted."""

GRACE = 3.0
"""Seconds that a call may go on when the answer is there; it must not arrive after the answer."""

_log = logging.getLogger(__name__)


class Progress:
    """What is seen of an answer in the making, while the context lasts.

    At first that is the platform's own sign of activity, then a message of steps and text. Only
    the latest state is sent. When the context ends nothing is under way any more, so nothing
    overtakes the answer. Before everything that it changes it asks `look` whether the attempt
    still holds; `note` is told of the message as soon as there is one. Where it is `quiet`, there
    is no sign of activity.
    """

    def __init__(
        self,
        messenger: Messenger,
        place: Place,
        live: LiveAnswer | None,
        *,
        stop: Button,
        language: str,
        quiet: bool = False,
        draft: str | None,
        look: Callable[[], Awaitable[Hold]],
        note: Callable[[str], Awaitable[None]],
        lead: float = LEAD,
        repeat: float = REPEAT,
        tick: float = TICK,
    ) -> None:
        self._messenger = messenger
        self._place = place
        self._live = live
        self._stop = stop
        self._language = language
        self._quiet = quiet
        self._look = look
        self._note = note
        self._lead = lead
        self._repeat = repeat
        self._tick = tick
        self._steps: list[str] = []
        self._text = ""
        self._shown: Draft | None = None
        self._activity = ""
        self._live_at = self._free_at = 0.0
        self._noted = draft
        self._resumes = bool(draft)
        self._calling = asyncio.Lock()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.draft = draft
        """What the reply takes the place of: None for nothing, '' where that is not known."""
        self.interrupted: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
        """Done when the answer is not wanted any more, and why."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is None:
            return
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE), self._calling:
                    self._task.cancel()
        finally:
            self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled() and (failure := self._task.exception()) is not None:
            _log.error("How an answer came about could not be shown", exc_info=failure)

    @property
    def text(self) -> str:
        """What the agent wrote so far."""
        return self._text

    def show_step(self, words: str) -> None:
        """Say that this is being done from now on."""
        if not self._steps or words != self._steps[-1]:
            self._steps.append(words)
            self._changed.set()

    def append(self, text: str) -> None:
        """More of the text."""
        self._text += text
        self._changed.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._live_at = self._free_at = loop.time() + self._lead
        look_at = loop.time() + self._tick
        activity_at = loop.time()
        await self._changed.wait()
        while not is_cancelled():
            self._changed.clear()
            now = loop.time()
            is_live_due = self._live is not None and self._has_more() and now >= self._find_due()
            if now >= look_at or (is_live_due and self._shown is not None):
                look_at = now + self._tick
                if not await self._is_held():
                    return
            async with self._calling:
                if self._live is not None and is_live_due:
                    await self._show_live(self._live)
                elif self._is_activity_due(now - activity_at):
                    activity_at = now
                    await self._show_activity()
            if self.interrupted.done():
                return
            await self._wait(self._find_due() - loop.time())

    async def _wait(self, until_live: float) -> None:
        """Until there is something to do: something new that may be shown, or time for a look."""
        if self._is_activity_due(0.0):
            return
        if self._live is not None and self._has_more():
            seconds = min(max(until_live, 0.0), self._tick)
            if self._shown is not None and self._shown.text:
                await asyncio.sleep(seconds)
                return
        else:
            seconds = self._tick
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _find_due(self) -> float:
        """When the state may be shown next; the first words wait for limits alone."""
        is_first = bool(self._text) and (self._shown is None or not self._shown.text)
        return self._free_at if is_first else self._live_at

    def _has_more(self) -> bool:
        return self._describe() != self._shown

    def _describe(self) -> Draft:
        return Draft(tuple(self._steps), self._text, self._stop, self._language)

    async def _is_held(self) -> bool:
        """Whether the attempt still holds; where the store does not tell, nothing is changed."""
        try:
            hold = await self._look()
        except RetrievalError as error:
            _log.warning("It is not known whether an answer is still wanted: %s", error)
            return True
        if hold is not Hold.HELD:
            self._interrupt(hold)
        return hold is Hold.HELD

    def _interrupt(self, hold: Hold) -> None:
        if not self.interrupted.done():
            self.interrupted.set_result(hold)

    def _is_activity_due(self, since: float) -> bool:
        """Whether the platform's own sign has something to say: while there is no message yet."""
        if self._quiet or self._shown is not None or self._resumes:
            return False
        is_news = self._steps[-1] != self._activity
        is_seen = self._messenger.says_activity or not self._activity
        return (is_news and is_seen) or since >= self._repeat

    async def _show_activity(self) -> None:
        self._activity = self._steps[-1]
        await self._messenger.show_activity(self._place, self._activity)

    async def _show_live(self, live: LiveAnswer) -> None:
        """Show the state as it is, and note when that may be done again."""
        draft = self._describe()
        unknown, self.draft = self.draft, self.draft or ""
        now = asyncio.get_running_loop().time()
        try:
            shown = await live.show(draft)
        except AnswerStopped:
            self._interrupt(Hold.STOPPED)
        except RateLimited as error:
            self.draft = unknown
            self._free_at = self._live_at = now + error.retry_after
            return
        except DeliveryRefused as error:
            self.draft, self._live = unknown, None
            _log.info("An answer is not shown in the making: %s", error)
        except BotError as error:
            self._live = None
            _log.warning("How an answer comes about can no longer be shown: %s", error)
        else:
            self._shown, self.draft = draft, shown
            await self._write_down()
        self._live_at = now + live.pause

    async def _write_down(self) -> None:
        if self.draft is None or self.draft == self._noted:
            return
        try:
            await self._note(self.draft)
        except RetrievalError as error:
            _log.warning("The message of an answer could not be written down: %s", error)
        else:
            self._noted = self.draft
