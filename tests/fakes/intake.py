"""Inbox, outbox and their neighbours in memory, and an intake that only notes what came."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from bot.model import (
    Acceptance,
    AnswerJob,
    AuditEntry,
    AuditRecord,
    Claim,
    Command,
    CommandJob,
    Hold,
    IncomingMessage,
    ItemId,
    ItemState,
    Job,
    MessageKey,
    Person,
    Place,
    Platform,
    SyncJob,
    ThreadKey,
)
from bot.ports import JobHandler, Letter, OutboxClaim
from bot.rendering.reply import Reply
from retrieval.model import TenantId


class RecordingIntake:
    """Satisfies Intake: notes what came in; deduplicates by message and by event."""

    def __init__(self) -> None:
        self.messages: list[IncomingMessage] = []
        self.commands: list[Command] = []
        self.edits: list[IncomingMessage] = []
        self.deletions: list[MessageKey] = []

    async def accept(self, message: IncomingMessage) -> Acceptance:
        if not message.text.strip():
            return Acceptance.IGNORED
        if any(known.message == message.message for known in self.messages):
            return Acceptance.DUPLICATE
        self.messages.append(message)
        return Acceptance.ACCEPTED

    async def accept_edit(self, message: IncomingMessage) -> Acceptance:
        self.edits.append(message)
        return Acceptance.ACCEPTED

    async def accept_deletion(self, place: Place, message: MessageKey) -> Acceptance:
        self.deletions.append(message)
        return Acceptance.ACCEPTED

    async def accept_command(self, command: Command) -> Acceptance:
        if any(known.event == command.event for known in self.commands):
            return Acceptance.DUPLICATE
        self.commands.append(command)
        return Acceptance.ACCEPTED


class InMemoryRightsChanges:
    """Satisfies RightsChanges."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Platform, str, str]] = Counter()

    async def note(self, platform: Platform, workspace: str, subjects: Collection[str]) -> None:
        self._counts.update((platform, workspace, subject) for subject in subjects)

    async def count(self, platform: Platform, workspace: str, subject: str) -> int:
        return self._counts[platform, workspace, subject]


@dataclass
class _Item:
    question: IncomingMessage | None
    command: Command | None
    state: ItemState = ItemState.QUEUED
    owner: str = ""
    attempts: int = 0
    error: str = ""
    draft: str | None = None
    stopped: bool = False


@dataclass
class _Entry:
    letter: Letter
    owner: str = ""
    attempts: int = 0
    message: str | None = None
    dead: bool = False
    revised: bool = False


