"""The inbox in PostgreSQL: what came in is written down and queued in one transaction."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.model import (
    AnswerJob,
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
from bot.ports import Letter
from bot.storage.database import QUERIES, Pool, begin, connect
from bot.storage.outbox import insert_letter, revise_letter
from retrieval.model import TenantId

_QUESTION = TypeAdapter(IncomingMessage)
_COMMAND = TypeAdapter(Command)


class JobWriter(Protocol):
    """Queues jobs within a transaction of ours. Satisfied by bot.queue.PostgresJobQueue."""

    async def defer(
        self,
        connection: AsyncConnection,
        job: Job,
        *,
        platform: Platform | None = None,
        lock: str | None = None,
    ) -> int | None:
        """Queue a job; returns its id, or None where the same sync is waiting already.

        `platform` is the one that the job answers to; None leaves it to any process.

        Jobs of one lock run one after the other, in the order in which they were queued.
        """
        ...


class PostgresInbox:
    """Satisfies bot.ports.Inbox."""

    def __init__(
        self,
        pool: Pool,
        jobs: JobWriter,
        *,
        new_token: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._new_token = new_token

    async def put_question(self, tenant: TenantId, message: IncomingMessage) -> bool:
        """Write it down and queue it; False where it is there already."""
        row = {
            "kind": "question",
            "message": message.message,
            "thread": message.thread,
            "payload": Jsonb(_QUESTION.dump_python(message, mode="json")),
        }
        return await self._put(tenant, message, row)

    async def put_command(
        self, tenant: TenantId, command: Command, *, after: ThreadKey | None = None
    ) -> bool:
        """Write it down and queue it, behind all that a thread waits for; False where it is there
        already.
        """
        row = {
            "kind": "command",
            "message": f"command:{command.event}",
            "thread": after,
            "payload": Jsonb(_COMMAND.dump_python(command, mode="json")),
        }
        return await self._put(tenant, command, row)

    async def _put(
        self, tenant: TenantId, origin: IncomingMessage | Command, row: Mapping[str, object]
    ) -> bool:
        platform = origin.place.platform
        item = name_item(tenant, platform, str(row["message"]))
        values = {
            **row,
            "tenant": tenant,
            "item": item,
            "platform": platform,
            "event": f"{origin.place.workspace}:{origin.event}",
            "person": origin.person.id,
        }
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["insert_item"], values)
            if await cursor.fetchone() is None:
                return False
            job = (AnswerJob if row["kind"] == "question" else CommandJob)(tenant, item)
            await self._queue(connection, job, platform, row["thread"])
        return True

    async def _queue(
        self,
        connection: AsyncConnection,
        job: AnswerJob | CommandJob,
        platform: Platform,
        thread: object,
    ) -> None:
        lock = f"thread:{job.tenant}:{thread}" if thread is not None else None
        job_id = await self._jobs.defer(connection, job, platform=platform, lock=lock)
        await connection.execute(
            QUERIES["set_job"], {"job": job_id, "tenant": job.tenant, "item": job.item}
        )

    async def claim(self, tenant: TenantId, item: ItemId) -> Claim | None:
        """Take an entry, from whoever had it; None where it is done, dead or unknown."""
        owner = self._new_token()
        async with connect(self._pool) as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(
                QUERIES["claim_item"], {"tenant": tenant, "item": item, "owner": owner}
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        question, command = _read_payload(row["kind"], row["payload"])
        return Claim(
            tenant=tenant,
            item=item,
            owner=owner,
            attempts=row["attempts"],
            state=ItemState(row["state"]),
            question=question,
            command=command,
            draft=row["draft"],
            stopped=row["stop_asked"],
            revises=row["revises"],
        )

    async def read_command(self, tenant: TenantId, item: ItemId) -> Command | None:
        """The command of an entry, whatever its state."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["read_item"], {"tenant": tenant, "item": item}
            )
            row = await cursor.fetchone()
        return None if row is None else _read_payload(row[0], row[1])[1]

    async def read_question(self, tenant: TenantId, item: ItemId) -> IncomingMessage | None:
        """The question of an entry, whatever its state; None where it is none."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["read_item"], {"tenant": tenant, "item": item}
            )
            row = await cursor.fetchone()
        return None if row is None else _read_payload(row[0], row[1])[0]

    async def find_question(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ItemId | None:
        """The entry of a message; None where it is no question, or a withdrawn one."""
        values = {"tenant": tenant, "platform": platform, "message": message}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["find_question"], values)
            row = await cursor.fetchone()
        return None if row is None else ItemId(row[0])

    async def revise_question(self, tenant: TenantId, item: ItemId, text: str) -> bool:
        """Have a question answered anew as it reads now; False where it reads the same."""
        values = {"tenant": tenant, "item": item, "text": text}
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["revise_item"], values)
            row = await cursor.fetchone()
            if row is None:
                return False
            platform, thread = row
            await self._queue(connection, AnswerJob(tenant, item), Platform(platform), thread)
        return True

    async def withdraw_question(self, tenant: TenantId, item: ItemId) -> str | None:
        """Forget what was asked, and void whatever attempt works on it; the draft of the answer."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["withdraw_item"], {"tenant": tenant, "item": item}
            )
            row = await cursor.fetchone()
        return None if row is None else row[0]

    async def list_pressed(self, tenant: TenantId, item: ItemId) -> Sequence[ItemId]:
        """The commands that were given on the answer to a question."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_pressed"], {"tenant": tenant, "item": item}
            )
            return [ItemId(row[0]) for row in await cursor.fetchall()]

    async def find_latest(self, tenant: TenantId, place: Place, person: Person) -> ItemId | None:
        """The latest question of a person that was answered in this channel or thread."""
        values = {
            "tenant": tenant,
            "platform": place.platform,
            "person": person.id,
            "channel": place.channel,
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["find_latest_item"], values)
            row = await cursor.fetchone()
        return None if row is None else ItemId(row[0])

    async def settle(self, claim: Claim, letters: Sequence[Letter]) -> bool:
        """Write the replies to the outbox; False where the claim was lost to a later one."""
        async with begin(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["settle_item"],
                {"tenant": claim.tenant, "item": claim.item, "owner": claim.owner},
            )
            if cursor.rowcount == 0:
                return False
            for letter in letters:
                await insert_letter(connection, letter)
                await revise_letter(connection, letter)
        return True

    async def hand_back(self, claim: Claim) -> None:
        """Give the entry back, as if this attempt had not been made."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["hand_back_item"],
                {"tenant": claim.tenant, "item": claim.item, "owner": claim.owner},
            )

    async def look(self, claim: Claim) -> Hold:
        """How the attempt stands."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["look_at_item"],
                {"tenant": claim.tenant, "item": claim.item, "owner": claim.owner},
            )
            held, stopped = await cursor.fetchone() or (False, False)
        if not held:
            return Hold.LOST
        return Hold.STOPPED if stopped else Hold.HELD

    async def note_draft(self, claim: Claim, draft: str) -> None:
        """Write down in which message the answer is seen."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["note_draft"],
                {"tenant": claim.tenant, "item": claim.item, "owner": claim.owner, "draft": draft},
            )

    async def ask_to_stop(self, tenant: TenantId, item: ItemId, person: str) -> bool:
        """Have the answer to this person's question stopped; False where that cannot be."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["stop_item"], {"tenant": tenant, "item": item, "person": person}
            )
            return await cursor.fetchone() is not None

    async def finish(
        self,
        tenant: TenantId,
        item: ItemId,
        state: ItemState,
        *,
        error: str = "",
        jobs: Sequence[SyncJob] = (),
    ) -> Sequence[SyncJob]:
        """Close the entry, and queue what follows from it; returns the jobs not queued."""
        values = {"tenant": tenant, "item": item, "state": state, "error": error}
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["finish_item"], values)
            row = await cursor.fetchone()
            if row is None:
                return []
            platform = Platform(row[0])
            return [
                job
                for job in jobs
                if await self._jobs.defer(connection, job, platform=platform) is None
            ]

    async def turn_away(self, claim: Claim, letter: Letter) -> bool:
        """Close a question that is not answered and write down what is said instead."""
        values = {"tenant": claim.tenant, "item": claim.item, "owner": claim.owner}
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["turn_away_item"], values)
            if await cursor.fetchone() is None:
                return False
            await insert_letter(connection, letter)
            await revise_letter(connection, letter)
        return True

    async def has_answered(self, tenant: TenantId, thread: ThreadKey) -> bool:
        """Whether a question of this thread was answered before."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["thread_is_answered"], {"tenant": tenant, "thread": thread}
            )
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def requeue_lost(self) -> int:
        """Queue open entries again whose job is gone; returns how many."""
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["lock_lost_items"])
            rows = await cursor.fetchall()
            for tenant, item, kind, platform, thread in rows:
                job = (AnswerJob if kind == "question" else CommandJob)(tenant, item)
                await self._queue(connection, job, Platform(platform), thread)
        return len(rows)


def name_item(tenant: str, platform: str, message: str) -> ItemId:
    """The id of an entry: 16 hexadecimal digits that follow from the message alone."""
    digest = blake2b(f"{tenant}\0{platform}\0{message}".encode(), digest_size=8)
    return ItemId(digest.hexdigest())


def _read_payload(
    kind: str, payload: object
) -> tuple[IncomingMessage, None] | tuple[None, Command]:
    if kind == "question":
        return _QUESTION.validate_python(payload), None
    return None, _COMMAND.validate_python(payload)
