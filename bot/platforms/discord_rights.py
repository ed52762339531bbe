"""Who may view a channel of a Discord server. Pure.

https://discord.com/developers/docs/topics/permissions
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from retrieval.sources.discord_rights import ADMINISTRATOR, VIEW, may_read

Json = Mapping[str, Any]

STRUCTURE = "structure"
"""The subject 'roles, channels and the owner of a server'."""

_MEMBER = 1
"""The type of an overwrite for one member."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A server as the API tells it: itself with its roles, and its channels by id."""

    guild: Json
    channels: Mapping[str, Json]

    @property
    def id(self) -> str:
        """The server's id, which its role for everyone bears too."""
        return str(self.guild["id"])

    @property
    def roles(self) -> Mapping[str, Json]:
        """The roles by id."""
        return {str(role["id"]): role for role in self.guild.get("roles") or ()}


def list_readable(structure: Structure, member: str, roles: Iterable[str]) -> frozenset[str]:
    """The channels that a member with these roles may read."""
    held, known = list(roles), structure.roles
    return frozenset(
        name for name, each in structure.channels.items() if may_read(each, known, held, member)
    )


def list_viewing_roles(structure: Structure, channel: Json) -> frozenset[str] | None:
    """The roles of which each alone lets people view a channel; None where everyone may.

    Roles of bots do not count, nor do those of administrators: Discord shows them everything, and
    they can give themselves any role.
    """
    roles = structure.roles
    if may_read(channel, roles, [], "", needed=VIEW):
        return None
    return frozenset(
        name
        for name, role in roles.items()
        if name != structure.id
        and "bot_id" not in (role.get("tags") or {})
        and not int(role["permissions"]) & ADMINISTRATOR
        and may_read(channel, roles, [name], "", needed=VIEW)
    )


def list_invited(channel: Json) -> frozenset[str]:
    """The members who may view a channel by name."""
    return frozenset(
        str(each["id"])
        for each in channel.get("permission_overwrites") or ()
        if int(each["type"]) == _MEMBER and int(each["allow"]) & VIEW
    )


def find_shared_roles(viewing: frozenset[str], invited: Iterable[frozenset[str]]) -> frozenset[str]:
    """The roles that everyone has who may view a channel.

    `viewing` are the roles that let people in, `invited` those of each member who is let in by
    name. Nobody is known to have two of the first, so two of them leave nothing in common.
    """
    held = [frozenset({role}) for role in viewing] + list(invited)
    return frozenset.intersection(*held) if held else frozenset()
