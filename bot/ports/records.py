"""What is written down: the inbox, the outbox, and what else outlives a process."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.model import (
    AuditEntry,
    AuditRecord,
    ChannelSettings,
    Claim,
    Command,
    Hold,
    IncomingMessage,
    ItemId,
    ItemState,
    Limit,
    MessageKey,
    Person,
    Place,
    Platform,
    Preferences,
    SyncJob,
    ThreadKey,
    Wish,
)
from bot.rendering.reply import Reply
from retrieval.model import TenantId


class Channels(Protocol):
    """Knows how the bot is set up in a channel. Raises StoreUnavailable."""

    async def read(
        self, tenant: TenantId, place: Place, person: Person | None = None
    ) -> ChannelSettings:
        """The settings that hold in a place: those of its channel, and the usual ones beneath.

        Towards a `person`, the language that they chose goes before the usual one.
        """
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


class PreferenceStore(Protocol):
    """Knows what people chose for themselves. Raises StoreUnavailable."""

    async def read(self, tenant: TenantId, platform: Platform, person: str) -> Preferences:
        """What this person chose, or what is usual."""
        ...

    async def change(
        self, tenant: TenantId, place: Place, person: Person, wish: Wish
    ) -> Preferences:
        """Keep what this person wants; returns all that they chose."""
        ...

    async def forget(self, tenant: TenantId, platform: Platform, person: str) -> None:
        """Delete what this person chose."""
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
        """Delete the words of this person's questions in these, and of what was said to them.

        Those that are not answered yet stay.
        """
        ...

    async def keeps_more(self, tenant: TenantId, place: Place, person: Person) -> bool:
        """Whether votes or searches of this person are kept, wherever they were given."""
        ...

    async def forget_more(self, tenant: TenantId, place: Place, person: Person) -> None:
        """Delete this person's votes, the words of their searches, and what these have shown."""
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

    async def list_pressed(self, tenant: TenantId, item: ItemId) -> Sequence[ItemId]:
        """The commands that were given on the answer to a question, by buttons or typed."""
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

    async def turn_away(self, claim: Claim, letter: "Letter") -> bool:
        """Close a question that is not answered and write down what is said instead.

        In one transaction. False, with nothing written, where the claim was lost to a later one.
        """
        ...

    async def has_answered(self, tenant: TenantId, thread: ThreadKey) -> bool:
        """Whether a question of this thread was answered before; who was turned away was not."""
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

    async def take_overdue(self, platforms: Collection[Platform]) -> Sequence[tuple[TenantId, str]]:
        """Letters that nobody looks after any more, by their keys, to be posted now.

        Their entry is closed, and the last attempt at them is long over. Those that are not true
        any more are withdrawn instead: the number in the queue of a question that does not wait,
        and whatever a withdrawn question led to. Of several who look one gets each.
        """
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
