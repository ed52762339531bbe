"""What people would read: messages in order, with names, threads, buttons and reactions."""

from typing import Any

from . import render
from .components import BUTTON, SELECTS, walk
from .messages import shown, unfurls
from .models import DM, GUILD_CATEGORY, LOADING, Channel, Message
from .state import World


def text_of(message: Message) -> str:
    """All words of a message: content, embeds and text components."""
    parts = [shown(message)]
    for embed in message.embeds:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{item['name']}: {item['value']}" for item in embed.get("fields") or []]
        parts.append((embed.get("footer") or {}).get("text") or "")
    return "\n".join(part for part in parts if part)


def name_of(world: World, user_id: int) -> str:
    user = world.users[user_id]
    return user.display_name or user.name


def entry(world: World, message: Message) -> dict[str, Any]:
    """One message of a transcript."""
    target = (message.reference or {}).get("message_id")
    controls = [
        {
            "type": c["type"],
            "label": c.get("label") or c.get("placeholder"),
            "custom_id": c.get("custom_id"),
            "url": c.get("url"),
            "disabled": bool(c.get("disabled")),
            "options": [o["label"] for o in c.get("options", [])],
        }
        for c in walk(message.components)
        if c.get("type") in (BUTTON, *SELECTS)
    ]
    asked = message.interaction or {}
    return {
        "id": str(message.id),
        "author": name_of(world, message.author_id),
        "bot": world.users[message.author_id].bot,
        "at": message.created_at,
        "content": message.content,
        "text": text_of(message),
        "embeds": message.embeds,
        "components": message.components,
        "controls": controls,
        "attachments": message.attachments,
        "reactions": {e: [name_of(world, n) for n in p] for e, p in message.reactions.items() if p},
        "reply_to": target,
        "mentions": [name_of(world, number) for number in message.mentions],
        "command": asked.get("name"),
        "asked_by": name_of(world, int(asked["user"]["id"])) if asked else None,
        "only_for": None
        if message.ephemeral_for is None
        else name_of(world, message.ephemeral_for),
        "loading": bool(message.flags & LOADING),
        "edited": message.edited_at is not None,
        "deleted": message.deleted,
        "unfurls": unfurls(message),
        "type": message.type,
    }


def _channel_entries(world: World, channel: Channel) -> list[dict[str, Any]]:
    listed = []
    nested = set()
    for message in world.history(channel.id):
        line = entry(world, message)
        if message.thread_id in world.channels:
            thread = world.channels[message.thread_id]
            nested.add(thread.id)
            line["thread"] = _thread(world, thread)
        listed.append(line)
    for thread in world.threads(channel.id):
        if thread.id not in nested:
            name = name_of(world, thread.owner_id or world.bot.id)
            listed.append({"id": str(thread.id), "author": name, "thread": _thread(world, thread)})
    return sorted(listed, key=lambda line: int(line["id"]))


def _thread(world: World, thread: Channel) -> dict[str, Any]:
    return {
        "id": str(thread.id),
        "name": thread.name,
        "archived": thread.archived,
        "messages": [line for line in _channel_entries(world, thread) if line.get("type") != 21],
    }


def entries(world: World, channel: Channel | None) -> list[dict[str, Any]]:
    """The messages of one channel, or for None a list of `{"channel", "messages"}`."""
    if channel is not None:
        return _channel_entries(world, channel)
    listed = []
    for place in world.channels.values():
        if place.is_thread or place.type == GUILD_CATEGORY:
            continue
        found = _channel_entries(world, place)
        if place.type == DM:
            name = "@" + render.user(world.users[place.recipients[0]])["username"]
        else:
            name = f"{world.guilds[place.guild_id or 0].name}/#{place.name}"
        if found:
            listed.append({"channel": name, "id": str(place.id), "messages": found})
    return listed
