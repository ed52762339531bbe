"""Slack's JSON shapes for what the workspace holds."""

import re
from typing import Any

from .state import Channel, Message, Stream, User, View, Workspace

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def user_json(user: User, *, with_email: bool) -> dict[str, Any]:
    """The `user` object of users.info."""
    profile: dict[str, Any] = {
        "real_name": user.real_name,
        "display_name": user.name,
        "real_name_normalized": user.real_name,
        "display_name_normalized": user.name,
        "team": user.team_id,
    }
    if with_email and user.email:
        profile["email"] = user.email
    if user.bot_id:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id or ""}
    organisation = {"enterprise_user": user.enterprise_user} if user.enterprise_user else {}
    return {
        **organisation,
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": "Europe/Berlin",
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.bot_id is not None,
        "is_app_user": False,
        "updated": 0,
    }


def channel_json(workspace: Workspace, channel: Channel, viewer: str) -> dict[str, Any]:
    """The `channel` object of conversations.info, as `viewer` sees it."""
    if channel.kind == "im":
        other = next((member for member in channel.members if member != viewer), viewer)
        return {
            "id": channel.id,
            "is_im": True,
            "user": other,
            "context_team_id": workspace.team_id,
            "is_archived": channel.archived,
            "is_org_shared": False,
            "is_user_deleted": workspace.users[other].deleted,
        }
    private = channel.kind != "channel"
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": False,
        "is_mpim": channel.kind == "mpim",
        "is_private": private,
        "is_archived": channel.archived,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_member": viewer in channel.members,
        "creator": channel.creator,
        "context_team_id": workspace.team_id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def rich_text(text: str) -> list[dict[str, Any]]:
    """The rich_text block that Slack's own clients send beside `text`."""
    elements: list[dict[str, Any]] = []
    position = 0
    for match in _MENTION.finditer(text):
        if match.start() > position:
            elements.append({"type": "text", "text": text[position : match.start()]})
        elements.append({"type": "user", "user_id": match[1]})
        position = match.end()
    if position < len(text):
        elements.append({"type": "text", "text": text[position:]})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": "auto", "elements": [section]}]


def mentions(text: str) -> set[str]:
    """The ids of the users whom a text mentions."""
    return {match[1] for match in _MENTION.finditer(text)}


def stream_text(stream: Stream) -> tuple[str, list[dict[str, Any]]]:
    """Text and blocks of a streamed message as far as it has come."""
    blocks: list[dict[str, Any]] = []
    cards = [
        {"type": "task_card", "task_id": task["id"], **_without(task, "id", "type")}
        for task in stream.tasks.values()
    ]
    if stream.plan_title is not None or (cards and stream.task_display_mode == "plan"):
        blocks.append({"type": "plan", "title": stream.plan_title or "", "tasks": cards})
    else:
        blocks.extend(cards)
    if stream.markdown:
        blocks.append({"type": "markdown", "text": stream.markdown})
    return stream.markdown, [*blocks, *stream.blocks]


def message_json(
    workspace: Workspace, message: Message, *, metadata: bool = True
) -> dict[str, Any]:
    """The message object of history, events and answers to chat.postMessage."""
    author = workspace.users.get(message.user)
    body: dict[str, Any] = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": author.team_id if author else workspace.team_id,
    }
    if author is not None and author.team_id != workspace.team_id:
        body |= {"user_team": author.team_id, "source_team": author.team_id}
    if message.blocks:
        body["blocks"] = message.blocks
    for name in ("client_msg_id", "subtype", "thread_ts", "edited", "username", "app_context"):
        if (value := getattr(message, name)) is not None:
            body[name] = value
    for name in ("attachments", "files"):
        if value := getattr(message, name):
            body[name] = value
    if message.is_reply and message.thread_ts is not None:
        parent = workspace.channels[message.channel].messages.get(message.thread_ts)
        if parent is not None:
            body["parent_user_id"] = parent.user
    if message.bot_id:
        body |= _bot_part(workspace, message, author)
    if metadata and message.metadata is not None:
        body["metadata"] = message.metadata
    if message.reactions:
        body["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in message.reactions.items()
        ]
    if message.replies:
        body |= _thread_part(workspace, message)
    return body


def _bot_part(workspace: Workspace, message: Message, author: User | None) -> dict[str, Any]:
    app_id = author.app_id if author else None
    return {
        "bot_id": message.bot_id,
        "app_id": app_id or "",
        "bot_profile": {
            "id": message.bot_id,
            "app_id": app_id or "",
            "name": author.real_name if author else "",
            "deleted": False,
            "updated": 0,
            "team_id": workspace.team_id,
            "icons": {},
        },
    }


def _thread_part(workspace: Workspace, message: Message) -> dict[str, Any]:
    messages = workspace.channels[message.channel].messages
    people = list(dict.fromkeys(messages[ts].user for ts in message.replies))
    return {
        "reply_count": len(message.replies),
        "reply_users_count": len(people),
        "latest_reply": message.replies[-1],
        "reply_users": people[:5],
        "is_locked": False,
        "subscribed": False,
    }


def view_json(workspace: Workspace, view: View, *, app_id: str, bot_id: str) -> dict[str, Any]:
    """The `view` object of views.* and of view payloads."""
    empty = {"close": None, "submit": None, "private_metadata": "", "callback_id": "",
             "clear_on_close": False, "notify_on_close": False, "external_id": ""}  # fmt: skip
    return {
        **empty,
        "title": {"type": "plain_text", "text": "View Title"},
        **view.definition,
        "id": view.id,
        "team_id": workspace.team_id,
        "state": {"values": view.values},
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "app_id": app_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": bot_id,
    }


def _without(mapping: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in names}
