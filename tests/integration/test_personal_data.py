"""What is stored of people and workspaces is known, table by table, and goes when it is forgotten.

A migration that adds a table or a column of this kind fails here until somebody has decided how it
is forgotten, and said so.
"""

import re
from collections import defaultdict

from bot.storage.database import QUERIES
from retrieval.postgres.pool import Pool

KEPT_WITH_TENANT = {
    "admin": "who may command in all of a tenant's workspaces",
    "lexical_term": "counts of hashes, kept by triggers as passages come and go",
    "lexical_total": "counts, kept by triggers as passages come and go",
    "tenant": "goes with its last workspace",
}
"""Tables that outlive a workspace where the tenant has another, and why."""

OF_PEOPLE = {
    ("admin", "person"): "whoever operates the bot says who is an admin",
    ("answer_feedback", "person"): "forget_votes",
    ("audit", "person"): "stays, as docs/privacy-and-security.md says",
    ("hand_off", "asked_by"): "goes with the answer that people were called to",
    ("hand_off", "resolved_by"): "goes with the answer that people were called to",
    ("inbox", "person"): "blank_questions, blank_searches; the row keeps deliveries apart",
    ("preference", "person"): "forget_preferences",
    ("transcript_message", "author"): "what was said in a channel goes with its source",
}
"""Columns that name people, and how what is stored of them is forgotten."""

NAMES_A_PERSON = re.compile(r"person|author|user|_by$|member")
NAMES_A_BOT = {("slack_installation", "bot_user")}

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%'
"""
CASCADES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND confdeltype = 'c' AND connamespace = 'public'::regnamespace
"""


async def list_columns(pool: Pool) -> dict[str, set[str]]:
    columns = defaultdict(set)
    async with pool.connection() as connection:
        for table, column in await (await connection.execute(COLUMNS)).fetchall():
            columns[table].add(column)
    return columns


async def list_forgotten(pool: Pool) -> set[str]:
    """The tables that forgetting a workspace empties of it, itself or by what it deletes."""
    steps = [text.decode() for name, text in QUERIES.items() if name.endswith("_of_workspace")]
    forgotten = set(re.findall(r"DELETE FROM (\w+)", "\n".join(steps))) | {"workspace"}
    async with pool.connection() as connection:
        cascades = await (await connection.execute(CASCADES)).fetchall()
    grown = True
    while grown:
        follow = {child for child, parent in cascades if parent in forgotten}
        grown = not follow <= forgotten
        forgotten |= follow
    return forgotten


async def test_every_table_of_tenants_is_emptied_of_a_workspace_or_known_to_stay(
    pool: Pool,
) -> None:
    of_tenants = {
        table
        for table, columns in (await list_columns(pool)).items()
        if columns & {"tenant_id", "workspace", "workspace_id"}
    }
    assert of_tenants - await list_forgotten(pool) == KEPT_WITH_TENANT.keys()


async def test_every_column_that_names_people_is_known(pool: Pool) -> None:
    columns = await list_columns(pool)
    naming = {
        (table, column)
        for table, those in columns.items()
        for column in those
        if NAMES_A_PERSON.search(column)
    }
    assert naming - NAMES_A_BOT == OF_PEOPLE.keys()
    for how in OF_PEOPLE.values():
        for query in re.findall(r"\b(?:forget|blank)_\w+", how):
            assert query in QUERIES
