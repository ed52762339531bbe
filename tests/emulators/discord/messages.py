"""What happens when a message is written, changed, removed or reacted to."""

import re
from collections.abc import Iterable
from typing import Any

from . import render
from .components import number_components, shown_text
from .errors import api_error, form_error
from .models import (
    COMPONENTS_V2,
    FORUM,
    HAS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    SUPPRESS_EMBEDS,
    Channel,
    Message,
)
from .state import Event, World

NONCE_WINDOW = 300.0
REPLY, THREAD_CREATED, CHAT_INPUT, THREAD_STARTER, CONTEXT_MENU = 19, 18, 20, 21, 23
_USER, _ROLE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_BARE_LINK = re.compile(r"(?<![<(])https?://\S+")


def shown(message: Message) -> str:
    """The words a person sees in a message, those of components included."""
    return "\n".join(part for part in (message.content, shown_text(message.components)) if part)


def unfurls(message: Message) -> bool:
    """Whether Discord's servers would fetch a link of this message for a preview."""
    quiet = message.flags & (SUPPRESS_EMBEDS | COMPONENTS_V2)
    return bool(not quiet and _BARE_LINK.search(message.content))


def _wanted(allowed: dict[str, Any] | None, kind: str, found: Iterable[int]) -> list[int]:
    """Those of `found` that `allowed_mentions` lets through, without repeats."""
    unique = list(dict.fromkeys(found))
    if allowed is None or kind in (allowed.get("parse") or []):
        return unique
    listed = {int(number) for number in allowed.get(kind) or []}
    return [number for number in unique if number in listed]


def set_mentions(
    world: World, message: Message, allowed: dict[str, Any] | None, replied: Message | None
) -> None:
    """Fill who is mentioned, as text, `allowed_mentions` and the reply's ping say."""
    text = shown(message)
    people = [int(number) for number in _USER.findall(text)]
    people = _wanted(allowed, "users", (number for number in people if number in world.users))
    ping = replied is not None and (allowed is None or allowed.get("replied_user", False))
    if replied is not None and ping and replied.author_id not in people:
        people.insert(0, replied.author_id)
    message.mentions = people
    guild = world.guilds.get(message.guild_id) if message.guild_id else None
    roles = guild.roles if guild else {}
    found = (int(number) for number in _ROLE.findall(text))
    message.mention_roles = _wanted(
        allowed, "roles", (number for number in found if number in roles)
    )
    may = world.can(world.channels[message.channel_id], message.author_id, "mention_everyone")
    wanted = allowed is None or "everyone" in (allowed.get("parse") or [])
    message.mention_everyone = bool(may and wanted and _EVERYONE.search(text))


def _reference(
    world: World, channel: Channel, asked: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, Message | None]:
    if not asked or asked.get("message_id") is None:
        return None, None
    target = world.messages.get(int(asked["message_id"]))
    alive = target is not None and not target.deleted and target.channel_id == channel.id
    if not alive and asked.get("fail_if_not_exists", True):
        raise form_error("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    if target is None or not alive:
        return None, None
    reference: dict[str, Any] = {
        "type": 0,
        "channel_id": str(channel.id),
        "message_id": str(target.id),
    }
    if channel.guild_id is not None:
        reference["guild_id"] = str(channel.guild_id)
    return reference, target


def _embeds(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "rich", **embed} for embed in payload.get("embeds") or []]


def seen_before(world: World, author_id: int, payload: dict[str, Any]) -> Message | None:
    """The message that the same author sent with this enforced nonce a short while ago."""
    if not payload.get("enforce_nonce") or payload.get("nonce") is None:
        return None
    known = world.nonces.get((author_id, str(payload["nonce"])))
    if known is None or world.clock.now() - known[1] > NONCE_WINDOW:
        return None
    return world.messages[known[0]]


