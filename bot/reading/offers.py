"""A private answer for the asker, where what they may read holds more than the public one used."""

import logging
from dataclasses import replace

from agents.model import Outcome
from bot.access import is_for_asker_alone
from bot.answers.cases import Case
from bot.answers.ports import Records
from bot.delivery import Delivery
from bot.errors import BotError
from bot.model import (
    ChannelSettings,
    Claim,
    IncomingMessage,
    Intent,
    ItemId,
    MessageKey,
    ThreadKey,
)
from bot.ports import Channels, Inbox, Letter, PreferenceStore
from bot.reading.ports import Library
from bot.rendering.findings import compose_offer
from bot.rendering.phrases import choose_language
from bot.scopes import Scopes
from bot.verdict import Verdict
from retrieval.errors import RetrievalError
from retrieval.model import TenantId, WeightedQuery

LOOKED_AT = 3
"""Only what comes among the first few would change an answer."""

COMPLETED = frozenset({Outcome.ANSWERED.value, Outcome.UNKNOWN.value})
"""Outcomes that more sources could have changed."""

LEAST_RELEVANCE = 0.2
"""How likely what was found bears on the question at all; see retrieval.calibration."""

_log = logging.getLogger(__name__)


class Offers:
    """Tells an asker of what a public answer left out, and answers them alone if they wish.

    The offer goes to the asker alone: ephemerally in Slack, in a direct message in Discord, which
    shows nothing in a channel to one person unless they used a command.
    """

    def __init__(
        self,
        *,
        library: Library,
        scopes: Scopes,
        channels: Channels,
        delivery: Delivery,
        inbox: Inbox,
        preferences: PreferenceStore,
        records: Records,
    ) -> None:
        self._library = library
        self._scopes = scopes
        self._channels = channels
        self._delivery = delivery
        self._inbox = inbox
        self._preferences = preferences
        self._records = records

    async def make(self, tenant: TenantId, item: ItemId, question: IncomingMessage) -> None:
        """Offer a private answer where that would say more. What fails is logged: it is an extra.

        The public answer stands by then, so looking for more delays nothing. Where there is none,
        because it was stopped, failed or was not to be given, nothing was left out.
        """
        if is_for_asker_alone(question.place, question.intent) or not question.text.strip():
            return
        try:
            record = await self._records.find(tenant, item)
            if record is None or record.outcome not in COMPLETED:
                return
            settings = await self._channels.read(tenant, question.place, question.person)
            if await self._holds_more(tenant, question, settings):
                language = choose_language(settings.language, question.text)
                reply = compose_offer(question.text, item, language)
                token = {"user": question.person.id}
                await self._delivery.send(
                    Letter(tenant, f"{item}:offer", question.place, reply, token)
                )
        except (BotError, RetrievalError) as error:
            _log.info("No private answer to question %s was offered: %s", item, error)

    async def _holds_more(
        self, tenant: TenantId, question: IncomingMessage, settings: ChannelSettings
    ) -> bool:
        place, person = question.place, question.person
        public = await self._scopes.find_public(tenant, place)
        private = await self._scopes.find_private(tenant, place, person)
        if private.readers <= public.readers:
            return False
        if not (await self._preferences.read(tenant, place.platform, person.id)).offers:
            return False
        private = replace(private, sources=settings.sources or None)
        found = await self._library.search([WeightedQuery(question.text)], private, limit=LOOKED_AT)
        if found.relevance < LEAST_RELEVANCE:
            return False
        chunks = [passage.chunk for passage in found.passages]
        return len(await self._library.read(chunks, public)) < len(chunks)

    async def accept(self, claim: Claim, case: Case) -> Verdict:
        """`answer private REFERENCE`: the same question, for whoever pressed and saw it, alone.

        It is a conversation of its own, so that nothing of it comes into the public one.
        """
        command = case.command
        key = MessageKey(f"{case.question.message}:{claim.item}")
        message = IncomingMessage(
            event=f"private:{command.event}",
            message=key,
            thread=ThreadKey(key),
            place=command.place,
            person=command.person,
            intent=Intent.ASK,
            text=case.question.text,
            at=command.at,
            reply_token=command.reply_token,
        )
        await self._inbox.put_question(case.tenant, message)
        return Verdict("asked", {}, audited=False)
