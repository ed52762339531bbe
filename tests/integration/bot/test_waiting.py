"""Who waits is told their number, once, by whichever process looks first."""

import asyncio
from dataclasses import replace

from bot.delivery import Delivery
from bot.model import ChannelSettings, Intent, ItemId, Person, Platform
from bot.storage.outbox import PostgresOutbox
from bot.storage.waiting import PostgresWaitingLine
from bot.waiting import WaitingRoom
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryChannels
from tests.fakes.messages import make_message, make_place
from tests.integration.bot.conftest import Bot

TENANT = TenantId("default")


def open_room(bot: Bot, language: str = "", platform: Platform = Platform.SLACK) -> WaitingRoom:
    return WaitingRoom(
        PostgresWaitingLine(bot.pool, [platform]),
        Delivery(PostgresOutbox(bot.pool), {platform: bot.messenger}),
        InMemoryChannels(ChannelSettings(language=language)),
        first=3,
    )


async def test_those_far_back_are_told_their_number_once(bot: Bot) -> None:
    for number in range(1, 6):
        await bot.inbox.put_question(TENANT, make_message(number))
    rooms = [open_room(bot) for _ in range(4)]
    assert sum(await asyncio.gather(*(room.tell() for room in rooms))) == 3
    numbers = [f"You are number {number} in the queue" for number in (3, 4, 5)]
    assert sorted(bot.messenger.activities) == numbers
    assert await open_room(bot).tell() == 0


async def test_what_is_worked_on_does_not_wait(bot: Bot) -> None:
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT item_id FROM inbox LIMIT 1")
        row = await cursor.fetchone()
    assert row
    await bot.inbox.claim(TENANT, ItemId(row[0]))
    assert await open_room(bot).tell() == 0


async def test_where_a_sign_has_no_words_a_private_one_is_sent(bot: Bot) -> None:
    place = make_place(Platform.DISCORD)
    for number in range(1, 4):
        message = replace(make_message(number), place=place)
        await bot.inbox.put_question(TENANT, message)
    assert await open_room(bot, "de", Platform.DISCORD).tell() == 1
    (told,) = bot.messenger.posts
    assert told.reply.private
    assert told.text == "Du bist Nummer 3 in der Warteschlange."


async def test_neither_chatter_nor_bots_are_told(bot: Bot) -> None:
    for number in range(1, 3):
        await bot.inbox.put_question(TENANT, make_message(number))
    await bot.inbox.put_question(TENANT, make_message(3, intent=Intent.OVERHEARD))
    await bot.inbox.put_question(TENANT, make_message(4, person=Person("U9", bot="B9")))
    assert await open_room(bot).tell() == 2
    assert not bot.messenger.activities
    assert not bot.messenger.posts
