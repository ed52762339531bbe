"""conversations.*, users.*, usergroups.*, team, bots and files: what an app reads."""

import base64
import binascii
from typing import Any

from .calls import HISTORY_SCOPES, READ_SCOPES, Call, Method
from .errors import SlackError
from .shapes import channel_json, message_json, user_json
from .state import Channel, Message

_TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def history(call: Call) -> dict[str, Any]:
    """conversations.history: newest first, replies only if also sent to the channel."""
    channel = _readable(call)
    limit = call.rationed(call.number("limit", 100, 999))
    shown = [m for m in channel.messages.values() if not m.is_reply or m.broadcast]
    found = _between(call, shown)
    found.reverse()
    items, cursor = _page_by_time(call, found, limit)
    return {**_messages(call, items, cursor), "pin_count": 0}


def replies(call: Call) -> dict[str, Any]:
    """conversations.replies: the parent, then its replies, oldest first."""
    channel = _readable(call)
    ts = call.string("ts", required=True)
    thread = call.backend.workspace.thread(channel, ts)
    limit = call.rationed(call.number("limit", 1000, 1000))
    items, cursor = call.page(thread[:1] + _between(call, thread[1:]), limit)
    return _messages(call, items, cursor)


def info(call: Call) -> dict[str, Any]:
    """conversations.info."""
    channel = call.channel()
    call.require(READ_SCOPES[channel.kind])
    shape = channel_json(call.backend.workspace, channel, call.backend.app.bot_user)
    if not call.flag("include_num_members"):
        shape.pop("num_members", None)
    return {"channel": shape}


def list_channels(call: Call, *, mine: bool = False) -> dict[str, Any]:
    """conversations.list and users.conversations.

    Of another user's private channels those are told that the bot is in too.
    """
    kinds = [_TYPES.get(name) for name in call.listing("types") or ["public_channel"]]
    if None in kinds:
        raise SlackError("invalid_types")
    for kind in kinds:
        call.require(READ_SCOPES[str(kind)])
    whose = call.string("user") if mine else ""
    if whose and whose not in call.backend.workspace.users:
        raise SlackError("user_not_found")
    found = [
        channel
        for channel in call.backend.workspace.channels.values()
        if channel.kind in kinds
        and (call.is_member(channel) or (channel.kind == "channel" and (whose or not mine)))
        and (not whose or whose in channel.members)
        and not (call.flag("exclude_archived") and channel.archived)
    ]
    items, cursor = call.page(found, call.number("limit", 100, 999))
    bot = call.backend.app.bot_user
    shapes = [channel_json(call.backend.workspace, channel, bot) for channel in items]
    return {"channels": shapes, "response_metadata": {"next_cursor": cursor}}


def members(call: Call) -> dict[str, Any]:
    """conversations.members."""
    channel = call.channel()
    call.require(READ_SCOPES[channel.kind])
    items, cursor = call.page(channel.members, call.number("limit", 100, 999))
    return {"members": items, "response_metadata": {"next_cursor": cursor}}


def open_conversation(call: Call) -> dict[str, Any]:
    """conversations.open with a channel or with one or more people."""
    workspace = call.backend.workspace
    people = call.listing("users")
    if people:
        call.require("im:write" if len(people) == 1 else "mpim:write")
        known = set(workspace.channels)
        channel = workspace.direct(call.backend.app.bot_user, *people)
        already = {"already_open": True, "no_op": True} if channel.id in known else {}
    else:
        call.require("im:write")
        if not call.string("channel"):
            raise SlackError("users_list_not_supplied")
        channel, already = call.channel(), {"already_open": True, "no_op": True}
    shape = channel_json(workspace, channel, call.backend.app.bot_user)
    return {"channel": shape if call.flag("return_im") else {"id": channel.id}, **already}


def user_info(call: Call) -> dict[str, Any]:
    """users.info."""
    user = call.backend.workspace.users.get(call.string("user", required=True))
    if user is None:
        raise SlackError("user_not_found")
    shape = user_json(user, with_email="users:read.email" in call.scopes)
    return {"user": {**shape, "locale": user.locale} if call.flag("include_locale") else shape}


def list_users(call: Call) -> dict[str, Any]:
    """users.list."""
    everyone = list(call.backend.workspace.users.values())
    items, cursor = call.page(everyone, call.number("limit", 1000, 1000))
    email = "users:read.email" in call.scopes
    return {
        "members": [user_json(user, with_email=email) for user in items],
        "cache_ts": int(call.backend.clock.now()),
        "response_metadata": {"next_cursor": cursor},
    }


