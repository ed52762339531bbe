"""An answer that stands twice loses the message that does not count."""

from dataclasses import replace

from bot.delivery import Delivery
from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import ChannelKind, Place, Platform
from bot.ports import Letter
from bot.rendering.reply import Paragraph, Reply, Text
from bot.storage.outbox import PostgresOutbox
from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.messenger import InMemoryMessenger

TENANT = TenantId("default")
PLACE = Place(Platform.SLACK, "T1", "C1", ChannelKind.PUBLIC, thread="1.0")
LETTER = Letter(TENANT, "q1:answer", PLACE, Reply((Paragraph((Text("4711"),)),)), {})


async def post_twice(delivery: Delivery, messenger: InMemoryMessenger) -> None:
    """The first attempt loses its ack; the second finds the message, as does a third, frozen."""
    messenger.lost_acks = [DeliveryFailed()]
    try:
        await delivery.send(LETTER)
    except DeliveryFailed:
        await delivery.deliver(TENANT, LETTER.key)
    messenger.posts.append(replace(messenger.posts[0], id="late"))


async def test_the_younger_message_goes_once_and_for_all(pool: Pool) -> None:
    messenger = InMemoryMessenger()
    delivery = Delivery(PostgresOutbox(pool, doubt_seconds=0), {Platform.SLACK: messenger})
    await post_twice(delivery, messenger)
    assert await delivery.remove_twins() == 1
    assert [posted.id for posted in messenger.posts] == ["m1"]
    calls = messenger.calls
    assert await delivery.remove_twins() == 0
    assert messenger.calls == calls


async def test_a_platform_that_fails_is_asked_again_and_one_that_refuses_is_not(pool: Pool) -> None:
    messenger = InMemoryMessenger()
    delivery = Delivery(PostgresOutbox(pool, doubt_seconds=0), {Platform.SLACK: messenger})
    await post_twice(delivery, messenger)
    messenger.faults = [DeliveryFailed(), DeliveryRefused()]
    assert [await delivery.remove_twins() for _ in range(3)] == [0, 0, 0]
    assert not messenger.faults


async def test_a_message_of_a_frozen_attempt_is_found_after_a_sweep_too(pool: Pool) -> None:
    messenger = InMemoryMessenger()
    outbox = PostgresOutbox(pool, doubt_seconds=0)
    delivery = Delivery(outbox, {Platform.SLACK: messenger})
    await outbox.put(LETTER)
    frozen = await outbox.claim(TENANT, LETTER.key)
    assert frozen is not None
    await delivery.deliver(TENANT, LETTER.key)
    assert await delivery.remove_twins() == 0
    messenger.posts.append(replace(messenger.posts[0], id="late"))
    assert await outbox.record_posted(frozen, "late") == "m1"
    assert await delivery.remove_twins() == 1


async def test_fresh_letters_and_those_of_one_attempt_are_left_alone(pool: Pool) -> None:
    messenger = InMemoryMessenger()
    await post_twice(Delivery(PostgresOutbox(pool), {Platform.SLACK: messenger}), messenger)
    calls = messenger.calls
    for outbox in (PostgresOutbox(pool), PostgresOutbox(pool, doubt_seconds=0)):
        other = Delivery(outbox, {Platform.DISCORD: messenger})
        assert await other.remove_twins() == 0
    assert await Delivery(PostgresOutbox(pool), {Platform.SLACK: messenger}).remove_twins() == 0
    assert messenger.calls == calls
