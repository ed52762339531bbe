"""Promises of the queue: answered once, in order, in spite of deaths, restarts and lost jobs."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg.types.json import Jsonb

from bot.asked import MOST_CLAIMS
from bot.model import Acceptance, CommandJob, Intent, ItemId, ItemState, Job, Person, SyncJob
from bot.storage.inbox import name_item
from retrieval.model import SyncMode, TenantId
from tests.fakes.assistant import ScriptedAssistant, make_answer
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messages import make_command, make_message
from tests.fakes.messenger import InMemoryMessenger
from tests.integration.bot.conftest import Bot, open_bot

ADMIN = Person("UADMIN")
TENANT = TenantId("default")


async def test_a_message_delivered_again_is_answered_once(bot: Bot) -> None:
    """Slack redelivers an event, and tells of one mention in two events."""
    deliveries = [make_message(1, event=event) for event in ("E1", "E1", "E1", "E2")]
    async with bot.working():
        accepted = await asyncio.gather(*(bot.intake.accept(message) for message in deliveries))
        assert accepted.count(Acceptance.ACCEPTED) == 1
        await bot.wait_async(bot.all_done)
        assert await bot.intake.accept(make_message(1, event="E3")) is Acceptance.DUPLICATE
    assert len(bot.messenger.posts) == 1
    assert len(bot.assistant.questions) == 1


async def test_two_questions_in_a_thread_are_answered_in_order(queue_url: str) -> None:
    gate = asyncio.Event()
    answers = [make_answer(f"Answer {number} [1].") for number in (1, 2, 3)]
    async with open_bot(queue_url, assistant=ScriptedAssistant(*answers, gate=gate)) as bot:
        for number in (1, 2):
            await bot.intake.accept(make_message(number, f"Question {number}?"))
        await bot.intake.accept(make_message(3, "Elsewhere?", thread="thread2"))
        async with bot.working():
            await bot.wait(lambda: len(bot.assistant.questions) == 2)
            asked = {question.text for question in bot.assistant.questions}
            assert asked == {"Question 1?", "Elsewhere?"}
            gate.set()
            await bot.wait_async(bot.all_done)
    assert [question.text for question in bot.assistant.questions][2] == "Question 2?"
    keys = [posted.key for posted in bot.messenger.posts]
    first, second = (f"{name_item(TENANT, 'slack', f'slack:T1:C1:{n}')}:answer" for n in (1, 2))
    assert keys.index(first) < keys.index(second)


async def test_a_follow_up_counts_once_the_thread_was_answered(bot: Bot) -> None:
    follow_up = make_message(2, intent=Intent.FOLLOW_UP)
    assert await bot.intake.accept(follow_up) is Acceptance.IGNORED
    async with bot.working():
        await bot.intake.accept(make_message(1))
        await bot.wait_async(bot.all_done)
        assert await bot.intake.accept(follow_up) is Acceptance.ACCEPTED
        await bot.wait_async(bot.all_done)
    assert len(bot.messenger.posts) == 2


async def test_nothing_is_kept_of_what_could_not_be_queued(bot: Bot) -> None:
    async with bot.pool.connection() as connection:
        await connection.execute("ALTER TABLE procrastinate_jobs RENAME TO hidden")
    with pytest.raises(ConnectorException):
        await bot.intake.accept(make_message())
    assert await bot.count("SELECT count(*) FROM inbox") == 0


WORKER_PROGRAM = """
import asyncio, sys
from tests.fakes.assistant import ScriptedAssistant
from tests.integration.bot.conftest import open_bot

async def main(url):
    assistant = ScriptedAssistant(gate=asyncio.Event())
    async with open_bot(url, assistant=assistant) as bot, bot.working():
        await assistant.started.wait()
        print("answering", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(sys.argv[1]))
"""


async def test_a_question_of_a_killed_worker_is_answered_by_another(
    bot: Bot, queue_url: str, repository: Path
) -> None:
    await bot.intake.accept(make_message())
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER_PROGRAM,
        queue_url,
        cwd=repository,
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert (await victim.stdout.readline()).strip() == b"answering"
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        await victim.wait()
    async with bot.working():
        await bot.wait_async(bot.all_done)
    assert len(bot.messenger.posts) == 1
    assert await bot.count("SELECT attempts FROM inbox") >= 2


DEADLY_PROGRAM = """
import asyncio, os, signal, sys
from tests.fakes.assistant import ScriptedAssistant
from tests.integration.bot.conftest import open_bot

class Deadly(ScriptedAssistant):
    async def answer(self, question, trail):
        if "deadly" in question.text:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.2)
        async for event in super().answer(question, trail):
            yield event

async def main(url):
    async with open_bot(url, assistant=Deadly()) as bot, bot.working():
        await bot.wait_async(is_rest_done(bot), 600)

