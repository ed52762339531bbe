"""Whose a workspace is, is remembered for a moment."""

from bot.model import Platform
from bot.storage.directory import REMEMBERED_SECONDS, PostgresWorkspaces
from retrieval.postgres.pool import Pool


async def test_what_another_process_unlinks_is_forgotten_within_a_moment(pool: Pool) -> None:
    now = 100.0
    here, elsewhere = PostgresWorkspaces(pool, clock=lambda: now), PostgresWorkspaces(pool)
    assert await here.resolve(Platform.SLACK, "T1") is None
    tenant = await here.link(Platform.SLACK, "T1", "One")
    assert await here.resolve(Platform.SLACK, "T1") == tenant
    await elsewhere.unlink(Platform.SLACK, "T1")
    assert await here.resolve(Platform.SLACK, "T1") == tenant
    now += REMEMBERED_SECONDS
    assert await here.resolve(Platform.SLACK, "T1") is None


async def test_what_this_process_unlinks_is_forgotten_at_once(pool: Pool) -> None:
    workspaces = PostgresWorkspaces(pool)
    await workspaces.link(Platform.SLACK, "T1", "One")
    assert await workspaces.resolve(Platform.SLACK, "T1") is not None
    await workspaces.unlink(Platform.SLACK, "T1")
    assert await workspaces.resolve(Platform.SLACK, "T1") is None
