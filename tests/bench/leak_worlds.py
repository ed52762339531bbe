"""Two platforms with people, channels and groups that change, and who may read what there.

What people may read is worked out here from the emulators' own state, by other code than the
bot's. Owners and administrators of a Discord server may read all that is meant for its channels
and roles: Discord shows them every channel, and they can give themselves any role.
"""

from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import Any, Protocol

from bot.model import ChannelKind, Place, Platform
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_directory import DiscordDirectory
from bot.platforms.discord_rights import STRUCTURE
from bot.platforms.freshness import RightsCache
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_directory import SlackDirectory
from bot.platforms.slack_rights import list_changes
from bot.ports import Directory, RightsChanges
from retrieval.model import EVERYONE, PUBLIC
from tests.emulators.discord import DiscordEmulator, permissions
from tests.emulators.discord.models import Channel
from tests.emulators.slack import SlackEmulator


class World(Protocol):
    """A platform with people in places."""

    platform: Platform
    workspace: str
    workspaces: Sequence[str]
    """All that belong to the tenant: Discord's direct messages are outside of the server."""
    directory: Directory

    def list_people(self) -> Sequence[str]:
        """Those who may ask: no bots, and nobody of another organisation."""
        ...

    def list_places(self, person: str) -> Sequence[Place]:
        """The channels in which this person may write."""
        ...

    def find_direct(self, person: str) -> Place:
        """The direct messages with this person."""
        ...

    def list_readers(self, place: Place) -> Collection[str]:
        """Everyone who reads what is said in a channel."""
        ...

    def list_labels(self) -> Sequence[str]:
        """The labels of audiences that name something here."""
        ...

    def may_read(self, person: str, audience: Collection[str]) -> bool:
        """Whether this person may read what is meant for an audience."""
        ...

    async def change(self, random: Random) -> None:
        """Let something change, and tell of it as the platform does."""
        ...


class SlackWorld:
    """A workspace with a guest, a channel that strangers read along in, and a group message."""

    platform = Platform.SLACK
    groups = ("managers", "writers", "builders")

    def __init__(self, slack: SlackEmulator, account: SlackAccount, changes: RightsChanges) -> None:
        self.workspace = slack.team_id
        self.workspaces = (slack.team_id,)
        self.directory = SlackDirectory(account, RightsCache(Platform.SLACK, changes))
        self._state = slack.workspace
        self._driver = slack.driver
        self._bot = slack.bot_user_id
        self._changes = changes

    async def furnish(self, random: Random) -> None:
        """Bring in more people, channels and groups."""
        await self._driver.add_user("gil", is_restricted=True)
        await self._driver.add_user("sam", team_id="T0ELSEWHERE")
        for name in ("dora", "emil", "fay"):
            await self._driver.add_user(name)
        everyone = ["alma", "bruno", "chen", "dora", "emil", "fay"]
        await self._driver.add_channel("project", ["alma", "gil", "dora", self._bot])
        await self._driver.add_channel("secret", ["alma", "emil", self._bot], kind="group")
        await self._driver.add_channel("trio", ["bruno", "chen", "fay", self._bot], kind="mpim")
        await self._driver.add_channel(
            "shared", ["alma", "sam", self._bot], kind="group", is_ext_shared=True
        )
        for group in self.groups:
            await self._driver.set_usergroup(group, random.sample(everyone, 3))

    def list_people(self) -> Sequence[str]:
        return [
            user.id
            for user in self._state.users.values()
            if user.bot_id is None and user.team_id == self.workspace
        ]

    def list_places(self, person: str) -> Sequence[Place]:
        return [
            Place(self.platform, self.workspace, each.id, _KINDS[each.kind])
            for each in self._state.channels.values()
            if each.kind != "im" and {person, self._bot} <= set(each.members)
        ]

    def find_direct(self, person: str) -> Place:
        channel = self._state.direct(person, self._bot)
        return Place(self.platform, self.workspace, channel.id, ChannelKind.DIRECT)

    def list_readers(self, place: Place) -> Collection[str]:
        return [
            user.id
            for user in self._state.users.values()
            if user.bot_id is None and self._reads(user.id, place.channel)
        ]

    def _reads(self, person: str, channel: str) -> bool:
        found = self._state.channels[channel]
        return person in found.members or (found.kind == "channel" and self._is_member(person))

    def _is_member(self, person: str) -> bool:
        user = self._state.users[person]
        return user.team_id == self.workspace and not (user.is_restricted or user.deleted)

    def list_labels(self) -> Sequence[str]:
        return [
            *(f"slack:channel:{e.id}" for e in self._state.channels.values() if e.kind != "im"),
            *(f"slack:group:{group}" for group in self._state.usergroups),
            *(f"slack:user:{person}" for person in self.list_people()),
        ]

    def may_read(self, person: str, audience: Collection[str]) -> bool:
        return any(self._carries(person, label) for label in audience)

    def _carries(self, person: str, label: str) -> bool:
        if label in (EVERYONE, PUBLIC):
            return label == PUBLIC or self._is_member(person)
        _, kind, number = label.split(":")
        if kind == "channel":
            return self._reads(person, number)
        return number == person if kind == "user" else person in self._groups()[number]

    def _groups(self) -> Mapping[str, Collection[str]]:
        return {number: group["users"] for number, group in self._state.usergroups.items()}

    async def change(self, random: Random) -> None:
        match random.randrange(4):
            case 0:
                people = random.sample(self.list_people(), random.randint(1, 4))
                await self._driver.set_usergroup(random.choice(self.groups), people)
                await self._tell({"type": "subteam_members_changed"})
            case 1:
                guest = random.choice(self.list_people())
                restricted = not self._state.users[guest].is_restricted
                await self._driver.change_user(guest, is_restricted=restricted)
                user = {"id": guest, "is_restricted": restricted}
                await self._tell({"type": "user_change", "user": user})
            case 2:
                channel = self._state.channel(random.choice(("project", "secret", "help")))
                await self._driver.share(channel.id, None if channel.is_ext_shared else "T0X")
                await self._tell({"type": "channel_shared", "channel": channel.id})
            case _:
                await self._move(random)

    async def _move(self, random: Random) -> None:
        """Somebody joins a channel or leaves it."""
        name = random.choice(("help", "leads", "project", "secret", "trio", "shared"))
        channel, person = self._state.channel(name), random.choice(self.list_people())
        leaves = person in channel.members
        move = self._driver.leave if leaves else self._driver.join
        await move(person, channel.id)
        kind = "member_left_channel" if leaves else "member_joined_channel"
        await self._tell({"type": kind, "channel": channel.id, "user": person})

    async def _tell(self, event: Mapping[str, Any]) -> None:
        await self._changes.note(self.platform, self.workspace, list_changes({"event": event}))


