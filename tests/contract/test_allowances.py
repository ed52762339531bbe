"""What every count of what is used up does: nobody gets more than there is, whoever asks when."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.model import Limit
from bot.ports import Allowances
from bot.storage.allowances import PostgresAllowances
from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from tests.fakes.channels import InMemoryAllowances

TENANT, OTHER = TenantId("default"), TenantId("other")
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
PACE = Limit("person:U1", 3, 0.5)


@pytest.fixture
def memory_allowances() -> Allowances:
    return InMemoryAllowances()


@pytest.fixture
async def postgres_allowances(pool: Pool) -> Allowances:
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO tenant (tenant_id) VALUES ('other')")
    return PostgresAllowances(pool)


@pytest.fixture(params=["memory", "postgres"])
def allowances(request: pytest.FixtureRequest) -> Allowances:
    found: Allowances = request.getfixturevalue(f"{request.param}_allowances")
    return found


async def test_so_many_at_once_and_then_at_a_pace(allowances: Allowances) -> None:
    assert [await allowances.take(TENANT, [PACE], NOW) for _ in range(3)] == [{}] * 3
    short = await allowances.take(TENANT, [PACE], NOW)
    assert short == {"person:U1": pytest.approx(1.0)}
    wait = timedelta(seconds=short["person:U1"] / PACE.drain)
    almost = await allowances.take(TENANT, [PACE], NOW + wait * 0.9)
    assert almost == {"person:U1": pytest.approx(0.1)}
    assert await allowances.take(TENANT, [PACE], NOW + wait) == {}


async def test_all_or_nothing(allowances: Allowances) -> None:
    tight, wide = Limit("tight", 1, 0.0), Limit("wide", 2, 0.0)
    assert await allowances.take(TENANT, [tight, wide], NOW) == {}
    assert (await allowances.take(TENANT, [tight, wide], NOW)).keys() == {"tight"}
    assert await allowances.read(TENANT, ["tight", "wide"]) == {"tight": 1, "wide": 1}
    assert await allowances.take(TENANT, [wide], NOW) == {}
    assert (await allowances.take(TENANT, [tight, wide], NOW)).keys() == {"tight", "wide"}


async def test_tenants_do_not_use_each_others(allowances: Allowances) -> None:
    one = Limit("tenant", 1, 0.0)
    assert await allowances.take(TENANT, [one], NOW) == {}
    assert await allowances.take(OTHER, [one], NOW) == {}
    assert await allowances.take(TENANT, [one], NOW) != {}


async def test_a_raised_limit_holds_at_once(allowances: Allowances) -> None:
    for _ in range(2):
        await allowances.take(TENANT, [Limit("day", 2, 0.0)], NOW)
    assert await allowances.take(TENANT, [Limit("day", 2, 0.0)], NOW) != {}
    assert await allowances.take(TENANT, [Limit("day", 3, 0.0)], NOW) == {}


async def test_money_adds_up(allowances: Allowances) -> None:
    assert await allowances.read(TENANT, ["cost"]) == {}
    await allowances.spend(TENANT, ["cost", "more"], 0.25, NOW)
    await allowances.spend(TENANT, ["cost"], 0.5, NOW)
    assert await allowances.read(TENANT, ["cost", "more"]) == {"cost": 0.75, "more": 0.25}


async def test_of_many_at_the_same_time_as_many_as_there_is_get_it(
    postgres_allowances: Allowances,
) -> None:
    limits = [Limit("channel", 7, 0.0), Limit("tenant", 100, 0.0)]

    async def ask(number: int) -> bool:
        own = Limit(f"person:{number % 5}", 4, 0.0)
        return not await postgres_allowances.take(TENANT, [*limits, own], NOW)

    assert sum(await asyncio.gather(*(ask(number) for number in range(40)))) == 7
    levels = await postgres_allowances.read(TENANT, ["channel", "tenant"])
    assert levels == {"channel": 7, "tenant": 7}


_RUNS = count()
_CALLS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "ab"]), st.integers(0, 20)),
    max_size=25,
)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(calls=_CALLS, most=st.integers(1, 4), drain=st.sampled_from([0.0, 0.25, 1.0]))
async def test_both_count_alike_and_never_beyond_the_limit(
    postgres_allowances: Allowances, calls: list[tuple[str, int]], most: int, drain: float
) -> None:
    memory = InMemoryAllowances()
    # Levels are kept by name, so each example has names of its own.
    run = f"{next(_RUNS)}:"
    now, began, taken = NOW, NOW, {"a": 0, "b": 0}
    for names, seconds in calls:
        now += timedelta(seconds=seconds)
        limits = [Limit(run + name, most, drain) for name in names]
        stored = await postgres_allowances.take(TENANT, limits, now)
        assert stored == pytest.approx(dict(await memory.take(TENANT, limits, now)))
        for name in names if not stored else "":
            taken[name] += 1
    for total in taken.values():
        assert total <= most + drain * (now - began).total_seconds()