def create(
    world: World,
    channel: Channel,
    author_id: int,
    payload: dict[str, Any],
    *,
    flags: int = 0,
    kind: int = 0,
    attachments: list[dict[str, Any]] | None = None,
    ephemeral_for: int | None = None,
    interaction: dict[str, Any] | None = None,
    number: int | None = None,
) -> Message:
    """Write a checked message and dispatch it; `number` is its id where that is given by a thread.

    Raises ApiError for an unknown reference.
    """
    reference, replied = _reference(world, channel, payload.get("message_reference"))
    message = Message(
        number or world.snowflake(),
        channel.id,
        channel.guild_id,
        author_id,
        content=payload.get("content") or "",
        type=REPLY if replied else kind,
        flags=flags,
        created_at=world.timestamp(),
        embeds=_embeds(payload),
        components=number_components(payload.get("components") or []),
        attachments=attachments or [],
        reference=reference,
        nonce=payload.get("nonce"),
        tts=bool(payload.get("tts")),
        ephemeral_for=ephemeral_for,
        interaction=interaction,
    )
    if interaction is not None or ephemeral_for is not None:
        message.webhook_id = world.application_id
    set_mentions(world, message, payload.get("allowed_mentions"), replied)
    if payload.get("enforce_nonce") and message.nonce is not None:
        world.nonces[author_id, str(message.nonce)] = (message.id, world.clock.now())
    _publish(world, channel, message)
    return message


def _publish(world: World, channel: Channel, message: Message) -> None:
    """Keep a message, and let everybody know who may."""
    world.keep_message(message)
    _wake_thread(world, channel, message)
    world.journal.append(
        "discord.message",
        id=str(message.id),
        channel=str(channel.id),
        author=str(message.author_id),
        content=shown(message),
        ephemeral=message.ephemeral_for is not None,
    )
    if message.ephemeral_for is None:
        _dispatch(world, "MESSAGE_CREATE", message)


def _wake_thread(world: World, channel: Channel, message: Message) -> None:
    if not channel.is_thread:
        return
    for number in (message.author_id, *message.mentions):
        channel.thread_members.setdefault(number, world.timestamp())
    if channel.archived:
        channel.archived = False
        channel.archived_at = world.timestamp()
        world.emit_channel("THREAD_UPDATE", channel)


def _dispatch(world: World, name: str, message: Message) -> None:
    data = render.message(world, message, gateway=True)
    world.emit(Event(name, data, message.guild_id, message.channel_id, message))


def redispatch(world: World, message: Message) -> None:
    """Deliver MESSAGE_CREATE once more, as a gateway sometimes does."""
    _dispatch(world, "MESSAGE_CREATE", message)


def as_payload(message: Message, changes: dict[str, Any]) -> dict[str, Any]:
    """The body this message would have after `changes`, for the validators."""
    fields = ("content", "embeds", "components", "attachments")
    merged: dict[str, Any] = {name: getattr(message, name) for name in fields}
    merged |= {key: value for key, value in changes.items() if key in (*fields, "allowed_mentions")}
    return merged


def edit(
    world: World,
    message: Message,
    changes: dict[str, Any],
    *,
    flags: int | None = None,
    attachments: list[dict[str, Any]] | None = None,
    silent: bool = False,
) -> Message:
    """Change a message by a checked body and dispatch it."""
    message.revisions.append(shown(message))
    if "content" in changes:
        message.content = changes["content"] or ""
    if "embeds" in changes:
        message.embeds = _embeds(changes)
    if "components" in changes:
        message.components = number_components(changes["components"] or [])
    if attachments is not None:
        message.attachments = attachments
    if flags is not None:
        message.flags = flags
    target = (message.reference or {}).get("message_id")
    replied = world.messages.get(int(target)) if target else None
    set_mentions(world, message, changes.get("allowed_mentions"), replied)
    if not silent:
        message.edited_at = world.timestamp()
    world.journal.append(
        "discord.message_edit",
        id=str(message.id),
        channel=str(message.channel_id),
        content=shown(message),
        ephemeral=message.ephemeral_for is not None,
    )
    if message.ephemeral_for is None:
        _dispatch(world, "MESSAGE_UPDATE", message)
    return message


