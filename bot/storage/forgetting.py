"""Letting go of all that is stored of a workspace, in PostgreSQL."""

from collections.abc import Sequence

from bot.model import Platform
from bot.storage.database import QUERIES, Pool, begin

_STEPS = (
    QUERIES["forget_allowances_of_workspace"],
    QUERIES["forget_letters_of_workspace"],
    QUERIES["forget_items_of_workspace"],
    QUERIES["forget_answers_of_workspace"],
    QUERIES["forget_memories_of_workspace"],
    QUERIES["forget_channels_of_workspace"],
    QUERIES["forget_preferences_of_workspace"],
    QUERIES["forget_audit_of_workspace"],
    QUERIES["forget_cursors_of_workspace"],
    QUERIES["forget_rights_of_workspace"],
    QUERIES["forget_sources_of_workspace"],
    QUERIES["forget_installation_of_workspace"],
    QUERIES["forget_workspace"],
    QUERIES["forget_left_tenant"],
)


class PostgresForgetting:
    """Deletes what was said, set and read in workspaces. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def forget_workspace(self, platform: Platform, workspace: str) -> Sequence[str]:
        """Delete all that is stored of a workspace, or of every one of an organisation; their ids.

        The sources of a tenant that has no other workspace go with it, except those of the command
        line; of a shared tenant those go that were read in the workspace.
        """
        asked = {"platform": platform, "workspace": workspace}
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["find_workspaces_of"], asked)
            found = await cursor.fetchall()
            for tenant, each in found:
                values = {
                    "tenant": tenant,
                    "platform": platform,
                    "workspace": each,
                    "prefix": f"{tenant}:{platform.value}:{each}:",
                }
                for step in _STEPS:
                    await connection.execute(step, values)
        return [each for _, each in found]
