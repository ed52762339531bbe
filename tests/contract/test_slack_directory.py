"""Who Slack says people are and who reads along, against a workspace."""

from collections.abc import AsyncIterator

import pytest

from bot.model import Audience, ChannelKind, Person, Place, Platform, Standing
from bot.platforms.freshness import FRESH_SECONDS, RightsCache
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_directory import SlackChannels, SlackDirectory
from bot.platforms.slack_rights import list_changes
from tests.emulators.slack import SlackEmulator
from tests.fakes.intake import InMemoryRightsChanges

TEAM, HELP, LEADS, ALMA = "T0FOOTNOTE1", "C0HELP00001", "C0LEADS0001", "U0ALMA00001"
BRUNO, CHEN = "U0BRUNO0001", "U0CHEN00001"
MEMBERS = Audience(outsiders=False)
UNKNOWN = Audience()


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def account(slack: SlackEmulator) -> AsyncIterator[SlackAccount]:
    account = SlackAccount(slack.bot_token, api_url=slack.api_url, timeout_seconds=2)
    await account.open()
    yield account
    await account.close()


@pytest.fixture
def place() -> Place:
    return Place(Platform.SLACK, TEAM, HELP, ChannelKind.PUBLIC, "1.0")


@pytest.fixture
def leads() -> Place:
    return Place(Platform.SLACK, TEAM, LEADS, ChannelKind.PRIVATE, "1.0")


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def changes() -> InMemoryRightsChanges:
    return InMemoryRightsChanges()


@pytest.fixture
def directory(
    account: SlackAccount, changes: InMemoryRightsChanges, clock: list[float]
) -> SlackDirectory:
    cache = RightsCache(Platform.SLACK, changes, clock=lambda: clock[0])
    return SlackDirectory(account, cache)


