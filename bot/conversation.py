"""Answers the questions of the inbox: who may see what, the agent's run, its reply, posted once."""

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from agents.errors import AgentError, BudgetExceeded
from agents.model import Answer, Answered, Question, StepStarted, TextDelta, Trail
from bot.access import is_for_asker_alone
from bot.answers.withdrawals import asks_to_begin_anew
from bot.asked import (
    Asked,
    apologise,
    compose_at_once,
    compose_broken_off,
    compose_reply,
    describe_step,
    name_letter,
    name_refusal,
)
from bot.channels.guide import Guide
from bot.channels.limits import Limits
from bot.delivery import Delivery
from bot.enclosures import Enclosures
from bot.errors import AnswerStopped, DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import (
    ChannelSettings,
    Claim,
    Hold,
    IncomingMessage,
    Intent,
    ItemId,
    ItemState,
    Platform,
    name_conversation,
)
from bot.ports import (
    Assistant,
    Channels,
    Directory,
    Inbox,
    Letter,
    LiveAnswer,
    Messenger,
)
from bot.progress import Progress
from bot.reading.offers import Offers
from bot.rendering.apology import find_apology
from bot.rendering.compose import compose_limit, compose_words
from bot.rendering.phrases import actions, making
from bot.rendering.reply import Button, Reply
from bot.reticence import TurnedAway, Unsaid, is_unasked
from bot.scopes import Scopes
from retrieval.errors import StoreUnavailable
from retrieval.model import TenantId

_log = logging.getLogger(__name__)


