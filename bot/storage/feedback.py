"""What people said of answers, and to which they called somebody, in PostgreSQL."""

from collections.abc import Sequence

from bot.answers.model import Call, Feedback, FeedbackRecord
from bot.model import ItemId
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId


class PostgresVotes:
    """Satisfies bot.answers.ports.Votes. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, tenant: TenantId, feedback: Feedback) -> bool:
        """Keep a vote in place of this person's one before; False where the answer is forgotten."""
        row = {
            "tenant": tenant,
            "item": feedback.item,
            "platform": feedback.platform,
            "person": feedback.person,
            "vote": feedback.vote,
            "reason": feedback.reason,
            "comment": feedback.comment.replace("\0", ""),
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["put_feedback"], row)
            return await cursor.fetchone() is not None

    async def list_latest(
        self, tenant: TenantId, *, limit: int, vote: str = ""
    ) -> Sequence[FeedbackRecord]:
        """The latest votes, newest first; of one kind where `vote` names it."""
        values = {"tenant": tenant, "limit": limit, "vote": vote}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["list_feedback"], values)
            return [FeedbackRecord(*row) for row in await cursor.fetchall()]


class PostgresCalls:
    """Satisfies bot.answers.ports.Calls. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, tenant: TenantId, call: Call) -> str | None:
        """Note a call, unless there is one; the letter of the one that stands."""
        row = {
            "tenant": tenant,
            "item": call.item,
            "platform": call.place.platform,
            "person": call.person.id,
            "letter": call.letter,
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["put_call"], row)
            found = await cursor.fetchone()
        return None if found is None else str(found[0])

    async def resolve(self, tenant: TenantId, item: ItemId, person: str) -> str | None:
        """Close a call; its letter, None where there is none. Who closed it first stands."""
        values = {"tenant": tenant, "item": item, "person": person}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["resolve_call"], values)
            found = await cursor.fetchone()
        return None if found is None else str(found[0])
