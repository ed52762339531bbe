"""Stops an answer that is being made."""

from bot.answers.telling import tell
from bot.model import Claim, ItemId
from bot.ports import Inbox
from bot.rendering.phrases import choose_language, making
from bot.verdict import Verdict


class Stopping:
    """Asks whichever worker makes the answer to stop; who asked the question may."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def stop(self, claim: Claim, item: ItemId) -> Verdict | None:
        """`answer stop`: what was written stays, and says that it was stopped."""
        if claim.command is None:
            return None
        question = await self._inbox.read_question(claim.tenant, item)
        language = choose_language("", question.text if question else "")
        stopped = await self._inbox.ask_to_stop(claim.tenant, item, claim.command.person.id)
        words = making.STOPPING if stopped else making.NOT_TO_STOP
        return tell(claim, words.say(language))
