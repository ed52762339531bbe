"""The shipped queue, inbox and outbox over a real PostgreSQL; platform and agent in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import psycopg
import pytest

from agents.llm import triage
from bot.admin.sync_orders import SyncMessages
from bot.admin.verbs import build_verbs
from bot.answers.forgetting import Forgetting
from bot.channels.book import ChannelBook
from bot.channels.editor import ChannelEditor
from bot.channels.limits import Limits
from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.intake import InboxIntake
from bot.model import Bounds, ChannelSettings, Platform
from bot.queue import PostgresJobQueue, set_up_queue
from bot.rights import Rights
from bot.storage.allowances import PostgresAllowances
from bot.storage.channels import PostgresChannelStore
from bot.storage.directory import PostgresAdmins, PostgresAudit, PostgresWorkspaces
from bot.storage.inbox import PostgresInbox
from bot.storage.keepsakes import PostgresKeepsakes
from bot.storage.outbox import PostgresOutbox
from bot.storage.preferences import PostgresPreferences
from bot.storage.schedules import PostgresSchedules
from bot.storage.waiting import PostgresWaitingLine
from bot.syncing import SyncReporter
from bot.waiting import WaitingRoom
from bot.worker import Worker
from retrieval.postgres.pool import Pool, open_pool
from tests.fakes.assistant import ScriptedAssistant
from tests.fakes.channels import InMemoryKeepsakes, make_guide
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messenger import InMemoryDirectory, InMemoryMessenger


class Bot:
    """One process of the bot. Its worker runs within `working`."""

    def __init__(
        self,
        pool: Pool,
        jobs: PostgresJobQueue,
        messenger: InMemoryMessenger,
        assistant: ScriptedAssistant,
        sources: InMemoryKnowledge,
        *,
        bounds: Bounds,
    ) -> None:
        self.pool = pool
        self.jobs = jobs
        self.messenger = messenger
        self.assistant = assistant
        self.sources = sources
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.inbox = PostgresInbox(pool, jobs)
        self.workspaces = PostgresWorkspaces(pool)
        self.preferences = PostgresPreferences(pool)
        self.channels = ChannelBook(PostgresChannelStore(pool), ChannelSettings(), self.preferences)
        self.intake = InboxIntake(self.inbox, self.workspaces, self.channels, triage)
        self._delivery = Delivery(
            PostgresOutbox(pool, doubt_seconds=0.0), {Platform.SLACK: messenger}
        )
        self._directories = {Platform.SLACK: InMemoryDirectory()}
        self._audit = PostgresAudit(pool)
        self.worker = Worker(
            jobs=jobs,
            inbox=self.inbox,
            conversation=self._build_conversation(bounds),
            commands=self._build_commands(),
            syncs=SyncReporter(
                inbox=self.inbox, delivery=self._delivery, sources=sources, audit=self._audit
            ),
            schedules=PostgresSchedules(pool, jobs, now=lambda: self.now),
            delivery=self._delivery,
            waiting=WaitingRoom(
                PostgresWaitingLine(pool, [Platform.SLACK]),
                self._delivery,
                self.channels,
                first=3,
                most=0,
            ),
            sweep=0.3,
            tick=0.05,
        )

    def _build_conversation(self, bounds: Bounds) -> Conversation:
        return Conversation(
            inbox=self.inbox,
            delivery=self._delivery,
            assistant=self.assistant,
            directories=self._directories,
            channels=self.channels,
            limits=Limits(PostgresAllowances(self.pool), bounds, now=lambda: datetime.now(UTC)),
            guide=make_guide(self.channels),
        )

    def _build_commands(self) -> Commands:
        admins = PostgresAdmins(self.pool)
        keepsakes, memory = PostgresKeepsakes(self.pool), InMemoryKeepsakes()
        forgetting = Forgetting(keepsakes, memory, self.preferences, self.channels)
        return Commands(
            inbox=self.inbox,
            delivery=self._delivery,
            rights=Rights(admins, self._directories, listed=frozenset({"slack:UADMIN"})),
            audit=self._audit,
            verbs=build_verbs(
                sources=self.sources,
                jobs=self.jobs,
                audit=self._audit,
                messages=SyncMessages(self.inbox, self._delivery),
                editor=ChannelEditor(self.channels, self.sources, lambda platform: True),
                kinds={},
                now=lambda: datetime.now(UTC),
            ),
            channels=self.channels,
            guide=make_guide(self.channels),
            people={"forget": forgetting.perform},
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        work = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def wait(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Until it holds, looking often; fails after `seconds`."""

        async def check() -> bool:
            return condition()

        await self.wait_async(check, seconds)

    async def wait_async(
        self, condition: Callable[[], Awaitable[bool]], seconds: float = 30.0
    ) -> None:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.01)

    async def count(self, query: str) -> int:
        async with self.pool.connection() as connection:
            row = await (await connection.execute(query)).fetchone()
        assert row
        return int(row[0])

    async def all_done(self) -> bool:
        """Whether every entry of the inbox is closed."""
        query = "SELECT count(*) FROM inbox WHERE state NOT IN ('done', 'dead')"
        return await self.count(query) == 0

    @property
    def texts(self) -> list[str]:
        return [posted.text for posted in self.messenger.posts]


@asynccontextmanager
async def open_bot(
    url: str,
    *,
    messenger: InMemoryMessenger | None = None,
    assistant: ScriptedAssistant | None = None,
    sources: InMemoryKnowledge | None = None,
    bounds: Bounds | None = None,
    grace: float = 5.0,
) -> AsyncIterator[Bot]:
    """One process of the bot on the database, its workspace linked."""
    jobs = PostgresJobQueue(url, [Platform.SLACK], grace=grace, heartbeat=0.2, stalled=1.0)
    async with open_pool(url, size=8) as pool, jobs:
        bot = Bot(
            pool,
            jobs,
            messenger or InMemoryMessenger(),
            assistant or ScriptedAssistant(),
            sources or InMemoryKnowledge(),
            bounds=bounds or Bounds(),
        )
        await bot.workspaces.link(Platform.SLACK, "T1", "Acme")
        yield bot


@pytest.fixture
async def queue_url(database_url: str) -> str:
    """The URL of a fresh database with our tables and those of the queue."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await set_up_queue(connection)
    return database_url


@pytest.fixture
async def bot(queue_url: str) -> AsyncIterator[Bot]:
    async with open_bot(queue_url) as opened:
        yield opened
