"""Stops an answer that is being made."""

from bot.answers.cases import Cases
from bot.answers.telling import tell
from bot.model import Claim, ItemId
from bot.ports import Inbox
from bot.rendering.phrases import making
from bot.verdict import Verdict


class Stopping:
    """Asks whichever worker makes the answer to stop; who asked the question may."""

    def __init__(self, cases: Cases, inbox: Inbox) -> None:
        self._cases = cases
        self._inbox = inbox

    async def stop(self, claim: Claim, item: ItemId) -> Verdict | None:
        """`answer stop`: what was written stays, and says that it was stopped."""
        if claim.command is None:
            return None
        question = await self._inbox.read_question(claim.tenant, item)
        asked = question.text if question else ""
        language = await self._cases.choose_language(claim.tenant, claim.command, asked)
        stopped = await self._inbox.ask_to_stop(claim.tenant, item, claim.command.person.id)
        words = making.STOPPING if stopped else making.NOT_TO_STOP
        return tell(claim, words.say(language))
