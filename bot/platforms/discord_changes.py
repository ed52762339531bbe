"""Hands over what people change: messages that were edited, and messages that are gone.

Discord tells of a change once, also where the message is not remembered here. What the intake
cannot take is handed over again until it is taken.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord

from bot.cancellation import is_cancelled
from bot.model import ChannelKind, Intent, Place, Platform, ThreadKey
from bot.platforms.discord_events import (
    is_from_person,
    name_message,
    read_intent,
    read_message,
    read_workspace,
)
from bot.ports import Intake

LONGEST_PAUSE = 30.0
MOST_WAITING = 1_000

FindThread = Callable[[discord.Message, int], Awaitable[ThreadKey | None]]
Pause = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


class DiscordChanges:
    """Turns changes into edits and deletions for the intake; nothing here raises."""

    def __init__(
        self, intake: Intake, find_thread: FindThread, pause: Pause = asyncio.sleep
    ) -> None:
        self._intake = intake
        self._find_thread = find_thread
        self._pause = pause
        self._waiting: set[asyncio.Task[None]] = set()

    async def receive_edit(self, message: discord.Message, bot_user: int) -> None:
        """A person's message reads otherwise now.

        Discord tells of link previews and pins in the same way, but those are no edits. Without
        the Message Content intent the words are told of questions that mention the bot alone.
        """
        intent = read_intent(message, bot_user)
        unread = intent is None and not message.content
        if message.edited_at is None or unread or not is_from_person(message):
            return

        async def hand_over() -> None:
            thread = await self._find_thread(message, bot_user)
            edited = read_message(message, bot_user, intent or Intent.FOLLOW_UP, thread)
            acceptance = await self._intake.accept_edit(edited)
            log.info("discord edit of message %s: %s", message.id, acceptance)

        await self._insist(hand_over)

    async def receive_deletion(self, guild: int | None, channel: int, message: int) -> None:
        """A message is gone, whoever wrote it."""
        kind = ChannelKind.DIRECT if guild is None else ChannelKind.PRIVATE
        place = Place(Platform.DISCORD, read_workspace(guild), str(channel), kind)

        async def hand_over() -> None:
            key = name_message(guild, channel, message)
            acceptance = await self._intake.accept_deletion(place, key)
            log.info("discord deletion of message %s: %s", message, acceptance)

        await self._insist(hand_over)

    async def close(self) -> None:
        """Give up what still waits."""
        tasks = list(self._waiting)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _insist(self, hand_over: Callable[[], Awaitable[None]]) -> None:
        if await _try(hand_over):
            return
        if len(self._waiting) >= MOST_WAITING:
            log.error("discord: too many changes wait, so one is given up")
            return
        task = asyncio.create_task(self._try_again(hand_over))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _try_again(self, hand_over: Callable[[], Awaitable[None]]) -> None:
        seconds = 1.0
        await self._pause(seconds)
        while not (await _try(hand_over) or is_cancelled()):
            seconds = min(seconds * 2, LONGEST_PAUSE)
            await self._pause(seconds)


async def _try(hand_over: Callable[[], Awaitable[None]]) -> bool:
    try:
        await hand_over()
    except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
        log.warning("discord: a change was not taken down yet: %r", error)
        return False
    return True
