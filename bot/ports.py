"""What the bot needs from the outside, by role."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agents.model import AgentEvent, Question
from bot.model import (
    Acceptance,
    Attachment,
    Audience,
    AuditEntry,
    AuditRecord,
    ChannelSettings,
    Claim,
    Command,
    Hold,
    IncomingMessage,
    Installation,
    ItemId,
    ItemState,
    Job,
    Limit,
    MessageKey,
    Person,
    Place,
    Platform,
    ScheduledSyncJob,
    SourceOverview,
    Submission,
    SyncJob,
    ThreadKey,
    Waiting,
)
from bot.rendering.form import Form
from bot.rendering.reply import Draft, Reply
from retrieval.model import (
    ChatMessage,
    DocumentReport,
    RunId,
    Source,
    SourceTrial,
    SyncFailure,
    SyncMode,
    SyncRun,
    TenantId,
    Topic,
)


class Assistant(Protocol):
    """Answers questions, as agents.assistant does. Raises AgentError, RetrievalError."""

    def answer(self, question: Question) -> AsyncIterator[AgentEvent]:
        """Steps, text deltas, and Answered as the last event."""
        ...

    async def begin_anew(self, tenant: TenantId, thread: str) -> None:
        """Have the next question of a conversation know nothing of what was before."""
        ...


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
        """Write an admin's command to the inbox and queue it, in one transaction."""
        ...


class Messenger(Protocol):
    """Speaks on one platform. Raises RateLimited, DeliveryRefused, DeliveryFailed."""

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
        draft: str | None = None,
    ) -> str:
        """Post a new message, at most once for a key; returns the platform's id of it.

        `draft`: the message of a live answer of this key, whose place the reply takes. Repeating
        that is harmless; where people deleted the message, it is refused.

        `retry`: an earlier attempt for this key may have been made, by whatever process; an
        adapter whose platform does not know keys then looks for its message before it posts.
        False spares that call where the caller knows that this is the first attempt.

        A private reply to an interaction goes through its `reply_token`. A public one is posted
        so that the bot can still edit it when the token has expired; the adapter then closes
        whatever the platform shows as pending for the interaction.
        """
        ...

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        """Replace what a message of ours says."""
        ...

    async def remove_twins(self, place: Place, message: str, *, key: str) -> int:
        """Delete what was posted for the key besides `message`; how many messages that was."""
        ...

    async def delete(self, place: Place, message: str, *, reply_token: Mapping[str, str]) -> None:
        """Take a message of ours back; without effect where it is gone or cannot be taken back."""
        ...

    async def show_activity(self, place: Place, text: str) -> None:
        """Show that work is going on (Slack status, Discord typing). Never raises."""
        ...

    def open_answer(
        self,
        place: Place,
        *,
        key: str,
        reply_token: Mapping[str, str],
        private: bool,
        draft: str | None,
    ) -> "LiveAnswer | None":
        """An answer to be seen while it is made; None where the platform has no way to show that.

        Nothing is sent before the first `show`. `draft`: the message in which an earlier attempt
        for this key showed it, which is gone on with; '' where there may be one that is not known.
        """
        ...


class LiveAnswer(Protocol):
    """One message that shows how an answer comes about, until a post takes its place."""

    @property
    def pause(self) -> float:
        """Seconds to leave between two `show`s, for the platform's limits."""
        ...

    async def show(self, draft: Draft) -> str | None:
        """Show how far the answer has come; returns what `post` wants as its `draft`.

        None where the reply finds the message by itself. Raises AnswerStopped where a reader
        stopped it by the platform's own means; RateLimited (nothing was shown), DeliveryRefused
        (nothing can be shown), DeliveryFailed (it is not known what is seen).
        """
        ...


class FileStore(Protocol):
    """Holds the files that people attach on one platform."""

    async def fetch(self, place: Place, attachment: Attachment) -> bytes:
        """The content of a file. Raises RetrievalError or BotError, which say why not."""
        ...


