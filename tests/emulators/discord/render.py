"""The JSON shapes that Discord's API and gateway use for what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import intents, permissions
from .models import DM, FORUM, HAS_THREAD, Channel, Guild, Message, Role, User

if TYPE_CHECKING:
    from .state import World


def user(person: User) -> dict[str, Any]:
    return {
        "id": str(person.id),
        "username": person.name,
        "discriminator": "0" if not person.bot else "0001",
        "global_name": person.display_name,
        "avatar": None,
        "bot": person.bot,
        "public_flags": 0,
        "avatar_decoration_data": None,
    }


def role(item: Role) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "name": item.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": item.position,
        "permissions": str(item.permissions),
        "managed": item.managed,
        "mentionable": True,
        "flags": 0,
        **({"tags": {"bot_id": str(item.bot_id)}} if item.bot_id is not None else {}),
    }


def member(world: World, guild: Guild, user_id: int, *, with_user: bool = True) -> dict[str, Any]:
    item = guild.members[user_id]
    data: dict[str, Any] = {
        "nick": item.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(role_id) for role_id in item.roles],
        "joined_at": item.joined_at,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    if with_user:
        data["user"] = user(world.users[user_id])
    return data


def _optional(number: int | None) -> str | None:
    return None if number is None else str(number)


def channel(world: World, item: Channel) -> dict[str, Any]:
    if item.is_thread:
        return thread(world, item)
    data: dict[str, Any] = {
        "id": str(item.id),
        "type": item.type,
        "last_message_id": _optional(item.last_message_id),
        "flags": 0,
    }
    if item.type == DM:
        return data | {"recipients": [user(world.users[who]) for who in item.recipients]}
    data |= {
        "guild_id": str(item.guild_id),
        "name": item.name,
        "position": item.position,
        "topic": item.topic,
        "nsfw": False,
        "parent_id": _optional(item.parent_id),
        "rate_limit_per_user": item.slowmode,
        "permission_overwrites": [
            {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
            for o in item.overwrites
        ],
    }
    if item.type == FORUM:
        data |= {
            "available_tags": item.available_tags,
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return data


def thread(world: World, item: Channel) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": str(item.id),
        "type": item.type,
        "guild_id": str(item.guild_id),
        "parent_id": str(item.parent_id),
        "owner_id": str(item.owner_id),
        "name": item.name,
        "last_message_id": _optional(item.last_message_id),
        "message_count": item.message_count,
        "total_message_sent": item.message_count,
        "member_count": len(item.thread_members),
        "rate_limit_per_user": item.slowmode,
        "flags": 0,
        "applied_tags": [str(tag) for tag in item.applied_tags],
        "thread_metadata": {
            "archived": item.archived,
            "archive_timestamp": item.archived_at or item.created_at,
            "auto_archive_duration": item.auto_archive,
            "locked": item.locked,
            "invitable": item.invitable,
            "create_timestamp": item.created_at,
        },
    }
    if world.bot.id in item.thread_members:
        data["member"] = thread_member(item, world.bot.id)
    return data


def thread_member(item: Channel, user_id: int) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "user_id": str(user_id),
        "join_timestamp": item.thread_members[user_id],
        "flags": 0,
    }


def guild(item: Guild) -> dict[str, Any]:
    """A guild as the REST API gives it."""
    return {
        "id": str(item.id),
        "name": item.name,
        "owner_id": str(item.owner_id),
        "icon": None,
        "splash": None,
        "banner": None,
        "description": None,
        "discovery_splash": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": item.locale,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": None,
        "features": ["COMMUNITY"],
        "emojis": [],
        "stickers": [],
        "roles": [role(entry) for entry in item.roles.values()],
    }


def guild_create(world: World, item: Guild, *, all_members: bool) -> dict[str, Any]:
    """A guild as the gateway announces it; without the members intent only the bot is listed."""
    listed = item.members if all_members else [world.bot.id]
    seen = [
        entry
        for entry in world.guild_channels(item, threads=True)
        if not entry.archived and world.can(entry, world.bot.id, "view_channel")
    ]
    return guild(item) | {
        "joined_at": item.joined_at,
        "large": False,
        "unavailable": False,
        "member_count": len(item.members),
        "members": [member(world, item, number) for number in listed],
        "channels": [channel(world, entry) for entry in world.guild_channels(item)],
        "threads": [thread(world, entry) for entry in seen],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _reactions(world: World, item: Message) -> list[dict[str, Any]]:
    return [
        {
            "emoji": {"id": None, "name": emoji},
            "count": len(people),
            "count_details": {"burst": 0, "normal": len(people)},
            "burst_colors": [],
            "me": world.bot.id in people,
            "me_burst": False,
        }
        for emoji, people in item.reactions.items()
        if people
    ]


def message(
    world: World, item: Message, *, gateway: bool = False, nested: bool = False
) -> dict[str, Any]:
    """A message; `gateway` adds guild and members as dispatches carry them."""
    home = world.guilds.get(item.guild_id) if item.guild_id else None
    data: dict[str, Any] = {
        "id": str(item.id),
        "channel_id": str(item.channel_id),
        "type": item.type,
        "content": item.content,
        "author": user(world.users[item.author_id]),
        "timestamp": item.created_at,
        "edited_timestamp": item.edited_at,
        "flags": item.flags,
        "tts": item.tts,
        "pinned": item.pinned,
        "embeds": item.embeds,
        "components": item.components,
        "attachments": item.attachments,
        "mention_everyone": item.mention_everyone,
        "mention_roles": [str(number) for number in item.mention_roles],
        "mentions": [user(world.users[number]) for number in item.mentions],
    }
    if item.reactions:
        data["reactions"] = _reactions(world, item)
    if item.nonce is not None:
        data["nonce"] = item.nonce
    if item.webhook_id is not None:
        data["webhook_id"] = str(item.webhook_id)
        data["application_id"] = str(item.webhook_id)
    if item.interaction is not None:
        data["interaction_metadata"] = item.interaction
    if item.flags & HAS_THREAD and item.thread_id in world.channels:
        data["thread"] = thread(world, world.channels[item.thread_id])
    if item.reference is not None:
        data["message_reference"] = item.reference
        if not nested and "message_id" in item.reference:
            target = world.messages.get(int(item.reference["message_id"]))
            alive = target is not None and not target.deleted
            data["referenced_message"] = (
                message(world, target, nested=True) if target and alive else None
            )
    if gateway and home is not None:
        _add_members(world, home, item, data)
    return data


def _add_members(world: World, home: Guild, item: Message, data: dict[str, Any]) -> None:
    data["guild_id"] = str(home.id)
    if item.author_id in home.members and item.webhook_id is None:
        data["member"] = member(world, home, item.author_id, with_user=False)
    for entry, number in zip(data["mentions"], item.mentions, strict=True):
        if number in home.members:
            entry["member"] = member(world, home, number, with_user=False)


def withhold(world: World, data: dict[str, Any]) -> dict[str, Any]:
    """A guild message as a bot without the Message Content intent gets it.

    Own messages and those that mention the bot stay whole.
    """
    bot = str(world.bot.id)
    names = {data["author"]["id"], *(person["id"] for person in data["mentions"])}
    if bot not in names:
        data = data | {"content": "", "embeds": [], "components": [], "attachments": []}
    if data.get("referenced_message"):
        data = data | {"referenced_message": withhold(world, data["referenced_message"])}
    return data


def application(world: World) -> dict[str, Any]:
    """The application with its owner, shaped for `oauth2/applications/@me`."""
    owner = next(iter(world.guilds.values())).owner_id if world.guilds else world.bot.id
    return {
        "id": str(world.application_id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "00" * 32,
        "owner": user(world.users[owner]),
        "team": None,
        "flags": application_flags(world),
        "tags": [],
        "approximate_guild_count": len(world.guilds),
        "integration_types_config": {"0": {}, "1": {}},
    }


def application_flags(world: World) -> int:
    return sum(flag for bit, flag in intents.APPLICATION_FLAGS.items() if world.privileged & bit)


def partial_channel(world: World, item: Channel, user_id: int) -> dict[str, Any]:
    """A channel inside an interaction, with the permissions of the person acting."""
    value = world.allowed(item, user_id)
    return channel(world, item) | {"permissions": str(value)}


def acting_member(world: World, home: Guild, item: Channel, user_id: int) -> dict[str, Any]:
    """The member inside an interaction, with its permissions there."""
    value = world.allowed(item, user_id) or permissions.in_guild(home, user_id)
    return member(world, home, user_id) | {"permissions": str(value)}
