"""Suggestions are for admins only."""

from bot.model import ChannelKind, Person, Place, Platform
from bot.rights import AdminSuggestions, Rights
from retrieval.model import TenantId
from tests.fakes.intake import InMemoryAudit, InMemoryWorkspaces

PLACE = Place(Platform.DISCORD, "G1", "C1", ChannelKind.PUBLIC)


class Names:
    """Two sources."""

    async def list_names(self, tenant: TenantId) -> list[str]:
        return ["handbook", "wiki"]


def suggestions(workspaces: InMemoryWorkspaces) -> AdminSuggestions:
    rights = Rights(InMemoryAudit(), {}, listed=frozenset({"discord:1"}))
    return AdminSuggestions(rights, Names(), workspaces)  # type: ignore[arg-type]


async def test_an_admin_sees_every_source_and_all() -> None:
    workspaces = InMemoryWorkspaces()
    await workspaces.link(Platform.DISCORD, "G1", "Acme")
    assert await suggestions(workspaces).list_for(PLACE, Person("1")) == ("handbook", "wiki", "all")


async def test_others_and_strangers_see_nothing() -> None:
    workspaces = InMemoryWorkspaces()
    assert await suggestions(workspaces).list_for(PLACE, Person("1")) == ()
    await workspaces.link(Platform.DISCORD, "G1", "Acme")
    assert await suggestions(workspaces).list_for(PLACE, Person("2")) == ()
