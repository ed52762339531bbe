"""What is kept of people who asked, in PostgreSQL."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from bot.model import Person, Place, ThreadKey
from bot.rendering.record import to_record
from bot.rendering.reply import Reply
from bot.storage.database import QUERIES, Pool, begin, connect
from retrieval.model import TenantId

_NOTHING = Jsonb(to_record(Reply(())))


class PostgresKeepsakes:
    """Satisfies bot.ports.Keepsakes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list_threads(
        self, tenant: TenantId, place: Place, person: Person, *, everywhere: bool
    ) -> Sequence[ThreadKey]:
        """The conversations in which this person asked: in a channel, or in the workspace."""
        values = {**_name(tenant, place, person), "everywhere": everywhere}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["list_own_threads"], values)
            return [ThreadKey(row[0]) for row in await cursor.fetchall()]

    async def blank(
        self, tenant: TenantId, place: Place, person: Person, threads: Sequence[ThreadKey]
    ) -> None:
        """Delete the words of this person's questions in these, and of what was said to them."""
        values = {
            **_name(tenant, place, person),
            "threads": list(threads),
            "blank": _NOTHING,
        }
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["blank_questions"], values)

    async def keeps_more(self, tenant: TenantId, place: Place, person: Person) -> bool:
        """Whether votes or searches of this person are kept, wherever they were given."""
        values = _name(tenant, place, person)
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["keeps_more"], values)
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def forget_more(self, tenant: TenantId, place: Place, person: Person) -> None:
        """Delete this person's votes, the words of their searches, and what these have shown."""
        values = {**_name(tenant, place, person), "blank": _NOTHING}
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["forget_votes"], values)
            await connection.execute(QUERIES["blank_searches"], values)


def _name(tenant: TenantId, place: Place, person: Person) -> dict[str, object]:
    return {
        "tenant": tenant,
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.home,
        "person": person.id,
    }
