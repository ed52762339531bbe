"""Changes of rights, counted in PostgreSQL for every process."""

from collections.abc import Collection

from bot.model import Platform
from bot.storage.database import QUERIES, Pool, connect


class PostgresRightsChanges:
    """Satisfies bot.ports.RightsChanges."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, platform: Platform, workspace: str, subjects: Collection[str]) -> None:
        """Count a change of each subject."""
        row = {"platform": platform, "workspace": workspace, "subjects": sorted(subjects)}
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["note_rights_changes"], row)

    async def count(self, platform: Platform, workspace: str, subject: str) -> int:
        """How often the subject has changed."""
        row = {"platform": platform, "workspace": workspace, "subject": subject}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["count_rights_changes"], row)
            found = await cursor.fetchone()
        return int(found[0]) if found else 0
