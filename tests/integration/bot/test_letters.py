"""Letters that were left behind are posted by a sweep, and what is outdated is ended."""

from bot.delivery import MOST_ATTEMPTS, Delivery
from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import ItemId, ItemState, Platform
from bot.ports import Letter
from bot.rendering.compose import compose_words
from bot.storage.inbox import name_item
from bot.storage.outbox import PostgresOutbox
from retrieval.model import TenantId
from tests.fakes.messages import make_message, make_place
from tests.integration.bot.conftest import Bot

TENANT = TenantId("default")
SLACK = Platform.SLACK


async def ask(bot: Bot, number: int = 1) -> ItemId:
    message = make_message(number)
    await bot.inbox.put_question(TENANT, message)
    return name_item(TENANT, SLACK, message.message)


async def close(bot: Bot, item: ItemId) -> None:
    assert await bot.inbox.claim(TENANT, item)
    await bot.inbox.finish(TENANT, item, ItemState.DONE)


async def leave_behind(bot: Bot, item: ItemId, word: str) -> Letter:
    """A letter that was written down and not posted."""
    letter = Letter(TENANT, f"{item}:{word}", make_place(), compose_words(f"This is the {word}."))
    await PostgresOutbox(bot.pool).put(letter)
    return letter


def open_delivery(bot: Bot, *, age: float = 0.0, platform: Platform = SLACK) -> Delivery:
    return Delivery(PostgresOutbox(bot.pool, doubt_seconds=age), {platform: bot.messenger})


async def read_states(bot: Bot) -> dict[str, tuple[str, str | None]]:
    """Of each letter, by the word of its key, its state and its error."""
    async with bot.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT split_part(key, ':', 2), state, error FROM outbox"
        )
        return {word: (state, error) for word, state, error in await cursor.fetchall()}


async def test_an_offer_whose_process_died_is_posted_once(bot: Bot) -> None:
    item = await ask(bot)
    await close(bot, item)
    await leave_behind(bot, item, "offer")
    assert await open_delivery(bot, age=60.0).deliver_overdue() == 0
    assert await open_delivery(bot, platform=Platform.DISCORD).deliver_overdue() == 0
    assert await open_delivery(bot).deliver_overdue() == 1
    assert bot.texts == ["This is the offer."]
    assert await open_delivery(bot).deliver_overdue() == 0
    assert await read_states(bot) == {"offer": ("posted", None)}


async def test_what_the_platform_will_not_take_is_given_up_in_the_end(bot: Bot) -> None:
    for number, faults in ((1, [DeliveryFailed("away")] * MOST_ATTEMPTS), (2, [DeliveryRefused()])):
        item = await ask(bot, number)
        await close(bot, item)
        await leave_behind(bot, item, f"offer{number}")
        bot.messenger.faults.extend(faults)
        for _ in faults:
            assert await open_delivery(bot).deliver_overdue() == 1
        assert await open_delivery(bot).deliver_overdue() == 0
    assert {state for state, _ in (await read_states(bot)).values()} == {"dead"}
    assert not bot.messenger.posts


async def test_a_letter_that_another_took_is_left_to_it(bot: Bot) -> None:
    item = await ask(bot)
    await close(bot, item)
    await leave_behind(bot, item, "offer")
    outbox = PostgresOutbox(bot.pool, doubt_seconds=0.0)
    assert await outbox.take_overdue([SLACK]) == [(TENANT, f"{item}:offer")]
    assert await PostgresOutbox(bot.pool, doubt_seconds=60.0).take_overdue([SLACK]) == []


async def test_what_an_open_question_led_to_is_left_to_its_job(bot: Bot) -> None:
    item = await ask(bot)
    await leave_behind(bot, item, "queue")
    await leave_behind(bot, item, "answer")
    assert await open_delivery(bot).deliver_overdue() == 0
    assert await read_states(bot) == {"queue": ("pending", None), "answer": ("pending", None)}


async def test_a_number_is_not_told_to_whoever_waits_no_more(bot: Bot) -> None:
    item = await ask(bot)
    letter = await leave_behind(bot, item, "queue")
    await close(bot, item)
    assert await open_delivery(bot).deliver_overdue() == 0
    assert await read_states(bot) == {"queue": ("dead", "outdated")}
    ended = await PostgresOutbox(bot.pool).claim(TENANT, letter.key)
    assert ended
    assert not ended.letter.reply.blocks
    assert not bot.messenger.posts


async def test_nothing_is_said_to_a_question_that_was_withdrawn(bot: Bot) -> None:
    item = await ask(bot)
    await leave_behind(bot, item, "answer")
    await bot.inbox.withdraw_question(TENANT, item)
    assert await open_delivery(bot).deliver_overdue() == 0
    assert await read_states(bot) == {"answer": ("dead", "outdated")}


async def test_a_message_that_could_not_be_brought_up_to_date_is_later(bot: Bot) -> None:
    item = await ask(bot)
    await close(bot, item)
    letter = await leave_behind(bot, item, "call")
    delivery = open_delivery(bot)
    await delivery.deliver(TENANT, letter.key)
    bot.messenger.faults.append(DeliveryFailed("away"))
    await PostgresOutbox(bot.pool).revise(TENANT, letter.key, compose_words("Resolved."))
    for _ in range(2):
        assert await delivery.deliver_overdue() == 1
    assert bot.texts == ["Resolved."]
    assert await read_states(bot) == {"call": ("posted", None)}


async def test_the_worker_looks_after_them(bot: Bot) -> None:
    item = await ask(bot)
    await close(bot, item)
    await leave_behind(bot, item, "offer")
    async with bot.working():
        await bot.wait(lambda: bot.texts == ["This is the offer."])
