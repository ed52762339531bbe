"""People of Discord servers, asked anew each time."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bot.model import Person, Place
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_events import DIRECT

MOST_GUILDS = 20
"""Servers that are asked for the roles of a person who writes directly."""

Json = Mapping[str, Any]

log = logging.getLogger(__name__)


class DiscordDirectory:
    """Satisfies bot.ports.Directory. What Discord does not tell grants nothing."""

    def __init__(self, client: DiscordClient) -> None:
        self._client = client

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, roles and rights; without rights where they are unknown.

        In direct messages the roles are those in every server of the bot, and there are no rights,
        since it is not clear in which server.
        """
        try:
            if place.workspace == DIRECT:
                return await self._describe_directly(person)
            return await self._describe_member(place.workspace, person)
        except CLIENT_ERRORS as error:
            log.warning("discord: %s has no rights for now: %r", person.id, error)
            return replace(person, groups=frozenset(), may_manage=False)

    async def _describe_member(self, guild_id: str, person: Person) -> Person:
        member, guild = await asyncio.gather(
            self._read_member(guild_id, person.id),
            self._client.request("GET", "/guilds/{guild_id}", {"guild_id": guild_id}),
        )
        if member is None:
            return replace(person, groups=frozenset(), may_manage=False)
        roles = frozenset(str(role) for role in member["roles"])
        return replace(
            person,
            name=_read_name(member) or person.name,
            groups=roles,
            may_manage=_may_manage(guild, person.id, roles),
        )

    async def _describe_directly(self, person: Person) -> Person:
        guilds = [str(guild["id"]) for guild in await self._list_guilds()]
        members = await asyncio.gather(*(self._read_member(id_, person.id) for id_ in guilds))
        roles = {str(role) for member in members if member for role in member["roles"]}
        return replace(person, groups=frozenset(roles), may_manage=False)

    async def _list_guilds(self) -> list[Json]:
        guilds: list[Json] = await self._client.request(
            "GET", "/users/@me/guilds", query={"limit": str(MOST_GUILDS)}
        )
        return guilds

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
