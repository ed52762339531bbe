"""What is used up of what may be used, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.model import Limit
from bot.storage.database import QUERIES, Pool, begin, connect
from retrieval.model import TenantId

TIDYING = timedelta(hours=1)
"""How often what nobody uses any more is deleted."""


class PostgresAllowances:
    """Satisfies bot.ports.Allowances.

    One statement locks the levels, drains them and raises them, so that of many who take the last
    one at the same time one gets it. What was not used for two days is full again and is deleted.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tidied: datetime | None = None

    async def take(
        self, tenant: TenantId, limits: Sequence[Limit], now: datetime
    ) -> Mapping[str, float]:
        """Use one of each, or none; returns by how much each is over that is short."""
        values = {
            "tenant": tenant,
            "names": [limit.name for limit in limits],
            "most": [float(limit.most) for limit in limits],
            "drains": [float(limit.drain) for limit in limits],
            "now": now,
        }
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["open_allowances"], values)
            cursor = await connection.execute(QUERIES["take_allowances"], values)
            short = dict(await cursor.fetchall())
        await self._tidy(now)
        return short

    async def spend(
        self, tenant: TenantId, names: Sequence[str], amount: float, now: datetime
    ) -> None:
        """Raise these levels, whatever they are."""
        values = {"tenant": tenant, "names": list(names), "amount": amount, "now": now}
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["spend_allowances"], values)

    async def read(self, tenant: TenantId, names: Sequence[str]) -> Mapping[str, float]:
        """The levels of these, as of their last use."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["read_allowances"], {"tenant": tenant, "names": list(names)}
            )
            return dict(await cursor.fetchall())

    async def _tidy(self, now: datetime) -> None:
        if self._tidied is not None and now - self._tidied < TIDYING:
            return
        self._tidied = now
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["drop_old_allowances"], {"now": now})
