"""Tells people who have to wait for an answer their number, and turns away who is too many."""

import asyncio
import logging
from datetime import timedelta

from bot.asked import name_refusal
from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import IncomingMessage, Intent, Surplus, Waiting
from bot.ports import Channels, Letter, WaitingLine
from bot.rendering.compose import compose_full_queue, compose_words
from bot.rendering.phrases import choose_language, refusals
from retrieval.model import TenantId

SHORTEST_WAIT = timedelta(minutes=1)
"""A queue that has just filled says nothing yet of how long it takes."""

_log = logging.getLogger(__name__)


class WaitingRoom:
    """Holds `most` questions of a tenant (0: all), and from the number `first` on tells each once.

    Wherever a process dies, nobody is left untold: who is turned away is told by a letter that was
    written down with it, and whose number was not told is another's to tell. Raises
    StoreUnavailable.
    """

    def __init__(
        self,
        line: WaitingLine,
        delivery: Delivery,
        channels: Channels,
        *,
        first: int,
        most: int,
    ) -> None:
        self._line = line
        self._delivery = delivery
        self._channels = channels
        self._first = first
        self._most = most

    async def keep(self) -> None:
        """Turn away those who are too many, and tell the others who were not told yet."""
        while self._most and (surplus := await self._line.list_surplus(self._most)):
            # All of the lot first: while they are told, those in front are answered.
            keys = [await self._turn_away(each) for each in surplus]
            await asyncio.gather(*(self._delivery.attempt(*key) for key in keys if key))
        while untold := await self._line.take_untold(self._first):
            if not all(await asyncio.gather(*(self._tell(each) for each in untold))):
                # They are taken again after a while; going on might never end and turn nobody away.
                break

    async def _turn_away(self, surplus: Surplus) -> tuple[TenantId, str] | None:
        """Close a question with when to ask it again; the letter to be posted, if any."""
        letter = await self._write_refusal(surplus) if _wants_to_know(surplus.question) else None
        turned_away = await self._line.turn_away(surplus, letter)
        return (letter.tenant, letter.key) if turned_away and letter else None

    async def _write_refusal(self, surplus: Surplus) -> Letter:
        question = surplus.question
        language = await self._choose_language(surplus.tenant, question)
        reply = compose_full_queue(self._most, max(surplus.waited, SHORTEST_WAIT), language)
        where = question.place, reply, question.reply_token
        return Letter(surplus.tenant, name_refusal(surplus.item), *where)

    async def _tell(self, waiting: Waiting) -> bool:
        """Whether this one need not be told later."""
        try:
            if _wants_to_know(waiting.question):
                await self._tell_number(waiting)
        except DeliveryRefused as error:
            _log.info("Question %s waits untold: %s", waiting.item, error)
        except DeliveryFailed as error:
            _log.info("Question %s is told its number later: %s", waiting.item, error)
            return False
        await self._line.note_told(waiting)
        return True

    async def _tell_number(self, waiting: Waiting) -> None:
        question, place = waiting.question, waiting.question.place
        language = await self._choose_language(waiting.tenant, question)
        words = refusals.QUEUED.say(language, number=waiting.number)
        messenger = self._delivery.get_messenger(place.platform)
        if messenger.says_activity and place.thread is not None:
            await messenger.show_activity(place, words)
            return
        reply = compose_words(f"{words}.", private=True)
        key = f"{waiting.item}:queue"
        await self._delivery.send(Letter(waiting.tenant, key, place, reply, question.reply_token))

    async def _choose_language(self, tenant: TenantId, question: IncomingMessage) -> str:
        settings = await self._channels.read(tenant, question.place, question.person)
        return choose_language(settings.language, question.text)


def _wants_to_know(question: IncomingMessage) -> bool:
    """Whether a person asked, who waits for an answer."""
    return question.intent is not Intent.OVERHEARD and not question.person.bot
