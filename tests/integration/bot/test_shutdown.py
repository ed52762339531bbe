"""The worker ends when it is told to, whatever goes on around it."""

import asyncio

import psycopg
import pytest

from tests.integration.bot.conftest import Bot, open_bot

PATIENCE = 60.0


async def test_it_ends_although_the_database_is_gone(postgres_url: str, queue_url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(queue_url)["dbname"]
    async with (
        await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin,
        open_bot(queue_url) as bot,
    ):
        work = asyncio.create_task(bot.worker.run())
        await bot.wait_async(lambda: _has_workers(bot, 2))
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        work.cancel()
        done, _ = await asyncio.wait({work}, timeout=PATIENCE)
        assert work in done
        with pytest.raises(asyncio.CancelledError):
            await work


async def test_it_ends_at_whatever_moment_of_its_start_it_is_told(queue_url: str) -> None:
    async with open_bot(queue_url) as bot:
        for turns in range(0, 120, 4):
            work = asyncio.create_task(bot.worker.run())
            for _ in range(turns):
                await asyncio.sleep(0)
            work.cancel()
            done, _ = await asyncio.wait({work}, timeout=PATIENCE)
            assert work in done, f"cancelled after {turns} turns of the loop"
        assert await _has_workers(bot, 0)


async def _has_workers(bot: Bot, count: int) -> bool:
    return await bot.count("SELECT count(*) FROM procrastinate_workers") == count
