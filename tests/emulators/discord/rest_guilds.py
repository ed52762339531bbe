"""REST routes for the gateway address, users, applications, channels, guilds, members and roles."""

from typing import Any

from . import permissions, render
from .errors import api_error
from .models import Guild
from .rest import Call, Route, need
from .validators import check_thread, page_limit, snowflake


def gateway_url(call: Call) -> Any:
    return {"url": call.gateway.url}


def gateway_bot(call: Call) -> Any:
    gateway = call.gateway
    return {
        "url": gateway.url,
        "shards": gateway.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": gateway.identifies_left,
            "reset_after": 14400000,
            "max_concurrency": gateway.max_concurrency,
        },
    }


def own_user(call: Call) -> Any:
    return render.user(call.world.bot) | {"verified": True, "mfa_enabled": True, "flags": 0}


def get_user(call: Call) -> Any:
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise api_error(10013)
    return render.user(user)


def own_guilds(call: Call) -> Any:
    bot = call.world.bot.id
    limit = page_limit(call.query.get("limit"), 200, 200)
    after = int(call.query.get("after", 0))
    guilds = sorted(call.world.guilds.values(), key=lambda guild: guild.id)
    mine = [guild for guild in guilds if bot in guild.members and guild.id > after]
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "owner": False,
            "features": [],
            "permissions": str(permissions.in_guild(guild, bot)),
        }
        for guild in mine[:limit]
    ]


def open_direct(call: Call) -> Any:
    number = snowflake("recipient_id", call.form().get("recipient_id"))
    user = call.world.users.get(number)
    if user is None:
        raise api_error(10013)
    if user.bot:
        raise api_error(50007)
    return render.channel(call.world, call.world.direct_channel(user))


def application(call: Call) -> Any:
    return render.application(call.world)


def get_channel(call: Call) -> Any:
    return render.channel(call.world, call.channel())


def edit_channel(call: Call) -> Any:
    channel, body = call.channel(), call.form()
    if channel.is_thread:
        if channel.owner_id != call.world.bot.id or body.get("locked") is not None:
            need(call, channel, "manage_threads")
        check_thread({"name": channel.name} | body)
        channel.name = body.get("name", channel.name)
        channel.locked = body.get("locked", channel.locked)
        channel.auto_archive = body.get("auto_archive_duration") or channel.auto_archive
        if "archived" in body:
            channel.archived = bool(body["archived"])
            channel.archived_at = call.world.timestamp()
        if "applied_tags" in body:
            channel.applied_tags = [int(tag) for tag in body["applied_tags"] or []]
        call.world.emit_channel("THREAD_UPDATE", channel)
    else:
        need(call, channel, "manage_channels")
        channel.name = body.get("name", channel.name)
        channel.topic = body.get("topic", channel.topic)
        call.world.emit_channel("CHANNEL_UPDATE", channel)
    return render.channel(call.world, channel)


def _guild(call: Call) -> Guild:
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise api_error(10004)
    if call.world.bot.id not in guild.members:
        raise api_error(50001)
    return guild


def get_guild(call: Call) -> Any:
    guild = _guild(call)
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return render.guild(guild) | (counts if call.query.get("with_counts") else {})


def guild_channels(call: Call) -> Any:
    guild = _guild(call)
    return [render.channel(call.world, item) for item in call.world.guild_channels(guild)]


def guild_roles(call: Call) -> Any:
    return [render.role(role) for role in _guild(call).roles.values()]


def list_members(call: Call) -> Any:
    guild = _guild(call)
    limit = page_limit(call.query.get("limit"), 1, 1000)
    after = int(call.query.get("after", 0))
    found = sorted(number for number in guild.members if number > after)[:limit]
    return [render.member(call.world, guild, number) for number in found]


def get_member(call: Call) -> Any:
    guild = _guild(call)
    number = call.id("user_id")
    if number not in guild.members:
        raise api_error(10007 if number in call.world.users else 10013)
    return render.member(call.world, guild, number)


_GUILD = "/guilds/{guild_id}"
ROUTES = (
    Route("GET", "/gateway", "gateway", gateway_url, needs_token=False),
    Route("GET", "/gateway/bot", "gateway.bot", gateway_bot),
    Route("GET", "/users/@me", "users.me", own_user),
    Route("GET", "/users/@me/guilds", "users.guilds", own_guilds),
    Route("POST", "/users/@me/channels", "users.channels", open_direct),
    Route("GET", "/users/{user_id}", "users.get", get_user),
    Route("GET", "/oauth2/applications/@me", "applications.me", application),
    Route("GET", "/applications/@me", "applications.me", application),
    Route("GET", "/channels/{channel_id}", "channels.get", get_channel, "channel_id"),
    Route("PATCH", "/channels/{channel_id}", "channels.edit", edit_channel, "channel_id"),
    Route("GET", _GUILD, "guilds.get", get_guild, "guild_id"),
    Route("GET", _GUILD + "/channels", "guilds.channels", guild_channels, "guild_id"),
    Route("GET", _GUILD + "/roles", "guilds.roles", guild_roles, "guild_id"),
    Route("GET", _GUILD + "/members", "guilds.members", list_members, "guild_id"),
    Route("GET", _GUILD + "/members/{user_id}", "guilds.member", get_member, "guild_id"),
)
