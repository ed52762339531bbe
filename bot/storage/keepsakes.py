"""What is kept of people who asked, in PostgreSQL."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from bot.model import Person, Place, ThreadKey
from bot.rendering.record import to_record
from bot.rendering.reply import Reply
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


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
            "blank": Jsonb(to_record(Reply(()))),
        }
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["blank_questions"], values)


def _name(tenant: TenantId, place: Place, person: Person) -> dict[str, object]:
    return {
        "tenant": tenant,
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.home,
        "person": person.id,
    }
