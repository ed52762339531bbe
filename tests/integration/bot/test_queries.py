"""Every query of the bot's storage against the migrated schema."""

import re

import pytest
from psycopg.types.json import Jsonb

from bot.storage.database import QUERIES
from tests.integration.bot.conftest import Bot

VALUES: dict[str, object] = {
    "age": 20.0,
    "application": "1",
    "answer": "",
    "amount": 0.1,
    "at": "2026-01-31T00:00:00Z",
    "attempts": 1,
    "blank": Jsonb({}),
    "calls": 1,
    "bucket": 0,
    "channel": "C1",
    "channels": ["C1"],
    "citations": Jsonb([]),
    "comment": "",
    "command": "sync",
    "cost": None,
    "dead": True,
    "bot_id": "B1",
    "bot_user": "U0",
    "detail": "",
    "digest": b"",
    "enterprise": "",
    "even_unlinked": False,
    "expires_at": None,
    "id": "T1",
    "installed_at": "2026-01-31T00:00:00Z",
    "drains": [0.1],
    "error": "",
    "event": "E1",
    "first": 1,
    "everywhere": False,
    "given": Jsonb({}),
    "gone": [],
    "held": [0],
    "home": None,
    "input": 1,
    "item": "0123456789abcdef",
    "job": 1,
    "key": "0123456789abcdef:answer",
    "lease": "15 s",
    "kind": "question",
    "letter": "0123456789abcdef:call",
    "limit": 10,
    "memory": b"",
    "message": "m1",
    "messages": [1],
    "next": "2026-01-31T00:00:00Z",
    "offers": True,
    "now": "2026-01-31T00:00:00Z",
    "model": "",
    "most": [1.0],
    "most_waiting": 200,
    "name": "Acme",
    "organisation": "",
    "names": ["tenant"],
    "outcome": "refused",
    "output": 1,
    "overlap": "10 min",
    "owner": "o1",
    "patience": "1 min",
    "payload": Jsonb({}),
    "person": "U1",
    "place": Jsonb({}),
    "platform": "slack",
    "platforms": ["slack"],
    "prefix": "default:slack:T1:",
    "question": "Why?",
    "reason": "wrong",
    "rest": "20 s",
    "reply": Jsonb({}),
    "reply_token": Jsonb({}),
    "scopes": [],
    "seconds": 600,
    "secrets": Jsonb({}),
    "shards": 1,
    "since": "2026-01-31T00:00:00Z",
    "draft": "m1",
    "doubtful": False,
    "state": "done",
    "source": 1,
    "subject": "groups",
    "subjects": ["groups"],
    "tenant": "default",
    "told": "d1",
    "text": "Why not?",
    "thread": "t1",
    "threads": ["t1"],
    "timings": Jsonb({}),
    "trace": [],
    "until": "2026-01-31T00:00:00Z",
    "vote": "bad",
    "wanted_language": "de",
    "wants_offers": None,
    "workspace": "T1",
    "workspaces": ["T1"],
}

INDEXES = {
    "claim_letter": "outbox_pkey",
    "count_rights_changes": "rights_change_pkey",
    "find_latest_item": "inbox_by_person",
    "drop_old_allowances": "allowance_by_time",
    "forget_answer_records": "answer_record_by_thread",
    "is_admin": "admin_pkey",
    "list_answer_records": "answer_record_by_time",
    "list_audit": "audit_by_time",
    "list_own_threads": "inbox_by_person",
    "list_keys": "outbox_pkey",
    "forget_preferences": "preference_pkey",
    "lock_due_sources": "source_due",
    "lock_lost_items": "inbox_open",
    "read_preferences": "preference_pkey",
    "resolve_workspace": "workspace_by_platform",
    "take_overdue": "outbox_pending",
    "thread_is_answered": "inbox_by_thread",
}


async def explain(bot: Bot, name: str) -> str:
    async with bot.pool.connection() as connection, connection.transaction():
        # The tables are empty; what matters is whether an index can be used at all.
        await connection.execute("SET LOCAL enable_seqscan = off")
        cursor = await connection.execute(b"EXPLAIN " + QUERIES[name], VALUES)
        return "\n".join(row[0] for row in await cursor.fetchall())


@pytest.mark.parametrize("name", sorted(QUERIES))
async def test_it_can_be_planned(bot: Bot, name: str) -> None:
    assert await explain(bot, name)


@pytest.mark.parametrize("name", sorted(INDEXES))
async def test_it_uses_its_index(bot: Bot, name: str) -> None:
    assert INDEXES[name] in await explain(bot, name)


@pytest.mark.parametrize("name", ["list_surplus", "take_untold"])
async def test_the_queue_is_looked_at_without_what_is_done(bot: Bot, name: str) -> None:
    async with bot.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO inbox (tenant_id, item_id, kind, platform, event, message, person, "
            "payload, state) SELECT 'default', n, 'question', 'slack', n, n, 'U1', '{}', "
            "CASE WHEN n > 300 THEN 'done' ELSE 'queued' END FROM generate_series(1, 9000) AS n"
        )
        await connection.execute("ANALYZE inbox")
        cursor = await connection.execute(b"EXPLAIN " + QUERIES[name], VALUES)
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "inbox_open" in plan
    assert "Seq Scan on inbox" not in plan


def test_each_is_used(repository) -> None:
    files = sorted((repository / "bot" / "storage").glob("*.py"))
    used = re.findall(r'QUERIES\["(\w+)"\]', "".join(file.read_text() for file in files))
    assert set(used) == set(QUERIES)
