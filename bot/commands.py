"""Carries out commands: checks rights, replies, and leaves a line in the audit log."""

import logging
from collections.abc import Iterator, Mapping

from bot.admin.sync_orders import SyncMessages, describe_busy, list_jobs
from bot.channels.guide import Guide
from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused, NotPermitted, RateLimited
from bot.model import REPLACES, AuditEntry, Claim, Command, ItemId, ItemState
from bot.ports import Audit, Channels, Inbox, Letter
from bot.rendering.apology import APOLOGIES, find_apology
from bot.rendering.compose import compose_failure
from bot.rendering.help import compose_usage
from bot.rendering.phrases import refusals
from bot.rights import Rights
from bot.verdict import Verb, Verdict, answer, say
from retrieval.errors import InvalidSource, StoreUnavailable, UnknownRun, UnknownSource
from retrieval.model import TenantId

_log = logging.getLogger(__name__)


class Commands:
    """Carries out the commands of the inbox.

    By the command's name: `people` may be given by all, who may do what being checked by each;
    `verbs` are those of admins, of which `lesser` show everyone else what is for them.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        delivery: Delivery,
        rights: Rights,
        audit: Audit,
        verbs: Mapping[str, Verb],
        channels: Channels,
        guide: Guide,
        people: Mapping[str, Verb] | None = None,
        lesser: Mapping[str, Verb] | None = None,
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._messages = SyncMessages(inbox, delivery)
        self._rights = rights
        self._audit = audit
        self._verbs = verbs
        self._channels = channels
        self._guide = guide
        self._people = people or {}
        self._lesser = lesser or {}

    async def perform(self, tenant: TenantId, item: ItemId) -> float | None:
        """Carry out a command; returns after how many seconds to try again, None when finished.

        Safe to call again at any time.
        """
        claim = await self._inbox.claim(tenant, item)
        if claim is None or claim.command is None:
            return None
        if claim.state is not ItemState.ANSWERED:
            outcome = await self._compose(claim, claim.command)
            if isinstance(outcome, float):
                return outcome
            if outcome.audited:
                await self._audit.record(_make_entry(claim, claim.command, outcome))
            letters = list(_write_letters(claim, claim.command, outcome))
            if not await self._inbox.settle(claim, letters):
                _log.warning("Command %s was taken over; this attempt ends", item)
                return None
        return await self._follow_up(claim, claim.command)

    async def _compose(self, claim: Claim, command: Command) -> Verdict | float:
        """The verdict, or the seconds until the next attempt."""
        try:
            return await self._decide(claim, command)
        except Exception as error:  # noqa: BLE001 - whatever failed has its words
            apology = find_apology(error)
            _log.exception("Command %s failed, attempt %d", claim.item, claim.attempts)
            if claim.attempts < apology.tries:
                return 2.0 ** (claim.attempts - 1)
            language = await self._choose_language(claim, command)
            reply = compose_failure(apology.words, claim.item, private=True, language=language)
            return answer(claim, "failed", reply)

    async def _decide(self, claim: Claim, command: Command) -> Verdict:
        if command.name in self._people:
            verdict = await self._people[command.name](claim, command.words)
            return verdict or await self._explain(claim, command)
        admin = await self._rights.is_admin(claim.tenant, command.place, command.person)
        if command.name == "help":
            page = await self._guide.compose(
                claim.tenant, command.place, command.person, admin=admin
            )
            return answer(claim, "shown", page)
        if not admin:
            show = self._lesser.get(command.name)
            verdict = await show(claim, command.words) if show else None
            language = await self._choose_language(claim, command)
            return verdict or say(claim, "refused", APOLOGIES[NotPermitted].words.say(language))
        perform = self._verbs.get(command.name)
        try:
            verdict = await perform(claim, command.words) if perform else None
        except (UnknownSource, UnknownRun, InvalidSource) as error:
            return say(claim, "invalid", str(error))
        return verdict or answer(claim, "invalid", compose_usage(_say_unknown(command, "en")))

    async def _explain(self, claim: Claim, command: Command) -> Verdict:
        """That a command for everyone was not understood."""
        language = await self._choose_language(claim, command)
        return say(claim, "invalid", _say_unknown(command, language))

    async def _choose_language(self, claim: Claim, command: Command) -> str:
        """The language to speak to whoever gave a command; English where that cannot be read."""
        try:
            settings = await self._channels.read(claim.tenant, command.place, command.person)
        except StoreUnavailable:
            return "en"
        return settings.language or "en"

    async def _follow_up(self, claim: Claim, command: Command) -> float | None:
        """Post what was written down, then queue the syncs whose messages stand."""
        posted = []
        for key in await self._delivery.list_keys(claim.tenant, claim.item):
            try:
                await self._delivery.deliver(claim.tenant, key)
            except RateLimited as error:
                return max(error.retry_after, 0.1)
            except DeliveryRefused as error:
                await self._say_in_private(claim, command, error)
            except DeliveryFailed:
                return min(2.0**claim.attempts, 30.0)
            else:
                posted.append(key)
        jobs = list_jobs(claim, posted)
        for job in await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE, jobs=jobs):
            # Many asked at the same time and one was first: say so in the message that stands.
            await self._messages.replace(job, describe_busy([job.source]))
        return None

    async def _say_in_private(self, claim: Claim, command: Command, error: Exception) -> None:
        """Where a message may not be posted, tell the one who gave the command."""
        language = await self._choose_language(claim, command)
        reply = compose_failure(refusals.NOT_POSTED, claim.item, private=True, language=language)
        key = f"{claim.item}:refused"
        letter = Letter(claim.tenant, key, command.place, reply, command.reply_token)
        try:
            await self._delivery.send(letter)
        except DeliveryFailed as second:
            _log.error("Command %s stays without a reply: %s; %s", claim.item, error, second)


def _say_unknown(command: Command, language: str) -> str:
    spoken = " ".join(("/" + command.name, *command.words))
    return refusals.UNKNOWN_COMMAND.say(language, command=spoken)


def _write_letters(claim: Claim, command: Command, verdict: Verdict) -> Iterator[Letter]:
    token = dict(command.reply_token)
    if not verdict.replaces:
        token.pop(REPLACES, None)
    for key, reply in verdict.replies.items():
        yield Letter(claim.tenant, key, command.place, reply, token)


def _make_entry(claim: Claim, command: Command, verdict: Verdict) -> AuditEntry:
    return AuditEntry(
        tenant=claim.tenant,
        item=claim.item,
        place=command.place,
        person=command.person,
        command=" ".join((command.name, *command.words)),
        outcome=verdict.outcome,
        detail=verdict.detail,
    )
