"""Where platforms hand over what came in: the first step, short, because platforms wait for it."""

import logging

from bot.model import Acceptance, Command, IncomingMessage, Intent, ItemId, Place
from bot.ports import Inbox, Workspaces
from retrieval.model import TenantId

STOP = ("stop",)

_log = logging.getLogger(__name__)


class InboxIntake:
    """Satisfies bot.ports.Intake. When it returns ACCEPTED, the entry is durable and queued."""

    def __init__(self, inbox: Inbox, workspaces: Workspaces) -> None:
        self._inbox = inbox
        self._workspaces = workspaces

    async def accept(self, message: IncomingMessage) -> Acceptance:
        """Write a question to the inbox and queue it. Raises StoreUnavailable.

        Ignored: workspaces that were never linked, and follow-ups that say nothing or stand in
        threads in which nothing was answered. A bare mention is taken: it is answered with help.
        """
        if message.intent is Intent.FOLLOW_UP and not message.text.strip():
            return Acceptance.IGNORED
        tenant = await self._resolve(message.place)
        if tenant is None:
            return Acceptance.IGNORED
        if message.intent is Intent.FOLLOW_UP and not await self._inbox.has_answered(
            tenant, message.thread
        ):
            return Acceptance.IGNORED
        new = await self._inbox.put_question(tenant, message)
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
