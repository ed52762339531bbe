"""Letting go: of a question that was deleted with its answer, and of what was said before."""

from collections.abc import Sequence

from bot.answers.cases import Case
from bot.answers.ports import Memory
from bot.answers.telling import tell
from bot.delivery import Delivery
from bot.model import (
    ChannelKind,
    Claim,
    IncomingMessage,
    Place,
    Platform,
    ThreadKey,
    name_conversation,
    name_private_thread,
)
from bot.ports import Inbox
from bot.rendering.phrases import actions
from bot.verdict import Verdict


class Withdrawals:
    """Takes answers back."""

    def __init__(self, inbox: Inbox, delivery: Delivery, memory: Memory) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._memory = memory

    async def withdraw(self, claim: Claim, case: Case) -> Verdict:
        """`answer withdraw`: the answer is deleted and forgotten, for whoever asked.

        Deleting the question gives the same command, to which nothing is said.
        """
        if not case.is_askers:
            return tell(claim, actions.ASKERS_ALONE.say(case.language))
        # First, so that no attempt under way settles after the answer is taken back.
        draft = await self._inbox.withdraw_question(case.tenant, case.item)
        if draft:
            await self._delivery.take_back(case.question.place, draft)
        await self._delivery.withdraw(case.tenant, case.item)
        # What calls people to the answer quotes the question, and proof was shown of it.
        for pressed in await self._inbox.list_pressed(case.tenant, case.item):
            await self._delivery.withdraw(case.tenant, pressed)
        thread = name_conversation(case.tenant, case.question.thread)
        await self._memory.withdraw(case.tenant, thread, case.item)
        return Verdict("withdrawn", {}, audited=False)


class Beginnings:
    """Begins conversations anew."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def begin_anew(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/new`: the next question in this conversation does not know what was before."""
        if words or claim.command is None:
            return None
        thread = find_thread(claim.command.place)
        if thread is None:
            return tell(claim, actions.NEW_BY_ITSELF.en)
        own = name_private_thread(thread, claim.command.person.id)
        for one in (thread, own):
            await self._memory.begin_anew(claim.tenant, name_conversation(claim.tenant, one))
        return tell(claim, actions.NEW_CONVERSATION.en)


def find_thread(place: Place) -> ThreadKey | None:
    """The one conversation of a place: a direct message or a thread of Discord; else None.

    In Slack commands cannot be given in threads, and outside each message begins a conversation.
    """
    one = place.channel_kind is ChannelKind.DIRECT or place.parent is not None
    if place.platform is not Platform.DISCORD or not one:
        return None
    return ThreadKey(f"discord:{place.workspace}:{place.channel}")


def asks_to_begin_anew(message: IncomingMessage) -> bool:
    """Whether a direct message is but the word for a new conversation."""
    direct = message.place.channel_kind is ChannelKind.DIRECT
    return direct and " ".join(message.text.lower().split()).strip("!.") in NEW_WORDS


NEW_WORDS = frozenset(
    {
        "new",
        "new conversation",
        "start over",
        "neu",
        "neues gespräch",
        "nouveau",
        "nouvelle conversation",
        "nueva conversación",
        "nuevo",
    }
)
