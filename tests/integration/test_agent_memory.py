"""Conversations in PostgreSQL."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from agents.assistant import Assistant, remember_in_postgres, set_up_memory
from agents.llm.extractive import BuiltInBrain
from agents.model import Answer, Answered, AnswerSettings, Question
from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.passage_search import (
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
    make_scope,
)

DOCUMENTS = {"Backups": "Backups run every night. They are kept for 30 days."}
TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


class Dying(BuiltInBrain):
    """Breaks down when it should write."""

    async def write(self, *_: Any) -> Any:
        raise RuntimeError("killed")
        yield ""


@pytest.fixture
async def memory_pool(pool: Pool, database_url: str) -> Pool:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await set_up_memory(connection)
        await set_up_memory(connection)
    return pool


@pytest.fixture
def start(memory_pool: Pool) -> Callable[..., Assistant]:
    def make(brain: type[BuiltInBrain] = BuiltInBrain) -> Assistant:
        scorer = InMemorySentenceScorer()
        thinking = brain(scorer)
        return Assistant(
            brain=thinking,
            fallback=thinking,
            passages=InMemoryPassageSearch(make_passages(DOCUMENTS)),
            sentences=scorer,
            memory=remember_in_postgres(memory_pool),
        )

    return make


async def ask(assistant: Assistant, text: str, key: str, thread: str = "t") -> Answer:
    question = Question(key, text, thread, make_scope(), AnswerSettings())
    events = [event async for event in assistant.answer(question)]
    assert isinstance(events[-1], Answered)
    return events[-1].answer


async def count_rows(pool: Pool, thread: str) -> dict[str, int]:
    counts = {}
    async with pool.connection() as connection:
        for table in TABLES:
            query = f"SELECT count(*) FROM {table} WHERE thread_id = %s"  # type: ignore[arg-type]
            row = await (await connection.execute(query, (thread,))).fetchone()
            counts[table] = row[0] if not isinstance(row, dict) else row["count"]
    return counts


async def test_a_conversation_outlives_the_process(start: Callable[..., Assistant]) -> None:
    await ask(start(), "How many days are backups kept?", "q1")
    turns = await start().recall("t")
    assert [turn.question for turn in turns] == ["How many days are backups kept?"]


async def test_a_retry_is_answered_from_the_store(start: Callable[..., Assistant]) -> None:
    first = await ask(start(), "How many days are backups kept?", "q1")
    again = await ask(start(), "How many days are backups kept?", "q1")
    assert again.text == first.text
    assert again.citations == first.citations
    assert len(await start().recall("t")) == 1


async def test_a_killed_run_goes_on(start: Callable[..., Assistant]) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        await ask(start(Dying), "How many days are backups kept?", "q1")
    resumed = start()
    answer = await ask(resumed, "How many days are backups kept?", "q1")
    assert "30 days" in answer.text
    assert answer.decisions[1].startswith("plan")


async def test_only_the_last_checkpoint_is_kept(
    start: Callable[..., Assistant], memory_pool: Pool
) -> None:
    for at in range(3):
        await ask(start(), f"How many days are backups number {at} kept?", f"q{at}")
    assert (await count_rows(memory_pool, "t"))["checkpoints"] == 1


async def test_forgetting_leaves_no_row(start: Callable[..., Assistant], memory_pool: Pool) -> None:
    await ask(start(), "How many days are backups kept?", "q1")
    await ask(start(), "How many days are backups kept?", "q2", thread="other")
    await start().forget(TenantId("acme"), "t")
    assert set((await count_rows(memory_pool, "t")).values()) == {0}
    assert (await count_rows(memory_pool, "other"))["checkpoints"] == 1


async def test_threads_run_side_by_side(start: Callable[..., Assistant]) -> None:
    assistant = start()
    answers = await asyncio.gather(
        *(ask(assistant, "How many days are backups kept?", "q", f"t{at}") for at in range(6))
    )
    assert all("30 days" in answer.text for answer in answers)


async def test_a_checkpoint_holds_no_type_of_ours(
    start: Callable[..., Assistant], memory_pool: Pool
) -> None:
    await ask(start(), "How many days are backups kept?", "q1")
    async with memory_pool.connection() as connection:
        cursor = await connection.execute("SELECT blob FROM checkpoint_blobs WHERE thread_id = 't'")
        rows = await cursor.fetchall()
    blobs = [row["blob"] if isinstance(row, dict) else row[0] for row in rows]
    assert not any(blob and (b"agents." in blob or b"retrieval." in blob) for blob in blobs)