class InMemoryOutbox:
    """Satisfies Outbox."""

    def __init__(self) -> None:
        self.entries: dict[str, _Entry] = {}
        self._owners = count(1)

    def has_posted(self, key: str) -> bool:
        return key in self.entries and self.entries[key].message is not None

    async def put(self, letter: Letter) -> None:
        self.entries.setdefault(letter.key, _Entry(letter))

    async def list_keys(self, tenant: TenantId, item: ItemId) -> Sequence[str]:
        return sorted(key for key in self.entries if key.startswith(f"{item}:"))

    async def claim(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        entry = self.entries.get(key)
        if entry is None:
            return None
        if (entry.message is None or entry.revised) and not entry.dead:
            entry.owner, entry.attempts = f"o{next(self._owners)}", entry.attempts + 1
        return OutboxClaim(
            entry.letter, entry.owner, entry.attempts, entry.message, entry.dead, entry.revised
        )

    async def withdraw(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        entry = self.entries.get(key)
        if entry is None:
            return None
        entry.dead, entry.letter = True, replace(entry.letter, reply=Reply(()))
        return OutboxClaim(entry.letter, "", 0, entry.message, dead=True)

    async def revise(self, tenant: TenantId, key: str, reply: Reply) -> None:
        entry = self.entries[key]
        entry.letter = replace(entry.letter, reply=reply)
        entry.attempts, entry.dead, entry.revised = 0, False, entry.message is not None

    async def record_posted(self, claim: OutboxClaim, message: str) -> str:
        entry = self.entries[claim.letter.key]
        entry.message, entry.revised = entry.message or message, False
        return entry.message

    async def record_failure(self, claim: OutboxClaim, error: str, *, dead: bool) -> None:
        entry = self.entries[claim.letter.key]
        if entry.owner == claim.owner and entry.message is None:
            entry.dead = entry.dead or dead


class InMemoryInbox:
    """Satisfies Inbox; `jobs` holds what was queued, in order."""

    def __init__(self, outbox: InMemoryOutbox) -> None:
        self.items: dict[str, _Item] = {}
        self.jobs: list[Job] = []
        self._outbox = outbox
        self._owners = count(1)

    async def put_question(self, tenant: TenantId, message: IncomingMessage) -> bool:
        if message.message in self.items:
            return False
        self.items[message.message] = _Item(message, None)
        self.jobs.append(AnswerJob(tenant, ItemId(message.message)))
        return True

    async def put_command(
        self, tenant: TenantId, command: Command, *, after: ThreadKey | None = None
    ) -> bool:
        if command.event in self.items:
            return False
        self.items[command.event] = _Item(None, command)
        self.jobs.append(CommandJob(tenant, ItemId(command.event)))
        return True

    async def claim(self, tenant: TenantId, item: ItemId) -> Claim | None:
        entry = self.items.get(item)
        if entry is None or entry.state in {ItemState.DONE, ItemState.DEAD}:
            return None
        entry.owner, entry.attempts = f"i{next(self._owners)}", entry.attempts + 1
        if entry.state is ItemState.QUEUED:
            entry.state = ItemState.WORKING
        return Claim(
            tenant,
            item,
            entry.owner,
            entry.attempts,
            entry.state,
            entry.question,
            entry.command,
            entry.draft,
            entry.stopped,
            self._outbox.has_posted(f"{item}:answer"),
        )

    async def read_command(self, tenant: TenantId, item: ItemId) -> Command | None:
        return self.items[item].command if item in self.items else None

    async def read_question(self, tenant: TenantId, item: ItemId) -> IncomingMessage | None:
        return self.items[item].question if item in self.items else None

    async def find_question(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ItemId | None:
        entry = self.items.get(message)
        withdrawn = entry is None or entry.question is None or entry.error == "withdrawn"
        return None if withdrawn else ItemId(message)

    async def revise_question(self, tenant: TenantId, item: ItemId, text: str) -> bool:
        entry = self.items[item]
        if entry.question is None or entry.question.text == text or entry.error == "withdrawn":
            return False
        entry.question = replace(entry.question, text=text)
        working = entry.state is ItemState.WORKING
        entry.draft = entry.draft if working or entry.state is ItemState.QUEUED else None
        entry.state, entry.owner, entry.error = ItemState.QUEUED, "", ""
        entry.attempts, entry.stopped = int(working), False
        self.jobs.append(AnswerJob(tenant, item))
        return True

    async def withdraw_question(self, tenant: TenantId, item: ItemId) -> str | None:
        entry = self.items[item]
        if entry.question is not None:
            entry.question = replace(entry.question, text="")
        entry.state, entry.owner, entry.error = ItemState.DEAD, "", "withdrawn"
        return None

    async def list_pressed(self, tenant: TenantId, item: ItemId) -> Sequence[ItemId]:
        return [
            ItemId(event)
            for event, entry in self.items.items()
            if entry.command is not None and entry.command.words[-1:] == (item,)
        ]

    async def find_latest(self, tenant: TenantId, place: Place, person: Person) -> ItemId | None:
        for item, entry in reversed(self.items.items()):
            asked = entry.question
            if asked is None or entry.state not in {ItemState.ANSWERED, ItemState.DONE}:
                continue
            there = (asked.place.platform, asked.place.channel, asked.person.id)
            if there == (place.platform, place.channel, person.id):
                return ItemId(item)
        return None

    async def settle(self, claim: Claim, letters: Sequence[Letter]) -> bool:
        entry = self.items[claim.item]
        if entry.owner != claim.owner:
            return False
        entry.state = ItemState.ANSWERED
        for letter in letters:
            await self._outbox.put(letter)
            await self._outbox.revise(letter.tenant, letter.key, letter.reply)
        return True

    async def hand_back(self, claim: Claim) -> None:
        entry = self.items[claim.item]
        if entry.owner == claim.owner:
            entry.owner, entry.attempts = "", max(entry.attempts - 1, 0)

    async def look(self, claim: Claim) -> Hold:
        entry = self.items[claim.item]
        if entry.owner != claim.owner or entry.state is not ItemState.WORKING:
            return Hold.LOST
        return Hold.STOPPED if entry.stopped else Hold.HELD

    async def note_draft(self, claim: Claim, draft: str) -> None:
        entry = self.items[claim.item]
        if entry.owner == claim.owner:
            entry.draft = draft

    async def ask_to_stop(self, tenant: TenantId, item: ItemId, person: str) -> bool:
        entry = self.items.get(item)
        if entry is None or entry.question is None or entry.question.person.id != person:
            return False
        if entry.state in {ItemState.QUEUED, ItemState.WORKING}:
            entry.stopped = True
        return entry.stopped

    async def finish(
        self,
        tenant: TenantId,
        item: ItemId,
        state: ItemState,
        *,
        error: str = "",
        jobs: Sequence[SyncJob] = (),
    ) -> Sequence[SyncJob]:
        entry = self.items[item]
        if entry.state in {ItemState.DONE, ItemState.DEAD}:
            return []
        entry.state, entry.error = state, error
        waiting = {job.source for job in self.jobs if isinstance(job, SyncJob)}
        self.jobs.extend(job for job in jobs if job.source not in waiting)
        return [job for job in jobs if job.source in waiting]

    async def turn_away(self, claim: Claim, letter: Letter) -> bool:
        entry = self.items[claim.item]
        if entry.owner != claim.owner or entry.state is not ItemState.WORKING:
            return False
        entry.state = ItemState.DONE
        await self._outbox.put(letter)
        await self._outbox.revise(letter.tenant, letter.key, letter.reply)
        return True

    async def has_answered(self, tenant: TenantId, thread: ThreadKey) -> bool:
        return any(
            entry.question is not None
            and entry.question.thread == thread
            and entry.state in {ItemState.ANSWERED, ItemState.DONE}
            and f"{item}:answer" in self._outbox.entries
            for item, entry in self.items.items()
        )

    async def requeue_lost(self) -> int:
        return 0


class InMemoryWorkspaces:
    """Satisfies Workspaces."""

    def __init__(self, *linked: tuple[Platform, str]) -> None:
        self.linked = dict.fromkeys(linked, TenantId("default"))
        self.organisations: dict[str, str] = {}

    def is_allowed(self, platform: Platform, workspace: str) -> bool:
        return True

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        return self.linked.get((platform, workspace))

    async def link(
        self, platform: Platform, workspace: str, name: str, *, organisation: str = ""
    ) -> TenantId:
        self.organisations[workspace] = organisation
        return self.linked.setdefault((platform, workspace), TenantId("default"))

    async def unlink(self, platform: Platform, workspace: str) -> None:
        members = {name for name, owner in self.organisations.items() if owner == workspace}
        for name in {workspace, *members}:
            self.linked.pop((platform, name), None)


@dataclass
class InMemoryAudit:
    """Satisfies Audit and Admins."""

    entries: list[AuditEntry] = field(default_factory=list)
    admins: set[tuple[Platform, str]] = field(default_factory=set)

    async def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    async def find_schedule(self, tenant: TenantId, source: str) -> ItemId | None:
        for entry in reversed(self.entries):
            if entry.outcome == "scheduled" and entry.command.split()[2] == source:
                return entry.item
        return None

    async def list_entries(self, tenant: TenantId, *, limit: int = 20) -> Sequence[AuditRecord]:
        found = [entry for entry in self.entries if entry.tenant == tenant]
        return [
            AuditRecord(
                datetime(2026, 1, 1, tzinfo=UTC),
                entry.place.platform.value,
                entry.place.workspace,
                entry.place.channel,
                entry.person.id,
                entry.command,
                entry.outcome,
                entry.detail,
            )
            for entry in found[::-1][:limit]
        ]

    async def is_admin(self, tenant: TenantId, platform: Platform, person: str) -> bool:
        return (platform, person) in self.admins


class InMemoryJobs:
    """Satisfies JobRunner as far as commands ask it: which syncs are at work is set by a test."""

    def __init__(self, *syncing: str) -> None:
        self.syncing = set(syncing)
        self.waiting: dict[str, SyncJob] = {}

    async def is_syncing(self, tenant: TenantId, source: str) -> bool:
        return source in self.syncing

    async def drop_sync(self, tenant: TenantId, source: str) -> SyncJob | None:
        return self.waiting.pop(source, None)

    async def run(self, handle: JobHandler, abandon: Callable[[Job], Awaitable[None]]) -> None:
        raise NotImplementedError("jobs of a unit test are run by the test")