def list_usergroups(call: Call) -> dict[str, Any]:
    """usergroups.list."""
    groups = []
    for group in call.backend.workspace.usergroups.values():
        shape = {k: v for k, v in group.items() if k != "users"}
        if call.flag("include_count"):
            shape["user_count"] = len(group["users"])
        if call.flag("include_users"):
            shape["users"] = group["users"]
        groups.append(shape)
    return {"usergroups": groups}


def usergroup_users(call: Call) -> dict[str, Any]:
    """usergroups.users.list."""
    group = call.backend.workspace.usergroups.get(call.string("usergroup", required=True))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": group["users"]}


def team_info(call: Call) -> dict[str, Any]:
    """team.info."""
    workspace = call.backend.workspace
    team = {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.domain}
    url = f"https://{workspace.domain}.slack.com/"
    return {"team": {**team, "url": url, "email_domain": "", "icon": {}}}


def bot_info(call: Call) -> dict[str, Any]:
    """bots.info."""
    wanted = call.string("bot") or call.backend.app.bot_id
    for user in call.backend.workspace.users.values():
        if user.bot_id == wanted:
            bot = {"id": user.bot_id, "deleted": user.deleted, "name": user.name, "updated": 0}
            return {"bot": {**bot, "app_id": user.app_id or "", "user_id": user.id, "icons": {}}}
    raise SlackError("bot_not_found")


def file_info(call: Call) -> dict[str, Any]:
    """files.info."""
    file = call.backend.workspace.files.get(call.string("file", required=True))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": file["shape"], "comments": [], "response_metadata": {"next_cursor": ""}}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.require(HISTORY_SCOPES[channel.kind])
    if not call.is_member(channel):
        raise SlackError("not_in_channel")
    return channel


def _page_by_time(call: Call, newest_first: list[Message], limit: int) -> tuple[list[Message], str]:
    """The page at `cursor`, which tells a time: what is said meanwhile shifts no page."""
    if cursor := call.string("cursor"):
        try:
            before = base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:")
            newest_first = [m for m in newest_first if int(m.ts.replace(".", "")) <= int(before)]
        except (binascii.Error, ValueError):
            raise SlackError("invalid_cursor") from None
    items, rest = newest_first[:limit], newest_first[limit:]
    following = f"next_ts:{rest[0].ts.replace('.', '')}" if rest else ""
    return items, base64.b64encode(following.encode()).decode()


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = _moment(call, "oldest", 0.0), _moment(call, "latest", float("inf"))
    if call.flag("inclusive"):
        return [m for m in messages if oldest <= float(m.ts) <= latest]
    return [m for m in messages if oldest < float(m.ts) < latest]


def _moment(call: Call, name: str, default: float) -> float:
    try:
        return float(call.string(name) or default)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _messages(call: Call, items: list[Message], cursor: str) -> dict[str, Any]:
    metadata = bool(call.flag("include_all_metadata"))
    workspace = call.backend.workspace
    body: dict[str, Any] = {
        "messages": [message_json(workspace, m, metadata=metadata) for m in items],
        "has_more": bool(cursor),
    }
    if cursor:
        body["response_metadata"] = {"next_cursor": cursor}
    return body


METHODS = {
    "conversations.history": Method(history, scopes_by_kind=HISTORY_SCOPES, rationed=True),
    "conversations.replies": Method(replies, scopes_by_kind=HISTORY_SCOPES, rationed=True),
    "conversations.info": Method(info, scopes_by_kind=READ_SCOPES),
    "conversations.list": Method(list_channels, scopes_by_kind=READ_SCOPES),
    "conversations.members": Method(members, scopes_by_kind=READ_SCOPES),
    "conversations.open": Method(open_conversation),
    "users.conversations": Method(
        lambda call: list_channels(call, mine=True), scopes_by_kind=READ_SCOPES
    ),
    "users.info": Method(user_info, ("users:read",)),
    "users.list": Method(list_users, ("users:read",)),
    "usergroups.list": Method(list_usergroups, ("usergroups:read",)),
    "usergroups.users.list": Method(usergroup_users, ("usergroups:read",)),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bot_info, ("users:read",)),
    "files.info": Method(file_info, ("files:read",)),
}
