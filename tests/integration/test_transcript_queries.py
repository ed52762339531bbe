"""The SQL of transcripts: a message is found by an index, however much was said elsewhere."""

import re

import pytest

from retrieval.model import EVERYONE, TenantId
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import load_queries
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.transcripts import QUERY_FILE

TENANT = TenantId("default")
CHANNELS, TALKATIVE, MESSAGES = 4_000, 40, 500

VALUES: dict[str, object] = {
    "tenant": TENANT, "channel": "C7", "workspace": "T1", "patience": 600.0, "ts": "600.000000",
    "thread": "600.000000", "author": "U1", "text": "Hello", "edited": "", "is_human": True,
    "is_deleted": False, "reading": 1, "down_to": "1.000000", "first": "1.000000",
    "last": "600.000000",
}  # fmt: skip

PRIMARY, BY_THREAD = "transcript_message_pkey", "transcript_message_by_thread"
INDEXES = {
    "begin_reading_of_channel": ("transcript_channel_by_channel",),
    "count_replies": (BY_THREAD,),
    "drop_unseen": (PRIMARY, BY_THREAD),
    "keep_thread": (BY_THREAD,),
    "list_loose": (PRIMARY, BY_THREAD),
    "list_outline": (PRIMARY, BY_THREAD),
    "list_thread": (BY_THREAD,),
    "note_message": ("transcript_channel_by_channel",),
}
"""One of these is used."""


@pytest.fixture
async def source(pool: Pool) -> int:
    """A source of many channels beside another; in a few of them much was said."""
    store = PostgresSourceStore(pool)
    first, second = [
        await store.add_source(TENANT, name, "slack", {}, frozenset({EVERYONE}))
        for name in ("one", "two")
    ]
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace (tenant_id, platform, workspace_id) VALUES (%s, 'slack', 'T1')",
            [TENANT],
        )
        for each in (first.id, second.id):
            await connection.execute(
                "INSERT INTO transcript_channel (tenant_id, source_id, channel, workspace) "
                "SELECT %s, %s, 'C' || n, 'T1' FROM generate_series(1, %s) AS n",
                [TENANT, each, CHANNELS],
            )
            await connection.execute(
                "INSERT INTO transcript_message (tenant_id, source_id, channel, ts, thread, "
                "author, text, is_human, reading) "
                "SELECT %s, %s, 'C' || c, n || '.000000', (n / 5 * 5) || '.000000', 'U1', "
                "'something', true, 1 "
                "FROM generate_series(1, %s) AS c, generate_series(100, 99 + %s) AS n",
                [TENANT, each, TALKATIVE, MESSAGES],
            )
        await connection.execute("ANALYZE transcript_channel, transcript_message, workspace")
    return first.id


async def explain(pool: Pool, text: str, source: int) -> str:
    values = {**VALUES, "source": source}
    bound = {key: values[key] for key in re.findall(r"%\((\w+)\)s", text)}
    async with pool.connection() as connection:
        cursor = await connection.execute(b"EXPLAIN " + text.encode(), bound)
        return "\n".join(row[0] for row in await cursor.fetchall())


async def test_each_is_planned_and_none_reads_what_was_said_elsewhere(
    pool: Pool, source: int
) -> None:
    for name, text in load_queries(QUERY_FILE).items():
        plan = await explain(pool, text, source)
        if indexes := INDEXES.get(name):
            assert any(index in plan for index in indexes), plan
        if name != "disregard_messages":  # which is about all that was said in a source
            assert "Seq Scan on transcript_message" not in plan, plan
