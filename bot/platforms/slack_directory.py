"""People and channels of a Slack workspace, no older than a minute."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from bot.errors import BotError
from bot.model import ChannelKind, Person, Place
from bot.platforms.slack_account import SlackAccount, SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS

FRESH_SECONDS = 60.0
MOST_ENTRIES = 10_000

Clock = Callable[[], float]
V = TypeVar("V")

log = logging.getLogger(__name__)


class Fresh(Generic[V]):
    """Remembers what a look-up returned for FRESH_SECONDS. `clock` counts seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, V]] = {}

    def put(self, key: str, value: V) -> V:
        """Remember a value as seen now."""
        if len(self._entries) >= MOST_ENTRIES:
            self._entries.clear()
        self._entries[key] = (self._clock(), value)
        return value

    async def get(self, key: str, look_up: Callable[[], Awaitable[V]]) -> V:
        """The value of the key, looked up where it is not fresh."""
        found = self._entries.get(key)
        if found is not None and self._clock() - found[0] < FRESH_SECONDS:
            return found[1]
        return self.put(key, await look_up())


class SlackDirectory:
    """Satisfies bot.ports.Directory. What Slack does not tell grants nothing."""

    def __init__(self, accounts: SlackAccounts, *, clock: Clock = time.monotonic) -> None:
        self._accounts = accounts
        self._users: Fresh[Mapping[str, Any]] = Fresh(clock)
        self._groups: Fresh[Mapping[str, frozenset[str]]] = Fresh(clock)

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, user groups and rights; without rights where they are unknown."""
        try:
            account = await self._accounts.find(place.workspace)
            identity = await account.identify()
            key = f"{place.workspace}:{person.id}"
            user = await self._users.get(key, lambda: _look_up_user(account, person.id))
        except (*CLIENT_ERRORS, BotError) as error:
            log.warning("users.info failed, so %s has no rights for now: %s", person.id, error)
            return replace(person, groups=frozenset(), may_manage=False)
        profile = user.get("profile") or {}
        name = profile.get("display_name") or user.get("real_name") or user.get("name")
        organisation = (user.get("enterprise_user") or {}).get("enterprise_id")
        colleague = bool(organisation) and organisation == identity.enterprise
        member = user.get("team_id") == place.workspace or colleague
        trusted = member and not user.get("deleted") and not user.get("is_stranger")
        return replace(
            person,
            name=name or person.name,
            groups=await self._read_groups(account, place, person) if trusted else frozenset(),
            may_manage=trusted and bool(user.get("is_admin") or user.get("is_owner")),
        )

    async def _read_groups(
        self, account: SlackAccount, place: Place, person: Person
    ) -> frozenset[str]:
        team = place.workspace
        try:
            groups = await self._groups.get(team, lambda: _look_up_groups(account, team))
        except CLIENT_ERRORS as error:
            log.warning("usergroups.list failed, so nobody is in a group for now: %s", error)
            groups = self._groups.put(team, {})
        return groups.get(person.id, frozenset())


class SlackChannels:
    """Knows who can see what is said in a channel."""

    def __init__(self, accounts: SlackAccounts, *, clock: Clock = time.monotonic) -> None:
        self._accounts = accounts
        self._kinds: Fresh[ChannelKind] = Fresh(clock)

    def learn(self, workspace: str, channel: str, kind: ChannelKind) -> ChannelKind:
        """Note what an event told."""
        return self._kinds.put(f"{workspace}:{channel}", kind)

    async def read_kind(self, workspace: str, channel: str, otherwise: ChannelKind) -> ChannelKind:
        """The kind of a channel; `otherwise` where Slack does not tell."""
        try:
            account = await self._accounts.find(workspace)
            key = f"{workspace}:{channel}"
            return await self._kinds.get(key, lambda: _look_up_kind(account, channel))
        except (*CLIENT_ERRORS, BotError) as error:
            log.info("conversations.info failed for %s: %s", channel, error)
            return otherwise


async def _look_up_user(account: SlackAccount, user: str) -> Mapping[str, Any]:
    answer = await account.client.users_info(user=user)
    found: Mapping[str, Any] = answer["user"]
    return found


async def _look_up_groups(account: SlackAccount, team: str) -> Mapping[str, frozenset[str]]:
    """The groups of each person. An organisation's token has to say whose groups it wants."""
    answer = await account.client.usergroups_list(include_users=True, team_id=team)
    members: dict[str, set[str]] = {}
    for group in answer["usergroups"]:
        for user in group.get("users") or ():
            members.setdefault(user, set()).add(group["id"])
    return {user: frozenset(groups) for user, groups in members.items()}


async def _look_up_kind(account: SlackAccount, channel: str) -> ChannelKind:
    answer = await account.client.conversations_info(channel=channel)
    found = answer["channel"]
    if found.get("is_im"):
        return ChannelKind.DIRECT
    private = found.get("is_private") or found.get("is_mpim") or found.get("is_group")
    return ChannelKind.PRIVATE if private else ChannelKind.PUBLIC
