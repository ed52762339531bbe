"""What `/healthz` finds wrong, with a real database."""

from types import SimpleNamespace

import psycopg

from bot.model import Platform
from bot.serving import find_fault
from retrieval.postgres.pool import Pool

CONNECTED, CUT_OFF = SimpleNamespace(is_receiving=True), SimpleNamespace(is_receiving=False)


async def test_nothing_is_wrong(pool: Pool) -> None:
    assert await find_fault(pool, {Platform.SLACK: CONNECTED, Platform.DISCORD: CONNECTED}) == ""


async def test_a_platform_that_is_cut_off_is_named(pool: Pool) -> None:
    fault = await find_fault(pool, {Platform.SLACK: CONNECTED, Platform.DISCORD: CUT_OFF})
    assert fault == "not connected to Discord"


async def test_a_database_that_is_gone_comes_first(
    pool: Pool, postgres_url: str, database_url: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
    assert await find_fault(pool, {Platform.SLACK: CUT_OFF}) == "the database does not answer"
