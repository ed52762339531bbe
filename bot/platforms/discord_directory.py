"""People of Discord servers, asked anew each time, and who reads along in their channels."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord

from bot.model import Audience, Person, Place, Platform, Standing
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_events import DIRECT, ELSEWHERE
from bot.platforms.discord_rights import (
    STRUCTURE,
    Structure,
    find_shared_roles,
    list_invited,
    list_readable,
    list_viewing_roles,
)
from bot.platforms.freshness import RightsCache
from bot.ports import Workspaces

GUILDS_A_PAGE = 200
MOST_GUILDS = 20
"""Servers that are asked for the roles of a person who writes directly."""

MOST_INVITED = 10
"""Members let in by name who are asked for their roles; of more, nothing in common is known."""

Json = Mapping[str, Any]

log = logging.getLogger(__name__)


class DiscordDirectory:
    """Satisfies bot.ports.Directory. What Discord does not tell grants nothing.

    Without the privileged intent Discord does not tell when people get and lose roles, so members
    are asked for each time; roles and channels are kept in the cache.
    """

    def __init__(
        self, client: DiscordClient, cache: RightsCache, workspaces: Workspaces | None = None
    ) -> None:
        self._client = client
        self._cache = cache
        self._workspaces = workspaces

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, roles and rights; without rights where they are unknown.

        In direct messages the roles are those in every server of the bot, and there are no rights,
        since it is not clear in which server. Where the bot is not, everybody is a stranger.
        """
        if place.workspace == ELSEWHERE:
            return _without_rights(person)
        try:
            if place.workspace == DIRECT:
                return await self._describe_directly(person)
            return await self._describe_member(place.workspace, person)
        except CLIENT_ERRORS as error:
            log.warning("discord: %s has no rights for now: %r", person.id, error)
            return _without_rights(person)

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        """The channels that the person may read; for direct messages, of every server."""
        if place.workspace == ELSEWHERE:
            return frozenset()
        try:
            guilds = await self._list_guilds() if place.workspace == DIRECT else [place.workspace]
            found = await asyncio.gather(*(self._list_readable(id_, person.id) for id_ in guilds))
        except CLIENT_ERRORS as error:
            log.warning("discord: the channels of %s are not known for now: %r", person.id, error)
            return frozenset()
        return frozenset().union(*found)

    async def describe_audience(self, place: Place) -> Audience:
        """The roles that all viewers share. On a server all are members."""
        if place.workspace in (DIRECT, ELSEWHERE):
            return Audience()
        try:
            structure = await self._read_structure(place.workspace)
            channel = structure.channels.get(place.parent or place.channel)
            if channel is None:
                return Audience()
            return Audience(outsiders=False, groups=await self._find_shared(structure, channel))
        except CLIENT_ERRORS as error:
            log.warning("discord: who reads %s is not known for now: %r", place.channel, error)
            return Audience()

    async def _find_shared(self, structure: Structure, channel: Json) -> frozenset[str]:
        viewing = list_viewing_roles(structure, channel)
        own = str(self._client.user.id) if self._client.user else ""
        invited = list_invited(channel) - {own}
        if viewing is None or len(viewing) > 1 or len(invited) > MOST_INVITED:
            return frozenset()
        members = await asyncio.gather(
            *(self._read_member(structure.id, number) for number in invited)
        )
        people = [member for member in members if member and not member["user"].get("bot")]
        return find_shared_roles(viewing, [_read_roles(member) for member in people])

    async def _describe_member(self, guild_id: str, person: Person) -> Person:
        member, structure = await asyncio.gather(
            self._read_member(guild_id, person.id), self._read_structure(guild_id)
        )
        if member is None:
            return _without_rights(person)
        roles = _read_roles(member)
        return replace(
            person,
            name=_read_name(member) or person.name,
            groups=roles,
            may_manage=_may_manage(structure.guild, person.id, roles),
            standing=Standing.MEMBER,
        )

    async def _describe_directly(self, person: Person) -> Person:
        guilds = await self._list_guilds()
        found = await asyncio.gather(*(self._read_member(id_, person.id) for id_ in guilds))
        members = [member for member in found if member]
        return replace(
            person,
            groups=frozenset().union(*(_read_roles(member) for member in members)),
            may_manage=False,
            standing=Standing.MEMBER if members else Standing.OUTSIDER,
        )

    async def _list_guilds(self) -> Sequence[str]:
        """The servers whose members may be answered directly: those of the same tenant."""
        found: list[Json] = await self._client.request(
            "GET", "/users/@me/guilds", query={"limit": str(GUILDS_A_PAGE)}
        )
        guilds = [str(guild["id"]) for guild in found]
        if self._workspaces is not None:
            resolve = self._workspaces.resolve
            tenant = await resolve(Platform.DISCORD, DIRECT)
            guilds = [id_ for id_ in guilds if await resolve(Platform.DISCORD, id_) == tenant]
        return guilds[:MOST_GUILDS]

    async def _list_readable(self, guild_id: str, person: str) -> frozenset[str]:
        member, structure = await asyncio.gather(
            self._read_member(guild_id, person), self._read_structure(guild_id)
        )
        return (
            frozenset() if member is None else list_readable(structure, person, _read_roles(member))
        )

    async def _read_structure(self, guild_id: str) -> Structure:
        async def look_up() -> Structure:
            names = {"guild_id": guild_id}
            guild, channels = await asyncio.gather(
                self._client.request("GET", "/guilds/{guild_id}", names),
                self._client.request("GET", "/guilds/{guild_id}/channels", names),
            )
            return Structure(
                guild, {str(each["id"]): {**each, "guild_id": guild_id} for each in channels}
            )

        return await self._cache.get(guild_id, STRUCTURE, look_up)

    async def _read_member(self, guild_id: str, person: str) -> Json | None:
        try:
            member: Json = await self._client.request(
                "GET",
                "/guilds/{guild_id}/members/{user_id}",
                {"guild_id": guild_id, "user_id": person},
            )
        except discord.NotFound:
            return None
        return member


def _without_rights(person: Person) -> Person:
    return replace(person, groups=frozenset(), may_manage=False, standing=Standing.OUTSIDER)


def _read_roles(member: Json) -> frozenset[str]:
    return frozenset(str(role) for role in member["roles"])


def _read_name(member: Json) -> str:
    user = member.get("user") or {}
    return str(member.get("nick") or user.get("global_name") or user.get("username") or "")


def _may_manage(guild: Json, person: str, roles: frozenset[str]) -> bool:
    """Whether the person owns the server or a role of theirs has the right to manage it."""
    if str(guild.get("owner_id")) == person:
        return True
    # The role that everyone has bears the server's id.
    held = roles | {str(guild["id"])}
    rights = [
        discord.Permissions(int(role["permissions"]))
        for role in guild.get("roles") or ()
        if str(role["id"]) in held
    ]
    return any(right.manage_guild or right.administrator for right in rights)
