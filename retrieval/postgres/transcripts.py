"""What was said in channels that are sources, in PostgreSQL: one transcript for each source.

Only channels that a source reads are written down, and with the source its transcript goes. A
message that was deleted leaves a row without words, so that a late delivery of it changes nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from retrieval.model import ChatMessage, Reading, Source
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import load_queries

QUERY_FILE = "transcript_queries.sql"

HEARD_SECONDS = 600.0
"""After so long without a sign that events come in, some may have been missed: Slack delivers an
event that nobody took three times more, the last time after five minutes."""


class PostgresTranscripts:
    """Keeps the transcripts of all sources. Raises StoreUnavailable."""

    def __init__(self, pool: Pool, *, heard_seconds: float = HEARD_SECONDS) -> None:
        self._pool = pool
        self._heard_seconds = heard_seconds

    def open_for(self, source: Source) -> "PostgresTranscript":
        """The transcript of a source."""
        return PostgresTranscript(self._pool, source, heard_seconds=self._heard_seconds)

    async def read_anew(self, source: Source) -> None:
        """Have all channels of a source read through the API again, whatever is written down."""
        values = {"tenant": source.tenant, "source": source.id}
        async with _begin(self._pool) as connection:
            await _execute(connection, "begin_reading", values)
            await _execute(connection, "disregard_messages", values)

    # What events tell

    async def note(self, workspace: str, channel: str, message: ChatMessage) -> None:
        """Write down what was posted, changed or deleted, where the channel is a source's."""
        values = {"workspace": workspace, "channel": channel, **_as_row(message)}
        async with _begin(self._pool) as connection:
            await _execute(connection, "note_message", values)

    async def note_gap(self, workspace: str, channel: str) -> None:
        """Events of a channel did not come for a while, so that it has to be read again."""
        async with _begin(self._pool) as connection:
            await _execute(
                connection,
                "begin_reading_of_channel",
                {"workspace": workspace, "channel": channel},
            )

    async def hear(self) -> None:
        """Note that events come in; to be called every minute or so while they do."""
        values = {"patience": self._heard_seconds, "tenant": None, "source": None}
        async with _begin(self._pool) as connection:
            await _execute(connection, "begin_missed_readings", values)
            await _execute(connection, "hear_channels", {})


class PostgresTranscript:
    """Satisfies retrieval.ports.Transcript."""

    def __init__(self, pool: Pool, source: Source, *, heard_seconds: float) -> None:
        self._pool = pool
        self._heard_seconds = heard_seconds
        self._key: dict[str, object] = {"tenant": source.tenant, "source": source.id}

    async def open(self, channel: str, workspace: str) -> Reading:
        """Write a channel down from now on; how far it was read before that."""
        values = {"channel": channel, "workspace": workspace, "patience": self._heard_seconds}
        async with _begin(self._pool) as connection:
            await _execute(connection, "begin_missed_readings", self._key | values)
            cursor = await _execute(connection, "open_channel", self._key | values)
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # it returns the row that it wrote
        return Reading(*row)

    async def put(
        self,
        channel: str,
        reading: int,
        messages: Sequence[ChatMessage],
        *,
        down_to: str | None = None,
    ) -> None:
        """Add what a reading saw, in one transaction."""
        place = {**self._key, "channel": channel, "reading": reading}
        rows = [place | _as_row(message) for message in messages]
        async with _begin(self._pool) as connection:
            await connection.cursor().executemany(_find("put_message"), rows)
            if down_to is not None:
                await _execute(connection, "advance_reading", place | {"down_to": down_to})

    async def keep_thread(self, channel: str, reading: int, thread: str) -> None:
        """Note that a reading saw a thread as it is written down."""
        values = {**self._key, "channel": channel, "reading": reading, "thread": thread}
        async with _begin(self._pool) as connection:
            await _execute(connection, "keep_thread", values)

    async def finish(self, channel: str, reading: int) -> None:
        """End a reading: what it did not see, and was there when it began, is gone.

        What events told of since bears its number already.
        """
        values: dict[str, object] = {**self._key, "channel": channel, "reading": reading}
        async with _begin(self._pool) as connection:
            cursor = await _execute(connection, "finish_reading", values)
            if await cursor.fetchone() is not None:
                await _execute(connection, "drop_unseen", values)

    async def list_outline(self, channel: str) -> Sequence[ChatMessage]:
        """Every message that is there, in the order of time, without its text."""
        return await self._list("list_outline", {"channel": channel})

    async def count_replies(self, channel: str, thread: str) -> tuple[int, str] | None:
        """How many replies to a message are written down, and the ts of the last."""
        values = {**self._key, "channel": channel, "thread": thread}
        async with _begin(self._pool) as connection:
            row = await (await _execute(connection, "count_replies", values)).fetchone()
        assert row is not None  # noqa: S101  # an aggregate has a row
        count, latest, is_disregarded = row
        return None if is_disregarded else (count, latest)

    async def list_thread(self, channel: str, thread: str) -> Sequence[ChatMessage]:
        """A message with the replies to it, in the order of time."""
        return await self._list("list_thread", {"channel": channel, "thread": thread})

    async def list_loose(self, channel: str, first: str, last: str) -> Sequence[ChatMessage]:
        """What people said outside threads from one ts to another, in the order of time."""
        return await self._list("list_loose", {"channel": channel, "first": first, "last": last})

    async def _list(self, query: str, values: dict[str, object]) -> Sequence[ChatMessage]:
        async with _begin(self._pool) as connection:
            cursor = connection.cursor(row_factory=class_row(ChatMessage))
            return await (await cursor.execute(_find(query), self._key | values)).fetchall()


@asynccontextmanager
async def _begin(pool: Pool) -> AsyncIterator[psycopg.AsyncConnection]:
    async with translate_errors(), pool.connection() as connection, connection.transaction():
        yield connection


def _as_row(message: ChatMessage) -> dict[str, object]:
    row = asdict(message)
    # PostgreSQL's text holds any character but this
    row["text"] = "" if message.is_deleted else message.text.replace("\0", "")
    return row


async def _execute(
    connection: psycopg.AsyncConnection, query: str, values: Mapping[str, object]
) -> psycopg.AsyncCursor[Any]:
    return await connection.execute(_find(query), values)


def _find(name: str) -> sql.SQL:
    text: LiteralString = load_queries(QUERY_FILE)[name]
    return sql.SQL(text)
