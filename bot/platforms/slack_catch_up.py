"""Hears what was said while nobody listened.

Slack delivers an event three times more, for six minutes in all, and then never again. So every
process that receives leaves a sign of life, for each workspace, and where there was none for a
while, or a process began anew, the conversations are read. What is found there is heard like an
event, and the inbox knows what it has already.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cancellation import heed_cancellation, is_cancelled
from bot.clock import read_clock
from bot.errors import AppNotInstalled, ConnectionRefused
from bot.gaps import BEAT, Gap
from bot.platforms.slack_account import SlackAccounts, SlackIdentity
from bot.platforms.slack_errors import CLIENT_ERRORS, find_wait
from bot.platforms.slack_history import (
    Call,
    Conversation,
    SlackHistory,
    choose_conversations,
    find_threads,
    list_own_ids,
    list_payloads,
)
from retrieval.errors import StoreUnavailable

ASKED_SPAN = timedelta(days=7)
"""Conversations and threads in which something was asked of late are looked at first."""
MOST_ASKED = 2_000
MOST_CONVERSATIONS = 2_000
MOST_THREADS = 200
"""Threads of one workspace that are asked for by themselves."""
FEW = 20
"""So many calls are made without a pause between them."""
PACE = 1.5
"""Seconds between two calls beyond those: half of what Slack allows, for answers want some too."""
LONGEST_PAUSE = 60.0
AT_ONCE = 8
"""Workspaces that are read at the same time: each has limits of its own."""

Hear = Callable[[Mapping[str, Any]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]
T = TypeVar("T")

log = logging.getLogger(__name__)


class Gaps(Protocol):
    """Knows when the events of workspaces were not heard. Raises StoreUnavailable.

    `workspace` is the only one that this process serves, None where it serves all that are linked.
    """

    async def hear(self, workspace: str | None, *, started: bool) -> None:
        """Note that events come in, and since when they may not have.

        That is so where nobody has noted it for a while, or where this process has just `started`:
        what was on its way to its predecessor may be lost.
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

    async def list_asked(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Sequence[tuple[str, str | None]]:
        """The channels and threads in which something was asked, those of the last question first.

        The thread is None for what was asked outside of any.
        """
        ...


class CatchUp:
    """Reads what was missed, and hears nothing that is older than `span`."""

    def __init__(
        self,
        gaps: Gaps,
        accounts: SlackAccounts,
        hear: Hear,
        is_allowed: Callable[[str], bool],
        *,
        span: timedelta,
        beat: float = BEAT,
        pause: Pause = asyncio.sleep,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self._gaps = gaps
        self._accounts = accounts
        self._hear = hear
        self._is_allowed = is_allowed
        self._span = span
        self._beat = beat
        self._pause = pause
        self._now = now
        self._owner = uuid.uuid4().hex
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def run(self, receiving: asyncio.Event, workspace: str | None) -> None:
        """Watch for gaps while `receiving` is set, and read what was missed, until cancelled."""
        started = True
        try:
            while not is_cancelled():
                await receiving.wait()
                try:
                    await self._gaps.hear(workspace, started=started)
                    started = False
                    await self._gaps.keep(self._owner, list(self._reading))
                    await self._begin_readings(workspace)
                except StoreUnavailable as error:
                    log.warning("slack: it is not noted that events come in: %s", error)
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
        """Read a workspace whole; where that fails, the lease lapses and it is begun again."""
        try:
            if self._is_allowed(gap.workspace):
                await self._read_workspace(gap)
            await self._gaps.close(self._owner, gap)
        except Exception:
            log.exception("slack: what was missed in %s is unread yet", gap.workspace)
        finally:
            del self._reading[gap.workspace]

    async def _read_workspace(self, gap: Gap) -> None:
        reading = _Reading(self._gaps, self._hear, gap, pause=self._pause)
        try:
            account = await reading.persist(partial(self._accounts.find, gap.workspace))
            identity = await account.identify()
            history = SlackHistory(account, gap.workspace, reading.call)
            await reading.read(history, identity, now=self._now, span=self._span)
        except (AppNotInstalled, ConnectionRefused, *CLIENT_ERRORS) as error:
            log.warning("slack: what was missed in %s cannot be read: %s", gap.workspace, error)
        else:
            log.info("slack: %s is read, whatever was missed there", gap.workspace)


class _Reading:
    """One workspace that is being read."""

    def __init__(self, gaps: Gaps, hear: Hear, gap: Gap, *, pause: Pause) -> None:
        self._gaps = gaps
        self._hear = hear
        self._gap = gap
        self._pause = pause
        self._calls = 0
        self._threads = 0

    async def read(
        self,
        history: SlackHistory,
        identity: SlackIdentity,
        *,
        now: Callable[[], datetime],
        span: timedelta,
    ) -> None:
        """Read every conversation in which something may have been missed."""
        gap = self._gap
        since = now() - ASKED_SPAN
        list_asked = partial(self._gaps.list_asked, since=since, limit=MOST_ASKED)
        asked = await self.persist(partial(list_asked, gap.workspace))
        chosen = choose_conversations(
            await history.list_conversations(),
            [channel for channel, _ in asked],
            few=FEW,
            every=gap.is_long,
        )
        if len(chosen) > MOST_CONVERSATIONS:
            log.warning("slack: %d conversations are not read", len(chosen) - MOST_CONVERSATIONS)
        for conversation in chosen[:MOST_CONVERSATIONS]:
            floor = now() - span
            if gap.until < floor:
                log.warning("slack: the rest of %s is too old to be read", gap.workspace)
                return
            known = [ts for channel, ts in asked if ts and channel == conversation.id]
            after = max(gap.since, floor).timestamp()
            await self._read_conversation(history, conversation, known, identity, after)

    async def _read_conversation(
        self,
        history: SlackHistory,
        conversation: Conversation,
        known: Sequence[str],
        identity: SlackIdentity,
        after: float,
    ) -> None:
        try:
            messages = await history.read_recent(conversation, after)
            threads = find_threads(messages, after, list_own_ids(identity))
            if self._gap.is_long:
                threads += self._choose_known(known, {str(each["ts"]) for each in messages})
            for thread in threads:
                messages += await history.read_replies(conversation, thread, after)
        except CLIENT_ERRORS as error:
            log.warning("slack: %s cannot be read: %s", conversation.id, error)
            return
        for payload in list_payloads(
            self._gap.workspace,
            conversation,
            messages,
            identity,
            after=after,
            heard_until=self._gap.heard_until.timestamp(),
        ):
            await self.persist(partial(self._hear, payload))

    def _choose_known(self, known: Sequence[str], seen: set[str]) -> list[str]:
        """The threads in which something was asked, and of which no page has told."""
        chosen = [thread for thread in known if thread not in seen]
        chosen = chosen[: max(MOST_THREADS - self._threads, 0)]
        self._threads += len(chosen)
        return chosen

    async def call(self, call: Call) -> AsyncSlackResponse:
        """Make a call, as often and as slowly as Slack wants. Raises CLIENT_ERRORS."""
        self._calls += 1
        if self._calls > FEW:
            await self._pause(PACE)
        return await self.persist(call)

    async def persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat what fails, unless it is refused. Raises CLIENT_ERRORS, AppNotInstalled."""
        seconds = 1.0
        while True:
            try:
                done = await attempt()
            except (StoreUnavailable, *CLIENT_ERRORS) as error:
                wait = seconds if isinstance(error, StoreUnavailable) else find_wait(error)
                if wait is None:
                    raise
                log.info("slack: %s waits: %s", self._gap.workspace, error)
                await self._pause(wait or seconds)
                seconds = min(seconds * 2, LONGEST_PAUSE)
            else:
                heed_cancellation()
                return done
