"""Home pages are made for one person: what they may read, what they chose, what they manage."""

from collections.abc import Sequence

import pytest

from bot.errors import AppNotInstalled, BotError
from bot.model import (
    ChannelKind,
    ChannelSettings,
    Person,
    Place,
    Platform,
    Preferences,
    Standing,
)
from bot.people.home import HomePages
from bot.reading.shelf import Shelf
from bot.rendering.home import Home
from bot.rights import Rights
from bot.scopes import Scopes
from retrieval.model import ChunkId
from tests.fakes.channels import InMemoryChannels
from tests.fakes.intake import InMemoryAudit, InMemoryWorkspaces
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messages import make_command, make_place
from tests.fakes.messenger import InMemoryDirectory
from tests.fakes.passage_search import InMemoryPassageSearch
from tests.fakes.reading import (
    HANDBOOK,
    LEADER,
    MEMBER,
    NOW,
    PLANS,
    STRANGER,
    InMemoryShelves,
)
from tests.unit.bot.rendering.test_home import list_commands, read

DIRECT = make_place(channel="D1", kind=ChannelKind.DIRECT, thread=None)
OWNER = Person("UOWN", "Olga", may_manage=True, standing=Standing.MEMBER)
GERMAN = Person("UDE", "Dirk", standing=Standing.MEMBER, language="de")


class FixedPrompts:
    """Satisfies Prompts."""

    async def suggest(
        self, place: Place, person: Person, in_view: str | None = None
    ) -> Sequence[str]:
        return ["How do I book a holiday?"]


class World:
    """A workspace with a handbook for everyone, and plans for one group."""

    def __init__(self, *, fault: Exception | None = None, usual: str = "") -> None:
        directory = InMemoryDirectory(LEADER, MEMBER, STRANGER, OWNER, GERMAN, fault=fault)
        directories = {Platform.SLACK: directory}
        library = InMemoryPassageSearch(
            [HANDBOOK, PLANS], {ChunkId(2): frozenset({"slack:group:SLEADS"})}
        )
        scopes = Scopes(directories)
        self.shelves = InMemoryShelves(library)
        self.channels = InMemoryChannels(ChannelSettings(language=usual))
        self.preferences = self.channels.preferences
        self.workspaces = InMemoryWorkspaces((Platform.SLACK, "T1"))
        self.pages = HomePages(
            workspaces=self.workspaces,
            scopes=scopes,
            shelf=Shelf(library, self.shelves, scopes),
            channels=self.channels,
            preferences=self.preferences,
            prompts=FixedPrompts(),
            rights=Rights(InMemoryAudit(), directories),
            sources=InMemoryKnowledge(["handbook", "plans"]),
            now=lambda: NOW,
        )

    async def open(self, person: Person) -> Home:
        return await self.pages.compose(DIRECT, Person(person.id))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("person", "sees"), [(MEMBER, False), (LEADER, True), (STRANGER, False)])
async def test_everyone_sees_what_they_may_read(world: World, person: Person, sees: bool) -> None:
    assert ("plans" in read(await world.open(person))) is sees


async def test_who_cannot_be_looked_up_is_a_stranger_and_no_admin() -> None:
    world = World(fault=BotError("Slack does not answer."))
    home = await world.open(OWNER)
    assert "only what is meant for anybody" in read(home)
    assert "handbook" not in read(home)
    assert "sync" not in list_commands(home)


async def test_who_manages_the_workspace_sees_every_source_in_their_corner(world: World) -> None:
    home = await world.open(OWNER)
    assert "plans (website)" in read(home)
    assert "sources add" in list_commands(home)
    assert "For admins" not in read(await world.open(MEMBER))


async def test_the_page_speaks_as_was_chosen_or_as_the_platform_does(world: World) -> None:
    assert "Was ich weiß" in read(await world.open(GERMAN))
    world.preferences.chosen[GERMAN.id] = Preferences("fr")
    assert "Ce que je sais" in read(await world.open(GERMAN))
    assert "What I know" in read(await world.open(MEMBER))


async def test_what_is_usual_goes_before_what_the_platform_speaks() -> None:
    assert "Lo que sé" in read(await World(usual="es").open(GERMAN))


async def test_a_workspace_that_let_the_bot_go_has_no_page(world: World) -> None:
    await world.workspaces.unlink(Platform.SLACK, "T1")
    with pytest.raises(AppNotInstalled):
        await world.open(MEMBER)
    command = make_command("preferences language de", place=DIRECT)
    assert await world.pages.take(command)
    assert world.preferences.chosen == {}


@pytest.mark.parametrize(
    ("words", "taken", "chosen"),
    [
        ("preferences language de", True, Preferences("de")),
        ("preferences offers off", True, Preferences(offers=False)),
        ("preferences", False, None),
        ("preferences language ja", False, None),
        ("home", True, None),
        ("forget all", False, None),
        ("sync", False, None),
    ],
)
async def test_choices_are_taken_at_once_and_all_else_is_left(
    world: World, words: str, taken: bool, chosen: Preferences | None
) -> None:
    command = make_command(words, place=DIRECT, person=MEMBER)
    assert await world.pages.take(command) is taken
    assert world.preferences.chosen.get(MEMBER.id) == chosen
