"""What cannot be found out grants nothing."""

import pytest

from bot.errors import ConnectionRefused
from bot.model import Person, Platform, Standing
from bot.scopes import Scopes
from retrieval.model import EVERYONE, PUBLIC, TenantId
from tests.fakes.messages import ANNA, make_place
from tests.fakes.messenger import InMemoryDirectory

TENANT = TenantId("default")
GONE = ConnectionRefused("nobody is at home")


async def test_a_person_reads_what_the_directory_says() -> None:
    known = Person("U1", groups=frozenset({"S1"}), standing=Standing.MEMBER)
    directory = InMemoryDirectory(known, channels={"U1": frozenset({"C7"})})
    scope = await Scopes({Platform.SLACK: directory}).find_private(TENANT, make_place(), ANNA)
    assert {EVERYONE, "slack:group:S1", "slack:channel:C7"} <= scope.readers


@pytest.mark.parametrize("directories", [{}, {Platform.SLACK: InMemoryDirectory(fault=GONE)}])
async def test_what_is_not_known_grants_nothing(
    directories: dict[Platform, InMemoryDirectory],
) -> None:
    scopes = Scopes(directories)
    claimed = Person("U1", groups=frozenset({"S1"}), standing=Standing.MEMBER)
    private = await scopes.find_private(TENANT, make_place(), claimed)
    assert private.readers == {PUBLIC, "slack:channel:C1", "slack:user:U1"}
    public = await scopes.find_public(TENANT, make_place())
    assert public.readers == {PUBLIC, "slack:channel:C1"}
