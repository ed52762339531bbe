"""What holds in a channel: set for it or usual, and never older than it may be."""

from dataclasses import replace

import pytest

from bot.channels.book import LOOK_SECONDS, ChannelBook
from bot.model import ChannelMode, ChannelSettings, Person, Wish
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryChannelStore, InMemoryPreferences
from tests.fakes.messages import make_place

TENANT = TenantId("default")
USUAL = ChannelSettings(persona="kind")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_channel_is_as_usual_until_something_is_set() -> None:
    book = ChannelBook(InMemoryChannelStore(), USUAL, InMemoryPreferences())
    assert await book.read(TENANT, make_place()) == USUAL
    before, after = await book.change(TENANT, make_place(), {"mode": "auto"})
    assert (before, after) == (USUAL, replace(USUAL, mode=ChannelMode.AUTO))
    assert await book.read(TENANT, make_place()) == after
    before, after = await book.change(TENANT, make_place(), {"mode": None})
    assert (before.mode, after.mode) == (ChannelMode.AUTO, ChannelMode.THREADS)


async def test_a_thread_inherits_from_its_channel() -> None:
    book = ChannelBook(InMemoryChannelStore(), USUAL, InMemoryPreferences())
    await book.change(TENANT, make_place(), {"mode": "mentions"})
    thread = replace(make_place(channel="T77"), parent="C1")
    assert (await book.read(TENANT, thread)).mode is ChannelMode.MENTIONS
    await book.change(TENANT, thread, {"language": "de"})
    assert (await book.read(TENANT, make_place())).language == "de"


async def test_channels_tenants_and_workspaces_do_not_mix() -> None:
    book = ChannelBook(InMemoryChannelStore(), USUAL, InMemoryPreferences())
    await book.change(TENANT, make_place(), {"mode": "mentions"})
    for tenant, place in (
        (TenantId("other"), make_place()),
        (TENANT, make_place(channel="C2")),
        (TENANT, make_place(workspace="T2")),
    ):
        assert await book.read(tenant, place) == USUAL


async def test_what_is_held_is_used_for_a_while_and_then_read_anew() -> None:
    store, clock = InMemoryChannelStore(), Clock()
    book = ChannelBook(store, USUAL, InMemoryPreferences(), clock=clock)
    await book.read(TENANT, make_place())
    await store.change(TENANT, make_place(), {"mode": "auto"})
    clock.now = LOOK_SECONDS / 2
    assert (await book.read(TENANT, make_place())).mode is ChannelMode.THREADS
    assert store.loads == 1
    clock.now = LOOK_SECONDS
    assert (await book.read(TENANT, make_place())).mode is ChannelMode.AUTO


@pytest.mark.parametrize(
    ("of_channel", "of_person", "usual", "spoken"),
    [
        ("de", "fr", "es", "de"),
        (None, "fr", "es", "fr"),
        (None, "", "es", "es"),
        ("", "fr", "es", "fr"),
        (None, "", "", ""),
    ],
)
async def test_a_channel_s_language_goes_first_then_the_person_s_then_the_usual_one(
    of_channel: str | None, of_person: str, usual: str, spoken: str
) -> None:
    preferences, anna = InMemoryPreferences(), Person("U1")
    book = ChannelBook(InMemoryChannelStore(), ChannelSettings(language=usual), preferences)
    if of_channel is not None:
        await book.change(TENANT, make_place(), {"language": of_channel})
    await preferences.change(TENANT, make_place(), anna, Wish(language=of_person))
    assert (await book.read(TENANT, make_place(), anna)).language == spoken
    for other in (None, Person("U2")):
        assert (await book.read(TENANT, make_place(), other)).language == (
            usual if of_channel is None else of_channel
        )
