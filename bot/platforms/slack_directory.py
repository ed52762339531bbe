"""People and channels of a Slack workspace, no older than a minute."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from bot.model import ChannelKind, Person, Place
from bot.platforms.slack_account import SlackAccount
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

    def __init__(self, account: SlackAccount, *, clock: Clock = time.monotonic) -> None:
        self._account = account
        self._users: Fresh[Mapping[str, Any]] = Fresh(clock)
        self._groups: Fresh[Mapping[str, frozenset[str]]] = Fresh(clock)

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, user groups and rights; without rights where they are unknown."""
        try:
            user = await self._users.get(person.id, lambda: self._look_up_user(person.id))
        except CLIENT_ERRORS as error:
            log.warning("users.info failed, so %s has no rights for now: %s", person.id, error)
            return replace(person, groups=frozenset(), may_manage=False)
        profile = user.get("profile") or {}
        name = profile.get("display_name") or user.get("real_name") or user.get("name")
        member = user.get("team_id") == place.workspace or bool(user.get("enterprise_user"))
        trusted = member and not user.get("deleted") and not user.get("is_stranger")
        return replace(
            person,
            name=name or person.name,
            groups=await self._read_groups(place.workspace, person.id) if trusted else frozenset(),
            may_manage=trusted and bool(user.get("is_admin") or user.get("is_owner")),
        )

    async def _look_up_user(self, user: str) -> Mapping[str, Any]:
        answer = await self._account.client.users_info(user=user)
        found: Mapping[str, Any] = answer["user"]
        return found

    async def _read_groups(self, team: str, user: str) -> frozenset[str]:
        try:
            groups = await self._groups.get(team, self._look_up_groups)
        except CLIENT_ERRORS as error:
            log.warning("usergroups.list failed, so nobody is in a group for now: %s", error)
            groups = self._groups.put(team, {})
        return groups.get(user, frozenset())

    async def _look_up_groups(self) -> Mapping[str, frozenset[str]]:
        answer = await self._account.client.usergroups_list(include_users=True)
        members: dict[str, set[str]] = {}
        for group in answer["usergroups"]:
            for user in group.get("users") or ():
                members.setdefault(user, set()).add(group["id"])
        return {user: frozenset(groups) for user, groups in members.items()}


class SlackChannels:
    """Knows who can see what is said in a channel."""

    def __init__(self, account: SlackAccount, *, clock: Clock = time.monotonic) -> None:
        self._account = account
        self._kinds: Fresh[ChannelKind] = Fresh(clock)

    def learn(self, channel: str, kind: ChannelKind) -> ChannelKind:
        """Note what an event told."""
        return self._kinds.put(channel, kind)

    async def read_kind(self, channel: str, otherwise: ChannelKind) -> ChannelKind:
        """The kind of a channel; `otherwise` where Slack does not tell."""
        try:
            return await self._kinds.get(channel, lambda: self._look_up(channel))
        except CLIENT_ERRORS as error:
            log.info("conversations.info failed for %s: %s", channel, error)
            return otherwise

    async def _look_up(self, channel: str) -> ChannelKind:
        answer = await self._account.client.conversations_info(channel=channel)
        found = answer["channel"]
        if found.get("is_im"):
            return ChannelKind.DIRECT
        private = found.get("is_private") or found.get("is_mpim") or found.get("is_group")
        return ChannelKind.PRIVATE if private else ChannelKind.PUBLIC
