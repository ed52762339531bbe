"""What is kept of a person who asked: found, and its words deleted."""

from dataclasses import replace

from bot.model import Attachment, ItemId, ItemState, Person
from bot.ports import Letter
from bot.rendering.compose import compose_words
from bot.storage.inbox import name_item
from bot.storage.keepsakes import PostgresKeepsakes
from bot.storage.outbox import PostgresOutbox
from retrieval.model import TenantId
from tests.fakes.messages import make_command, make_message, make_place
from tests.integration.bot.conftest import Bot

TENANT = TenantId("default")
ANNA, BEN = Person("U1"), Person("U2")


async def answer(bot: Bot, number: int, person: Person, thread: str, channel: str = "C1") -> str:
    """A question that was answered; returns its id."""
    place = make_place(channel=channel)
    message = make_message(number, person=person, thread=thread, place=place)
    await bot.inbox.put_question(TENANT, message)
    async with bot.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT item_id FROM inbox WHERE message = %s", [message.message]
        )
        row = await cursor.fetchone()
    assert row
    item = row[0]
    claim = await bot.inbox.claim(TENANT, item)
    assert claim
    letter = Letter(TENANT, f"{item}:answer", place, compose_words("Twenty days."))
    await bot.inbox.settle(claim, [letter])
    posted = await PostgresOutbox(bot.pool).claim(TENANT, letter.key)
    assert posted
    await PostgresOutbox(bot.pool).record_posted(posted, "m1")
    await bot.inbox.finish(TENANT, item, ItemState.DONE)
    return str(item)


async def test_conversations_are_found_by_person_channel_and_workspace(bot: Bot) -> None:
    keepsakes = PostgresKeepsakes(bot.pool)
    await answer(bot, 1, ANNA, "t1")
    await answer(bot, 2, ANNA, "t1")
    await answer(bot, 3, ANNA, "t2", channel="C2")
    await answer(bot, 4, BEN, "t3")
    here, thread = make_place(), replace(make_place(channel="T9"), parent="C1")

    async def find(place=here, person=ANNA, *, everywhere=False):  # type: ignore[no-untyped-def]
        return await keepsakes.list_threads(TENANT, place, person, everywhere=everywhere)

    assert await find() == ["t1"]
    assert await find(thread) == ["t1"]
    assert await find(everywhere=True) == ["t1", "t2"]
    assert await find(make_place(workspace="T2"), everywhere=True) == []
    assert await find(person=BEN) == ["t3"]


async def test_words_are_deleted_of_that_person_alone_and_not_before_they_are_answered(
    bot: Bot,
) -> None:
    keepsakes = PostgresKeepsakes(bot.pool)
    mine, theirs = await answer(bot, 1, ANNA, "t1"), await answer(bot, 2, BEN, "t1")
    await bot.inbox.put_question(TENANT, make_message(3, "Still open?", thread="t1"))
    await keepsakes.blank(TENANT, make_place(), ANNA, ["t1"])
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT item_id, payload->>'text' FROM inbox")
        texts = dict(await cursor.fetchall())
    assert texts.pop(mine) == ""
    assert texts.pop(theirs) == "How many days of leave?"
    assert list(texts.values()) == ["Still open?"]
    outbox = PostgresOutbox(bot.pool)
    for item, blocks in ((mine, 0), (theirs, 1)):
        letter = await outbox.claim(TENANT, f"{item}:answer")
        assert letter
        assert len(letter.letter.reply.blocks) == blocks
    # What is still open is found, and can be forgotten when it is answered.
    assert await keepsakes.list_threads(TENANT, make_place(), ANNA, everywhere=False) == ["t1"]


async def press(bot: Bot, number: int, words: str, person: Person) -> tuple[str, str]:
    """A command with its reply; the command's id and the reply's key."""
    command = replace(make_command(words, number), person=person)
    await bot.inbox.put_command(TENANT, command)
    item = name_item(TENANT, command.place.platform, f"command:{command.event}")
    claim = await bot.inbox.claim(TENANT, item)
    assert claim
    letter = Letter(TENANT, f"{item}:reply", command.place, compose_words("Twenty days."))
    await bot.inbox.settle(claim, [letter])
    posted = await PostgresOutbox(bot.pool).claim(TENANT, letter.key)
    assert posted
    await PostgresOutbox(bot.pool).record_posted(posted, "m2")
    await bot.inbox.finish(TENANT, item, ItemState.DONE)
    return item, letter.key


