"""Where platforms hand over what came in: the first step, short, because platforms wait for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from bot.model import (
    Acceptance,
    ChannelKind,
    ChannelMode,
    Command,
    IncomingMessage,
    Intent,
    ItemId,
    MessageKey,
    Place,
    Visibility,
    name_private_thread,
)
from bot.ports import Channels, Inbox, Triage, Workspaces
from retrieval.model import TenantId

STOP = ("stop",)

_UNADDRESSED = frozenset({Intent.FOLLOW_UP, Intent.OVERHEARD})
"""What does not mention the bot."""
_ANSWERED_IN_PLACE = frozenset({Intent.MENTION, Intent.FOLLOW_UP})
"""Questions to the bot whose answers the whole channel sees, where it is not set otherwise."""

_log = logging.getLogger(__name__)


class InboxIntake:
    """Satisfies bot.ports.Intake. When it returns ACCEPTED, the entry is durable and queued."""

    def __init__(
        self,
        inbox: Inbox,
        workspaces: Workspaces,
        channels: Channels,
        triage: Triage,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._inbox = inbox
        self._workspaces = workspaces
        self._channels = channels
        self._triage = triage
        self._now = now

    async def accept(self, message: IncomingMessage) -> Acceptance:
        """Write a question to the inbox and queue it. Raises StoreUnavailable.

        Ignored: workspaces that were never linked, and what is not for the bot as the channel is
        set up. A bare mention is taken: it is answered with help.
        """
        if message.intent in _UNADDRESSED and not message.text.strip():
            return Acceptance.IGNORED
        tenant = await self._resolve(message.place)
        if tenant is None or not await self._is_for_us(tenant, message):
            return Acceptance.IGNORED
        if await self._is_for_asker_alone(tenant, message):
            message = ask_in_private(message)
        new = await self._inbox.put_question(tenant, message)
        return Acceptance.ACCEPTED if new else Acceptance.DUPLICATE

    async def _is_for_asker_alone(self, tenant: TenantId, message: IncomingMessage) -> bool:
        """Whether a question that was asked for all to hear is answered in private here."""
        direct = message.place.channel_kind is ChannelKind.DIRECT
        if direct or message.person.bot or message.intent not in _ANSWERED_IN_PLACE:
            return False
        settings = await self._channels.read(tenant, message.place)
        return settings.visibility is Visibility.PRIVATE

    async def _is_for_us(self, tenant: TenantId, message: IncomingMessage) -> bool:
        person, intent, text = message.person, message.intent, message.text
        if intent not in _UNADDRESSED and not person.bot:
            return True
        settings = await self._channels.read(tenant, message.place)
        if person.bot:
            # What a bot says where we have answered may be its answer to ours, and so on for ever.
            allowed = bool(settings.allowed_bots & {person.id, person.bot})
            addressed = allowed and intent is Intent.MENTION
            return addressed and not await self._inbox.has_answered(tenant, message.thread)
        if intent is Intent.OVERHEARD:
            return settings.mode is ChannelMode.AUTO and self._triage.asks_anyone(text)
        goes_on = settings.mode is not ChannelMode.MENTIONS and self._triage.goes_on(text)
        own = name_private_thread(message.thread, person.id)
        return goes_on and (
            await self._inbox.has_answered(tenant, message.thread)
            or await self._inbox.has_answered(tenant, own)
        )

    async def accept_edit(self, message: IncomingMessage) -> Acceptance:
        """Have a question answered anew as it reads now. Raises StoreUnavailable.

        A message that was none is accepted where it mentions the bot now.
        """
        tenant = await self._resolve(message.place)
        if tenant is None:
            return Acceptance.IGNORED
        platform = message.place.platform
        item = await self._inbox.find_question(tenant, platform, message.message)
        if item is None:
            asked = message.intent is Intent.MENTION
            return await self.accept(message) if asked else Acceptance.IGNORED
        revised = await self._inbox.revise_question(tenant, item, message.text)
        return Acceptance.ACCEPTED if revised else Acceptance.DUPLICATE

    async def accept_deletion(self, place: Place, message: MessageKey) -> Acceptance:
        """Have the answer to a message that is gone withdrawn, as if its author commanded that.

        Raises StoreUnavailable.
        """
        tenant = await self._resolve(place)
        if tenant is None:
            return Acceptance.IGNORED
        item = await self._inbox.find_question(tenant, place.platform, message)
        question = await self._inbox.read_question(tenant, item) if item else None
        if item is None or question is None:
            return Acceptance.IGNORED
        command = Command(
            event=f"deleted:{message}",
            name="answer",
            words=("withdraw", item),
            place=question.place,
            person=question.person,
            at=self._now(),
        )
        # Behind the attempt under way, which ends as soon as it finds its claim void.
        new = await self._inbox.put_command(tenant, command, after=question.thread)
        await self._inbox.withdraw_question(tenant, item)
        return Acceptance.ACCEPTED if new else Acceptance.DUPLICATE

    async def accept_command(self, command: Command) -> Acceptance:
        """Write a command to the inbox and queue it. Raises StoreUnavailable."""
        tenant = await self._resolve(command.place)
        if tenant is None:
            return Acceptance.IGNORED
        if command.name == "answer" and command.words[:1] == STOP and command.words[1:]:
            # At once: the workers that would carry it out may all be at work on answers.
            item = ItemId(command.words[1])
            await self._inbox.ask_to_stop(tenant, item, command.person.id)
        new = await self._inbox.put_command(tenant, command)
        return Acceptance.ACCEPTED if new else Acceptance.DUPLICATE

    async def _resolve(self, place: Place) -> TenantId | None:
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None:
            _log.warning("Ignored: %s workspace %s is not linked", place.platform, place.workspace)
        return tenant


def ask_in_private(message: IncomingMessage) -> IncomingMessage:
    """A question to the bot as one whose answer only the asker sees, whatever is set later.

    It is drawn from what the asker may read, so its conversation is the asker's own.
    """
    own = name_private_thread(message.thread, message.person.id)
    return replace(message, intent=Intent.ASK, thread=own)
