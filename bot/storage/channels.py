"""What was set for channels, in PostgreSQL."""

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from bot.model import Place
from bot.storage.database import QUERIES, Pool, begin, connect
from retrieval.model import TenantId


class PostgresChannelStore:
    """Satisfies bot.ports.ChannelStore. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def load(self, tenant: TenantId, place: Place) -> Mapping[str, str]:
        """What was set for the channel of a place."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["load_channel"], _name(tenant, place))
            row = await cursor.fetchone()
        return {} if row is None else row[0]

    async def change(
        self, tenant: TenantId, place: Place, changes: Mapping[str, str | None]
    ) -> Mapping[str, str]:
        """Set these and, where None, unset them; returns what was set before."""
        channel = _name(tenant, place)
        given = {name: text for name, text in changes.items() if text is not None}
        values = {**channel, "given": Jsonb(given), "gone": list(changes.keys() - given.keys())}
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["open_channel"], channel)
            cursor = await connection.execute(QUERIES["lock_channel"], channel)
            row = await cursor.fetchone()
            await connection.execute(QUERIES["change_channel"], values)
        return {} if row is None else row[0]


def _name(tenant: TenantId, place: Place) -> dict[str, object]:
    return {
        "tenant": tenant,
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.home,
    }
