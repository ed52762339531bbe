"""Tells people who have to wait for an answer their number, and turns away who is too many."""

import logging
from datetime import timedelta

from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import Claim, IncomingMessage, Intent, ItemState, Surplus, Waiting
from bot.ports import Channels, Inbox, Letter, WaitingLine
from bot.rendering.compose import compose_full_queue, compose_words
from bot.rendering.phrases import choose_language, refusals
from retrieval.model import TenantId

SHORTEST_WAIT = timedelta(minutes=1)
"""A queue that has just filled says nothing yet of how long it takes."""

_log = logging.getLogger(__name__)


class WaitingRoom:
    """Holds `most` questions of a tenant (0: all), and from the number `first` on tells each once.

    Raises StoreUnavailable.
    """

    def __init__(
        self,
        line: WaitingLine,
        inbox: Inbox,
        delivery: Delivery,
        channels: Channels,
        *,
        first: int,
        most: int,
    ) -> None:
        self._line = line
        self._inbox = inbox
        self._delivery = delivery
        self._channels = channels
        self._first = first
        self._most = most

    async def keep(self) -> None:
        """Turn away those who are too many, and tell the others who were not told yet."""
        for surplus in await self._line.take_surplus(self._most) if self._most else ():
            await self._turn_away(surplus)
        for waiting in await self._line.take_untold(self._first):
            if _wants_to_know(waiting.question):
                await self._tell(waiting)

    async def _turn_away(self, surplus: Surplus) -> None:
        """Answer a question with when to ask it again.

        Wherever this breaks off, the question's own job goes on with it.
        """
        claim, question = surplus.claim, surplus.claim.question
        if question is None:
            return
        if not _wants_to_know(question):
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE)
            return
        language = await self._choose_language(claim.tenant, question)
        reply = compose_full_queue(self._most, max(surplus.waited, SHORTEST_WAIT), language)
        key = f"{claim.item}:answer"
        letter = Letter(claim.tenant, key, question.place, reply, question.reply_token, claim.draft)
        if await self._inbox.settle(claim, [letter]):
            await self._deliver(claim, key)

    async def _deliver(self, claim: Claim, key: str) -> None:
        try:
            await self._delivery.deliver(claim.tenant, key)
        except DeliveryRefused as error:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DEAD, error=str(error))
        except DeliveryFailed as error:
            _log.info("Question %s is turned away later: %s", claim.item, error)
        else:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE)

    async def _tell(self, waiting: Waiting) -> None:
        question, place = waiting.question, waiting.question.place
        language = await self._choose_language(waiting.tenant, question)
        words = refusals.QUEUED.say(language, number=waiting.number)
        try:
            messenger = self._delivery.get_messenger(place.platform)
            if messenger.says_activity and place.thread is not None:
                await messenger.show_activity(place, words)
                return
            reply = compose_words(f"{words}.", private=True)
            key = f"{waiting.item}:queue"
            await self._delivery.send(
                Letter(waiting.tenant, key, place, reply, question.reply_token)
            )
        except (DeliveryFailed, DeliveryRefused) as error:
            _log.info("Question %s waits untold: %s", waiting.item, error)

    async def _choose_language(self, tenant: TenantId, question: IncomingMessage) -> str:
        settings = await self._channels.read(tenant, question.place, question.person)
        return choose_language(settings.language, question.text)


def _wants_to_know(question: IncomingMessage) -> bool:
    """Whether a person asked, who waits for an answer."""
    return question.intent is not Intent.OVERHEARD and not question.person.bot
