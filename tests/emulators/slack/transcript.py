"""A conversation as people see it."""

from typing import Any

from .state import Channel, Message, Workspace


def transcript(
    workspace: Workspace, channel: Channel, *, viewer: str | None = None
) -> list[dict[str, Any]]:
    """Messages in order, replies nested under `replies`, ephemeral ones flagged.

    With `viewer`, an id, only what that person sees.
    """
    seen = [*channel.messages.values(), *channel.ephemerals]
    shown = sorted(
        (m for m in seen if viewer is None or m.ephemeral_for in (None, viewer)),
        key=lambda message: float(message.ts),
    )
    entries: dict[str, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for message in shown:
        entry = entries[message.ts] = entry_of(workspace, message)
        parent = entries.get(message.thread_ts or "") if message.is_reply else None
        (top if parent is None else parent["replies"]).append(entry)
    return top


def entry_of(workspace: Workspace, message: Message) -> dict[str, Any]:
    """One message, without its replies."""
    author = workspace.users.get(message.user)
    stream = message.stream
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "channel": message.channel,
        "user": message.user,
        "user_name": message.username or (author.real_name if author else message.user),
        "is_bot": message.bot_id is not None,
        "text": message.text,
        "blocks": message.blocks,
        "ephemeral": message.ephemeral_for is not None,
        "visible_to": message.ephemeral_for,
        "edited": message.edited is not None,
        "streaming": stream is not None and stream.is_open(workspace.clock.now()),
        "subtype": message.subtype,
        "metadata": message.metadata,
        "unfurl_links": message.unfurl_links,
        "unfurl_media": message.unfurl_media,
        "reactions": {name: list(users) for name, users in message.reactions.items()},
        "files": [file["name"] for file in message.files],
        "replies": [],
    }