class Directory(Protocol):
    """Knows the people of a platform. What it cannot find out grants nothing.

    Raises StoreUnavailable.
    """

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, groups, standing and rights filled in."""
        ...

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        """The channels of the workspace that this person may read, by id, as far as it is seen."""
        ...

    async def describe_audience(self, place: Place) -> Audience:
        """Who reads what is said in a place that is no direct message."""
        ...


class RightsChanges(Protocol):
    """Counts the changes of rights that platforms told of, for all processes.

    A subject is whatever an adapter looks up: a channel, a person, the groups of a workspace.
    Raises StoreUnavailable.
    """

    async def note(self, platform: Platform, workspace: str, subjects: Collection[str]) -> None:
        """Count a change of each subject."""
        ...

    async def count(self, platform: Platform, workspace: str, subject: str) -> int:
        """How often the subject has changed."""
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


class Channels(Protocol):
    """Knows how the bot is set up in a channel. Raises StoreUnavailable."""

    async def read(self, tenant: TenantId, place: Place) -> ChannelSettings:
        """The settings that hold in a place: those of its channel, and the usual ones beneath."""
        ...


class Triage(Protocol):
    """Tells, without a model, whether what does not mention the bot is for it. Pure."""

    def goes_on(self, text: str) -> bool:
        """Whether a message in a thread where the bot has answered goes on with that."""
        ...

    def asks_anyone(self, text: str) -> bool:
        """Whether a message to nobody in particular asks something, in so many words."""
        ...


class ChannelStore(Protocol):
    """Keeps what was set for channels, as text by the name of the setting.

    Raises StoreUnavailable.
    """

    async def load(self, tenant: TenantId, place: Place) -> Mapping[str, str]:
        """What was set for the channel of a place; empty where nothing was."""
        ...

    async def change(
        self, tenant: TenantId, place: Place, changes: Mapping[str, str | None]
    ) -> Mapping[str, str]:
        """Set these and, where None, unset them; returns what was set before."""
        ...


class Topics(Protocol):
    """Knows what documents are about. Raises StoreUnavailable."""

    async def list_topics(
        self, tenant: TenantId, readers: frozenset[str], *, without: frozenset[str]
    ) -> Sequence[Topic]:
        """Topics of the latest documents that one of these may read, of other kinds of source than
        these; the latest document first.
        """
        ...


class Prompts(Protocol):
    """Suggests questions. Raises StoreUnavailable."""

    async def suggest(
        self, place: Place, person: Person, in_view: str | None = None
    ) -> Sequence[str]:
        """A few questions that the sources answer, for a person who looks at a channel, if any."""
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


class WaitingLine(Protocol):
    """Knows whose questions wait to be worked on. Raises StoreUnavailable."""

    async def take_untold(self, first: int) -> Sequence[Waiting]:
        """Those from this number on who were not told it; they count as told from now on."""
        ...


class Memory(Protocol):
    """Remembers conversations, as agents.assistant does. Raises RetrievalError."""

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete what is remembered of a conversation, and how its questions were answered."""
        ...


class Keepsakes(Protocol):
    """Knows what is kept of a person who asked. Raises StoreUnavailable."""

    async def list_threads(
        self, tenant: TenantId, place: Place, person: Person, *, everywhere: bool
    ) -> Sequence[ThreadKey]:
        """The conversations in which this person asked: in a channel, or in the workspace."""
        ...

    async def blank(
        self, tenant: TenantId, place: Place, person: Person, threads: Sequence[ThreadKey]
    ) -> None:
        """Delete the words of this person's questions in these, and of the replies to them.

        Those that are not answered yet stay.
        """
        ...


class Allowances(Protocol):
    """Counts what is used up, the same for every process. Raises StoreUnavailable."""

    async def take(
        self, tenant: TenantId, limits: Sequence[Limit], now: datetime
    ) -> Mapping[str, float]:
        """Use one of each, or none where one of them is short.

        Returns by how much each is over that is short; empty where it was taken.
        """
        ...

    async def spend(
        self, tenant: TenantId, names: Sequence[str], amount: float, now: datetime
    ) -> None:
        """Raise these levels, whatever they are."""
        ...

    async def read(self, tenant: TenantId, names: Sequence[str]) -> Mapping[str, float]:
        """The levels of these, as of their last use; those that were never used are left out."""
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


