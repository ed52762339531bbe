"""Hears what was said while nobody listened.

Slack delivers an event three times more, for six minutes in all, and then never again. So every
process that receives leaves a sign of life, for each workspace, and where there was none for a
while, or a process began anew, the conversations are read. What is found there is heard like an
event, and the inbox knows what it has already.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.cancellation import heed_cancellation, is_cancelled
from bot.clock import read_clock
from bot.errors import AppNotInstalled, ConnectionRefused
from bot.gaps import BEAT, Gap
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.platforms.slack_history import SlackHistory
from bot.platforms.slack_patience import Patience, Pause
from bot.platforms.slack_reading import Asked, Hear, WorkspaceReading
from retrieval.errors import StoreUnavailable

ASKED_SPAN = timedelta(days=7)
"""Conversations and threads in which something was asked of late are looked at first."""
MOST_ASKED = 2_000
AT_ONCE = 50
"""Workspaces that are read at the same time: each has limits of its own, so most of them wait."""

log = logging.getLogger(__name__)


class Gaps(Protocol):
    """Knows when the events of workspaces were not heard. Raises StoreUnavailable.

    `workspace` is the only one that this process serves, None where it serves all that are linked.
    """

    async def hear(self, workspace: str | None, *, doubtful: bool) -> None:
        """Note that events come in, and since when they may not have.

        That is so where nobody has noted it for a while, or where this process is `doubtful`: it
        could not take something down, or it is new and what was on its way to the one before it
        may be lost.
        """
        ...

    async def take(self, workspace: str | None, owner: str) -> Gap | None:
        """A gap that nobody reads, which is now this owner's."""
        ...

    async def keep(self, owner: str, workspaces: Collection[str]) -> None:
        """Give a sign of life for what is being read, lest another takes it."""
        ...

    async def close(self, owner: str, gap: Gap) -> None:
        """Note that what was said before the reading began is taken down."""
        ...

    async def leave(self, owner: str) -> None:
        """Let others read what this owner has not read to the end."""
        ...

    async def list_asked(self, workspace: str, *, since: datetime, limit: int) -> Asked:
        """The channels and threads in which something was asked, those of the last question first.

        The thread is None for what was asked outside of any.
        """
        ...


class CatchUp:
    """Reads what was missed, and hears nothing that is older than `span`.

    `untaken` is set by who could not take down what came in.
    """

    def __init__(
        self,
        gaps: Gaps,
        accounts: SlackAccounts,
        hear: Hear,
        is_allowed: Callable[[str], bool],
        *,
        untaken: asyncio.Event,
        span: timedelta,
        beat: float = BEAT,
        pause: Pause = asyncio.sleep,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self._gaps = gaps
        self._accounts = accounts
        self._hear = hear
        self._is_allowed = is_allowed
        self._untaken = untaken
        self._span = span
        self._beat = beat
        self._pause = pause
        self._now = now
        self._owner = uuid.uuid4().hex
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def run(self, receiving: asyncio.Event, workspace: str | None) -> None:
        """Watch for gaps while `receiving` is set, and read what was missed, until cancelled."""
        self._untaken.set()
        try:
            while not is_cancelled():
                await receiving.wait()
                doubtful = self._untaken.is_set()
                self._untaken.clear()
                try:
                    await self._gaps.hear(workspace, doubtful=doubtful)
                    doubtful = False
                    await self._gaps.keep(self._owner, list(self._reading))
                    await self._begin_readings(workspace)
                except StoreUnavailable as error:
                    log.warning("slack: it is not noted that events come in: %s", error)
                if doubtful:
                    self._untaken.set()
                heed_cancellation()
                await asyncio.sleep(self._beat)
        finally:
            await self._give_up()

    async def _begin_readings(self, workspace: str | None) -> None:
        while len(self._reading) < AT_ONCE:
            gap = await self._gaps.take(workspace, self._owner)
            if gap is None:
                break
            # What this process reads already, another may have taken over and died.
            if gap.workspace not in self._reading:
                self._reading[gap.workspace] = asyncio.create_task(self._read(gap))

    async def _give_up(self) -> None:
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._gaps.leave(self._owner)
        except StoreUnavailable as error:
            log.warning("slack: what is unread is read by others a little later: %s", error)

    async def _read(self, gap: Gap) -> None:
        """Read a workspace; where that is interrupted, the lease lapses and it is begun anew."""
        patience = Patience(gap.workspace, pause=self._pause)
        try:
            if self._is_allowed(gap.workspace):
                await self._read_workspace(gap, patience)
            await patience.persist(partial(self._gaps.close, self._owner, gap))
        except Exception:
            log.exception("slack: what was missed in %s is unread yet", gap.workspace)
        finally:
            del self._reading[gap.workspace]

    async def _read_workspace(self, gap: Gap, patience: Patience) -> None:
        since = self._now() - ASKED_SPAN
        list_asked = partial(self._gaps.list_asked, since=since, limit=MOST_ASKED)
        asked = await patience.persist(partial(list_asked, gap.workspace))
        try:
            account = await patience.persist(partial(self._accounts.find, gap.workspace))
            reading = WorkspaceReading(
                gap,
                SlackHistory(account, gap.workspace, patience.call),
                await account.identify(),
                self._hear,
                patience,
                span=self._span,
                now=self._now,
            )
            await reading.read(asked)
        except (AppNotInstalled, ConnectionRefused, *CLIENT_ERRORS) as error:
            log.warning("slack: what was missed in %s cannot be read: %s", gap.workspace, error)
        else:
            log.info("slack: %s is read, whatever was missed there", gap.workspace)
