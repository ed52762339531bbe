"""Opens a thread for each question, where a channel is set up so."""

import logging
from dataclasses import replace

import discord

from bot.model import IncomingMessage, Intent, ThreadKey, Visibility
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_events import name_thread
from bot.ports import Channels, Workspaces

THREAD_EXISTS = 160004

log = logging.getLogger(__name__)


class QuestionThreads:
    """Moves questions into threads of their own, before they are taken down.

    A thread that is opened from a message bears the message's id, so it is the same one however
    often a question comes in.
    """

    def __init__(self, channels: Channels, workspaces: Workspaces) -> None:
        self._channels = channels
        self._workspaces = workspaces

    async def move(self, message: discord.Message, question: IncomingMessage) -> IncomingMessage:
        """The question in its thread; where it was asked if it needs none or may have none.

        Raises StoreUnavailable.
        """
        begins = question.intent is Intent.MENTION and question.thread == ThreadKey(
            question.message
        )
        channel = isinstance(message.channel, discord.TextChannel)
        asked = question.text and not question.person.bot
        if not (begins and channel and asked and await self._is_wanted(question)):
            return question
        if not await _open(message, name_thread(question.text)):
            return question
        place, thread = question.place, str(message.id)
        return replace(
            question,
            thread=ThreadKey(f"discord:{place.workspace}:{thread}"),
            place=replace(place, channel=thread, parent=place.channel),
        )

    async def _is_wanted(self, question: IncomingMessage) -> bool:
        place = question.place
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None:
            return False
        settings = await self._channels.read(tenant, place)
        return settings.thread_per_question and settings.visibility is Visibility.PUBLIC


async def _open(message: discord.Message, name: str) -> bool:
    """Whether the message has a thread now."""
    try:
        await message.create_thread(name=name)
    except discord.HTTPException as error:
        if error.code == THREAD_EXISTS:
            return True
        log.warning("discord: no thread for message %s: %s", message.id, error)
        return False
    except CLIENT_ERRORS as error:
        log.warning("discord: no thread for message %s: %r", message.id, error)
        return False
    return True
