"""What every store of channels' settings does."""

import pytest

from bot.ports import ChannelStore
from bot.storage.channels import PostgresChannelStore
from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.channels import InMemoryChannelStore
from tests.fakes.messages import make_place

TENANT = TenantId("default")


@pytest.fixture
def memory_store() -> ChannelStore:
    return InMemoryChannelStore()


@pytest.fixture
def postgres_store(pool: Pool) -> ChannelStore:
    return PostgresChannelStore(pool)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ChannelStore:
    found: ChannelStore = request.getfixturevalue(f"{request.param}_store")
    return found


async def test_nothing_is_set_at_first(store: ChannelStore) -> None:
    assert await store.load(TENANT, make_place()) == {}


async def test_changes_add_up_and_tell_what_was_before(store: ChannelStore) -> None:
    place = make_place()
    assert await store.change(TENANT, place, {"mode": "auto", "persona": "kind ☺"}) == {}
    before = await store.change(TENANT, place, {"mode": None, "language": "de"})
    assert before == {"mode": "auto", "persona": "kind ☺"}
    assert await store.load(TENANT, place) == {"persona": "kind ☺", "language": "de"}


async def test_a_channel_is_known_by_its_id_and_workspace(store: ChannelStore) -> None:
    await store.change(TENANT, make_place(), {"mode": "auto"})
    assert await store.load(TENANT, make_place(channel="C2")) == {}
    assert await store.load(TENANT, make_place(workspace="T2")) == {}
    assert await store.load(TENANT, make_place(thread="200.1")) == {"mode": "auto"}