async def test_what_was_shown_of_an_answer_is_deleted_with_it_whoever_pressed(bot: Bot) -> None:
    mine, theirs = await answer(bot, 1, ANNA, "t1"), await answer(bot, 2, BEN, "t2")
    call, called = await press(bot, 1, f"answer person {mine}", BEN)
    proof, proved = await press(bot, 2, f"proof {mine}", ANNA)
    _, latest = await press(bot, 3, "proof", ANNA)
    _, others = await press(bot, 4, f"answer proof {theirs}", ANNA)
    _, own = await press(bot, 5, "proof", BEN)
    passage, chosen = await press(bot, 6, f"answer passage {mine} 2", BEN)
    assert await bot.inbox.list_pressed(TENANT, ItemId(mine)) == [call, proof, passage]
    await PostgresKeepsakes(bot.pool).blank(TENANT, make_place(), ANNA, ["t1"])
    async with bot.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT key FROM outbox WHERE reply::text LIKE '%Twenty%'"
        )
        left = {row[0] for row in await cursor.fetchall()}
    assert {called, proved, latest, chosen, f"{mine}:answer"}.isdisjoint(left)
    assert left == {others, own, f"{theirs}:answer"}


async def test_searches_and_votes_go_with_those_of_nobody_else(bot: Bot) -> None:
    keepsakes, place = PostgresKeepsakes(bot.pool), make_place()
    item = await answer(bot, 1, BEN, "t1")
    assert not await keepsakes.keeps_more(TENANT, place, ANNA)
    async with bot.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO answer_record (tenant_id, question_id, thread, question, outcome, model, "
            "trace, timings_ms, calls, input_tokens, output_tokens, answered_at) "
            "VALUES (%s, %s, 't1', 'Why?', '', '', '{}', '{}', 0, 0, 0, now())",
            [TENANT, item],
        )
        for person in (ANNA, BEN):
            await connection.execute(
                "INSERT INTO answer_feedback (tenant_id, question_id, platform, person, vote, "
                "comment) VALUES (%s, %s, 'slack', %s, 'bad', 'So ' || %s || ' says')",
                [TENANT, item, person.id, person.id],
            )
    await press(bot, 1, "search dismissal U1", ANNA)
    _, kept = await press(bot, 2, "search dismissal U2", BEN)
    assert await keepsakes.keeps_more(TENANT, place, ANNA)
    await keepsakes.forget_more(TENANT, place, ANNA)
    assert not await keepsakes.keeps_more(TENANT, place, ANNA)
    assert await keepsakes.keeps_more(TENANT, place, BEN)
    async with bot.pool.connection() as connection:
        cursor = await connection.execute("SELECT comment FROM answer_feedback")
        assert await cursor.fetchall() == [("So U2 says",)]
        cursor = await connection.execute(
            "SELECT payload->>'words' FROM inbox WHERE kind = 'command' ORDER BY item_id"
        )
        assert {row[0] for row in await cursor.fetchall()} == {"[]", '["dismissal", "U2"]'}
        cursor = await connection.execute(
            "SELECT key FROM outbox WHERE key LIKE '%:reply' AND reply::text LIKE '%Twenty%'"
        )
        assert await cursor.fetchall() == [(kept,)]


async def test_of_files_that_came_with_a_question_no_name_is_left(bot: Bot) -> None:
    file = Attachment("dismissal.pdf", "application/pdf", 9, "https://files.example/1")
    message = replace(make_message(1, person=ANNA, thread="t1"), attachments=(file,))
    await bot.inbox.put_question(TENANT, message)
    item = name_item(TENANT, message.place.platform, message.message)
    assert await bot.inbox.claim(TENANT, item)
    await bot.inbox.finish(TENANT, item, ItemState.DEAD)
    await PostgresKeepsakes(bot.pool).blank(TENANT, make_place(), ANNA, ["t1"])
    kept = await bot.inbox.read_question(TENANT, item)
    assert kept
    assert (kept.text, kept.attachments) == ("", ())


async def test_an_offer_that_could_not_be_posted_keeps_no_words_for_long(bot: Bot) -> None:
    item, outbox = await answer(bot, 1, ANNA, "t1"), PostgresOutbox(bot.pool)
    offer = Letter(TENANT, f"{item}:offer", make_place(), compose_words("How many days? …"))
    await outbox.put(offer)
    shown = []
    for age in ("0", "2 hours"):
        async with bot.pool.connection() as connection:
            await connection.execute(
                "UPDATE outbox SET created_at = now() - %s::interval WHERE key = %s",
                [age, offer.key],
            )
        await PostgresKeepsakes(bot.pool).blank(TENANT, make_place(), ANNA, ["t1"])
        letter = await outbox.claim(TENANT, offer.key)
        assert letter
        shown.append(len(letter.letter.reply.blocks))
    assert shown == [1, 0]