class Inbox(Protocol):
    """What came in and what became of it: the truth behind the queue. Raises StoreUnavailable."""

    async def put_question(self, tenant: TenantId, message: IncomingMessage) -> bool:
        """Write it down and queue it in one transaction; False where it is there already."""
        ...

    async def put_command(
        self, tenant: TenantId, command: Command, *, after: ThreadKey | None = None
    ) -> bool:
        """Write it down and queue it in one transaction; False where it is there already.

        `after`: a thread of which all that is at work or waits is to be finished first.
        """
        ...

    async def claim(self, tenant: TenantId, item: ItemId) -> Claim | None:
        """Take an entry to work on, from whoever had it; None where it is done, dead or unknown."""
        ...

    async def read_command(self, tenant: TenantId, item: ItemId) -> Command | None:
        """The command of an entry, whatever its state."""
        ...

    async def read_question(self, tenant: TenantId, item: ItemId) -> IncomingMessage | None:
        """The question of an entry, whatever its state; None where it is none."""
        ...

    async def find_question(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ItemId | None:
        """The entry of a message; None where it is no question, or a withdrawn one."""
        ...

    async def revise_question(self, tenant: TenantId, item: ItemId, text: str) -> bool:
        """Have a question answered anew as it reads now; False where it reads the same.

        Whatever attempt works on it has lost its claim.
        """
        ...

    async def withdraw_question(self, tenant: TenantId, item: ItemId) -> str | None:
        """Forget what was asked; whatever attempt works on it has lost its claim.

        Returns the message in which the answer was shown in the making, if any.
        """
        ...

    async def find_latest(self, tenant: TenantId, place: Place, person: Person) -> ItemId | None:
        """The latest question of a person that was answered in this channel or thread."""
        ...

    async def settle(self, claim: Claim, letters: Sequence["Letter"]) -> bool:
        """Write the replies to the outbox and mark the entry answered, in one transaction.

        A reply that was written before gives way. False, with nothing written, where the claim
        was lost to a later one.
        """
        ...

    async def hand_back(self, claim: Claim) -> None:
        """Give the entry back unanswered, as if this attempt had not been made."""
        ...

    async def look(self, claim: Claim) -> Hold:
        """How the attempt stands: whether somebody asked to stop it, or another took it over."""
        ...

    async def note_draft(self, claim: Claim, draft: str) -> None:
        """Write down in which message the answer is seen; without effect once the claim is lost."""
        ...

    async def ask_to_stop(self, tenant: TenantId, item: ItemId, person: str) -> bool:
        """Have the answer to this person's question stopped, by whichever worker makes it.

        False where it is not theirs, or finished already.
        """
        ...

    async def finish(
        self,
        tenant: TenantId,
        item: ItemId,
        state: ItemState,
        *,
        error: str = "",
        jobs: Sequence[SyncJob] = (),
    ) -> Sequence[SyncJob]:
        """Close the entry, DONE or DEAD, and queue what follows from it, in one transaction.

        Without effect on a closed entry. Returns the jobs that were not queued because a sync of
        the same source is waiting already.
        """
        ...

    async def has_answered(self, tenant: TenantId, thread: ThreadKey) -> bool:
        """Whether a question of this thread was answered before."""
        ...

    async def requeue_lost(self) -> int:
        """Queue open entries again whose job is gone; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply on its way out.

    `key` is unique in the tenant and stable over retries: the inbox entry's id, ':', a word.
    `draft` is the message whose place it takes, '' where there may be one that is not known.
    """

    tenant: TenantId
    key: str
    place: Place
    reply: Reply
    reply_token: Mapping[str, str] = field(default_factory=dict)
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxClaim:
    """A letter that one attempt delivers.

    `message` is the platform's id once it is posted; `revised`: it says something else since.
    """

    letter: Letter
    owner: str
    attempts: int
    message: str | None = None
    dead: bool = False
    revised: bool = False


@dataclass(frozen=True, slots=True)
class PostedLetter:
    """A letter that stands on the platform as `message`."""

    tenant: TenantId
    key: str
    place: Place
    message: str


class Outbox(Protocol):
    """Replies until they are posted, and what they became. Raises StoreUnavailable."""

    async def put(self, letter: Letter) -> None:
        """Write a letter down, unless one of that key is there."""
        ...

    async def withdraw(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        """Never post a letter from now on, and forget what it says; None where there is none."""
        ...

    async def revise(self, tenant: TenantId, key: str, reply: Reply) -> None:
        """Have a letter say something else; one that is posted is to be delivered anew."""
        ...

    async def list_keys(self, tenant: TenantId, item: ItemId) -> Sequence[str]:
        """The keys of the letters that an inbox entry led to: those that begin with its id."""
        ...

    async def claim(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        """Take a letter to post; None where there is none of that key."""
        ...

    async def record_posted(self, claim: OutboxClaim, message: str) -> str:
        """Note the platform's id; returns the id that stands (the first that was recorded)."""
        ...

    async def record_failure(self, claim: OutboxClaim, error: str, *, dead: bool) -> None:
        """Note that posting failed, for now or for good."""
        ...

    async def list_doubtful(self, platforms: Collection[Platform]) -> Sequence[PostedLetter]:
        """Letters that took more than one attempt, the last of which is long over, unswept."""
        ...

    async def record_swept(self, letter: PostedLetter) -> None:
        """Note that the letter stands there once."""
        ...


class Audit(Protocol):
    """The log of commands. Raises StoreUnavailable."""

    async def record(self, entry: AuditEntry) -> None: ...

    async def list_entries(self, tenant: TenantId, *, limit: int = 20) -> Sequence[AuditRecord]:
        """The latest entries, the latest first."""
        ...

    async def find_schedule(self, tenant: TenantId, source: str) -> ItemId | None:
        """The command in chat that last set the schedule of a source."""
        ...


class Admins(Protocol):
    """People who were made admins besides those in the settings. Raises StoreUnavailable."""

    async def is_admin(self, tenant: TenantId, platform: Platform, person: str) -> bool: ...


JobHandler = Callable[[Job], Awaitable[float | None]]
"""Handles a job; returns None when finished, or after how many seconds to be called again.

May be called more than once for a job, and at the same time where a worker was thought dead.
"""


class JobRunner(Protocol):
    """Runs queued jobs."""

    async def run(self, handle: JobHandler, abandon: Callable[[Job], Awaitable[None]]) -> None:
        """Run jobs until cancelled; then finish those at work or hand them back.

        Survives restarts of the database. `abandon` is told of a job that will not be run again.
        """
        ...

    async def is_syncing(self, tenant: TenantId, source: str) -> bool:
        """Whether a sync of this source is queued or running."""
        ...

    async def drop_sync(self, tenant: TenantId, source: str) -> Job | None:
        """Take the sync of this source that waits in the queue out of it; None where none does."""
        ...


class Schedules(Protocol):
    """Knows which sources are to be synced by themselves, and when. Raises StoreUnavailable."""

    async def queue_due(self) -> Sequence[ScheduledSyncJob]:
        """Queue a sync of each source that is due, once however often it was missed."""
        ...


class SecretKeeper(Protocol):
    """Seals what must not be read from the database. Raises SettingsInvalid."""

    def seal_all(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Named texts, sealed."""
        ...

    def open_all(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """Named texts, opened."""
        ...


class Sources(Protocol):
    """Knowledge sources and their syncs, as commands need them. Raises RetrievalError.

    Whatever takes the name of a source raises UnknownSource.
    """

    async def list_names(self, tenant: TenantId) -> Sequence[str]: ...

    async def list_overviews(self, tenant: TenantId) -> Sequence[SourceOverview]:
        """Every source, by name."""
        ...

    async def describe(self, tenant: TenantId, name: str) -> SourceOverview:
        """One source with what the store holds of it, its schedule and when it is due."""
        ...

    async def try_out(
        self, tenant: TenantId, kind: str, config: Mapping[str, object]
    ) -> SourceTrial:
        """Look at a source before it is added. Raises InvalidSource, SourceUnreadable."""
        ...

    async def test(self, tenant: TenantId, name: str) -> SourceTrial:
        """Look at a source as it was added. Raises SourceUnreadable."""
        ...

    async def add(
        self,
        tenant: TenantId,
        name: str,
        kind: str,
        config: Mapping[str, object],
        audience: frozenset[str],
    ) -> Source:
        """Add a source; `config` holds its secrets too, which are sealed. Raises InvalidSource."""
        ...

    async def remove(self, tenant: TenantId, name: str) -> int:
        """Remove a source with all that was read from it; how many documents that was."""
        ...

    async def pause(self, tenant: TenantId, name: str) -> SourceOverview:
        """Neither the schedule nor `all` syncs it from now on; by its name it can be synced."""
        ...

    async def resume(self, tenant: TenantId, name: str) -> SourceOverview:
        """The schedule goes on, from its next time."""
        ...

    async def set_schedule(
        self, tenant: TenantId, name: str, cron: str, zone: str = "UTC", window: str = ""
    ) -> SourceOverview:
        """Have a source synced by itself; an empty `cron` ends that. Raises InvalidSchedule."""
        ...

    async def latest_runs(self, tenant: TenantId) -> Sequence[SyncRun]:
        """The latest run of each source that was ever synced, by name of the source."""
        ...

    async def history(
        self, tenant: TenantId, name: str | None = None, *, limit: int = 20
    ) -> Sequence[SyncRun]:
        """The latest runs of one source, or of all, the latest first."""
        ...

    async def get_run(self, tenant: TenantId, run: RunId) -> SyncRun:
        """A run with all its failures and what its brake held. Raises UnknownRun."""
        ...

    async def errors(self, tenant: TenantId, name: str) -> Sequence[SyncFailure]:
        """The documents of a source that cannot be read as things stand."""
        ...

    async def cancel(self, tenant: TenantId, name: str) -> RunId | None:
        """Have the sync of a source end, wherever it runs, within seconds; None where none is."""
        ...

    def sync(
        self,
        tenant: TenantId,
        name: str,
        mode: SyncMode,
        *,
        run: RunId | None = None,
        confirm: RunId | None = None,
    ) -> AsyncIterator[SyncRun]:
        """Run a sync; yields the run's record now and then, and at the end.

        `run` is the id that was announced for it. `confirm` is a run whose held deletions an admin
        agreed to: those may go, and no others. Raises UnknownRun, SyncInProgress before the first
        record.
        """
        ...

    async def describe_document(self, tenant: TenantId, url: str) -> Sequence[DocumentReport]:
        """What is held of the document at an address, in each source that has it."""
        ...
