"""What platforms turn to when something comes in, while a person waits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.model import (
    Acceptance,
    Command,
    IncomingMessage,
    Installation,
    MessageKey,
    Person,
    Place,
    Platform,
    Submission,
    ThreadKey,
)
from bot.rendering.form import Form
from bot.rendering.home import Home
from bot.rendering.reply import Reply
from retrieval.model import ChatMessage, TenantId


class Intake(Protocol):
    """Where platforms hand over what came in. When it returns, it is durable."""

    async def accept(self, message: IncomingMessage) -> Acceptance:
        """Write a question to the inbox and queue it at once. Raises StoreUnavailable."""
        ...

    async def accept_edit(self, message: IncomingMessage) -> Acceptance:
        """A message that reads otherwise now: a question is answered anew. Raises StoreUnavailable.

        What was no question is one now where it mentions the bot.
        """
        ...

    async def accept_deletion(self, place: Place, message: MessageKey) -> Acceptance:
        """A message that is gone: the answer to it is withdrawn. Raises StoreUnavailable."""
        ...

    async def accept_command(self, command: Command) -> Acceptance:
        """Write a command to the inbox and queue it, in one transaction."""
        ...


class Workspaces(Protocol):
    """Which tenant a Slack workspace or Discord guild belongs to. Raises StoreUnavailable."""

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        """The tenant, or None where the workspace was never linked."""
        ...

    def is_allowed(self, platform: Platform, workspace: str) -> bool:
        """Whether the settings let the bot work there."""
        ...

    async def link(
        self, platform: Platform, workspace: str, name: str, *, organisation: str = ""
    ) -> TenantId:
        """Note a workspace that we are connected to, or are again; returns its tenant.

        Platforms call it before they take events: at connect, and when a guild is joined.
        Discord's direct messages belong to the workspace '@me', linked like a guild.
        `organisation` is the Slack organisation whose installation serves the workspace.
        """
        ...

    async def unlink(self, platform: Platform, workspace: str) -> None:
        """Note that a workspace, or every one of an organisation, let the bot go.

        Nothing is answered there until it is linked again. The syncs of sources that nobody is left
        to ask, or that were read there, are paused; what is stored stays.
        """
        ...


Renew = Callable[[Installation], Awaitable[Installation]]
"""Gets the next token of an installation."""


class Installations(Protocol):
    """Where the Slack app is installed by OAuth. Raises StoreUnavailable."""

    async def put(self, tenant: TenantId, installation: Installation) -> None:
        """Keep an installation in place of the one before."""
        ...

    async def find(self, workspace: str) -> Installation | None:
        """That of a workspace, or of the organisation that serves it."""
        ...

    async def list_for(self, tenant: TenantId) -> Sequence[Installation]:
        """Every installation of a tenant, the oldest first."""
        ...

    async def renew(self, installation: Installation, renew: Renew) -> Installation | None:
        """Have `renew` get the next token, once however many processes want it at a time.

        Returns what is kept then, which another process may have renewed; None if it is gone.
        """
        ...

    async def remove(self, id_: str, until: datetime) -> bool:
        """Delete an installation with its tokens; False where it is none, or a later one."""
        ...


class InstallationStates(Protocol):
    """Installations that were begun in a browser. Raises StoreUnavailable."""

    async def issue(self, seconds: float) -> str:
        """A secret that can be brought back once, for so many seconds."""
        ...

    async def consume(self, state: str) -> bool:
        """Whether it was issued, in any process, and is neither used nor too old."""
        ...


class Triage(Protocol):
    """Tells, without a model, whether what does not mention the bot is for it. Pure."""

    def goes_on(self, text: str) -> bool:
        """Whether a message in a thread where the bot has answered goes on with that."""
        ...

    def asks_anyone(self, text: str) -> bool:
        """Whether a message to nobody in particular asks something, in so many words."""
        ...


class Prompts(Protocol):
    """Suggests questions. Raises StoreUnavailable."""

    async def suggest(
        self, place: Place, person: Person, in_view: str | None = None
    ) -> Sequence[str]:
        """A few questions that the sources answer, for a person who looks at a channel, if any."""
        ...


class Homes(Protocol):
    """Makes people's home pages."""

    async def compose(self, place: Place, person: Person, *, replied: bool = False) -> Home:
        """The page of a person; `place` is where they write to the bot directly.

        `replied`: what they pressed there is answered in that place. Raises BotError and
        RetrievalError.
        """
        ...

    async def take(self, command: Command) -> bool:
        """Carry out at once what a press on the page changes of it; False: that is for the inbox.

        Raises StoreUnavailable.
        """
        ...


class Transcripts(Protocol):
    """Written records of the channels that are sources, as events tell. Raises StoreUnavailable."""

    async def note(self, workspace: str, channel: str, message: ChatMessage) -> None:
        """Write down what was posted, changed or deleted, where the channel is a source's."""
        ...

    async def note_gap(self, workspace: str, channel: str) -> None:
        """Events of a channel did not come for a while, so that it has to be read again."""
        ...

    async def hear(self) -> None:
        """Note that events come in; to be called every minute or so while they do."""
        ...


class Threads(Protocol):
    """Knows conversations by their messages, where the platform's events do not tell.

    Raises StoreUnavailable.
    """

    async def find_thread(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ThreadKey | None:
        """The conversation of a question that came in; None where the message is none."""
        ...


class SourceNames(Protocol):
    """Suggests names of sources while a command is typed or a form filled in."""

    async def list_for(self, place: Place, person: Person) -> Sequence[str]:
        """What this person may sync here; nothing for others. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Rejected:
    """A form whose values cannot be used.

    `errors` says, for people, what is wrong with which field. `form` is the form with what was
    filled in, secrets left out, and its `problem` says what is not a matter of one field.
    """

    form: Form
    errors: Mapping[str, str] = field(default_factory=dict)


class FormDesk(Protocol):
    """Hands out forms for commands that want one, and takes them back filled in.

    Platforms ask it before they take a command down, so both answer within two seconds unless the
    trial of a source takes longer. Raises StoreUnavailable.
    """

    async def open(self, command: Command) -> Form | None:
        """The form that this command asks for; None: take the command down as it is.

        People who may not give the command get none: their command is refused like any other.
        """
        ...

    async def submit(self, submission: Submission) -> Rejected | Form | Command | Reply:
        """Carry out a form. A Form is the next page, a Command is to be taken down, a Reply says
        to the person alone what was done.
        """
        ...