def is_rest_done(bot):
    open_ones = "SELECT count(*) FROM inbox WHERE state <> 'done' AND payload->>'text' <> 'deadly'"
    async def look():
        return await bot.count(open_ones) == 0
    return look

asyncio.run(main(sys.argv[1]))
"""


async def test_a_question_that_kills_its_worker_takes_no_other_along(
    bot: Bot, queue_url: str, repository: Path
) -> None:
    for number, text in enumerate(("deadly", "How?", "When?", "Why?"), start=1):
        await bot.intake.accept(make_message(number, text, thread=f"t{number}"))
    code, deaths = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        deaths += 1
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DEADLY_PROGRAM, queue_url, cwd=repository
        )
        code = await worker.wait()
    assert code == 0
    assert deaths <= MOST_CLAIMS
    answers = "SELECT count(*) FROM outbox WHERE reply::text LIKE '%Twenty%'"
    assert await bot.count(answers) == 3


async def test_a_shutdown_hands_work_back_and_costs_no_attempt(queue_url: str) -> None:
    messenger = InMemoryMessenger()
    stuck = ScriptedAssistant(gate=asyncio.Event())
    async with open_bot(queue_url, messenger=messenger, assistant=stuck, grace=0.05) as first:
        await first.intake.accept(make_message())
        async with first.working():
            await first.wait(stuck.started.is_set)
        assert stuck.cancelled == 1
        assert await first.count("SELECT attempts FROM inbox") == 0
    async with open_bot(queue_url, messenger=messenger) as second, second.working():
        await second.wait_async(second.all_done)
    assert len(messenger.posts) == 1


async def test_a_shutdown_lets_an_answer_finish(queue_url: str) -> None:
    gate = asyncio.Event()
    async with open_bot(queue_url, assistant=ScriptedAssistant(gate=gate)) as bot:
        await bot.intake.accept(make_message())
        async with bot.working():
            await bot.wait(bot.assistant.started.is_set)
            asyncio.get_running_loop().call_later(0.1, gate.set)
        assert len(bot.messenger.posts) == 1
        assert await bot.all_done()


async def test_an_entry_whose_job_is_gone_is_queued_again(bot: Bot) -> None:
    await bot.intake.accept(make_message())
    await bot.intake.accept_command(make_command("help"))
    async with bot.pool.connection() as connection:
        await connection.execute("DELETE FROM procrastinate_jobs")
    async with bot.working():
        await bot.wait_async(bot.all_done)
    assert len(bot.messenger.posts) == 2


async def test_a_job_that_a_live_worker_lost_is_run_again(bot: Bot) -> None:
    """As when the answer to the fetch was lost, or the end could not be written down."""
    async with bot.working():
        await bot.intake.accept(make_message(1))
        await bot.wait_async(bot.all_done)
        async with bot.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
                " SELECT 'slack', 'answer', %s, 'doing', id FROM procrastinate_workers",
                [Jsonb({"tenant": TENANT, "item": "unknown"})],
            )

        async def is_finished() -> bool:
            return await bot.count("SELECT count(*) FROM procrastinate_jobs") == 0

        await bot.wait_async(is_finished)


async def test_someone_who_is_no_admin_is_refused(bot: Bot) -> None:
    async with bot.working():
        await bot.intake.accept_command(make_command("sync handbook"))
        await bot.wait_async(bot.all_done)
    assert bot.texts == ["Sorry, that is for admins. Ask one of them, or ask me a question."]
    assert not bot.sources.synced
    assert await bot.count("SELECT count(*) FROM audit WHERE outcome = 'refused'") == 1


async def test_an_admin_s_sync_shows_its_counts(bot: Bot) -> None:
    async with bot.working():
        await bot.intake.accept_command(make_command("sync handbook full", person=ADMIN))
        await bot.wait(lambda: any("is done" in text for text in bot.texts))
    (text,) = bot.texts
    assert "Full sync of handbook is done after 5.0 s." in text
    assert "3 listed · 2 added · 0 updated · 0 deleted · 0 unchanged · 0 skipped · 1 failed" in text


async def test_many_syncs_at_once_make_one_run_and_at_most_one_more(queue_url: str) -> None:
    gate = asyncio.Event()
    async with open_bot(queue_url, sources=InMemoryKnowledge(gate=gate)) as bot, bot.working():
        await asyncio.gather(
            *(
                bot.intake.accept_command(make_command("sync handbook", number, person=ADMIN))
                for number in range(50)
            )
        )
        await bot.wait_async(bot.all_done)
        await bot.wait(bot.sources.started.is_set)
        gate.set()
        # The message of every one comes to say how it went, or that another was first.
        await bot.wait(
            lambda: not any(" starts " in text or "running" in text for text in bot.texts)
        )
    assert bot.sources.most_running == 1
    assert len(bot.sources.synced) <= 2
    assert len([text for text in bot.texts if "is done" in text]) == len(bot.sources.synced)
    assert len([text for text in bot.texts if "synced already" in text]) >= 48


async def test_a_sync_that_waits_is_taken_out_of_the_queue(bot: Bot) -> None:
    await bot.intake.accept_command(make_command("sync handbook", person=ADMIN))
    item = await take_item(bot, 1)
    await bot.inbox.claim(TENANT, item)
    job = SyncJob(TENANT, item, "handbook", SyncMode.FULL)
    await bot.inbox.finish(TENANT, item, ItemState.DONE, jobs=[job])
    assert await bot.jobs.is_syncing(TENANT, "handbook")
    assert await bot.jobs.drop_sync(TENANT, "wiki") is None
    assert await bot.jobs.drop_sync(TENANT, "handbook") == job
    assert await bot.jobs.drop_sync(TENANT, "handbook") is None
    assert not await bot.jobs.is_syncing(TENANT, "handbook")


async def test_a_dead_sync_gives_way_to_one_that_waits(bot: Bot) -> None:
    """To run the dead one again would break the queue's rule of one waiting sync a source."""
    for number in (1, 2):
        await bot.intake.accept_command(make_command("sync handbook", number, person=ADMIN))
    jobs = [SyncJob(TENANT, await take_item(bot, n), "handbook", SyncMode.FULL) for n in (1, 2)]
    async with bot.pool.connection() as connection:
        await bot.jobs.defer(connection, jobs[0], platform=make_message().place.platform)
        await connection.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour') RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)"
            " WHERE task_name = 'sync'"
        )
        await bot.jobs.defer(connection, jobs[1], platform=make_message().place.platform)
    abandoned: list[Job] = []
    handled: list[Job] = []

    async def handle(job: Job) -> float | None:
        handled.append(job)
        return None

    async def abandon(job: Job) -> None:
        abandoned.append(job)

    running = asyncio.create_task(bot.jobs.run(handle, abandon))
    try:
        await bot.wait(lambda: jobs[1] in handled and bool(abandoned))
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert abandoned == [jobs[0]]
    assert jobs[0] not in handled


