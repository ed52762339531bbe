"""Who waits for an answer, in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import TypeAdapter

from bot.model import IncomingMessage, ItemId, Platform, Surplus, Waiting
from bot.ports import Letter
from bot.storage.database import QUERIES, Pool, begin, connect
from bot.storage.outbox import insert_letter, revise_letter
from retrieval.model import TenantId

LOT = 20
"""Questions that are taken in hand at the same time."""
TELLING_SECONDS = 10.0
"""Age after which a number that is not told is another's to tell."""

_QUESTION = TypeAdapter(IncomingMessage)


class PostgresWaitingLine:
    """Satisfies bot.ports.WaitingLine, for the platforms that this process speaks on."""

    def __init__(
        self,
        pool: Pool,
        platforms: Sequence[Platform],
        *,
        lot: int = LOT,
        telling_seconds: float = TELLING_SECONDS,
    ) -> None:
        self._pool = pool
        self._platforms = list(platforms)
        self._lot = lot
        self._telling_seconds = telling_seconds

    async def list_surplus(self, most: int) -> Sequence[Surplus]:
        """A lot of questions behind the first `most` of their tenant that nobody has begun.

        What others of the tenant wait for on further platforms counts too.
        """
        values = {"platforms": self._platforms, "most_waiting": most, "limit": self._lot}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["list_surplus"], values)
            rows = await cursor.fetchall()
        return [
            Surplus(
                TenantId(tenant),
                ItemId(item),
                _QUESTION.validate_python(payload),
                timedelta(seconds=waited),
            )
            for tenant, item, payload, waited in rows
        ]

    async def turn_away(self, surplus: Surplus, letter: Letter | None) -> bool:
        """Close a question and write down what is said to it, in one transaction.

        False, with nothing written, where somebody took it, or asked to stop it, meanwhile.
        """
        values = {"tenant": surplus.tenant, "item": surplus.item}
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["turn_away_waiting"], values)
            if await cursor.fetchone() is None:
                return False
            if letter is not None:
                await insert_letter(connection, letter)
                await revise_letter(connection, letter)
        return True

    async def take_untold(self, first: int) -> Sequence[Waiting]:
        """A lot of those from this number on who were not told it, in their order.

        Of several who look at the same time one gets each, and has some seconds to tell it.
        """
        values = {
            "platforms": self._platforms,
            "first": first,
            "age": self._telling_seconds,
            "limit": self._lot,
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["take_untold"], values)
            rows = await cursor.fetchall()
        return [
            Waiting(TenantId(tenant), ItemId(item), _QUESTION.validate_python(payload), number)
            for tenant, item, payload, number in sorted(rows, key=lambda row: row[3])
        ]

    async def note_told(self, waiting: Waiting) -> None:
        """Never take this one as untold again."""
        values = {"tenant": waiting.tenant, "item": waiting.item}
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["note_told"], values)
