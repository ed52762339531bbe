"""What the processes of one Discord application agree on, in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

from bot.shards import LAPSE, Lease, choose_shards
from bot.storage.database import QUERIES, Pool, begin, connect


class PostgresCursors:
    """Satisfies bot.platforms.discord_catch_up.Cursors."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_cursors(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Mapping[int, int]:
        """Channel → the message up to which it was heard, of those heard last."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_cursors"], {"workspace": workspace, "since": since, "limit": limit}
            )
            rows = await cursor.fetchall()
        return {int(channel): message for channel, message in rows}

    async def advance(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Note (workspace, channel) → message; no cursor goes back."""
        places = list(positions)
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["advance_cursors"],
                {
                    "workspaces": [workspace for workspace, _ in places],
                    "channels": [str(channel) for _, channel in places],
                    "messages": [positions[place] for place in places],
                },
            )


class PostgresCommandDigests:
    """Satisfies bot.platforms.discord_commands.CommandDigests."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, application: str) -> str | None:
        """The digest of the commands that Discord was told of last."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["read_command_digest"], {"application": application}
            )
            row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def write(self, application: str, digest: str) -> None:
        """Note the digest of the commands that Discord was told of."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["write_command_digest"], {"application": application, "told": digest}
            )


class PostgresShardRoster:
    """Satisfies bot.platforms.discord_shards.ShardRoster.

    A process that gave no sign of life for `lapse` seconds counts as dead.
    """

    def __init__(self, pool: Pool, *, lapse: float = LAPSE) -> None:
        self._pool = pool
        self._lapse = lapse

    async def renew(
        self, application: str, owner: str, *, shards: int, serving: frozenset[int]
    ) -> Lease:
        """Give a sign of life; what the process may serve from now on."""
        mine: dict[str, object] = {"application": application, "owner": owner}
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["lock_shards"], mine)
            await connection.execute(
                QUERIES["drop_dead_processes"], mine | {"seconds": self._lapse}
            )
            cursor = await connection.execute(QUERIES["list_processes"], mine)
            others = await cursor.fetchall()
            # All must agree on the number of shards, so those who are there say it.
            shards = others[0][1] if others else shards
            taken = [frozenset(held) for _, _, held in others]
            granted = choose_shards(shards, serving, taken)
            # What is to be given up is held until the process says that it has.
            held = (granted | serving).difference(*taken)
            await connection.execute(
                QUERIES["put_process"], mine | {"shards": shards, "held": sorted(held)}
            )
        return Lease(shards, granted)

    async def leave(self, application: str, owner: str) -> None:
        """Give everything back."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["remove_process"], {"application": application, "owner": owner}
            )

    async def reserve_identify(self, application: str, bucket: int, pause: float) -> float:
        """Take the next place in a bucket; in how many seconds that is."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["reserve_identify"],
                {"application": application, "bucket": bucket, "seconds": pause},
            )
            row = await cursor.fetchone()
        return float(row[0]) if row else 0.0
