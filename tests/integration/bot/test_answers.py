"""The records of answers in PostgreSQL, and what the agent writes into them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.assistant import Assistant
from agents.llm.extractive import BuiltInBrain
from agents.memory import InProcessMemory
from agents.model import AnswerRecord, AnswerSettings, Citation, Question, Usage
from bot.answers.model import Call, Feedback, Vote
from bot.model import ChannelKind, ItemId, Person, Place, Platform
from bot.storage.answers import PostgresAnswerRecords
from bot.storage.feedback import PostgresCalls, PostgresVotes
from retrieval.model import EVERYONE, AccessScope, TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.passage_search import (
    NOW,
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
)

TENANT = TenantId("default")
RECORD = AnswerRecord(
    reference="q1",
    tenant=TENANT,
    thread="t",
    question="When do back\0ups run?",
    outcome="answered",
    model="openai:small",
    trace=("plan: search (asked)", "judge: enough"),
    timings_ms={"plan": 1.5, "total": 9.25},
    usage=Usage(3, 1_200, 80, 0.0125),
    error="",
    at=datetime(2026, 1, 31, tzinfo=UTC),
)


@pytest.fixture
def records(pool: Pool) -> PostgresAnswerRecords:
    return PostgresAnswerRecords(pool)


class Dying(BuiltInBrain):
    """Breaks down when it should write."""

    async def write(self, *_: Any) -> Any:
        raise RuntimeError("killed")
        yield ""


@pytest.fixture
def start(records: PostgresAnswerRecords) -> Callable[..., Assistant]:
    def make(brain: type[BuiltInBrain] = BuiltInBrain) -> Assistant:
        scorer = InMemorySentenceScorer()
        thinking = brain(scorer)
        return Assistant(
            brain=thinking,
            fallback=thinking,
            passages=InMemoryPassageSearch(make_passages({"Backups": "Backups run every night."})),
            sentences=scorer,
            memory=InProcessMemory(),
            records=records,
            now=lambda: NOW,
        )

    return make


def ask(text: str, key: str = "q1") -> Question:
    scope = AccessScope(TENANT, frozenset({EVERYONE}))
    return Question(key, text, "t", scope, AnswerSettings())


async def test_a_record_is_kept_as_it_is(records: PostgresAnswerRecords) -> None:
    await records.put(RECORD)
    assert await records.find(TENANT, "q1") == replace(RECORD, question="When do backups run?")
    assert await records.find(TENANT, "q2") is None
    assert await records.find(TenantId("other"), "q1") is None


async def test_a_cost_that_is_not_known_stays_so(records: PostgresAnswerRecords) -> None:
    await records.put(replace(RECORD, usage=Usage(1, 10, 10, None)))
    found = await records.find(TENANT, "q1")
    assert found is not None
    assert found.usage.cost is None


async def test_a_later_record_of_a_question_replaces_it(records: PostgresAnswerRecords) -> None:
    await records.put(RECORD)
    await records.put(replace(RECORD, outcome="unknown"))
    [kept] = await records.list_latest(TENANT, 10)
    assert kept.outcome == "unknown"


async def test_the_latest_come_first(records: PostgresAnswerRecords) -> None:
    for at in range(3):
        await records.put(replace(RECORD, reference=f"q{at}", at=RECORD.at + timedelta(hours=at)))
    assert [one.reference for one in await records.list_latest(TENANT, 2)] == ["q2", "q1"]


async def test_a_conversation_is_forgotten_with_its_records(
    records: PostgresAnswerRecords, start: Callable[..., Assistant]
) -> None:
    await records.put(replace(RECORD, reference="other", thread="u"))
    assistant = start()
    [_ async for _ in assistant.answer(ask("When do backups run?"))]
    await assistant.forget(TENANT, "t")
    assert [one.reference for one in await records.list_latest(TENANT, 10)] == ["other"]


async def test_an_answer_leaves_its_trace(
    records: PostgresAnswerRecords, start: Callable[..., Assistant]
) -> None:
    [_ async for _ in start().answer(ask("When do backups run?"))]
    kept = await records.find(TENANT, "q1")
    assert kept is not None
    assert kept.outcome == "answered"
    assert [line.split(":")[0] for line in kept.trace] == [
        "brain", "plan", "search", "judge", "write",
    ]  # fmt: skip
    assert kept.usage == Usage()
    assert kept.timings_ms["total"] > 0


async def test_a_failure_leaves_its_trace_and_its_reason(
    records: PostgresAnswerRecords, start: Callable[..., Assistant]
) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        [_ async for _ in start(Dying).answer(ask("When do backups run?"))]
    kept = await records.find(TENANT, "q1")
    assert kept is not None
    assert (kept.outcome, kept.error) == ("failed", "RuntimeError: killed")
    assert kept.trace[-1].startswith("judge")


async def test_an_answer_does_not_fail_with_its_record(
    pool: Pool, start: Callable[..., Assistant]
) -> None:
    assistant = start()
    await pool.close()
    events = [event async for event in assistant.answer(ask("When do backups run?"))]
    assert events


# What people say of answers, and whom they call


CITATION = Citation(
    n=1,
    title="Back\0ups",
    url="",
    section="Nightly",
    passage="Backups run\0 every night.",
    quote="Backups run\0 every night.",
    source="handbook",
    age_days=None,
    chunk=7,
)


def rate(vote: Vote, person: str = "U1", item: str = "q1", **more: str) -> Feedback:
    return Feedback(ItemId(item), Platform.SLACK, person, vote, **more)


async def test_what_an_answer_rests_on_is_kept_with_it(records: PostgresAnswerRecords) -> None:
    await records.put(replace(RECORD, answer="Every night. [1]", citations=(CITATION,)))
    kept = await records.find(TENANT, "q1")
    assert kept is not None
    assert kept.answer == "Every night. [1]"
    (citation,) = kept.citations
    assert (citation.title, citation.passage) == ("Backups", "Backups run every night.")
    assert citation.chunk == 7


async def test_the_last_vote_of_a_person_stands(records: PostgresAnswerRecords, pool: Pool) -> None:
    votes = PostgresVotes(pool)
    assert not await votes.put(TENANT, rate(Vote.GOOD))
    await records.put(replace(RECORD, answer="Every night."))
    assert await votes.put(TENANT, rate(Vote.BAD, reason="wrong", comment="No\0."))
    assert await votes.put(TENANT, rate(Vote.GOOD, "U2"))
    (second, first) = await votes.list_latest(TENANT, limit=10)
    assert (first.vote, first.reason, first.comment) == ("bad", "wrong", "No.")
    assert (second.person, second.answer) == ("U2", "Every night.")
    assert await votes.put(TENANT, rate(Vote.GOOD))
    assert [each.vote for each in await votes.list_latest(TENANT, limit=10)] == ["good", "good"]
    assert await votes.list_latest(TENANT, limit=10, vote="bad") == []
    assert await votes.list_latest(TenantId("other"), limit=10) == []


async def test_votes_and_calls_go_with_their_answer(
    records: PostgresAnswerRecords, pool: Pool
) -> None:
    votes, calls = PostgresVotes(pool), PostgresCalls(pool)
    place = Place(Platform.SLACK, "T1", "C1", ChannelKind.PUBLIC)
    for item in ("q1", "q2"):
        await records.put(replace(RECORD, reference=item, thread=item))
        await votes.put(TENANT, rate(Vote.GOOD, item=item))
        call = Call(ItemId(item), place, Person("U1"), f"{item}:call")
        assert await calls.put(TENANT, call) == f"{item}:call"
    await records.forget(TENANT, "q1")
    assert [each.reference for each in await votes.list_latest(TENANT, limit=10)] == ["q2"]
    assert await calls.resolve(TENANT, ItemId("q1"), "U2") is None
    await records.withdraw(TENANT, "q2")
    assert await votes.list_latest(TENANT, limit=10) == []


async def test_a_call_is_made_once_and_closed_once(
    records: PostgresAnswerRecords, pool: Pool
) -> None:
    calls = PostgresCalls(pool)
    place = Place(Platform.SLACK, "T1", "C1", ChannelKind.PUBLIC)
    first = Call(ItemId("q1"), place, Person("U1"), "c1:call")
    assert await calls.put(TENANT, first) is None
    await records.put(RECORD)
    assert await calls.put(TENANT, first) == "c1:call"
    assert await calls.put(TENANT, replace(first, letter="c2:call")) == "c1:call"
    assert await calls.resolve(TENANT, ItemId("q1"), "U2") == "c1:call"
    assert await calls.resolve(TENANT, ItemId("q1"), "U3") == "c1:call"
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT resolved_by FROM hand_off")).fetchone()
    assert row == ("U2",)
