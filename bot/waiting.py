"""Tells people who have to wait for an answer which number they have in the queue."""

import logging
from collections.abc import Mapping

from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import Intent, Platform, Waiting
from bot.ports import Channels, Letter, WaitingLine
from bot.rendering.compose import compose_words
from bot.rendering.phrases import choose_language, refusals

_SAYS_ACTIVITY: Mapping[Platform, bool] = {Platform.SLACK: True, Platform.DISCORD: False}
"""Whether the platform's own sign of activity shows words, which go away with the answer."""

_log = logging.getLogger(__name__)


class WaitingRoom:
    """Tells each person once, from the number `first` on. Raises StoreUnavailable."""

    def __init__(
        self, line: WaitingLine, delivery: Delivery, channels: Channels, *, first: int
    ) -> None:
        self._line = line
        self._delivery = delivery
        self._channels = channels
        self._first = first

    async def tell(self) -> int:
        """Tell those who were not told yet; how many that was."""
        waiting = await self._line.take_untold(self._first)
        for each in waiting:
            if each.question.intent is not Intent.OVERHEARD and not each.question.person.bot:
                await self._tell(each)
        return len(waiting)

    async def _tell(self, waiting: Waiting) -> None:
        question, place = waiting.question, waiting.question.place
        settings = await self._channels.read(waiting.tenant, place)
        language = choose_language(settings.language, question.text)
        words = refusals.QUEUED.say(language, number=waiting.number)
        try:
            if _SAYS_ACTIVITY.get(place.platform) and place.thread is not None:
                await self._delivery.get_messenger(place.platform).show_activity(place, words)
                return
            reply = compose_words(f"{words}.", private=True)
            key = f"{waiting.item}:queue"
            await self._delivery.send(
                Letter(waiting.tenant, key, place, reply, question.reply_token)
            )
        except (DeliveryFailed, DeliveryRefused) as error:
            _log.info("Question %s waits untold: %s", waiting.item, error)
