"""chat.*, reactions.* as an app calls them."""

import re
from typing import Any

from .calls import Call, Method
from .errors import SlackError
from .shapes import message_json
from .state import Channel, Message
from .validators import (
    MARKDOWN_LIMIT,
    UPDATE_TEXT_LIMIT,
    check_blocks,
    check_content,
    check_metadata,
    check_text,
)

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?\Z")
_SYSTEM = frozenset(["channel_join", "channel_leave", "channel_topic", "channel_name"])


def post_message(call: Call) -> dict[str, Any]:
    """chat.postMessage."""
    channel = _target(call)
    message = _compose(call, channel)
    message.metadata = check_metadata(call.args.get("metadata"))
    message.client_msg_id = call.string("client_msg_id") or None
    if message.is_reply and call.flag("reply_broadcast"):
        message.broadcast, message.subtype = True, "thread_broadcast"
    call.backend.post(message)
    shape = message_json(call.backend.workspace, message)
    return {"channel": channel.id, "ts": message.ts, "message": shape}


def post_ephemeral(call: Call) -> dict[str, Any]:
    """chat.postEphemeral."""
    channel = _target(call)
    user = call.string("user", required=True)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = _compose(call, channel)
    message.ephemeral_for = user
    call.backend.post(message)
    return {"message_ts": message.ts}


def update(call: Call) -> dict[str, Any]:
    """chat.update; the text has a limit of its own, 4,000 characters."""
    channel = call.channel()
    message = call.backend.workspace.message(channel, call.string("ts", required=True))
    if message.user != call.backend.app.bot_user:
        raise SlackError("cant_update_message")
    if message.stream is not None and message.stream.is_open(call.backend.clock.now()):
        raise SlackError("streaming_state_conflict")
    text = call.string("text")
    check_text(text, UPDATE_TEXT_LIMIT)
    markdown = _markdown(call)
    given = call.args.get("blocks")
    blocks = check_blocks(given) if given is not None else list(message.blocks)
    attachments = call.args.get("attachments", message.attachments)
    check_content(text or markdown, given or [], call.args.get("attachments") or [], [])
    metadata = check_metadata(call.args.get("metadata"))
    previous = message_json(call.backend.workspace, message, metadata=False)
    if markdown:
        text, blocks = markdown, check_blocks([{"type": "markdown", "text": markdown}])
    message.text, message.blocks, message.attachments = text, blocks, attachments
    message.metadata = metadata if metadata is not None else message.metadata
    if not blocks:
        message.edited = {"user": message.user, "ts": call.backend.workspace.next_ts()}
    call.backend.announce_change(message, previous)
    shape = message_json(call.backend.workspace, message)
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": shape}


def delete(call: Call) -> dict[str, Any]:
    """chat.delete."""
    channel = call.channel()
    message = call.backend.workspace.message(channel, call.string("ts", required=True))
    streaming = message.stream is not None and message.stream.is_open(call.backend.clock.now())
    if message.user != call.backend.app.bot_user or streaming:
        raise SlackError("cant_delete_message")
    call.backend.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def permalink(call: Call) -> dict[str, Any]:
    """chat.getPermalink."""
    channel = call.channel()
    message = call.backend.workspace.message(channel, call.string("message_ts", required=True))
    domain = call.backend.workspace.domain
    url = f"https://{domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        url += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": url}


def react(call: Call, *, add: bool) -> dict[str, Any]:
    """reactions.add and reactions.remove."""
    channel = call.channel()
    name = call.string("name", required=True).strip(":")
    if not _EMOJI.match(name):
        raise SlackError("invalid_name")
    message = call.backend.workspace.message(channel, call.string("timestamp", required=True))
    if not call.is_member(channel):
        raise SlackError("not_in_channel")
    there = call.backend.app.bot_user in message.reactions.get(name, [])
    if there == add:
        raise SlackError("already_reacted" if add else "no_reaction")
    call.backend.react(message, call.backend.bot, name, add=add)
    return {}


def get_reactions(call: Call) -> dict[str, Any]:
    """reactions.get."""
    channel = call.channel()
    message = call.backend.workspace.message(channel, call.string("timestamp", required=True))
    shape = message_json(call.backend.workspace, message)
    return {"type": "message", "channel": channel.id, "message": shape}


def check_thread(call: Call, channel: Channel, thread_ts: str) -> None:
    """Refuse replies to what has no thread: nothing, a reply, or a system message."""
    parent = channel.messages.get(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.is_reply or parent.subtype in _SYSTEM:
        raise SlackError("cannot_reply_to_message")


def writable(call: Call, channel: Channel) -> Channel:
    """The conversation, if the bot may write there."""
    if channel.archived:
        raise SlackError("is_archived")
    if not call.is_member(channel) and "chat:write.public" not in call.scopes:
        raise SlackError("not_in_channel")
    return channel


def _target(call: Call) -> Channel:
    """Where to post: an id, a #name, or a person's id for their DM with the bot."""
    wanted = call.string("channel")
    if not wanted:
        raise SlackError("channel_not_found")
    workspace = call.backend.workspace
    if wanted in workspace.users:
        if wanted == call.backend.app.bot_user:
            raise SlackError("channel_not_found")
        return workspace.direct(wanted, call.backend.app.bot_user)
    named = workspace.channel(wanted)
    if named.kind != "channel" and not call.is_member(named):
        raise SlackError("channel_not_found")
    return writable(call, named)


def _markdown(call: Call) -> str:
    markdown = call.string("markdown_text")
    if markdown and (call.args.get("text") or call.args.get("blocks")):
        raise SlackError("markdown_text_conflict")
    check_text(markdown, MARKDOWN_LIMIT)
    return markdown


def _compose(call: Call, channel: Channel) -> Message:
    backend = call.backend
    text, markdown = call.string("text"), _markdown(call)
    check_text(text)
    given = call.args.get("blocks")
    if markdown:
        given = [{"type": "markdown", "text": markdown}]
    blocks = check_blocks(given) if given else []
    attachments = call.args.get("attachments") or []
    check_content(text, blocks, attachments, [])
    thread_ts = call.string("thread_ts") or None
    if thread_ts is not None:
        check_thread(call, channel, thread_ts)
    return Message(
        ts=backend.workspace.next_ts(), channel=channel.id, user=backend.app.bot_user,
        bot_id=backend.app.bot_id, text=text or markdown, blocks=blocks, attachments=attachments,
        thread_ts=thread_ts, unfurl_links=call.flag("unfurl_links"),
        unfurl_media=call.flag("unfurl_media"), username=call.string("username") or None,
    )  # fmt: skip


_WRITE = ("chat:write",)
METHODS = {
    "chat.postMessage": Method(post_message, _WRITE),
    "chat.postEphemeral": Method(post_ephemeral, _WRITE),
    "chat.update": Method(update, _WRITE),
    "chat.delete": Method(delete, _WRITE),
    "chat.getPermalink": Method(permalink),
    "reactions.add": Method(lambda call: react(call, add=True), ("reactions:write",)),
    "reactions.remove": Method(lambda call: react(call, add=False), ("reactions:write",)),
    "reactions.get": Method(get_reactions, ("reactions:read",)),
}
