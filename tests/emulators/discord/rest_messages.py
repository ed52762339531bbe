"""REST routes for messages, reactions, pins, typing and threads."""

from typing import Any

from . import messages, render
from .errors import api_error, form_error
from .intents import MESSAGE_CONTENT
from .models import COMPONENTS_V2, DM, FORUM, HAS_THREAD, THREADS, Channel, Message
from .permissions import BITS
from .rest import Call, Route, attachments, need
from .validators import check_message, check_thread, message_flags, page_limit, snowflake

_CHANNEL = "/channels/{channel_id}"
_MESSAGE = _CHANNEL + "/messages/{message_id}"


def _show(call: Call, message: Message) -> dict[str, Any]:
    """A message for the bot; content is withheld as in the gateway where it lacks the intent."""
    data = render.message(call.world, message)
    if message.guild_id is not None and not call.world.privileged & MESSAGE_CONTENT:
        return render.withhold(call.world, data)
    return data


def list_messages(call: Call) -> Any:
    channel = call.channel()
    limit = page_limit(call.query.get("limit"))
    anchors = {
        name: snowflake(name, call.query[name])
        for name in ("before", "after", "around")
        if name in call.query
    }
    if not call.world.can(channel, call.world.bot.id, "read_message_history"):
        return []
    page = call.world.page(channel.id, limit, **anchors)
    return [_show(call, message) for message in page]


def get_message(call: Call) -> Any:
    channel = call.channel()
    need(call, channel, "read_message_history")
    return _show(call, call.world.message(channel.id, call.id("message_id")))


