"""Sources that are synced by themselves."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.model import ScheduledSyncJob
from bot.storage.schedules import PostgresSchedules
from retrieval.model import SyncMode, TenantId
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.sync.schedule import parse_schedule, plan_next
from tests.fakes.assistant import ScriptedSources
from tests.integration.bot.conftest import Bot, open_bot

TENANT = TenantId("default")
START = datetime(2026, 1, 1, tzinfo=UTC)


async def add_source(bot: Bot, name: str, cron: str = "0 * * * *") -> datetime:
    """A source with a schedule; when it is due."""
    records = PostgresSourceStore(bot.pool)
    await records.add_source(TENANT, name, "files", {"path": "."})
    schedule = parse_schedule(cron)
    due = plan_next(schedule, START, name)
    await records.set_schedule(TENANT, name, schedule, due)
    return due


async def test_a_source_is_synced_when_it_is_due_and_again_the_next_time(bot: Bot) -> None:
    due = await add_source(bot, "handbook")
    async with bot.working():
        for hours in range(3):
            bot.now = due + timedelta(hours=hours, seconds=1)
            await bot.wait(lambda hours=hours: len(bot.sources.synced) == hours + 1)
    assert bot.sources.synced == [("handbook", SyncMode.INCREMENTAL)] * 3


async def test_what_was_missed_while_nobody_worked_is_done_once(bot: Bot) -> None:
    due = await add_source(bot, "handbook")
    schedules = PostgresSchedules(bot.pool, bot.jobs, now=lambda: due + timedelta(days=3))
    assert await schedules.queue_due() == [ScheduledSyncJob(TENANT, "handbook")]
    assert await schedules.queue_due() == []
    source = await PostgresSourceStore(bot.pool).get_source(TENANT, "handbook")
    assert source.next_sync_at == due + timedelta(days=3, hours=1)


async def test_a_paused_source_rests(bot: Bot) -> None:
    due = await add_source(bot, "handbook")
    records = PostgresSourceStore(bot.pool)
    await records.pause_source(TENANT, "handbook", paused=True)
    schedules = PostgresSchedules(bot.pool, bot.jobs, now=lambda: due)
    assert await schedules.queue_due() == []
    await records.pause_source(TENANT, "handbook", paused=False)
    assert len(await schedules.queue_due()) == 1


async def test_many_processes_queue_one_sync_and_at_most_one_waits(queue_url: str) -> None:
    """Fifty looks at once, while a sync of the same source runs."""
    gate = asyncio.Event()
    async with open_bot(queue_url, sources=ScriptedSources(gate=gate)) as bot:
        due = await add_source(bot, "handbook", "* * * * *")
        async with bot.working():
            bot.now = due
            await bot.wait(lambda: bot.sources.running == 1)
            later = PostgresSchedules(bot.pool, bot.jobs, now=lambda: due + timedelta(minutes=1))
            found = await asyncio.gather(*(later.queue_due() for _ in range(50)))
            assert sum(len(jobs) for jobs in found) == 1
            later = PostgresSchedules(bot.pool, bot.jobs, now=lambda: due + timedelta(minutes=9))
            assert await later.queue_due() == []
            waiting = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            assert await bot.count(waiting) == 1
            gate.set()
            await bot.wait(lambda: len(bot.sources.synced) == 2 and bot.sources.running == 0)
    assert bot.sources.most_running == 1


async def test_a_schedule_that_no_longer_comes_ends_without_harm(bot: Bot) -> None:
    due = await add_source(bot, "handbook")
    async with bot.pool.connection() as connection:
        await connection.execute(
            """UPDATE source SET schedule = '{"cron": "0 0 31 2 *", "zone": "UTC"}'"""
        )
    schedules = PostgresSchedules(bot.pool, bot.jobs, now=lambda: due)
    assert len(await schedules.queue_due()) == 1
    source = await PostgresSourceStore(bot.pool).get_source(TENANT, "handbook")
    assert source.next_sync_at is None
