"""How much may be asked: by whom, where, in a while and in a day; and what it may cost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.limits import BOT_QUESTIONS_AN_HOUR, Limits
from bot.model import Bounds, ChannelSettings, IncomingMessage, Person
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryAllowances
from tests.fakes.messages import make_message, make_place

TENANT = TenantId("default")
USUAL = ChannelSettings()


class Scene:
    """Limits whose clock stands still until it is moved."""

    def __init__(self, bounds: Bounds) -> None:
        self.now = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
        self.limits = Limits(InMemoryAllowances(), bounds, now=lambda: self.now)

    async def ask(
        self, message: IncomingMessage | None = None, settings: ChannelSettings = USUAL
    ) -> timedelta | None:
        return await self.limits.admit(TENANT, message or make_message(), settings)


async def test_without_bounds_all_is_admitted() -> None:
    scene = Scene(Bounds())
    assert [await scene.ask() for _ in range(100)] == [None] * 100


async def test_a_person_may_ask_so_often_and_is_told_when_again() -> None:
    scene = Scene(Bounds(person=2))
    assert [await scene.ask(), await scene.ask()] == [None, None]
    assert await scene.ask() == timedelta(seconds=30)
    assert await scene.ask(make_message(person=Person("U2"))) is None
    scene.now += timedelta(seconds=30)
    assert await scene.ask() is None


async def test_a_refused_person_does_not_use_up_what_the_channel_has() -> None:
    scene = Scene(Bounds(person=1, channel=2))
    await scene.ask()
    for _ in range(5):
        assert await scene.ask() is not None
    assert await scene.ask(make_message(person=Person("U2"))) is None
    assert await scene.ask(make_message(person=Person("U3"))) == timedelta(seconds=30)
    elsewhere = make_message(person=Person("U3"), place=make_place(channel="C2"))
    assert await scene.ask(elsewhere) is None


async def test_a_thread_counts_for_its_channel() -> None:
    scene = Scene(Bounds(channel=1))
    await scene.ask()
    thread = replace(make_place(channel="T9"), parent="C1")
    assert await scene.ask(make_message(place=thread)) is not None


async def test_the_budget_of_a_channel_is_one_of_a_day() -> None:
    scene = Scene(Bounds())
    settings = ChannelSettings(budget=2)
    assert [await scene.ask(settings=settings) for _ in range(2)] == [None, None]
    assert await scene.ask(settings=settings) == timedelta(hours=2)
    scene.now += timedelta(hours=2)
    assert await scene.ask(settings=settings) is None


async def test_the_budget_of_a_tenant_holds_for_all_its_channels() -> None:
    scene = Scene(Bounds(tenant_day=1))
    await scene.ask()
    assert await scene.ask(make_message(place=make_place(channel="C2"))) == timedelta(hours=2)
    assert await scene.limits.admit(TenantId("other"), make_message(), USUAL) is None


async def test_another_bot_is_answered_so_often_an_hour() -> None:
    scene = Scene(Bounds())
    message = make_message(person=Person("UBOT", bot="B7"))
    admitted = [await scene.ask(message) for _ in range(BOT_QUESTIONS_AN_HOUR + 1)]
    assert admitted[:-1] == [None] * BOT_QUESTIONS_AN_HOUR
    assert admitted[-1] is not None


@pytest.mark.parametrize("bounds", [Bounds(channel_cost=1.0), Bounds(tenant_cost=1.0)])
async def test_the_money_of_a_day_is_spent_once(bounds: Bounds) -> None:
    scene = Scene(bounds)
    place = make_place()
    for cost in (0.4, None, 0.5):
        assert await scene.limits.may_pay(TENANT, place)
        await scene.limits.charge(TENANT, place, cost)
    assert await scene.limits.may_pay(TENANT, place)
    await scene.limits.charge(TENANT, place, 0.1)
    assert not await scene.limits.may_pay(TENANT, place)
    everywhere = bounds.tenant_cost is not None
    assert await scene.limits.may_pay(TENANT, make_place(channel="C2")) is not everywhere
    scene.now += timedelta(hours=2)
    assert await scene.limits.may_pay(TENANT, place)


async def test_without_bounds_money_is_not_counted() -> None:
    scene = Scene(Bounds())
    await scene.limits.charge(TENANT, make_place(), 1_000.0)
    assert await scene.limits.may_pay(TENANT, make_place())
