"""A sync that was asked for: how it is read from a command, and the message that tells of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from bot.delivery import Delivery
from bot.errors import DeliveryFailed
from bot.model import Claim, ItemId, SyncJob
from bot.ports import Inbox
from bot.rendering.compose import compose_words
from retrieval.model import RunId, SyncMode

_log = logging.getLogger(__name__)

_MODES = {mode.value: mode for mode in SyncMode}


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """A sync that was asked for: how, and whose held deletions may go."""

    mode: SyncMode
    confirm: RunId | None = None


def read_order(words: Sequence[str]) -> SyncOrder | None:
    """What the words after /sync order, None where they order no sync."""
    match words:
        case ("now", *rest):
            return read_order(rest)
        case ("confirm", run):
            return SyncOrder(SyncMode.INCREMENTAL, RunId(run))
        case (_, mode) if mode in _MODES:
            return SyncOrder(_MODES[mode])
        case (_,):
            return SyncOrder(SyncMode.INCREMENTAL)
        case _:
            return None


def name_sync_letter(item: ItemId, source: str) -> str:
    """The key of the message that tells how a sync is getting on."""
    return f"{item}:sync:{source}"


def name_run(item: ItemId, source: str) -> RunId:
    """The id that a sync's run will have: 12 hexadecimal digits that follow from the command."""
    return RunId(blake2b(f"{item}\0{source}".encode(), digest_size=6).hexdigest())


def list_jobs(claim: Claim, keys: Sequence[str]) -> list[SyncJob]:
    """The syncs whose messages bear these keys, as the command of the claim orders them."""
    prefix = name_sync_letter(claim.item, "")
    order = read_order(claim.command.words) if claim.command else None
    if order is None:
        return []
    return [
        SyncJob(claim.tenant, claim.item, key.removeprefix(prefix), order.mode, order.confirm)
        for key in keys
        if key.startswith(prefix)
    ]


def describe_busy(sources: Sequence[str]) -> str:
    """That these are being synced already, in words."""
    return f"Being synced already: {', '.join(sources)}. `/sync status` shows how far."


class SyncMessages:
    """The messages that tell how syncs are getting on, where others than the sync change them."""

    def __init__(self, inbox: Inbox, delivery: Delivery) -> None:
        self._inbox = inbox
        self._delivery = delivery

    async def replace(self, job: SyncJob, words: str) -> None:
        """Have the message of a sync say this instead; never raises for what a platform refuses."""
        command = await self._inbox.read_command(job.tenant, job.item)
        if command is None:
            return
        try:
            key = name_sync_letter(job.item, job.source)
            message = await self._delivery.deliver(job.tenant, key)
            messenger = self._delivery.get_messenger(command.place.platform)
            reply = compose_words(words)
            await messenger.edit(command.place, message, reply, reply_token=command.reply_token)
        except DeliveryFailed as error:
            _log.error("Command %s: its message could not be corrected: %s", job.item, error)