class Conversation:
    """Turns a question in the inbox into a reply.

    `limit` is how long one attempt at an answer may take, in seconds. Without `enclosures` files
    that come with questions are not looked at.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        delivery: Delivery,
        assistant: Assistant,
        directories: Mapping[Platform, Directory],
        channels: Channels,
        limits: Limits,
        guide: Guide,
        offers: Offers | None = None,
        enclosures: Enclosures | None = None,
        limit: float = 90.0,
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._assistant = assistant
        self._scopes = Scopes(directories)
        self._channels = channels
        self._offers = offers
        self._limits = limits
        self._guide = guide
        self._enclosures = enclosures
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
            outcome = await self._try(claim, claim.question)
            if not isinstance(outcome, Letter):
                return outcome
            if not await self._inbox.settle(claim, [outcome]):
                _log.warning("Question %s was taken over; its answer is dropped", item)
                return None
        pause = await self._deliver(claim)
        if pause is None and self._offers is not None:
            await self._offers.make(tenant, item, claim.question)
        return pause

    async def _try(self, claim: Claim, message: IncomingMessage) -> Letter | float | None:
        """The reply's letter, the seconds until the next attempt, or None where this was the last
        or another took over.
        """
        try:
            settings = await self._read_settings(claim.tenant, message)
            return await self._attempt(Asked(claim, message, settings))
        except asyncio.CancelledError:
            with suppress(StoreUnavailable):
                await self._inbox.hand_back(claim)
            raise
        except DeliveryRefused as error:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DEAD, error=str(error))
        except Unsaid as reason:
            _log.info("Question %s is left without a reply: %s", claim.item, reason)
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE)
        except TurnedAway as refusal:
            where = message.place, refusal.reply, message.reply_token
            letter = Letter(claim.tenant, name_refusal(claim.item), *where)
            if await self._inbox.turn_away(claim, letter):
                await self._delivery.attempt(letter.tenant, letter.key)
        return None

    async def _attempt(self, asked: Asked) -> Letter | float | None:
        """The reply's letter, the seconds until the next attempt, or None where this one is lost.

        Raises Unsaid, TurnedAway, and DeliveryRefused where this process does not speak on the
        platform.
        """
        claim, message = asked.claim, asked.message
        messenger = self._delivery.get_messenger(message.place.platform)
        progress = Progress(
            messenger,
            message.place,
            self._open_live(messenger, asked),
            stop=Button(making.STOP.say(asked.language), f"answer stop {claim.item}"),
            language=asked.language,
            quiet=is_unasked(message),
            draft=asked.draft,
            look=lambda: self._inbox.look(claim),
            note=lambda draft: self._inbox.note_draft(claim, draft),
        )
        reply = await self._compose(asked, progress)
        if not isinstance(reply, Reply):
            return reply
        where = message.place, reply, message.reply_token
        return Letter(claim.tenant, asked.letter, *where, progress.draft)

    def _open_live(self, messenger: Messenger, asked: Asked) -> LiveAnswer | None:
        """The answer as it is seen while it is made.

        What is shared was seen already, what nobody asked for may never be, and an answer that is
        posted stands until the one that revises it is there.
        """
        message = asked.message
        if message.intent is Intent.SHARE or is_unasked(message) or asked.claim.revises:
            return None
        return messenger.open_answer(
            message.place,
            key=asked.letter,
            reply_token=message.reply_token,
            private=asked.private,
            draft=asked.draft,
        )

    async def _compose(self, asked: Asked, progress: Progress) -> Reply | float | None:
        """The reply, the seconds until the next attempt, or None where this one is lost."""
        known = compose_at_once(asked) or await self._admit(asked)
        if known is not None:
            return known
        claim = asked.claim
        try:
            async with progress:
                answer = await self._ask(asked, progress)
        except AnswerStopped:
            _log.info("Question %s was stopped", claim.item)
            return compose_broken_off(asked, progress.text)
        except Exception as error:  # noqa: BLE001 - whatever failed has its words
            apology = find_apology(error)
            _log.exception("Question %s failed, attempt %d", claim.item, claim.attempts)
            if claim.attempts < apology.tries:
                return 2.0 ** (claim.attempts - 1)
            return apologise(asked, apology)
        if answer is None:
            return None
        await self._limits.charge(claim.tenant, asked.message.place, answer.usage.cost)
        return compose_reply(asked, answer)

    async def _admit(self, asked: Asked) -> Reply | None:
        """What to say where no answer is worked out.

        That it was stopped, help, or that a new conversation begins. Raises Unsaid, and TurnedAway
        where it is one question too many.
        """
        claim, message = asked.claim, asked.message
        if claim.stopped:
            await self._break_off(asked, await self._make_question(asked), Trail())
            return compose_broken_off(asked)
        if not message.text.strip():
            return await self._guide.compose(
                claim.tenant,
                message.place,
                message.person,
                admin=False,
                private=asked.private,
                language=asked.language,
            )
        if asks_to_begin_anew(message):
            return await self._begin_anew(asked)
        if claim.attempts > 1 or message.intent is Intent.SHARE:
            return None
        wait = await self._limits.admit(claim.tenant, message, asked.settings)
        if wait is None:
            return None
        if is_unasked(message) or message.person.bot:
            raise Unsaid("it is one too many")
        raise TurnedAway(compose_limit(wait, asked.language))

    async def _begin_anew(self, asked: Asked) -> Reply:
        thread = name_conversation(asked.claim.tenant, asked.message.thread)
        await self._assistant.begin_anew(asked.claim.tenant, thread)
        return compose_words(actions.NEW_CONVERSATION.say(asked.language))

    async def _ask(self, asked: Asked, progress: Progress) -> Answer | None:
        """The answer, or None where another attempt took over. Raises AnswerStopped."""
        progress.show_step(making.PLANNING.say(asked.language))
        question, trail = await self._make_question(asked), Trail()
        run = asyncio.create_task(self._run(asked, question, progress, trail))
        either: set[asyncio.Future[Any]] = {run, progress.interrupted}
        try:
            await asyncio.wait(either, return_when=FIRST_COMPLETED, timeout=self._limit)
            in_time = run.done()
        finally:
            await _end(run)
        if in_time:
            return run.result()
        if not progress.interrupted.done():
            failure = BudgetExceeded()
            await self._break_off(asked, question, trail, failure)
            raise failure
        if progress.interrupted.result() is Hold.LOST:
            return None
        await self._break_off(asked, question, trail)
        raise AnswerStopped

    async def _break_off(
        self, asked: Asked, question: Question, trail: Trail, error: AgentError | None = None
    ) -> None:
        """Have a run that was ended from here recorded, and charge for what it used."""
        await self._assistant.break_off(question, trail, error)
        await self._limits.charge(asked.claim.tenant, asked.message.place, trail.usage.cost)

    async def _run(
        self, asked: Asked, question: Question, progress: Progress, trail: Trail
    ) -> Answer:
        language = asked.language
        question, notices = await self._enclose(question, asked)
        answer: Answer | None = None
        # To its very end, so that the run closes what it opened.
        async for event in self._assistant.answer(question, trail):
            match event:
                case StepStarted():
                    progress.show_step(
                        describe_step(event, language, detail=not asked.is_overlooked)
                    )
                case TextDelta(text):
                    progress.append(text)
                case Answered(last):
                    answer = last
        if answer is None:
            raise AgentError("The agent ended without an answer.")
        return replace(answer, notices=(*notices, *answer.notices))

    async def _enclose(self, question: Question, asked: Asked) -> tuple[Question, tuple[str, ...]]:
        """The question with what came with it, and what is to be said of files left out."""
        if self._enclosures is None or not asked.message.attachments:
            return question, ()
        held = await self._enclosures.read(asked.message, asked.language)
        return replace(question, enclosed=held.passages, pictures=held.pictures), held.notices

    async def _read_settings(self, tenant: TenantId, message: IncomingMessage) -> ChannelSettings:
        """Those of the place; beside a channel that the person reads, with its way of speaking."""
        place = message.place
        settings = await self._channels.read(tenant, place, message.person)
        if message.in_view is None:
            return settings
        scope = await self._scopes.find_private(tenant, place, message.person)
        if f"{place.platform}:channel:{message.in_view}" not in scope.readers:
            return settings
        beside = replace(place, channel=message.in_view, thread=None, parent=None)
        there = await self._channels.read(tenant, beside, message.person)
        return replace(
            settings,
            language=there.language or settings.language,
            persona=there.persona or settings.persona,
            freshness_days=there.freshness_days or settings.freshness_days,
        )

    async def _make_question(self, asked: Asked) -> Question:
        claim, message, settings = asked.claim, asked.message, asked.settings
        if is_for_asker_alone(message.place, message.intent):
            scope = await self._scopes.find_private(claim.tenant, message.place, message.person)
        else:
            scope = await self._scopes.find_public(claim.tenant, message.place)
        frugal = not await self._limits.may_pay(claim.tenant, message.place)
        return Question(
            id=claim.item,
            text=message.text,
            thread=name_conversation(claim.tenant, message.thread),
            scope=replace(scope, sources=settings.sources or None),
            settings=replace(settings.answering, frugal=frugal),
            replaces=message.again or "",
        )

    async def _deliver(self, claim: Claim) -> float | None:
        try:
            await self._delivery.deliver(claim.tenant, name_letter(claim))
        except DeliveryRefused as error:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DEAD, error=str(error))
        except RateLimited as error:
            return max(error.retry_after, 0.1)
        except DeliveryFailed:
            return min(2.0**claim.attempts, 30.0)
        else:
            await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE)
        return None


async def _end(task: asyncio.Task[Answer]) -> None:
    """Cancel a task, unless it is done, and wait until it has closed what it opened."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (failure := task.exception()) is not None:
        _log.debug("A run that was not waited for ended with %r", failure)