async def test_people_have_names_groups_and_rights(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    group = await slack.driver.set_usergroup("docs", ["bruno"])
    alma = await directory.describe(place, Person(ALMA))
    bruno = await directory.describe(place, Person("U0BRUNO0001"))
    assert (alma.name, alma.groups, alma.may_manage) == ("alma", frozenset(), True)
    assert (bruno.groups, bruno.may_manage) == (frozenset({group["id"]}), False)


async def test_rights_are_no_older_than_the_bound(
    slack: SlackEmulator, directory: SlackDirectory, place: Place, clock: list[float]
) -> None:
    assert (await directory.describe(place, Person(ALMA))).may_manage
    slack.workspace.user("alma").is_admin = False
    clock[0] = FRESH_SECONDS - 1
    assert (await directory.describe(place, Person(ALMA))).may_manage
    clock[0] = FRESH_SECONDS + 1
    assert not (await directory.describe(place, Person(ALMA))).may_manage


async def test_who_is_unknown_foreign_or_gone_has_no_rights(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    await slack.driver.add_user("boss", id="U0BOSS00001", team_id="T0ELSEWHERE", is_admin=True)
    await slack.driver.add_user("left", id="U0LEFT00001", is_admin=True, deleted=True)
    claimed = {"groups": frozenset({"S1"}), "may_manage": True}
    for user in ("U0BOSS00001", "U0LEFT00001", "U0NOBODY001"):
        person = await directory.describe(place, Person(user, **claimed))
        assert (person.groups, person.may_manage) == (frozenset(), False)
    await slack.driver.fault("users.info", "error", code="fatal_error", times=None)
    person = await directory.describe(place, Person(ALMA, "alma", **claimed))
    assert (person.name, person.groups, person.may_manage) == ("alma", frozenset(), False)


async def test_an_admin_of_another_organisation_has_no_rights(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    stranger = {"enterprise_id": "E0ELSEWHERE", "teams": ["T0ELSEWHERE"]}
    await slack.driver.add_user(
        "boss", id="W0BOSS00001", team_id="T0ELSEWHERE", is_admin=True, enterprise_user=stranger
    )
    assert not (await directory.describe(place, Person("W0BOSS00001"))).may_manage


async def test_groups_that_cannot_be_read_grant_nothing(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    slack.app.scopes -= {"usergroups:read"}
    person = await directory.describe(place, Person(ALMA, groups=frozenset({"S1"})))
    assert (person.groups, person.may_manage) == (frozenset(), True)


async def test_kinds_of_channels(slack: SlackEmulator, account: SlackAccount) -> None:
    channels = SlackChannels(account)
    direct = slack.workspace.direct("alma", "footnote").id
    wanted = {
        HELP: ChannelKind.PUBLIC,
        "C0LEADS0001": ChannelKind.PRIVATE,
        direct: ChannelKind.DIRECT,
        "C0NOWHERE01": ChannelKind.PRIVATE,
    }
    for channel, kind in wanted.items():
        found = await channels.read_kind(slack.team_id, channel, otherwise=ChannelKind.PRIVATE)
        assert found is kind
    channels.learn(slack.team_id, HELP, ChannelKind.PRIVATE)  # made private since
    assert await channels.read_kind(slack.team_id, HELP, ChannelKind.PUBLIC) is ChannelKind.PRIVATE


async def test_channels_are_those_that_the_person_is_in(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    await slack.driver.add_channel("secret", ["alma"], kind="group")  # where the bot is not
    assert {HELP, LEADS} <= await directory.list_channels(place, Person(ALMA))
    chens = await directory.list_channels(place, Person(CHEN))
    assert HELP in chens
    assert LEADS not in chens
    assert slack.workspace.channel("secret").id not in await directory.list_channels(
        place, Person(ALMA)
    )


async def test_channels_that_cannot_be_read_are_none(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    await slack.driver.fault("users.conversations", "error", code="fatal_error", times=None)
    assert await directory.list_channels(place, Person(ALMA)) == frozenset()


async def test_members_read_a_channel_and_share_a_group_in_a_private_one(
    slack: SlackEmulator, directory: SlackDirectory, place: Place, leads: Place
) -> None:
    group = await slack.driver.set_usergroup("managers", ["alma", "bruno"])
    await slack.driver.set_usergroup("others", ["alma"])
    assert await directory.describe_audience(place) == MEMBERS
    shared = await directory.describe_audience(leads)
    assert shared == Audience(outsiders=False, groups=frozenset({group["id"]}))


async def test_a_group_message_is_read_by_its_members(
    slack: SlackEmulator, directory: SlackDirectory
) -> None:
    group = await slack.driver.set_usergroup("pair", ["bruno", "chen"])
    channel = slack.workspace.direct("bruno", "chen", slack.bot_user_id).id
    place = Place(Platform.SLACK, TEAM, channel, ChannelKind.PRIVATE)
    shared = await directory.describe_audience(place)
    assert shared == Audience(outsiders=False, groups=frozenset({group["id"]}))


async def test_guests_are_no_members_unless_they_are_meant_to_be(
    slack: SlackEmulator, account: SlackAccount, directory: SlackDirectory, place: Place
) -> None:
    guest = await slack.driver.add_user("gil", is_restricted=True)
    assert await directory.describe_audience(place) == MEMBERS
    await slack.driver.add_channel("project", ["alma", "gil", slack.bot_user_id])
    channel = slack.workspace.channel("project").id
    project = Place(Platform.SLACK, TEAM, channel, ChannelKind.PUBLIC)
    assert await directory.describe_audience(project) == UNKNOWN
    person = await directory.describe(place, Person(guest["id"]))
    assert person.standing is Standing.GUEST
    generous = SlackDirectory(account, RightsCache(Platform.SLACK), guests_are_members=True)
    assert await generous.describe_audience(project) == MEMBERS
    assert (await generous.describe(place, Person(guest["id"]))).standing is Standing.MEMBER


async def test_strangers_read_a_shared_channel(
    slack: SlackEmulator, directory: SlackDirectory, place: Place
) -> None:
    slack.workspace.channel("help").is_ext_shared = True
    assert await directory.describe_audience(place) == UNKNOWN


@pytest.mark.parametrize("method", ["conversations.info", "users.list", "conversations.members"])
async def test_who_cannot_be_listed_may_be_anybody(
    slack: SlackEmulator, directory: SlackDirectory, leads: Place, method: str
) -> None:
    await slack.driver.fault(method, "error", code="fatal_error", times=None)
    assert await directory.describe_audience(leads) == UNKNOWN


async def test_changes_that_slack_tells_of_count_at_once(
    slack: SlackEmulator,
    directory: SlackDirectory,
    changes: InMemoryRightsChanges,
    place: Place,
    leads: Place,
) -> None:
    """Without telling of them they are not seen, since the clock stands still."""
    await slack.driver.set_usergroup("managers", ["alma", "bruno"])
    before = (
        await directory.describe_audience(place),
        await directory.describe_audience(leads),
        await directory.list_channels(place, Person(BRUNO)),
        (await directory.describe(place, Person(ALMA))).may_manage,
    )
    slack.workspace.channel("help").is_ext_shared = True
    slack.workspace.channel("leads").members.append(CHEN)
    slack.workspace.channel("leads").members.remove(BRUNO)
    slack.workspace.user("alma").is_admin = False
    assert before == (
        await directory.describe_audience(place),
        await directory.describe_audience(leads),
        await directory.list_channels(place, Person(BRUNO)),
        (await directory.describe(place, Person(ALMA))).may_manage,
    )
    for event in (
        {"type": "channel_shared", "channel": HELP},
        {"type": "member_joined_channel", "channel": LEADS, "user": CHEN},
        {"type": "member_left_channel", "channel": LEADS, "user": BRUNO},
        {"type": "user_change", "user": {"id": ALMA}},
    ):
        await changes.note(Platform.SLACK, TEAM, list_changes({"event": event}))
    assert await directory.describe_audience(place) == UNKNOWN
    assert await directory.describe_audience(leads) == MEMBERS
    assert LEADS not in await directory.list_channels(place, Person(BRUNO))
    assert not (await directory.describe(place, Person(ALMA))).may_manage
