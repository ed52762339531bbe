"""What the processes of one Slack app agree on, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.gaps import LEASE, OVERLAP, PATIENCE, REST, Gap
from bot.storage.database import QUERIES, Pool, connect

_SPANS = {"lease": LEASE, "overlap": OVERLAP, "patience": PATIENCE, "rest": REST}


class PostgresGaps:
    """Satisfies bot.platforms.slack_catch_up.Gaps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def hear(self, workspace: str | None, *, doubtful: bool) -> None:
        """Note that events come in, and since when they may not have."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["hear_workspaces"], {"home": workspace, "doubtful": doubtful, **_SPANS}
            )

    async def take(self, workspace: str | None, owner: str) -> Gap | None:
        """A gap that nobody reads, which is now this process's."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["take_gap"], {"home": workspace, "owner": owner, **_SPANS}
            )
            row = await cursor.fetchone()
        return None if row is None else Gap(*row)

    async def keep(self, owner: str, workspaces: Collection[str]) -> None:
        """Give a sign of life for what is being read."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["keep_gaps"], {"owner": owner, "workspaces": list(workspaces), **_SPANS}
            )

    async def close(self, owner: str, gap: Gap) -> None:
        """Note that what was said before the reading began is taken down."""
        values = {"owner": owner, "workspace": gap.workspace, "at": gap.at, **_SPANS}
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["close_gap"], values)

    async def leave(self, owner: str) -> None:
        """Let others read what this process has not read to the end."""
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["leave_gaps"], {"owner": owner})

    async def list_asked(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Sequence[tuple[str, str | None]]:
        """The channels and threads in which something was asked, those of the last question first.

        The thread is None for what was asked outside of any.
        """
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_asked"], {"workspace": workspace, "since": since, "limit": limit}
            )
            return [(channel, thread) for channel, thread in await cursor.fetchall()]
