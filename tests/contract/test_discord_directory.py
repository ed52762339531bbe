"""Who Discord says people are and who reads along, against a guild."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.model import Audience, ChannelKind, Person, Place, Platform, Standing
from bot.platforms import discord_directory
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_directory import DiscordDirectory
from bot.platforms.discord_rights import STRUCTURE
from bot.platforms.freshness import RightsCache
from tests.emulators.discord import DiscordEmulator
from tests.fakes.intake import InMemoryRightsChanges, InMemoryWorkspaces


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with DiscordEmulator() as emulator:
        yield emulator


@pytest.fixture
async def client(discord: DiscordEmulator) -> AsyncIterator[DiscordClient]:
    client = DiscordClient(
        discord.bot_token, api_url=discord.api_url, gateway_url=discord.gateway_url
    )
    yield client
    await client.close()


@pytest.fixture
def changes() -> InMemoryRightsChanges:
    return InMemoryRightsChanges()


@pytest.fixture
def directory(client: DiscordClient, changes: InMemoryRightsChanges) -> DiscordDirectory:
    return DiscordDirectory(client, RightsCache(Platform.DISCORD, changes))


def at(discord: DiscordEmulator, channel: str) -> Place:
    """A place in a channel of the guild."""
    found = discord.world.find_channel(channel)
    return Place(Platform.DISCORD, str(found.guild_id), str(found.id), ChannelKind.PRIVATE)


@pytest.fixture
def place(discord: DiscordEmulator) -> Place:
    return at(discord, "#help")


def who(discord: DiscordEmulator, name: str) -> Person:
    return Person(str(discord.world.find_user(name).id), name.title())


async def read_roles(discord: DiscordEmulator) -> dict[str, str]:
    roles: dict[str, str] = (await discord.driver.directory())["guilds"]["Acme"]["roles"]
    return roles


@pytest.mark.parametrize(
    "expected",
    [
        ("olivia", True, set()),
        ("ada", True, {"Admins", "Leads"}),
        ("ben", False, set()),
    ],
)
async def test_the_directory_knows_names_roles_and_rights(
    discord: DiscordEmulator,
    client: DiscordClient,
    place: Place,
    expected: tuple[str, bool, set[str]],
) -> None:
    name, manages, roles = expected
    known = (await discord.driver.directory())["guilds"]["Acme"]["roles"]
    person = Person(str(discord.world.find_user(name).id))
    described = await DiscordDirectory(client, RightsCache(Platform.DISCORD)).describe(
        place, person
    )
    assert described == Person(
        person.id,
        name.title(),
        frozenset(known[role] for role in roles),
        manages,
        Standing.MEMBER,
    )


async def test_rights_follow_changes_at_once(
    discord: DiscordEmulator, client: DiscordClient, place: Place
) -> None:
    ben = Person(str(discord.world.find_user("ben").id), "Ben")
    directory = DiscordDirectory(client, RightsCache(Platform.DISCORD))
    await discord.driver.add_role("Masters", ("administrator",))
    await discord.driver.set_roles("ben", ["Masters"])
    assert (await directory.describe(place, ben)).may_manage
    await discord.driver.remove_member("ben")
    gone = await directory.describe(place, replace(ben, may_manage=True, groups=frozenset("1")))
    assert gone == ben


async def test_who_writes_directly_has_roles_and_no_rights(
    discord: DiscordEmulator, client: DiscordClient
) -> None:
    roles = (await discord.driver.directory())["guilds"]["Acme"]["roles"]
    ada = Person(str(discord.world.find_user("ada").id), "Ada")
    place = Place(Platform.DISCORD, "@me", "1", ChannelKind.DIRECT)
    described = await DiscordDirectory(client, RightsCache(Platform.DISCORD)).describe(place, ada)
    assert described == replace(
        ada, groups=frozenset({roles["Admins"], roles["Leads"]}), standing=Standing.MEMBER
    )


async def test_what_discord_does_not_tell_grants_nothing(
    discord: DiscordEmulator, client: DiscordClient, place: Place
) -> None:
    await discord.driver.add_fault("error", "GET", "/guilds/*", status=503, times=4)
    ada = Person(str(discord.world.find_user("ada").id), "Ada", frozenset({"1"}), may_manage=True)
    described = await DiscordDirectory(client, RightsCache(Platform.DISCORD)).describe(place, ada)
    assert described == Person(ada.id, "Ada")


async def test_channels_are_those_that_a_member_may_read(
    discord: DiscordEmulator, directory: DiscordDirectory, place: Place
) -> None:
    leads = at(discord, "#leads").channel
    assert leads in await directory.list_channels(place, who(discord, "ada"))
    readable = await directory.list_channels(place, who(discord, "chloe"))
    assert place.channel in readable
    assert leads not in readable
    direct = Place(Platform.DISCORD, "@me", "1", ChannelKind.DIRECT)
    assert leads in await directory.list_channels(direct, who(discord, "ada"))


async def test_everyone_who_views_a_channel_shares_the_one_role_that_lets_people_in(
    discord: DiscordEmulator, directory: DiscordDirectory, place: Place
) -> None:
    await discord.driver.add_role("Crew")
    await discord.driver.add_role("Club")
    await discord.driver.add_channel("crew", only_for=("Crew", "Footnote"))
    await discord.driver.add_channel("both", only_for=("Crew", "Club", "Footnote"))
    await discord.driver.set_roles("ben", ["Crew"])
    await discord.driver.add_channel("invited", only_for=("Crew", "ben", "Footnote"))
    await discord.driver.add_channel("mixed", only_for=("Crew", "chloe", "Footnote"))
    crew = frozenset({(await read_roles(discord))["Crew"]})
    for channel, groups in {
        "#help": frozenset(),
        "#crew": crew,
        "#both": frozenset(),
        "#invited": crew,
        "#mixed": frozenset(),
    }.items():
        audience = await directory.describe_audience(at(discord, channel))
        assert audience == Audience(outsiders=False, groups=groups), channel


async def test_a_thread_is_read_by_those_who_view_its_channel(
    discord: DiscordEmulator, directory: DiscordDirectory
) -> None:
    await discord.driver.add_role("Crew")
    await discord.driver.add_channel("crew", only_for=("Crew", "Footnote"))
    crew = at(discord, "#crew")
    audience = await directory.describe_audience(replace(crew, channel="4711", parent=crew.channel))
    assert audience.groups == frozenset({(await read_roles(discord))["Crew"]})


async def test_a_channel_that_is_not_known_may_be_read_by_anybody(
    discord: DiscordEmulator,
    directory: DiscordDirectory,
    changes: InMemoryRightsChanges,
    place: Place,
) -> None:
    assert await directory.describe_audience(replace(place, channel="4711")) == Audience()
    direct = Place(Platform.DISCORD, "@me", "1", ChannelKind.PRIVATE)
    assert await directory.describe_audience(direct) == Audience()
    await changes.note(Platform.DISCORD, place.workspace, {STRUCTURE})
    await discord.driver.add_fault("error", "GET", "/guilds/*", status=403, times=4)
    assert await directory.describe_audience(at(discord, "#leads")) == Audience()


async def test_who_is_in_no_server_of_the_bot_is_an_outsider(
    discord: DiscordEmulator, directory: DiscordDirectory
) -> None:
    await discord.driver.add_user("zoe", join=False)
    direct = Place(Platform.DISCORD, "@me", "1", ChannelKind.DIRECT)
    described = await directory.describe(direct, who(discord, "zoe"))
    assert described.standing is Standing.OUTSIDER


async def test_servers_of_other_tenants_take_no_place_of_the_own_ones(
    discord: DiscordEmulator, client: DiscordClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord_directory, "MOST_GUILDS", 1)
    await discord.driver.add_guild("Beta", "olivia", channels=("general",))
    mine = str(discord.world.find_channel("Beta/#general").guild_id)
    workspaces = InMemoryWorkspaces((Platform.DISCORD, "@me"), (Platform.DISCORD, mine))
    cache = RightsCache(Platform.DISCORD)
    directory = DiscordDirectory(client, cache, workspaces)
    direct = Place(Platform.DISCORD, "@me", "1", ChannelKind.DIRECT)
    described = await directory.describe(direct, who(discord, "olivia"))
    assert described.standing is Standing.MEMBER
    elsewhere = await directory.describe(direct, who(discord, "ben"))
    assert elsewhere.standing is Standing.OUTSIDER


async def test_a_change_of_channels_counts_once_it_is_told(
    discord: DiscordEmulator,
    directory: DiscordDirectory,
    changes: InMemoryRightsChanges,
    place: Place,
) -> None:
    chloe, leads = who(discord, "chloe"), at(discord, "#leads").channel
    assert leads not in await directory.list_channels(place, chloe)
    allowed = ("view_channel", "read_message_history")
    await discord.driver.set_overwrite("#leads", "chloe", allow=allowed)
    assert leads not in await directory.list_channels(place, chloe)
    await changes.note(Platform.DISCORD, place.workspace, {STRUCTURE})
    assert leads in await directory.list_channels(place, chloe)
