"""What people chose for themselves, in PostgreSQL."""

from bot.model import Person, Place, Platform, Preferences, Wish
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresPreferences:
    """Satisfies bot.ports.PreferenceStore."""

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
        self, tenant: TenantId, place: Place, person: Person, wish: Wish
    ) -> Preferences:
        """Keep what this person wants; returns all that they chose."""
        row = {
            "tenant": tenant,
            "platform": place.platform,
            "person": person.id,
            "workspace": place.workspace,
            "wanted_language": wish.language,
            "wants_offers": wish.offers,
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["change_preferences"], row)
            kept = await cursor.fetchone()
        return Preferences() if kept is None else Preferences(*kept)

    async def forget(self, tenant: TenantId, platform: Platform, person: str) -> None:
        """Delete what this person chose."""
        key = {"tenant": tenant, "platform": platform, "person": person}
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["forget_preferences"], key)
