"""Carries out commands: checks rights, replies, and leaves a line in the audit log."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused, NotPermitted, RateLimited
from bot.model import (
    AuditEntry,
    Claim,
    Command,
    ItemId,
    ItemState,
    SyncJob,
)
from bot.ports import Audit, Inbox, JobRunner, Letter, Sources
from bot.rendering.apology import APOLOGIES, find_apology
from bot.rendering.compose import compose_failure, compose_words
from bot.rendering.reply import Reply
from bot.rendering.report import (
    compose_help,
    compose_sources,
    compose_status,
    compose_sync_queued,
    compose_usage,
)
from bot.rights import Rights
from retrieval.model import SyncMode, TenantId

_MODES = {mode.value: mode for mode in SyncMode}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is said, by the key of the letter; `outcome` is for the audit log."""

    outcome: str
    replies: Mapping[str, Reply]


def name_sync_letter(item: ItemId, source: str) -> str:
    """The key of the message that tells how a sync is getting on."""
    return f"{item}:sync:{source}"


class Commands:
    """Carries out the commands of the inbox."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        delivery: Delivery,
        sources: Sources,
        jobs: JobRunner,
        rights: Rights,
        audit: Audit,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._inbox = inbox
        self._delivery = delivery
        self._sources = sources
        self._jobs = jobs
        self._rights = rights
        self._audit = audit
        self._now = now

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
            await self._audit.record(_make_entry(claim, claim.command, outcome.outcome))
            letters = [
                Letter(tenant, key, claim.command.place, reply, claim.command.reply_token)
                for key, reply in outcome.replies.items()
            ]
            if not await self._inbox.settle(claim, letters):
                _log.warning("Command %s was taken over; this attempt ends", item)
                return None
        return await self._follow_up(claim, claim.command)

    async def _compose(self, claim: Claim, command: Command) -> _Verdict | float:
        """The verdict, or the seconds until the next attempt."""
        try:
            return await self._decide(claim, command)
        except Exception as error:  # noqa: BLE001 - whatever failed has its words
            apology = find_apology(error)
            _log.exception("Command %s failed, attempt %d", claim.item, claim.attempts)
            if claim.attempts < apology.tries:
                return 2.0 ** (claim.attempts - 1)
            reply = compose_failure(apology.words, claim.item, private=True)
            return _say(claim, "failed", reply)

    async def _decide(self, claim: Claim, command: Command) -> _Verdict:
        admin = await self._rights.is_admin(claim.tenant, command.place, command.person)
        if command.name == "help":
            return _say(claim, "shown", compose_help(admin=admin))
        if not admin:
            words = APOLOGIES[NotPermitted].words
            return _say(claim, "refused", compose_words(words, private=True))
        match command.name, command.words:
            case "sync", ("status",):
                names = await self._sources.list_names(claim.tenant)
                runs = await self._sources.latest_runs(claim.tenant)
                return _say(claim, "shown", compose_status(runs, names, self._now()))
            case "sources", () | ("list",):
                names = await self._sources.list_names(claim.tenant)
                runs = await self._sources.latest_runs(claim.tenant)
                return _say(claim, "shown", compose_sources(names, runs, self._now()))
            case "sync", (source, *rest) if len(rest) <= 1:
                return await self._start_sync(claim, source, rest[0] if rest else "")
            case _:
                spoken = " ".join(("/" + command.name, *command.words))
                return _say(claim, "invalid", compose_usage(f"I don't know `{spoken}`."))

    async def _start_sync(self, claim: Claim, source: str, mode_name: str) -> _Verdict:
        names = await self._sources.list_names(claim.tenant)
        if source not in (*names, "all"):
            known = ", ".join(names) or "none yet"
            words = f"There is no source called {source}. The sources are: {known}."
            return _say(claim, "invalid", compose_words(words, private=True))
        mode = _read_mode(mode_name)
        if mode is None:
            words = f"{mode_name} is no way to sync: use full or dry-run, or leave it out."
            return _say(claim, "invalid", compose_usage(words))
        wanted = names if source == "all" else [source]
        free = [name for name in wanted if not await self._jobs.is_syncing(claim.tenant, name)]
        replies = {
            name_sync_letter(claim.item, name): compose_sync_queued(name, mode) for name in free
        }
        if busy := [name for name in wanted if name not in free]:
            replies[f"{claim.item}:reply"] = compose_words(_describe_busy(busy), private=True)
        if not wanted:
            replies[f"{claim.item}:reply"] = compose_sources([], [], self._now())
        return _Verdict("started" if free else "busy", replies)

    async def _follow_up(self, claim: Claim, command: Command) -> float | None:
        """Post what was written down, then queue the syncs whose messages stand."""
        jobs = []
        for key in await self._delivery.list_keys(claim.tenant, claim.item):
            try:
                await self._delivery.deliver(claim.tenant, key)
            except RateLimited as error:
                return max(error.retry_after, 0.1)
            except DeliveryRefused as error:
                await self._say_in_private(claim, command, error)
                continue
            except DeliveryFailed:
                return min(2.0**claim.attempts, 30.0)
            if (source := _read_sync_key(claim.item, key)) is not None:
                mode = _read_mode(command.words[1] if len(command.words) > 1 else "")
                jobs.append(SyncJob(claim.tenant, claim.item, source, mode or SyncMode.INCREMENTAL))
        for job in await self._inbox.finish(claim.tenant, claim.item, ItemState.DONE, jobs=jobs):
            await self._give_way(job, command)
        return None

    async def _give_way(self, job: SyncJob, command: Command) -> None:
        """Many asked at the same time and one was first: say so in the message that stands."""
        key = name_sync_letter(job.item, job.source)
        reply = compose_words(_describe_busy([job.source]))
        try:
            message = await self._delivery.deliver(job.tenant, key)
            messenger = self._delivery.get_messenger(command.place.platform)
            await messenger.edit(command.place, message, reply, reply_token=command.reply_token)
        except DeliveryFailed as error:
            _log.error("Command %s: its message could not be corrected: %s", job.item, error)

    async def _say_in_private(self, claim: Claim, command: Command, error: Exception) -> None:
        """Where a message may not be posted, tell the one who gave the command."""
        words = "I may not post in this channel. Add me to it, then give the command again."
        reply = compose_words(words, footer=f"Reference {claim.item}", private=True)
        key = f"{claim.item}:refused"
        letter = Letter(claim.tenant, key, command.place, reply, command.reply_token)
        try:
            await self._delivery.send(letter)
        except DeliveryFailed as second:
            _log.error("Command %s stays without a reply: %s; %s", claim.item, error, second)


def _say(claim: Claim, outcome: str, reply: Reply) -> _Verdict:
    return _Verdict(outcome, {f"{claim.item}:reply": reply})


def _describe_busy(sources: Sequence[str]) -> str:
    return f"Being synced already: {', '.join(sources)}. `/sync status` shows how far."


def _read_mode(word: str) -> SyncMode | None:
    return SyncMode.INCREMENTAL if not word else _MODES.get(word)


def _read_sync_key(item: ItemId, key: str) -> str | None:
    prefix = name_sync_letter(item, "")
    return key.removeprefix(prefix) if key.startswith(prefix) else None


def _make_entry(claim: Claim, command: Command, outcome: str) -> AuditEntry:
    return AuditEntry(
        tenant=claim.tenant,
        item=claim.item,
        place=command.place,
        person=command.person,
        command=" ".join((command.name, *command.words)),
        outcome=outcome,
    )
