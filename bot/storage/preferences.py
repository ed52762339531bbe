"""What people chose for themselves, in PostgreSQL."""

from bot.model import Platform, Preferences
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresPreferences:
    """Satisfies bot.reading.ports.PreferenceStore."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, tenant: TenantId, platform: Platform, person: str) -> Preferences:
        """What this person chose, or what is usual."""
        key = {"tenant": tenant, "platform": platform, "person": person}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["read_preferences"], key)
            row = await cursor.fetchone()
        return Preferences() if row is None else Preferences(*row)

    async def change(
        self, tenant: TenantId, platform: Platform, person: str, preferences: Preferences
    ) -> None:
        """Keep what this person chose."""
        row = {
            "tenant": tenant,
            "platform": platform,
            "person": person,
            "offers": preferences.offers,
        }
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["change_preferences"], row)
