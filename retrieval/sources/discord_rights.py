"""Who may read a channel of Discord.

https://discord.com/developers/docs/topics/permissions
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

ADMINISTRATOR, VIEW, READ_HISTORY = 1 << 3, 1 << 10, 1 << 16


def may_read(
    channel: Json,
    roles: Mapping[str, Json],
    member_roles: Sequence[str],
    member: str,
    *,
    needed: int = VIEW | READ_HISTORY,
) -> bool:
    """Whether a member may read a channel and its history; without roles and name: everyone."""
    everyone = channel["guild_id"]
    held = [role for role in (everyone, *member_roles) if role in roles]
    allowed = 0
    for role in held:
        allowed |= int(roles[role]["permissions"])
    if allowed & ADMINISTRATOR:
        return True
    overwrites = {item["id"]: item for item in channel.get("permission_overwrites") or ()}
    # the server's own overwrite gives way to those of roles, and these to the member's
    for group in ([everyone], held[1:], [member]):
        given = [overwrites[name] for name in group if name in overwrites]
        for overwrite in given:
            allowed &= ~int(overwrite["deny"])
        for overwrite in given:
            allowed |= int(overwrite["allow"])
    return allowed & needed == needed
