"""Permission bits and how they add up in a channel (Discord's documented algorithm)."""

from .models import Channel, Guild

BITS = {
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "manage_roles": 1 << 28,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "create_private_threads": 1 << 36,
    "send_messages_in_threads": 1 << 38,
}
ALL = sum(BITS.values())
# What @everyone may do in a fresh guild.
EVERYONE = sum(
    BITS[name]
    for name in (
        "add_reactions",
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
        "use_external_emojis",
        "use_application_commands",
        "create_public_threads",
        "create_private_threads",
        "send_messages_in_threads",
    )
)
# In a direct message both sides may do all that makes sense there.
DIRECT = EVERYONE


def bits(names: list[str] | tuple[str, ...] | int) -> int:
    """The bit field of these permission names (an int is passed through)."""
    if isinstance(names, int):
        return names
    return sum(BITS[name] for name in names)


def in_guild(guild: Guild, user_id: int) -> int:
    """What the member may do in the guild, before channel overwrites; 0 for a stranger."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if guild.owner_id == user_id:
        return ALL
    value = guild.roles[guild.id].permissions
    for role_id in member.roles:
        value |= guild.roles[role_id].permissions
    return ALL if value & BITS["administrator"] else value


def in_channel(guild: Guild, channel: Channel, user_id: int) -> int:
    """What the member may do in a channel (for a thread: give its parent)."""
    value = in_guild(guild, user_id)
    if value == 0 or value & BITS["administrator"]:
        return value
    member = guild.members[user_id]
    overwrites = {overwrite.id: overwrite for overwrite in channel.overwrites}
    everyone = overwrites.get(guild.id)
    if everyone:
        value = (value & ~everyone.deny) | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        if role_id in overwrites:
            allow |= overwrites[role_id].allow
            deny |= overwrites[role_id].deny
    value = (value & ~deny) | allow
    own = overwrites.get(user_id)
    if own:
        value = (value & ~own.deny) | own.allow
    # Without sight of a channel nothing else in it counts.
    return value if value & BITS["view_channel"] else 0