_KINDS = {
    "channel": ChannelKind.PUBLIC,
    "group": ChannelKind.PRIVATE,
    "mpim": ChannelKind.PRIVATE,
}


class DiscordWorld:
    """A server with channels for one role, for two, and for people by name."""

    platform = Platform.DISCORD
    roles = ("Crew", "Club", "Board")
    channels = ("help", "crew", "both", "invited", "leads")

    def __init__(
        self, discord: DiscordEmulator, client: DiscordClient, changes: RightsChanges
    ) -> None:
        self._state = discord.world
        self._driver = discord.driver
        self._guild = next(iter(discord.world.guilds.values()))
        self.workspace = str(self._guild.id)
        self.workspaces = (self.workspace, "@me")
        self.directory = DiscordDirectory(client, RightsCache(Platform.DISCORD, changes))
        self._changes = changes

    async def furnish(self, random: Random) -> None:
        """Bring in more people, channels and roles."""
        bot = self._state.bot.name
        for role in self.roles:
            await self._driver.add_role(role)
        for name in ("dan", "eve", "finn"):
            await self._driver.add_user(name)
        await self._driver.add_channel("crew", only_for=("Crew", bot))
        await self._driver.add_channel("both", only_for=("Crew", "Club", bot))
        await self._driver.add_channel("invited", only_for=("Board", "dan", bot))
        await self._give_roles(random, "dan", "eve", "finn", "ben", "chloe")

    async def _give_roles(self, random: Random, *names: str) -> None:
        for name in names:
            await self._driver.set_roles(name, random.sample(self.roles, random.randint(0, 3)))

    def list_people(self) -> Sequence[str]:
        return [str(n) for n in self._guild.members if not self._state.users[n].bot]

    def list_places(self, person: str) -> Sequence[Place]:
        kind = ChannelKind.PUBLIC
        return [
            Place(self.platform, self.workspace, str(each.id), kind)
            for each in self._list_channels()
            if self._views(person, each)
        ]

    def find_direct(self, person: str) -> Place:
        return Place(self.platform, "@me", f"9{person}", ChannelKind.DIRECT)

    def list_readers(self, place: Place) -> Collection[str]:
        channel = self._state.channels[int(place.channel)]
        return [person for person in self.list_people() if self._views(person, channel)]

    def _list_channels(self) -> Sequence[Channel]:
        return [self._state.find_channel(f"#{name}") for name in self.channels]

    def _views(self, person: str, channel: Channel) -> bool:
        return bool(permissions.in_channel(self._guild, channel, int(person)))

    def list_labels(self) -> Sequence[str]:
        return [
            *(f"discord:channel:{channel.id}" for channel in self._list_channels()),
            *(f"discord:group:{role}" for role in self._guild.roles if role != self._guild.id),
            *(f"discord:user:{person}" for person in self.list_people()),
        ]

    def may_read(self, person: str, audience: Collection[str]) -> bool:
        return any(self._carries(person, label) for label in audience)

    def _carries(self, person: str, label: str) -> bool:
        if label in (EVERYONE, PUBLIC):
            return True
        _, kind, number = label.split(":")
        if kind == "user":
            return number == person
        if permissions.in_guild(self._guild, int(person)) & permissions.BITS["administrator"]:
            return True
        if kind == "channel":
            return self._views(person, self._state.channels[int(number)])
        return int(number) in self._guild.members[int(person)].roles

    async def change(self, random: Random) -> None:
        names = ("ada", "ben", "chloe", "dan", "eve", "finn")
        if random.randrange(3):
            # No event tells of it without the privileged intent.
            await self._give_roles(random, random.choice(names))
            return
        channel, whom = random.choice(self.channels), random.choice((*self.roles, *names))
        view = ("view_channel",)
        allow, deny = random.choice(((view, ()), ((), view), ((), ())))
        await self._driver.set_overwrite(f"#{channel}", whom, allow=allow, deny=deny)
        await self._changes.note(self.platform, self.workspace, {STRUCTURE})
