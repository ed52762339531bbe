"""Reads what was missed in a workspace, where it matters most first."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.gaps import Gap
from bot.platforms.slack_account import SlackIdentity
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.platforms.slack_history import (
    Conversation,
    SlackHistory,
    choose_conversations,
    find_threads,
    list_own_ids,
    list_payloads,
)
from bot.platforms.slack_patience import Patience

FEW = 20
"""So many conversations are all read, however short the gap."""
MOST_CONVERSATIONS = 2_000
MOST_THREADS = 500
"""Threads that are read once all conversations are."""

Asked = Sequence[tuple[str, str | None]]
Hear = Callable[[Mapping[str, Any]], Awaitable[None]]
Thread = tuple[Conversation, str]

log = logging.getLogger(__name__)


class WorkspaceReading:
    """One workspace that is read. What is older than `span` by then is left out."""

    def __init__(
        self,
        gap: Gap,
        history: SlackHistory,
        identity: SlackIdentity,
        hear: Hear,
        patience: Patience,
        *,
        span: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._gap = gap
        self._history = history
        self._identity = identity
        self._hear = hear
        self._patience = patience
        self._span = span
        self._now = now

    async def read(self, asked: Asked) -> None:
        """Read the conversations, then threads that may hold more. Raises CLIENT_ERRORS.

        `asked`: the channels and threads in which something was asked, the last question first.
        """
        chosen = choose_conversations(
            await self._history.list_conversations(),
            [channel for channel, _ in asked],
            few=FEW,
            every=self._gap.is_long,
        )
        if len(chosen) > MOST_CONVERSATIONS:
            log.warning("slack: %d conversations are not read", len(chosen) - MOST_CONVERSATIONS)
        unseen: list[Thread] = []
        others: list[Thread] = []
        for conversation in chosen[:MOST_CONVERSATIONS]:
            known = [ts for channel, ts in asked if ts and channel == conversation.id]
            if (after := self._find_start()) is not None:
                more = await self._read_conversation(conversation, known, after)
                unseen += [(conversation, ts) for ts in more[0]]
                others += [(conversation, ts) for ts in more[1]]
        threads = [*unseen, *others]
        if len(threads) > MOST_THREADS:
            log.warning("slack: %d threads are not read", len(threads) - MOST_THREADS)
        for conversation, thread in threads[:MOST_THREADS]:
            if (after := self._find_start()) is not None:
                await self._read_thread(conversation, thread, after)

    def _find_start(self) -> float | None:
        """From when on messages are heard; None where by now all that was missed is too old."""
        floor = self._now() - self._span
        return None if self._gap.until < floor else max(self._gap.since, floor).timestamp()

    async def _read_conversation(
        self, conversation: Conversation, known: Collection[str], after: float
    ) -> tuple[list[str], list[str]]:
        """Read a conversation with the threads that we take part in.

        Returns the threads that were not seen but are known, and others in which there is news.
        """
        ours = list_own_ids(self._identity)
        try:
            messages = await self._history.read_recent(conversation, after)
            taking_part, others = find_threads(messages, after, ours, known)
            shown = {str(message["ts"]) for message in messages}
            for thread in taking_part:
                messages += await self._history.read_replies(conversation, thread, after)
        except CLIENT_ERRORS as error:
            log.warning("slack: %s cannot be read: %s", conversation.id, error)
            return [], []
        await self._tell(conversation, messages, after)
        unseen = [thread for thread in known if thread not in shown] if self._gap.is_long else []
        return unseen, others

    async def _read_thread(self, conversation: Conversation, thread: str, after: float) -> None:
        try:
            messages = await self._history.read_replies(conversation, thread, after)
        except CLIENT_ERRORS as error:
            log.info("slack: a thread of %s cannot be read: %s", conversation.id, error)
        else:
            await self._tell(conversation, messages, after)

    async def _tell(
        self, conversation: Conversation, messages: Sequence[Mapping[str, Any]], after: float
    ) -> None:
        for payload in list_payloads(
            self._gap.workspace,
            conversation,
            messages,
            self._identity,
            after=after,
            heard_until=self._gap.heard_until.timestamp(),
        ):
            try:
                await self._patience.persist(partial(self._hear, payload))
            except Exception:
                # Whatever is wrong with one message must not keep the others from being heard.
                log.exception("slack: %s was not taken down", payload["event_id"])
