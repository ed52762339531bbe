"""Who waits is told their number, once, by whichever process looks first."""

import asyncio
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.delivery import Delivery
from bot.errors import DeliveryFailed
from bot.model import ChannelSettings, Intent, ItemId, Person, Platform, Surplus, ThreadKey
from bot.ports import Letter
from bot.rendering.compose import compose_words
from bot.storage.inbox import name_item
from bot.storage.outbox import PostgresOutbox
from bot.storage.waiting import PostgresWaitingLine
from bot.waiting import WaitingRoom
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryChannels
from tests.fakes.messages import ANNA, make_message, make_place
from tests.integration.bot.conftest import Bot

TENANT = TenantId("default")
SLACK = Platform.SLACK


def open_room(
    bot: Bot,
    language: str = "",
    platform: Platform = Platform.SLACK,
    *,
    first: int = 3,
    most: int = 0,
    telling_seconds: float = 10.0,
) -> WaitingRoom:
    return WaitingRoom(
        PostgresWaitingLine(bot.pool, [platform], lot=2, telling_seconds=telling_seconds),
        Delivery(PostgresOutbox(bot.pool), {platform: bot.messenger}),
        InMemoryChannels(ChannelSettings(language=language)),
        first=first,
        most=most,
    )


def find_item(number: int) -> ItemId:
    return name_item(TENANT, SLACK, make_message(number).message)


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


async def test_a_number_that_cannot_be_told_yet_is_told_later(bot: Bot) -> None:
    bot.messenger.says_activity = False
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    bot.messenger.faults.append(DeliveryFailed("away"))
    await open_room(bot).keep()
    await open_room(bot).keep()
    assert not bot.messenger.posts
    for _ in range(2):
        await open_room(bot, telling_seconds=0.0).keep()
    assert bot.texts == ["You are number 3 in the queue."]


async def test_a_platform_that_is_away_keeps_nobody_from_being_turned_away(bot: Bot) -> None:
    bot.messenger.says_activity = False
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    bot.messenger.faults.extend([DeliveryFailed("away")] * 9)
    await open_room(bot, first=1, telling_seconds=0.0).keep()
    assert len(bot.messenger.faults) == 7
    await open_room(bot, first=9, most=2).keep()
    assert await list_states(bot) == ["queued", "queued", "done"]


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


async def test_a_word_that_cannot_be_posted_yet_is_posted_later(bot: Bot) -> None:
    for number in range(1, 4):
        await bot.inbox.put_question(TENANT, make_message(number))
    bot.messenger.faults.append(DeliveryFailed("away"))
    await open_room(bot, first=9, most=2).keep()
    assert await list_states(bot) == ["queued", "queued", "done"]
    assert not bot.messenger.posts
    async with bot.working():
        await bot.wait(lambda: len(bot.texts) == 3)
    assert len([text for text in bot.texts if "I cannot take yours" in text]) == 1


KEEP = """
import asyncio, os, signal, sys
from bot.delivery import Delivery
from bot.model import ChannelSettings, Platform
from bot.storage.outbox import PostgresOutbox
from bot.storage.waiting import PostgresWaitingLine
from bot.waiting import WaitingRoom
from retrieval.postgres.pool import open_pool
from tests.fakes.channels import InMemoryChannels
from tests.fakes.messenger import InMemoryMessenger

class Deadly(InMemoryMessenger):
    async def post(self, *_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_pool(sys.argv[1]) as pool:
        line = PostgresWaitingLine(pool, [Platform.SLACK], lot=3)
        outbox = PostgresOutbox(pool)
        delivery = Delivery(outbox, {Platform.SLACK: Deadly(says_activity=False)})
        channels = InMemoryChannels(ChannelSettings())
        await WaitingRoom(line, delivery, channels, first=1, most=int(sys.argv[2])).keep()

asyncio.run(main())
"""


@pytest.mark.parametrize("most", [0, 2])
async def test_nobody_stays_untold_where_a_process_is_killed_while_it_tells(
    bot: Bot, queue_url: str, repository: Path, most: int
) -> None:
    for number in range(1, 8):
        await bot.inbox.put_question(TENANT, make_message(number))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEP, queue_url, str(most), cwd=repository
    )
    assert await process.wait() == -signal.SIGKILL
    # Of those who are too many a lot was turned away, and nobody was told.
    assert (await list_states(bot)).count("done") == (3 if most else 0)
    bot.messenger.says_activity = False
    await open_room(bot, first=1, most=most, telling_seconds=0.0).keep()
    delivery = Delivery(PostgresOutbox(bot.pool, doubt_seconds=0.0), {SLACK: bot.messenger})
    await delivery.deliver_overdue()
    waiting = most or 7
    assert (await list_states(bot)).count("queued") == waiting
    turned_away = [text for text in bot.texts if "I cannot take yours" in text]
    assert len(turned_away) == 7 - waiting
    numbers = [f"You are number {number} in the queue." for number in range(1, waiting + 1)]
    assert sorted(set(bot.texts) - set(turned_away)) == numbers
    assert len(bot.texts) == 7


async def test_what_has_begun_is_not_turned_away(bot: Bot) -> None:
    for number in range(1, 3):
        await bot.inbox.put_question(TENANT, make_message(number))
    await open_room(bot, most=1).keep()
    assert await list_states(bot) == ["queued", "done"]
    surplus = Surplus(TENANT, find_item(1), make_message(1), timedelta())
    line = PostgresWaitingLine(bot.pool, [SLACK])
    assert await bot.inbox.claim(TENANT, surplus.item)
    letter = Letter(TENANT, f"{surplus.item}:refusal", make_place(), compose_words("Later."))
    assert not await line.turn_away(surplus, letter)
    assert await list_states(bot) == ["working", "done"]
    assert await bot.count("SELECT count(*) FROM outbox") == 1


async def test_who_was_turned_away_was_not_answered_until_the_question_is_edited(bot: Bot) -> None:
    for number in range(1, 3):
        await bot.inbox.put_question(TENANT, make_message(number, thread=f"t{number}"))
    await open_room(bot, most=1).keep()
    assert not await bot.inbox.has_answered(TENANT, ThreadKey("t2"))
    assert await bot.inbox.find_latest(TENANT, make_place(), ANNA) is None
    await bot.inbox.revise_question(TENANT, find_item(2), "How many hours of leave?")
    # It is behind the others again, and turned away again.
    await open_room(bot, most=1).keep()
    assert await list_states(bot) == ["queued", "done"]
    await bot.inbox.revise_question(TENANT, find_item(2), "How many weeks of leave?")
    async with bot.working():
        await bot.wait_async(bot.all_done)
    answer = bot.messenger.find(f"{find_item(2)}:answer")
    assert answer
    assert not answer.reply.private
    assert await bot.inbox.has_answered(TENANT, ThreadKey("t2"))


async def test_a_question_that_was_revised_is_not_turned_away(bot: Bot) -> None:
    await bot.inbox.put_question(TENANT, make_message(1))
    async with bot.working():
        await bot.wait_async(bot.all_done)
    await bot.inbox.revise_question(TENANT, find_item(1), "And how many hours?")
    async with bot.pool.connection() as connection:
        await connection.execute("UPDATE inbox SET received_at = now() + interval '1 hour'")
    await bot.inbox.put_question(TENANT, make_message(2))
    await open_room(bot, most=1).keep()
    assert await list_states(bot) == ["queued", "queued"]
