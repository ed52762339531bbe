"""What the migrations make is what was reviewed."""

import psycopg

from migrations.runner import migrate
from tests.integration.schema_snapshot import SNAPSHOT, describe_schema


async def test_the_migrated_schema_is_the_committed_one(empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(
        empty_database_url, autocommit=True
    ) as connection:
        await migrate(connection)
        assert await describe_schema(connection) == SNAPSHOT.read_text(encoding="utf-8"), (
            "the schema changed: python -m tests.integration.schema_snapshot writes it anew"
        )


async def test_the_tenant_leads_every_key_of_ours(empty_database_url: str) -> None:
    query = """
        SELECT con.conrelid::regclass::text, att.attname
        FROM pg_constraint con
        JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
        JOIN pg_class rel ON rel.oid = con.conrelid
        WHERE con.contype = 'p' AND rel.relnamespace = 'public'::regnamespace
    """
    async with await psycopg.AsyncConnection.connect(
        empty_database_url, autocommit=True
    ) as connection:
        await migrate(connection)
        keys = dict(await (await connection.execute(query)).fetchall())
    # An application serves every tenant, and so do its shards; what Slack and Discord tell of a
    # workspace's rights is told before its tenant is known.
    shared = {"schema_migrations", "discord_process", "discord_identify", "discord_commands"}
    shared |= {"rights_change"}
    assert {table: column for table, column in keys.items() if column != "tenant_id"}.keys() <= (
        shared | {"embedding_model", "active_model", "slack_oauth_state"}
    )
    assert keys["document"] == keys["chunk"] == "tenant_id"
