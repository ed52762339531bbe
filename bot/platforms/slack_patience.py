"""Work that waits for Slack, and for the database, as long as these want."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cancellation import heed_cancellation
from bot.platforms.slack_errors import CLIENT_ERRORS, find_wait
from bot.platforms.slack_history import Call
from retrieval.errors import StoreUnavailable

AT_ONCE = 20
"""So many calls are made without a pause between them."""
PACE = 1.5
"""Seconds between two calls beyond those: half of what Slack allows, for answers want some too."""
LONGEST_PAUSE = 60.0

Pause = Callable[[float], Awaitable[None]]
T = TypeVar("T")

log = logging.getLogger(__name__)


class Patience:
    """Paces the calls in one workspace, and repeats what fails."""

    def __init__(self, workspace: str, *, pause: Pause = asyncio.sleep) -> None:
        self._workspace = workspace
        self._pause = pause
        self._calls = 0

    async def call(self, call: Call) -> AsyncSlackResponse:
        """Make a call, as often and as slowly as Slack wants. Raises CLIENT_ERRORS."""
        self._calls += 1
        if self._calls > AT_ONCE:
            await self._pause(PACE)
        return await self.persist(call)

    async def persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat an attempt until it succeeds. Raises CLIENT_ERRORS where that does not help."""
        seconds = 1.0
        while True:
            try:
                done = await attempt()
            except (StoreUnavailable, *CLIENT_ERRORS) as error:
                wait = 0.0 if isinstance(error, StoreUnavailable) else find_wait(error)
                if wait is None:
                    raise
                log.info("slack: what is read of %s waits: %s", self._workspace, error)
                await self._pause(wait or seconds)
                seconds = min(seconds * 2, LONGEST_PAUSE)
            else:
                heed_cancellation()
                return done
