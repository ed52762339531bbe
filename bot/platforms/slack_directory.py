"""Who the people of a Slack workspace are, and who reads along in its channels."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace

from bot.errors import BotError
from bot.model import Audience, ChannelKind, Person, Place, Standing
from bot.platforms.freshness import Clock, RightsCache
from bot.platforms.slack_account import SlackAccount, SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.platforms.slack_lookups import (
    Json,
    TooLong,
    is_guest,
    look_up_channel,
    look_up_channels_of,
    look_up_groups,
    look_up_guests,
    look_up_members,
    look_up_user,
)
from bot.platforms.slack_rights import (
    GROUPS,
    GUESTS,
    name_channel,
    name_channels_of,
    name_members,
    name_user,
)

KIND_SECONDS = 60.0
MOST_KINDS = 10_000

_UNKNOWN = (*CLIENT_ERRORS, BotError, TooLong)

log = logging.getLogger(__name__)


class SlackDirectory:
    """Satisfies bot.ports.Directory. What Slack does not tell grants nothing.

    With `guests_are_members`, guests may read what everyone may.
    """

    def __init__(
        self, accounts: SlackAccounts, cache: RightsCache, *, guests_are_members: bool = False
    ) -> None:
        self._accounts = accounts
        self._cache = cache
        self._guests_are_members = guests_are_members

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, user groups and rights; without rights where they are unknown."""
        team = place.workspace
        try:
            account = await self._accounts.find(team)
            organisation = (await account.identify()).enterprise
            user = await self._cache.get(
                team, name_user(person.id), lambda: look_up_user(account, person.id)
            )
        except _UNKNOWN as error:
            log.warning("users.info failed, so %s has no rights for now: %s", person.id, error)
            return replace(person, groups=frozenset(), may_manage=False, standing=Standing.OUTSIDER)
        profile = user.get("profile") or {}
        standing = self._read_standing(user, team, organisation)
        known = standing is not Standing.OUTSIDER
        groups = await self._read_groups(account, team) if known else {}
        return replace(
            person,
            name=profile.get("display_name")
            or user.get("real_name")
            or user.get("name")
            or person.name,
            groups=groups.get(person.id, frozenset()),
            may_manage=known and bool(user.get("is_admin") or user.get("is_owner")),
            standing=standing,
            language=str(user.get("locale") or "").partition("-")[0].lower(),
        )

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        """The channels that the person is in, of private ones those that the bot is in too."""
        team = place.workspace
        try:
            account = await self._accounts.find(team)
            return await self._cache.get(
                team,
                name_channels_of(person.id),
                lambda: look_up_channels_of(account, team, person.id),
            )
        except _UNKNOWN as error:
            log.warning("the channels of %s are not known for now: %s", person.id, error)
            return frozenset()

    async def describe_audience(self, place: Place) -> Audience:
        """Whether guests or other organisations read along, and which groups all readers share."""
        try:
            account = await self._accounts.find(place.workspace)
            return await self._describe_audience(account, place.workspace, place.channel)
        except _UNKNOWN as error:
            log.warning("who reads %s is not known for now: %s", place.channel, error)
            return Audience()

    async def _describe_audience(self, account: SlackAccount, team: str, channel: str) -> Audience:
        facts = await self._cache.get(
            team, name_channel(channel), lambda: look_up_channel(account, channel)
        )
        if facts.shared:
            return Audience()
        private = facts.kind is not ChannelKind.PUBLIC
        guests: frozenset[str] = frozenset()
        if not self._guests_are_members:
            guests = await self._cache.get(team, GUESTS, lambda: look_up_guests(account, team))
        if not private and not guests:
            return Audience(outsiders=False)
        members = await self._cache.get(
            team, name_members(channel), lambda: look_up_members(account, channel)
        )
        if members & guests:
            return Audience()
        # Everyone of the workspace reads a public channel, whoever is in it.
        shared = await self._find_shared(account, team, members) if private else frozenset()
        return Audience(outsiders=False, groups=shared)

    async def _find_shared(
        self, account: SlackAccount, team: str, members: frozenset[str]
    ) -> frozenset[str]:
        groups = await self._read_groups(account, team)
        own = (await account.identify()).bot_user
        held = [groups.get(member, frozenset()) for member in members if member != own]
        return frozenset.intersection(*held) if held else frozenset()

    async def _read_groups(self, account: SlackAccount, team: str) -> Mapping[str, frozenset[str]]:
        """The groups of each person; nobody is in any where they cannot be read."""
        try:
            return await self._cache.get(team, GROUPS, lambda: look_up_groups(account, team))
        except _UNKNOWN as error:
            log.warning("usergroups.list failed, so nobody is in a group for now: %s", error)
            return {}

    def _read_standing(self, user: Json, team: str, organisation: str) -> Standing:
        theirs = (user.get("enterprise_user") or {}).get("enterprise_id")
        at_home = user.get("team_id") == team or (bool(theirs) and theirs == organisation)
        if not at_home or user.get("deleted") or user.get("is_stranger"):
            return Standing.OUTSIDER
        if is_guest(user) and not self._guests_are_members:
            return Standing.GUEST
        return Standing.MEMBER


class SlackChannels:
    """Knows whether a channel is open to the workspace, no older than a minute."""

    def __init__(self, accounts: SlackAccounts, *, clock: Clock = time.monotonic) -> None:
        self._accounts = accounts
        self._clock = clock
        self._kinds: dict[tuple[str, str], tuple[float, ChannelKind]] = {}

    def learn(self, workspace: str, channel: str, kind: ChannelKind) -> ChannelKind:
        """Note what an event told."""
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        self._kinds[workspace, channel] = (self._clock(), kind)
        return kind

    async def read_kind(self, workspace: str, channel: str, otherwise: ChannelKind) -> ChannelKind:
        """The kind of a channel; `otherwise` where Slack does not tell."""
        found = self._kinds.get((workspace, channel))
        if found is not None and self._clock() - found[0] < KIND_SECONDS:
            return found[1]
        try:
            account = await self._accounts.find(workspace)
            facts = await look_up_channel(account, channel)
        except (*CLIENT_ERRORS, BotError) as error:
            log.info("conversations.info failed for %s: %s", channel, error)
            return otherwise
        return self.learn(workspace, channel, facts.kind)
