"""Changes of rights are counted for every process."""

from bot.model import Platform
from bot.storage.rights import PostgresRightsChanges
from tests.integration.bot.conftest import Bot


async def test_each_subject_of_a_workspace_is_counted_on_its_own(bot: Bot) -> None:
    changes, elsewhere = PostgresRightsChanges(bot.pool), PostgresRightsChanges(bot.pool)
    assert await changes.count(Platform.SLACK, "T1", "groups") == 0
    await changes.note(Platform.SLACK, "T1", {"groups", "user U1"})
    await elsewhere.note(Platform.SLACK, "T1", {"groups"})
    assert await changes.count(Platform.SLACK, "T1", "groups") == 2
    assert await elsewhere.count(Platform.SLACK, "T1", "user U1") == 1
    assert await changes.count(Platform.SLACK, "T2", "groups") == 0
    assert await changes.count(Platform.DISCORD, "T1", "groups") == 0
