"""The outbox in PostgreSQL."""

import uuid
from collections.abc import Callable, Collection, Sequence

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.model import ItemId, Place, Platform
from bot.ports import Letter, OutboxClaim, PostedLetter
from bot.rendering.record import from_record, to_record
from bot.rendering.reply import Reply
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId

DOUBT_SECONDS = 20.0
"""Age after which no attempt at posting a letter is still under way."""
MOST_SWEPT = 50
"""Letters that one sweep looks at; the next goes on."""

_PLACE = TypeAdapter(Place)
_NOTHING = Reply(())


async def insert_letter(connection: AsyncConnection, letter: Letter) -> None:
    """Write a letter down within the caller's transaction, unless one of that key is there."""
    await connection.execute(
        QUERIES["insert_letter"],
        {
            "tenant": letter.tenant,
            "key": letter.key,
            "platform": letter.place.platform,
            "place": Jsonb(_PLACE.dump_python(letter.place, mode="json")),
            "reply": Jsonb(to_record(letter.reply)),
            "reply_token": Jsonb(dict(letter.reply_token)),
            "draft": letter.draft,
        },
    )


async def revise_letter(connection: AsyncConnection, letter: Letter) -> None:
    """Have a letter say this within the caller's transaction, whatever it said before."""
    await _revise(connection, letter.tenant, letter.key, letter.reply)


async def _revise(connection: AsyncConnection, tenant: TenantId, key: str, reply: Reply) -> None:
    values = {"tenant": tenant, "key": key, "reply": Jsonb(to_record(reply))}
    await connection.execute(QUERIES["revise_letter"], values)


class PostgresOutbox:
    """Satisfies bot.ports.Outbox."""

    def __init__(
        self,
        pool: Pool,
        *,
        new_token: Callable[[], str] = lambda: uuid.uuid4().hex,
        doubt_seconds: float = DOUBT_SECONDS,
    ) -> None:
        self._pool = pool
        self._doubt_seconds = doubt_seconds
        self._new_token = new_token

    async def put(self, letter: Letter) -> None:
        """Write a letter down, unless one of that key is there."""
        async with connect(self._pool) as connection:
            await insert_letter(connection, letter)

    async def withdraw(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        """Never post a letter from now on, and forget what it says; None where there is none."""
        values = {"tenant": tenant, "key": key, "reply": Jsonb(to_record(_NOTHING))}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["withdraw_letter"], values)
            row = await cursor.fetchone()
        if row is None:
            return None
        place, message, token = row
        letter = Letter(tenant, key, _PLACE.validate_python(place), _NOTHING, token)
        return OutboxClaim(letter, owner="", attempts=0, message=message, dead=True)

    async def revise(self, tenant: TenantId, key: str, reply: Reply) -> None:
        """Have a letter say something else; one that is posted is to be delivered anew."""
        async with connect(self._pool) as connection:
            await _revise(connection, tenant, key, reply)

    async def list_keys(self, tenant: TenantId, item: ItemId) -> Sequence[str]:
        """The keys of the letters that an inbox entry led to."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_keys"], {"tenant": tenant, "item": item}
            )
            return [row[0] for row in await cursor.fetchall()]

    async def claim(self, tenant: TenantId, key: str) -> OutboxClaim | None:
        """Take a letter to post; None where there is none of that key."""
        owner = self._new_token()
        async with connect(self._pool) as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(
                QUERIES["claim_letter"], {"tenant": tenant, "key": key, "owner": owner}
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        letter = Letter(
            tenant=tenant,
            key=key,
            place=_PLACE.validate_python(row["place"]),
            reply=from_record(row["reply"]),
            reply_token=row["reply_token"],
            draft=row["draft"],
        )
        return OutboxClaim(
            letter=letter,
            owner=owner,
            attempts=row["attempts"],
            message=row["message_id"],
            dead=row["state"] == "dead",
            revised=row["state"] == "pending" and row["message_id"] is not None,
        )

    async def record_posted(self, claim: OutboxClaim, message: str) -> str:
        """Note the platform's id; returns the id that stands (the first that was recorded)."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["record_posted"],
                {"tenant": claim.letter.tenant, "key": claim.letter.key, "message": message},
            )
            row = await cursor.fetchone()
        return str(row[0]) if row else message

    async def take_overdue(self, platforms: Collection[Platform]) -> Sequence[tuple[TenantId, str]]:
        """Letters that nobody looks after any more, to be posted now; outdated ones are ended."""
        values = {
            "platforms": list(platforms),
            "age": self._doubt_seconds,
            "limit": MOST_SWEPT,
            "blank": Jsonb(to_record(_NOTHING)),
        }
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["take_overdue"], values)
            rows = await cursor.fetchall()
        return [(TenantId(tenant), key) for tenant, key, state in rows if state == "pending"]

    async def list_doubtful(self, platforms: Collection[Platform]) -> Sequence[PostedLetter]:
        """Letters that took more than one attempt, the last of which is long over, unswept."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_doubtful"],
                {"platforms": list(platforms), "age": self._doubt_seconds, "limit": MOST_SWEPT},
            )
            rows = await cursor.fetchall()
        return [
            PostedLetter(TenantId(tenant), key, _PLACE.validate_python(place), message)
            for tenant, key, place, message in rows
        ]

    async def record_swept(self, letter: PostedLetter) -> None:
        """Note that the letter stands there once."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["record_swept"], {"tenant": letter.tenant, "key": letter.key}
            )

    async def record_failure(self, claim: OutboxClaim, error: str, *, dead: bool) -> None:
        """Note that posting failed, for now or for good; without effect once the claim is lost."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["record_failure"],
                {
                    "tenant": claim.letter.tenant,
                    "key": claim.letter.key,
                    "owner": claim.owner,
                    "error": error,
                    "dead": dead,
                },
            )
