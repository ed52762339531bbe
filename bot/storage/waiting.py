"""Who waits for an answer, in PostgreSQL."""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from psycopg.rows import dict_row
from pydantic import TypeAdapter

from bot.model import Claim, IncomingMessage, ItemId, ItemState, Platform, Surplus, Waiting
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId

_QUESTION = TypeAdapter(IncomingMessage)


class PostgresWaitingLine:
    """Satisfies bot.ports.WaitingLine, for the platforms that this process speaks on."""

    def __init__(
        self,
        pool: Pool,
        platforms: Sequence[Platform],
        *,
        new_token: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._pool = pool
        self._platforms = list(platforms)
        self._new_token = new_token

    async def take_surplus(self, most: int) -> Sequence[Surplus]:
        """Claim the questions behind the first `most` of their tenant that are not answered yet.

        What others of the tenant wait for on further platforms counts too. Of several who look at
        the same time, and of workers, one gets each.
        """
        owner = self._new_token()
        values = {"platforms": self._platforms, "most_waiting": most, "owner": owner}
        async with connect(self._pool) as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(
                QUERIES["take_surplus"], values
            )
            rows = await cursor.fetchall()
        return [
            Surplus(
                Claim(
                    tenant=TenantId(row["tenant_id"]),
                    item=ItemId(row["item_id"]),
                    owner=owner,
                    attempts=row["attempts"],
                    state=ItemState.WORKING,
                    question=_QUESTION.validate_python(row["payload"]),
                    draft=row["draft"],
                ),
                timedelta(seconds=row["waited"]),
            )
            for row in rows
        ]

    async def take_untold(self, first: int) -> Sequence[Waiting]:
        """Those from this number on who were not told it, who now count as told."""
        values = {"platforms": self._platforms, "first": first}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["take_untold"], values)
            return [
                Waiting(TenantId(tenant), ItemId(item), _QUESTION.validate_python(payload), number)
                for tenant, item, payload, number in await cursor.fetchall()
            ]