def delete(world: World, message: Message) -> None:
    message.deleted = True
    channel = world.channels[message.channel_id]
    channel.message_count = max(0, channel.message_count - 1)
    world.journal.append(
        "discord.message_delete", id=str(message.id), channel=str(message.channel_id)
    )
    if message.ephemeral_for is None:
        data = {"id": str(message.id), "channel_id": str(message.channel_id)}
        if message.guild_id is not None:
            data["guild_id"] = str(message.guild_id)
        world.emit(Event("MESSAGE_DELETE", data, message.guild_id, message.channel_id))


def react(
    world: World, message: Message, user_id: int, emoji: str, *, remove: bool = False
) -> None:
    """Add or take back one reaction; doing it twice changes nothing."""
    people = message.reactions.setdefault(emoji, [])
    if (user_id in people) != remove:
        return
    if remove:
        people.remove(user_id)
    else:
        people.append(user_id)
    name = "MESSAGE_REACTION_REMOVE" if remove else "MESSAGE_REACTION_ADD"
    data: dict[str, Any] = {
        "user_id": str(user_id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
        "message_author_id": str(message.author_id),
    }
    guild = world.guilds.get(message.guild_id) if message.guild_id else None
    if guild is not None:
        data["guild_id"] = str(guild.id)
        if not remove and user_id in guild.members:
            data["member"] = render.member(world, guild, user_id)
    world.journal.append(
        "discord.reaction", message=str(message.id), user=str(user_id), emoji=emoji, removed=remove
    )
    world.emit(Event(name, data, message.guild_id, message.channel_id))


def start_typing(world: World, channel: Channel, user_id: int) -> None:
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "user_id": str(user_id),
        "timestamp": int(world.clock.now()),
    }
    guild = world.guild_of(channel)
    if guild is not None:
        data["guild_id"] = str(guild.id)
        data["member"] = render.member(world, guild, user_id)
    world.journal.append("discord.typing", channel=str(channel.id), user=str(user_id))
    world.emit(Event("TYPING_START", data, channel.guild_id, channel.id))


def create_thread(
    world: World,
    parent: Channel,
    owner_id: int,
    payload: dict[str, Any],
    *,
    source: Message | None = None,
) -> Channel:
    """Open a thread in a channel, from a message, or as a forum post. Raises ApiError 160004."""
    if source is not None and source.thread_id is not None:
        raise api_error(160004)
    kind = PUBLIC_THREAD
    if source is None and parent.type != FORUM:
        kind = int(payload.get("type") or PRIVATE_THREAD)
    now = world.timestamp()
    thread = Channel(
        source.id if source else world.snowflake(),
        kind,
        payload["name"],
        parent.guild_id,
        parent_id=parent.id,
        owner_id=owner_id,
        created_at=now,
        auto_archive=payload.get("auto_archive_duration") or 1440,
        thread_members={owner_id: now},
        invitable=payload.get("invitable", True),
        applied_tags=[int(tag) for tag in payload.get("applied_tags") or []],
        slowmode=payload.get("rate_limit_per_user") or 0,
    )
    world.channels[thread.id] = thread
    world.journal.append(
        "discord.thread",
        id=str(thread.id),
        parent=str(parent.id),
        name=thread.name,
        owner=str(owner_id),
    )
    world.emit_channel("THREAD_CREATE", thread, newly_created=True)
    if source is not None:
        _link_source(world, source, thread)
    elif parent.type != FORUM and kind == PUBLIC_THREAD:
        notice = create(world, parent, owner_id, {"content": thread.name}, kind=THREAD_CREATED)
        notice.reference = {"channel_id": str(thread.id), "guild_id": str(thread.guild_id)}
    return thread


def _link_source(world: World, source: Message, thread: Channel) -> None:
    source.thread_id = thread.id
    source.flags |= HAS_THREAD
    _dispatch(world, "MESSAGE_UPDATE", source)
    starter = Message(
        world.snowflake(),
        thread.id,
        thread.guild_id,
        source.author_id,
        type=THREAD_STARTER,
        created_at=world.timestamp(),
        reference={
            "type": 0,
            "channel_id": str(source.channel_id),
            "message_id": str(source.id),
            "guild_id": str(source.guild_id),
        },
    )
    world.keep_message(starter)
    # The starter only mirrors the source; it does not count as a message of the thread.
    thread.message_count -= 1
