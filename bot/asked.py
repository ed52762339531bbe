"""A question at work, and what is said to it."""

import logging
from dataclasses import dataclass, replace

from agents.model import Answer, StepStarted
from bot.model import (
    ChannelKind,
    ChannelSettings,
    Claim,
    IncomingMessage,
    Intent,
    ItemId,
    Visibility,
)
from bot.rendering.actions import compose_shared, offer_actions
from bot.rendering.apology import UNEXPECTED, Apology
from bot.rendering.compose import compose_answer, compose_failure, compose_words
from bot.rendering.draft import compose_stopped
from bot.rendering.phrases import actions, attachments, choose_language, making
from bot.rendering.reply import Button, Reply
from bot.reticence import Unsaid, is_unasked, is_well_founded

STEP_WORDS = {
    "planning": making.PLANNING,
    "searching": making.SEARCHING,
    "reading": making.READING,
    "writing": making.WRITING,
    "checking": making.CHECKING,
}
MOST_CLAIMS = 10
"""Attempts at a question, crashes of the worker included, after which it is given up. A worker that
dies takes along all that it is at work on, so most of them died of something else.
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at work, and what applies where it was asked."""

    claim: Claim
    message: IncomingMessage
    settings: ChannelSettings

    @property
    def letter(self) -> str:
        """The key of its answer's letter."""
        return name_letter(self.claim)

    @property
    def private(self) -> bool:
        """Whether the answer is shown to the asker alone where others would see it."""
        if self.message.intent is Intent.SHARE:
            return False
        set_so = self.settings.visibility is Visibility.PRIVATE
        direct = self.message.place.channel_kind is ChannelKind.DIRECT
        return self.message.intent is Intent.ASK or (set_so and not direct)

    @property
    def is_overlooked(self) -> bool:
        """Whether others see that an answer for the asker alone is made: in a thread, by a sign."""
        place = self.message.place
        direct = place.channel_kind is ChannelKind.DIRECT
        return self.private and place.thread is not None and not direct

    @property
    def language(self) -> str:
        """The language to speak."""
        return choose_language(self.settings.language, self.message.text)

    @property
    def draft(self) -> str | None:
        """Where an earlier attempt showed the answer in the making; '' where that is not known."""
        return self.claim.draft or ("" if self.claim.attempts > 1 else None)


def compose_reply(asked: Asked, answer: Answer) -> Reply:
    """An answer with what can be done with it. Raises Unsaid."""
    if is_unasked(asked.message) and not is_well_founded(answer):
        raise Unsaid(f"nobody asked, and it is {answer.outcome.value}")
    message, item, language = asked.message, asked.claim.item, asked.language
    if message.intent is Intent.SHARE:
        return compose_shared(answer, message, item, language)
    can_share = asked.private and message.place.channel_kind is not ChannelKind.DIRECT
    reply = compose_answer(answer, private=asked.private, language=language, late=message.late)
    return offer_actions(reply, answer, item, language=language, can_share=can_share)


def compose_broken_off(asked: Asked, text: str = "") -> Reply:
    """What stays of an answer that was stopped, which can be asked for again."""
    again = Button(actions.ASK_AGAIN.say(asked.language), f"answer again {asked.claim.item}")
    stopped = compose_stopped(text, private=asked.private, language=asked.language)
    return replace(stopped, buttons=(again,))


def compose_at_once(asked: Asked) -> Reply | None:
    """The reply where none has to be worked out."""
    claim, private, language = asked.claim, asked.private, asked.language
    if asked.message.attachments and not asked.message.text.strip():
        names = ", ".join(file.name for file in asked.message.attachments)
        words = attachments.FILE_WITHOUT_QUESTION.say(language, names=names)
        return compose_words(words, private=private)
    if claim.attempts > MOST_CLAIMS:
        # The worker died over this question again and again, so there is no error to go by.
        _log.error("Question %s is given up, attempt %d", claim.item, claim.attempts)
        return apologise(asked, UNEXPECTED)
    return None


def apologise(asked: Asked, apology: Apology) -> Reply:
    """The words for a failure. Raises Unsaid."""
    if is_unasked(asked.message):
        raise Unsaid("nobody asked, and it failed")
    alone = asked.private or asked.message.intent is Intent.SHARE
    return compose_failure(apology.words, asked.claim.item, private=alone, language=asked.language)


def name_letter(claim: Claim) -> str:
    """The key of the letter that holds the answer."""
    return f"{claim.item}:answer"


def name_refusal(item: ItemId) -> str:
    """The key of the letter that turns a question away. It is no answer: one may follow, once the
    question is edited, and what is said after it in the thread was not said to us.
    """
    return f"{item}:refusal"


def describe_step(step: StepStarted, language: str, *, detail: bool) -> str:
    """What the agent does now, with how much or, where `detail` may be told, with what."""
    words = STEP_WORDS.get(step.step, STEP_WORDS["planning"]).say(language)
    if step.count:
        return f"{words} ({step.count})"
    told = detail and step.detail and step.step == "searching"
    return f"{words}: {step.detail}" if told else words
