"""Questions that people edit and delete, through the shipped queue, inbox and outbox."""

import asyncio
from dataclasses import replace

from bot.delivery import Delivery
from bot.model import Acceptance, Platform
from bot.storage.outbox import PostgresOutbox
from retrieval.model import TenantId
from tests.fakes.assistant import ScriptedAssistant, make_answer
from tests.fakes.messages import make_message
from tests.integration.bot.conftest import open_bot

TENANT = TenantId("default")


async def test_an_edit_while_the_answer_is_made_has_it_made_anew(queue_url: str) -> None:
    gate = asyncio.Event()
    assistant = ScriptedAssistant(make_answer("Old [1]."), make_answer("New [1]."), gate=gate)
    async with open_bot(queue_url, assistant=assistant) as bot, bot.working():
        await bot.intake.accept(make_message())
        await assistant.started.wait()
        edited = make_message(text="And for managers?")
        assert await bot.intake.accept_edit(edited) is Acceptance.ACCEPTED
        gate.set()
        await bot.wait_async(bot.all_done)
        assert [question.text for question in assistant.questions] == [
            "How many days of leave?",
            "And for managers?",
        ]
        assert len(bot.texts) == 1
        assert bot.texts[0].startswith("New [1].")


async def test_an_edit_of_an_answered_question_is_delivered_in_place(queue_url: str) -> None:
    assistant = ScriptedAssistant(make_answer("Old [1]."), make_answer("New [1]."))
    async with open_bot(queue_url, assistant=assistant) as bot, bot.working():
        await bot.intake.accept(make_message())
        await bot.wait_async(bot.all_done)
        assert await bot.intake.accept_edit(make_message()) is Acceptance.DUPLICATE
        await bot.intake.accept_edit(make_message(text="And for managers?"))
        await bot.wait(lambda: bot.texts[0].startswith("New [1]."))
        await bot.wait_async(bot.all_done)
        (posted,) = bot.messenger.posts
        assert len(posted.history) == 1


async def test_a_deleted_question_is_neither_answered_nor_told_again(queue_url: str) -> None:
    message = make_message()
    async with open_bot(queue_url) as bot:
        delivery = Delivery(PostgresOutbox(bot.pool), {Platform.SLACK: bot.messenger})
        await bot.intake.accept(message)
        async with bot.working():
            await bot.wait_async(bot.all_done)
        assert bot.texts
        item = await bot.inbox.find_question(TENANT, Platform.SLACK, message.message)
        assert item is not None
        await bot.inbox.withdraw_question(TENANT, item)
        await delivery.withdraw(TENANT, item)
        assert bot.texts == []
        assert await bot.inbox.claim(TENANT, item) is None
        assert await bot.intake.accept(message) is Acceptance.DUPLICATE
        assert await bot.intake.accept_edit(replace(message, text="Again?")) is Acceptance.DUPLICATE
        kept = await bot.inbox.read_question(TENANT, item)
        assert kept is not None
        assert kept.text == ""
        said = await bot.count(
            "SELECT count(*) FROM outbox WHERE reply::text LIKE '%Twenty%' OR state <> 'dead'"
        )
        assert said == 0
