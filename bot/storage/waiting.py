"""Who waits for an answer, in PostgreSQL."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from bot.model import IncomingMessage, ItemId, Platform, Waiting
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId

_QUESTION = TypeAdapter(IncomingMessage)


class PostgresWaitingLine:
    """Satisfies bot.ports.WaitingLine, for the platforms that this process speaks on."""

    def __init__(self, pool: Pool, platforms: Sequence[Platform]) -> None:
        self._pool = pool
        self._platforms = list(platforms)

    async def take_untold(self, first: int) -> Sequence[Waiting]:
        """Those from this number on who were not told it, who now count as told."""
        values = {"platforms": self._platforms, "first": first}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["take_untold"], values)
            return [
                Waiting(TenantId(tenant), ItemId(item), _QUESTION.validate_python(payload), number)
                for tenant, item, payload, number in await cursor.fetchall()
            ]