@pytest.mark.parametrize(("runs", "rest"), [(0, 0.0), (1, 0.5), (3, 3.5), (9, 15.0)])
async def test_the_oftener_its_worker_died_the_longer_a_job_may_rest(
    bot: Bot, runs: int, rest: float
) -> None:
    await bot.intake.accept(make_message())
    async with bot.pool.connection() as connection:
        await connection.execute(
            "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour') RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', attempts = %s,"
            " worker_id = (SELECT id FROM dead)",
            [runs],
        )
    bot.jobs._draw = lambda: 0.5
    before = datetime.now(UTC)
    await bot.jobs._rescue(set())
    after = datetime.now(UTC)
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT status, scheduled_at FROM procrastinate_jobs")
        ((status, at),) = await cursor.fetchall()
    assert status == "todo"
    assert before <= at - timedelta(seconds=rest) <= after


async def take_item(bot: Bot, number: int) -> ItemId:
    item = name_item(TENANT, "slack", f"command:command{number}")
    assert await bot.inbox.read_command(TENANT, item) is not None
    return item


async def test_a_failing_handler_is_called_again(bot: Bot) -> None:
    calls: list[Job] = []

    async def handle(job: Job) -> float | None:
        calls.append(job)
        if len(calls) == 1:
            raise RuntimeError("a passing fault")
        return 0.05 if len(calls) == 2 else None

    async def abandon(job: Job) -> None:
        raise AssertionError("nothing is given up here")

    await bot.intake.accept_command(make_command("help"))
    running = asyncio.create_task(bot.jobs.run(handle, abandon))
    try:
        await bot.wait(lambda: len(calls) == 3)
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert all(isinstance(call, CommandJob) for call in calls)


async def test_a_claim_that_was_lost_writes_nothing(bot: Bot) -> None:
    await bot.intake.accept(make_message())
    item = name_item(TENANT, "slack", "slack:T1:C1:1")
    frozen = await bot.inbox.claim(TENANT, item)
    second = await bot.inbox.claim(TENANT, item)
    assert frozen is not None
    assert second is not None
    assert second.attempts == 2
    assert second.question == make_message()
    assert not await bot.inbox.settle(frozen, [])
    await bot.inbox.hand_back(frozen)
    assert await bot.inbox.settle(second, [])
    await bot.inbox.finish(TENANT, item, ItemState.DONE)
    assert await bot.inbox.claim(TENANT, item) is None
