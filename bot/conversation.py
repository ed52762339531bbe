"""Answers the questions of the inbox: who may see what, the agent's run, its reply, posted once."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from agents.errors import AgentError, BudgetExceeded
from agents.model import Answer, Answered, Question, StepStarted, TextDelta
from bot.access import is_for_asker_alone
from bot.activity import ActivityLine
from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import (
    ChannelKind,
    ChannelSettings,
    Claim,
    IncomingMessage,
    Intent,
    ItemId,
    ItemState,
    Platform,
    Visibility,
)
from bot.ports import Assistant, Channels, Directory, Inbox, Letter
from bot.rendering import phrases
from bot.rendering.actions import compose_shared, offer_actions
from bot.rendering.apology import UNEXPECTED, find_apology
from bot.rendering.compose import compose_answer, compose_failure
from bot.rendering.reply import Reply
from bot.rendering.report import compose_help
from bot.scopes import Scopes
from retrieval.errors import StoreUnavailable
from retrieval.model import TenantId

STEP_WORDS = {
    "planning": phrases.PLANNING,
    "searching": phrases.SEARCHING,
    "reading": phrases.READING,
    "writing": phrases.WRITING,
    "checking": phrases.CHECKING,
}
MOST_CLAIMS = 5
"""Attempts at a question, crashes of the worker included, after which it is given up."""

_log = logging.getLogger(__name__)


class Conversation:
    """Turns a question in the inbox into a reply.

    `limit` is how long one attempt at an answer may take, in seconds.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        delivery: Delivery,
        assistant: Assistant,
        directories: Mapping[Platform, Directory],
        channels: Channels,
        limit: float = 90.0,
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._assistant = assistant
        self._scopes = Scopes(directories)
        self._channels = channels
        self._limit = limit

    async def answer(self, tenant: TenantId, item: ItemId) -> float | None:
        """Answer a question; returns after how many seconds to try again, None when finished.

        Safe to call again at any time: an answered question is not answered twice, and of two
        attempts at the same time one wins.
        """
        claim = await self._inbox.claim(tenant, item)
        if claim is None or claim.question is None:
            return None
        if claim.state is not ItemState.ANSWERED:
            try:
                outcome = await self._compose(claim, claim.question)
            except asyncio.CancelledError:
                with suppress(StoreUnavailable):
                    await self._inbox.hand_back(claim)
                raise
            if isinstance(outcome, float):
                return outcome
            if not await self._inbox.settle(claim, [_address(claim, claim.question, outcome)]):
                _log.warning("Question %s was taken over; this attempt ends", claim.item)
                return None
        return await self._deliver(claim)

    async def _compose(self, claim: Claim, message: IncomingMessage) -> Reply | float:
        """The reply, or the seconds until the next attempt."""
        settings = await self._channels.read(claim.tenant, message.place)
        private = _is_private(message, settings)
        language = phrases.choose_language(settings.language, message.text)
        if not message.text.strip():
            return compose_help(admin=False, private=private, language=language)
        if claim.attempts > MOST_CLAIMS:
            # The worker died over this question again and again, so there is no error to go by.
            _log.error("Question %s is given up, attempt %d", claim.item, claim.attempts)
            return compose_failure(UNEXPECTED.words, claim.item, private=private, language=language)
        try:
            answer = await self._ask(claim, message, settings)
        except Exception as error:  # noqa: BLE001 - whatever failed has its words
            apology = find_apology(error)
            _log.exception("Question %s failed, attempt %d", claim.item, claim.attempts)
            if claim.attempts < apology.tries:
                return 2.0 ** (claim.attempts - 1)
            alone = private or message.intent is Intent.SHARE
            return compose_failure(apology.words, claim.item, private=alone, language=language)
        if message.intent is Intent.SHARE:
            return compose_shared(answer, message, claim.item, language)
        can_share = private and message.place.channel_kind is not ChannelKind.DIRECT
        reply = compose_answer(answer, private=private, language=language, late=message.late)
        return offer_actions(reply, answer, claim.item, language=language, can_share=can_share)

    async def _ask(
        self, claim: Claim, message: IncomingMessage, settings: ChannelSettings
    ) -> Answer:
        messenger = self._delivery.get_messenger(message.place.platform)
        async with ActivityLine(messenger, message.place) as activity:
            language = phrases.choose_language(settings.language, message.text)
            activity.show(STEP_WORDS["planning"].say(language))
            question = await self._make_question(claim, message, settings)
            try:
                async with asyncio.timeout(self._limit):
                    return await self._run(question, activity, language)
            except TimeoutError as error:
                raise BudgetExceeded from error

    async def _run(self, question: Question, activity: ActivityLine, language: str) -> Answer:
        answer: Answer | None = None
        # To its very end, so that the run closes what it opened.
        async for event in self._assistant.answer(question):
            match event:
                case StepStarted(step, detail):
                    activity.show(_describe_step(step, detail, language))
                case TextDelta():
                    activity.show(STEP_WORDS["writing"].say(language))
                case Answered(last):
                    answer = last
        if answer is None:
            raise AgentError("The agent ended without an answer.")
        return answer

    async def _make_question(
        self, claim: Claim, message: IncomingMessage, settings: ChannelSettings
    ) -> Question:
        if is_for_asker_alone(message.place, message.intent):
            scope = await self._scopes.find_private(claim.tenant, message.place, message.person)
        else:
            scope = await self._scopes.find_public(claim.tenant, message.place)
        return Question(
            id=claim.item,
            text=message.text,
            thread=f"{claim.tenant}:{message.thread}",
            scope=replace(scope, sources=settings.sources or None),
            settings=settings.answering,
            replaces=message.again or "",
        )

    async def _deliver(self, claim: Claim) -> float | None:
        try:
            await self._delivery.deliver(claim.tenant, _name_letter(claim))
        except DeliveryRefused as error:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DEAD, error=str(error))
        except RateLimited as error:
            return max(error.retry_after, 0.1)
        except DeliveryFailed:
            return min(2.0**claim.attempts, 30.0)
        else:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE)
        return None


def _is_private(message: IncomingMessage, settings: ChannelSettings) -> bool:
    """Whether the answer is shown to the asker alone where others would see it."""
    if message.intent is Intent.SHARE:
        return False
    set_so = settings.visibility is Visibility.PRIVATE
    direct = message.place.channel_kind is ChannelKind.DIRECT
    return message.intent is Intent.ASK or (set_so and not direct)


def _name_letter(claim: Claim) -> str:
    return f"{claim.item}:answer"


def _address(claim: Claim, message: IncomingMessage, reply: Reply) -> Letter:
    return Letter(claim.tenant, _name_letter(claim), message.place, reply, message.reply_token)


def _describe_step(step: str, detail: str, language: str) -> str:
    words = STEP_WORDS.get(step, STEP_WORDS["planning"]).say(language)
    return f"{words}: {detail}" if detail and step == "searching" else words