def _may_write(call: Call, channel: Channel) -> None:
    if channel.type == FORUM or channel.type not in (0, DM, 5, *THREADS):
        raise api_error(50008)
    if channel.type == DM and not call.world.users[channel.recipients[0]].accepts_direct:
        raise api_error(50007)
    need(call, channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
    if channel.locked:
        need(call, channel, "manage_threads", code=50083)


def _may_carry(call: Call, channel: Channel, body: dict[str, Any]) -> None:
    if body.get("embeds"):
        need(call, channel, "embed_links")
    if call.files:
        need(call, channel, "attach_files")
    if body.get("message_reference"):
        need(call, channel, "read_message_history", code=160002)


def create_message(call: Call) -> Any:
    channel, body = call.channel(), call.form()
    _may_write(call, channel)
    earlier = messages.seen_before(call.world, call.world.bot.id, body)
    if earlier is not None:
        call.world.journal.append("discord.nonce_repeated", id=str(earlier.id))
        return render.message(call.world, earlier)
    return render.message(call.world, _write(call, channel, body))


def _write(
    call: Call, channel: Channel, body: dict[str, Any], number: int | None = None
) -> Message:
    _may_carry(call, channel, body)
    flags = message_flags(body)
    check_message(body | {"attachments": list(call.files)}, flags=flags)
    files = attachments(call, channel.id, body, [])
    bot = call.world.bot.id
    return messages.create(
        call.world, channel, bot, body, flags=flags, attachments=files, number=number
    )


def edit_message(call: Call) -> Any:
    channel, body = call.channel(), call.form()
    message = call.world.message(channel.id, call.id("message_id"))
    if message.author_id != call.world.bot.id:
        only_flags = set(body) <= {"flags", "allowed_mentions"}
        if not (only_flags and call.world.can(channel, call.world.bot.id, "manage_messages")):
            raise api_error(50005)
    if channel.archived:
        raise api_error(50083)
    kept = message.flags & (HAS_THREAD | COMPONENTS_V2)
    flags = (message_flags(body) if "flags" in body else message.flags) | kept
    files = attachments(call, channel.id, body, message.attachments)
    merged = messages.as_payload(message, body)
    merged["attachments"] = message.attachments if files is None else files
    check_message(merged, flags=flags)
    messages.edit(call.world, message, body, flags=flags, attachments=files)
    return render.message(call.world, message)


def delete_message(call: Call) -> Any:
    channel = call.channel()
    message = call.world.message(channel.id, call.id("message_id"))
    if message.author_id != call.world.bot.id:
        if channel.type == DM:
            raise api_error(50003)
        need(call, channel, "manage_messages")
    messages.delete(call.world, message)


def bulk_delete(call: Call) -> Any:
    channel = call.channel()
    need(call, channel, "manage_messages")
    wanted = call.form().get("messages") or []
    if not 2 <= len(wanted) <= 100:
        text = "Must be between 2 and 100 in length."
        raise form_error("messages", "BASE_TYPE_BAD_LENGTH", text)
    for number in wanted:
        messages.delete(call.world, call.world.message(channel.id, int(number)))


def add_reaction(call: Call) -> Any:
    channel = call.channel()
    message = call.world.message(channel.id, call.id("message_id"))
    emoji = call.params["emoji"]
    # Custom emoji are written name:id; anything else must not be plain text.
    if emoji.isascii() and ":" not in emoji:
        raise api_error(10014)
    need(call, channel, "read_message_history")
    if emoji not in message.reactions:
        need(call, channel, "add_reactions")
    messages.react(call.world, message, call.world.bot.id, emoji)


def remove_reaction(call: Call) -> Any:
    channel = call.channel()
    message = call.world.message(channel.id, call.id("message_id"))
    who = call.params["user_id"]
    if who != "@me":
        need(call, channel, "manage_messages")
    number = call.world.bot.id if who == "@me" else call.id("user_id")
    messages.react(call.world, message, number, call.params["emoji"], remove=True)


def list_reactions(call: Call) -> Any:
    message = call.world.message(call.channel().id, call.id("message_id"))
    people = message.reactions.get(call.params["emoji"], [])
    return [render.user(call.world.users[number]) for number in people]


def set_pin(call: Call, *, pinned: bool) -> Any:
    channel = call.channel()
    need(call, channel, "manage_messages")
    call.world.message(channel.id, call.id("message_id")).pinned = pinned


def pin(call: Call) -> Any:
    return set_pin(call, pinned=True)


def unpin(call: Call) -> Any:
    return set_pin(call, pinned=False)


def list_pins(call: Call) -> Any:
    channel = call.channel()
    pinned = [m for m in call.world.history(channel.id) if m.pinned and not m.deleted]
    items = [{"pinned_at": m.created_at, "message": _show(call, m)} for m in reversed(pinned)]
    return {"items": items, "has_more": False}


def start_typing(call: Call) -> Any:
    channel = call.channel()
    need(call, channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
    messages.start_typing(call.world, channel, call.world.bot.id)


# threads


def thread_from_message(call: Call) -> Any:
    channel, body = call.channel(), call.form()
    if channel.type not in (0, 5):
        raise api_error(50024)
    need(call, channel, "create_public_threads")
    message = call.world.message(channel.id, call.id("message_id"))
    check_thread(body)
    thread = messages.create_thread(call.world, channel, call.world.bot.id, body, source=message)
    return 201, render.thread(call.world, thread)


def thread_in_channel(call: Call) -> Any:
    channel, body = call.channel(), call.form()
    if channel.type == FORUM:
        return _forum_post(call, channel, body)
    if channel.type not in (0, 5):
        raise api_error(50024)
    private = int(body.get("type") or 12) == 12
    need(call, channel, "create_private_threads" if private else "create_public_threads")
    check_thread(body)
    thread = messages.create_thread(call.world, channel, call.world.bot.id, body)
    return 201, render.thread(call.world, thread)


def _forum_post(call: Call, channel: Channel, body: dict[str, Any]) -> Any:
    need(call, channel, "send_messages")
    check_thread(body)
    first = body.get("message")
    if not isinstance(first, dict):
        raise form_error("message", "BASE_TYPE_REQUIRED", "This field is required")
    check_message(first | {"attachments": list(call.files)}, flags=message_flags(first))
    thread = messages.create_thread(call.world, channel, call.world.bot.id, body)
    message = _write(call, thread, first, number=thread.id)
    data = render.thread(call.world, thread)
    return 201, data | {"message": render.message(call.world, message)}


def _thread(call: Call) -> Channel:
    thread = call.channel()
    if not thread.is_thread:
        raise api_error(50024)
    return thread


def join_thread(call: Call) -> Any:
    thread = _thread(call)
    who = call.params["user_id"]
    number = call.world.bot.id if who == "@me" else call.id("user_id")
    thread.thread_members.setdefault(number, call.world.timestamp())


def leave_thread(call: Call) -> Any:
    thread = _thread(call)
    who = call.params["user_id"]
    if who != "@me":
        need(call, thread, "manage_threads")
    number = call.world.bot.id if who == "@me" else call.id("user_id")
    thread.thread_members.pop(number, None)


def thread_members(call: Call) -> Any:
    thread = _thread(call)
    return [render.thread_member(thread, number) for number in thread.thread_members]


def active_threads(call: Call) -> Any:
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise api_error(10004)
    found = [
        thread
        for thread in call.world.guild_channels(guild, threads=True)
        if not thread.archived
        and call.world.allowed(thread, call.world.bot.id) & BITS["view_channel"]
    ]
    return {"threads": [render.thread(call.world, t) for t in found], "members": []}


def archived_threads(call: Call) -> Any:
    channel = call.channel()
    limit = page_limit(call.query.get("limit"))
    before = call.query.get("before", "9999")
    found = [
        thread
        for thread in call.world.threads(channel.id)
        if thread.archived and (thread.archived_at or "") < before
    ]
    found.sort(key=lambda thread: thread.archived_at or "", reverse=True)
    listed = [render.thread(call.world, thread) for thread in found[:limit]]
    return {"threads": listed, "members": [], "has_more": len(found) > limit}


def _route(method: str, path: str, bucket: str, handler: Any) -> Route:
    return Route(method, path, bucket, handler, "channel_id")


ROUTES = (
    _route("GET", _CHANNEL + "/messages", "messages.list", list_messages),
    _route("POST", _CHANNEL + "/messages", "messages.create", create_message),
    _route("POST", _CHANNEL + "/messages/bulk-delete", "messages.bulk_delete", bulk_delete),
    _route("GET", _CHANNEL + "/messages/pins", "pins", list_pins),
    _route("PUT", _CHANNEL + "/messages/pins/{message_id}", "pins", pin),
    _route("DELETE", _CHANNEL + "/messages/pins/{message_id}", "pins", unpin),
    _route("GET", _MESSAGE, "messages.get", get_message),
    _route("PATCH", _MESSAGE, "messages.edit", edit_message),
    _route("DELETE", _MESSAGE, "messages.delete", delete_message),
    _route("GET", _MESSAGE + "/reactions/{emoji}", "reactions.list", list_reactions),
    _route("PUT", _MESSAGE + "/reactions/{emoji}/@me", "reactions", add_reaction),
    _route("DELETE", _MESSAGE + "/reactions/{emoji}/{user_id}", "reactions", remove_reaction),
    _route("POST", _MESSAGE + "/threads", "threads.create", thread_from_message),
    _route("POST", _CHANNEL + "/threads", "threads.create", thread_in_channel),
    _route("GET", _CHANNEL + "/threads/archived/public", "threads.list", archived_threads),
    _route("GET", _CHANNEL + "/thread-members", "threads.members", thread_members),
    _route("PUT", _CHANNEL + "/thread-members/{user_id}", "threads.members", join_thread),
    _route("DELETE", _CHANNEL + "/thread-members/{user_id}", "threads.members", leave_thread),
    _route("POST", _CHANNEL + "/typing", "typing", start_typing),
    Route("GET", "/guilds/{guild_id}/threads/active", "threads.list", active_threads, "guild_id"),
)
