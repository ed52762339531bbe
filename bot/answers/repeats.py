"""The same question once more: 'Ask again', and 'Share to channel'.

Nothing is copied: a shared answer is made anew from what everyone in the channel may read.
"""

from dataclasses import replace

from bot.answers.cases import Case
from bot.answers.telling import tell
from bot.model import (
    REPLACES,
    THREAD,
    ChannelKind,
    Claim,
    IncomingMessage,
    Intent,
    MessageKey,
    Place,
    ThreadKey,
)
from bot.ports import Inbox
from bot.rendering.phrases import Phrase, actions
from bot.verdict import Verdict


class Repeats:
    """Puts questions to the inbox again, as asked by whoever pressed the button."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def ask_again(self, claim: Claim, case: Case) -> Verdict:
        """`answer again`: answered where and as it was before, with the rights of who pressed.

        What nobody had asked the bot is asked now, so it gets an answer in any case.
        """
        alone = case.question.intent in (Intent.ASK, Intent.DIRECT)
        intent = case.question.intent if alone else Intent.MENTION
        return await self._put(claim, case, intent, actions.ASKED_AGAIN)

    async def share(self, claim: Claim, case: Case) -> Verdict:
        """`answer share`: answered for everyone in the channel; for the asker to decide."""
        if not case.is_askers:
            return tell(claim, actions.ASKERS_ALONE.say(case.language))
        if case.question.place.channel_kind is ChannelKind.DIRECT:
            return tell(claim, actions.NO_SUCH_ANSWER.say(case.language))
        return await self._put(claim, case, Intent.SHARE, actions.SHARING)

    async def _put(self, claim: Claim, case: Case, intent: Intent, words: Phrase) -> Verdict:
        command, question = case.command, case.question
        token = {name: value for name, value in command.reply_token.items() if name != REPLACES}
        if THREAD in question.reply_token:
            token[THREAD] = question.reply_token[THREAD]
        key = MessageKey(f"{question.message}:{claim.item}")
        shared = intent is Intent.SHARE
        message = IncomingMessage(
            event=f"again:{command.event}",
            message=key,
            # What was said in private is no part of the conversation that others read.
            thread=ThreadKey(key) if shared else question.thread,
            place=_find_public_place(question) if shared else question.place,
            person=command.person,
            intent=intent,
            text=question.text,
            at=command.at,
            reply_token=token,
            again=case.item,
            # The asker's own files are not for others to read.
            attachments=() if shared else question.attachments,
        )
        await self._inbox.put_question(case.tenant, message)
        return tell(claim, words.say(case.language))


def _find_public_place(question: IncomingMessage) -> Place:
    """The channel, or the thread of the message that was to be answered."""
    place = question.place
    return replace(place, thread=question.reply_token.get(THREAD, place.thread))
