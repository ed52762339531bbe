"""What the bot needs from the outside, by role."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from agents.model import AgentEvent, Question
from bot.model import Acceptance, Command, IncomingMessage, Person, Place
from bot.rendering.reply import Reply
from retrieval.model import SyncMode, SyncRun, TenantId


class Assistant(Protocol):
    """Answers questions. Satisfied by agents.assistant.Assistant. Raises AgentError, RetrievalError."""

    def answer(self, question: Question) -> AsyncIterator[AgentEvent]:
        """Steps, text deltas, and Answered as the last event."""
        ...


class Intake(Protocol):
    """Where platforms hand over what came in. When it returns, it is durable."""

    async def accept(self, message: IncomingMessage) -> Acceptance:
        """Write a question to the inbox and queue it, in one transaction. Raises StoreUnavailable."""
        ...

    async def accept_command(self, command: Command) -> Acceptance:
        """Write an admin's command to the inbox and queue it, in one transaction."""
        ...


class Messenger(Protocol):
    """Speaks on one platform. Raises RateLimited, DeliveryRefused, DeliveryFailed."""

    async def post(
        self, place: Place, reply: Reply, *, key: str, reply_token: Mapping[str, str]
    ) -> str:
        """Post a new message, at most once for a key; returns the platform's id of it.

        A private reply to an interaction goes through its `reply_token`.
        """
        ...

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        """Replace what a message of ours says."""
        ...

    async def show_activity(self, place: Place, text: str) -> None:
        """Show that work is going on (Slack status, Discord typing). Never raises."""
        ...


class Directory(Protocol):
    """Knows the people of a platform."""

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, groups and rights filled in, as fresh as the platform allows."""
        ...


class Sources(Protocol):
    """Knowledge sources and their syncs, as commands need them. Raises RetrievalError."""

    async def list_names(self, tenant: TenantId) -> Sequence[str]: ...

    def sync(self, tenant: TenantId, name: str, mode: SyncMode) -> AsyncIterator[SyncRun]:
        """Run a sync; yields the run's record now and then, and at the end.

        Raises UnknownSource, SyncInProgress before the first record.
        """
        ...
