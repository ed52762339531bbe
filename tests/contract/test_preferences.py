"""What every store of people's preferences does."""

import pytest

from bot.model import Person, Platform, Preferences, Wish
from bot.ports import PreferenceStore
from bot.storage.preferences import PostgresPreferences
from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.channels import InMemoryPreferences
from tests.fakes.messages import make_place

TENANT = TenantId("default")
ANNA, BEN = Person("U1"), Person("U2")


@pytest.fixture
def memory_store() -> PreferenceStore:
    return InMemoryPreferences()


@pytest.fixture
def postgres_store(pool: Pool) -> PreferenceStore:
    return PostgresPreferences(pool)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> PreferenceStore:
    found: PreferenceStore = request.getfixturevalue(f"{request.param}_store")
    return found


async def read(store: PreferenceStore, person: Person) -> Preferences:
    return await store.read(TENANT, Platform.SLACK, person.id)


async def test_everything_is_as_usual_at_first(store: PreferenceStore) -> None:
    assert await read(store, ANNA) == Preferences()


async def test_wishes_add_up_each_person_s_for_themselves(store: PreferenceStore) -> None:
    place = make_place()
    assert await store.change(TENANT, place, ANNA, Wish("de")) == Preferences("de")
    kept = await store.change(TENANT, place, ANNA, Wish(offers=False))
    assert kept == await read(store, ANNA) == Preferences("de", offers=False)
    assert await store.change(TENANT, place, ANNA, Wish("")) == Preferences(offers=False)
    assert await read(store, BEN) == Preferences()


async def test_what_was_chosen_is_forgotten_for_one_person(store: PreferenceStore) -> None:
    for person in (ANNA, BEN):
        await store.change(TENANT, make_place(), person, Wish("fr"))
    await store.forget(TENANT, Platform.SLACK, ANNA.id)
    assert await read(store, ANNA) == Preferences()
    assert await read(store, BEN) == Preferences("fr")
