"""Who waits is told their number, once, by whichever process looks first."""

import asyncio
from dataclasses import replace

from bot.delivery import Delivery
from bot.errors import DeliveryFailed
from bot.model import ChannelSettings, Intent, ItemId, Person, Platform
from bot.storage.inbox import name_item
from bot.storage.outbox import PostgresOutbox
from bot.storage.waiting import PostgresWaitingLine
from bot.waiting import WaitingRoom
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryChannels
from tests.fakes.messages import make_message, make_place
from tests.integration.bot.conftest import Bot

TENANT = TenantId("default")


def open_room(
    bot: Bot,
    language: str = "",
    platform: Platform = Platform.SLACK,
    *,
    first: int = 3,
    most: int = 0,
) -> WaitingRoom:
    return WaitingRoom(
        PostgresWaitingLine(bot.pool, [platform]),
        bot.inbox,
        Delivery(PostgresOutbox(bot.pool), {platform: bot.messenger}),
        InMemoryChannels(ChannelSettings(language=language)),
        first=first,
        most=most,
    )


async def list_states(bot: Bot) -> list[str]:
    """Of all questions, in the order in which they were asked."""
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT state FROM inbox ORDER BY received_at, item_id")
        return [row[0] for row in await cursor.fetchall()]


async def test_those_far_back_are_told_their_number_once(bot: Bot) -> None:
    for number in range(1, 6):
        await bot.inbox.put_question(TENANT, make_message(number))
    rooms = [open_room(bot) for _ in range(4)]
    await asyncio.gather(*(room.keep() for room in rooms))
    numbers = [f"You are number {number} in the queue" for number in (3, 4, 5)]
    assert sorted(bot.messenger.activities) == numbers
    await open_room(bot).keep()
    assert len(bot.messenger.activities) == 3


async def test_what_is_worked_on_does_not_wait(bot: Bot) -> None:
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT item_id FROM inbox LIMIT 1")
        row = await cursor.fetchone()
    assert row
    await bot.inbox.claim(TENANT, ItemId(row[0]))
    await open_room(bot).keep()
    assert bot.messenger.activities == []


async def test_where_a_sign_has_no_words_a_private_one_is_sent(bot: Bot) -> None:
    place = make_place(Platform.DISCORD)
    for number in range(1, 4):
        message = replace(make_message(number), place=place)
        await bot.inbox.put_question(TENANT, message)
    bot.messenger.says_activity = False
    await open_room(bot, "de", Platform.DISCORD).keep()
    (told,) = bot.messenger.posts
    assert told.reply.private
    assert told.text == "Du bist Nummer 3 in der Warteschlange."


async def test_neither_chatter_nor_bots_are_told(bot: Bot) -> None:
    for number in range(1, 3):
        await bot.inbox.put_question(TENANT, make_message(number))
    await bot.inbox.put_question(TENANT, make_message(3, intent=Intent.OVERHEARD))
    await bot.inbox.put_question(TENANT, make_message(4, person=Person("U9", bot="B9")))
    await open_room(bot).keep()
    assert not bot.messenger.activities
    assert not bot.messenger.posts
    # Where they are too many, they are let go in silence.
    await open_room(bot, most=2).keep()
    assert await list_states(bot) == ["queued", "queued", "done", "done"]
    assert not bot.messenger.posts


# More than may wait


async def test_who_is_too_many_is_told_so_once_and_not_answered(bot: Bot) -> None:
    for number in range(1, 8):
        await bot.inbox.put_question(TENANT, make_message(number))
    await asyncio.gather(*(open_room(bot, most=4).keep() for _ in range(4)))
    assert await list_states(bot) == ["queued"] * 4 + ["done"] * 3
    assert len(bot.messenger.posts) == 3
    for told in bot.messenger.posts:
        assert told.reply.private
        assert told.text == (
            "4 questions are waiting already, so I cannot take yours. "
            "Please ask again in 60 seconds."
        )
    async with bot.working():
        await bot.wait_async(bot.all_done)
    assert len(bot.messenger.posts) == 7


async def test_each_tenant_has_a_queue_of_its_own(bot: Bot) -> None:
    other = TenantId("other")
    async with bot.pool.connection() as connection:
        await connection.execute("INSERT INTO tenant (tenant_id) VALUES ('other')")
    for tenant, count in ((TENANT, 3), (other, 2)):
        for number in range(count):
            await bot.inbox.put_question(tenant, make_message(number))
    await open_room(bot, "de", first=9, most=2).keep()
    (told,) = bot.messenger.posts
    assert told.text.startswith("Es warten schon 2 Fragen, darum kann ich deine nicht annehmen.")
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT tenant_id FROM inbox WHERE state = 'done'")
        assert await cursor.fetchall() == [(TENANT,)]


async def test_the_longer_the_queue_lasts_the_later_one_is_told_to_ask(bot: Bot) -> None:
    for number in range(1, 3):
        await bot.inbox.put_question(TENANT, make_message(number))
    async with bot.pool.connection() as connection:
        await connection.execute(
            "UPDATE inbox SET received_at = now() - interval '5 minutes' WHERE item_id = "
            "(SELECT item_id FROM inbox ORDER BY received_at LIMIT 1)"
        )
    await open_room(bot, most=1).keep()
    assert bot.messenger.posts[0].text.endswith("Please ask again in 6 minutes.")


async def test_a_word_that_cannot_be_posted_yet_is_posted_by_the_questions_own_job(
    bot: Bot,
) -> None:
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    bot.messenger.faults.append(DeliveryFailed("away"))
    await open_room(bot, first=9, most=2).keep()
    assert await list_states(bot) == ["queued", "queued", "answered"]
    async with bot.working():
        await bot.wait_async(bot.all_done)
    told = [text for text in bot.texts if "I cannot take yours" in text]
    assert len(told) == 1
    assert len(bot.texts) == 3


async def test_a_question_that_was_revised_is_not_turned_away(bot: Bot) -> None:
    await bot.inbox.put_question(TENANT, make_message(1))
    async with bot.working():
        await bot.wait_async(bot.all_done)
    item = name_item(TENANT, Platform.SLACK, make_message(1).message)
    await bot.inbox.revise_question(TENANT, item, "And how many hours?")
    async with bot.pool.connection() as connection:
        await connection.execute("UPDATE inbox SET received_at = now() + interval '1 hour'")
    await bot.inbox.put_question(TENANT, make_message(2))
    await open_room(bot, most=1).keep()
    assert await list_states(bot) == ["queued", "queued"]
