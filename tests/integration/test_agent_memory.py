"""Conversations in PostgreSQL."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from agents.assistant import Assistant
from agents.llm.extractive import BuiltInBrain
from agents.model import Answer, Answered, AnswerSettings, Question
from bot.storage.memory import PostgresThreadMemory
from retrieval.errors import StoreUnavailable
from retrieval.model import EVERYONE, AccessScope, TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.passage_search import (
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
)

DOCUMENTS = {"Backups": "Backups run every night. They are kept for 30 days."}
TENANT = TenantId("default")


class Dying(BuiltInBrain):
    """Breaks down when it should write."""

    async def write(self, *_: Any) -> Any:
        raise RuntimeError("killed")
        yield ""


@pytest.fixture
def start(pool: Pool) -> Callable[..., Assistant]:
    def make(brain: type[BuiltInBrain] = BuiltInBrain) -> Assistant:
        scorer = InMemorySentenceScorer()
        thinking = brain(scorer)
        return Assistant(
            brain=thinking,
            fallback=thinking,
            passages=InMemoryPassageSearch(make_passages(DOCUMENTS)),
            sentences=scorer,
            memory=PostgresThreadMemory(pool),
        )

    return make


async def ask(assistant: Assistant, text: str, key: str, thread: str = "t") -> Answer:
    question = Question(
        key, text, thread, AccessScope(TENANT, frozenset({EVERYONE})), AnswerSettings()
    )
    events = [event async for event in assistant.answer(question)]
    assert isinstance(events[-1], Answered)
    return events[-1].answer


async def read_memory(pool: Pool) -> dict[str, str]:
    """What is held of each conversation."""
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT thread, state FROM thread_memory")
        return {thread: state.decode() for thread, state in await cursor.fetchall()}


async def test_a_conversation_outlives_the_process(start: Callable[..., Assistant]) -> None:
    await ask(start(), "How many days are backups kept?", "q1")
    turns = await start().recall(TENANT, "t")
    assert [turn.question for turn in turns] == ["How many days are backups kept?"]


async def test_a_retry_is_answered_from_the_store(start: Callable[..., Assistant]) -> None:
    first = await ask(start(), "How many days are backups kept?", "q1")
    again = await ask(start(), "How many days are backups kept?", "q1")
    assert again.text == first.text
    assert again.citations == first.citations
    assert len(await start().recall(TENANT, "t")) == 1


async def test_a_killed_run_goes_on(start: Callable[..., Assistant]) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        await ask(start(Dying), "How many days are backups kept?", "q1")
    resumed = start()
    answer = await ask(resumed, "How many days are backups kept?", "q1")
    assert "30 days" in answer.text
    assert answer.decisions[1].startswith("plan")


async def test_forgetting_leaves_nothing(start: Callable[..., Assistant], pool: Pool) -> None:
    await ask(start(), "How many days are backups kept?", "q1")
    await ask(start(), "How many days are backups kept?", "q2", thread="other")
    await start().forget(TENANT, "t")
    assert set(await read_memory(pool)) == {"other"}
    assert await start().recall(TENANT, "t") == ()


async def test_threads_run_side_by_side(start: Callable[..., Assistant]) -> None:
    assistant = start()
    answers = await asyncio.gather(
        *(ask(assistant, "How many days are backups kept?", "q", f"t{at}") for at in range(6))
    )
    assert all("30 days" in answer.text for answer in answers)


async def test_what_is_held_is_plain_json(start: Callable[..., Assistant], pool: Pool) -> None:
    await ask(start(), "How many \0 days are backups kept?", "q1")
    held = json.loads((await read_memory(pool))["t"])
    assert held[0]["channel_values"]["history"][0]["id"] == "q1"


async def test_a_database_that_is_away_has_its_own_error(
    start: Callable[..., Assistant], pool: Pool
) -> None:
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await ask(start(), "How many days are backups kept?", "q1")
