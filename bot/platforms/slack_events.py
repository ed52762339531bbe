"""Slack's payloads as the bot's own values. Pure.

Shapes: https://docs.slack.dev/reference/events (app_mention, message) and
https://docs.slack.dev/interactivity/implementing-slash-commands.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.model import (
    Attachment,
    ChannelKind,
    Command,
    IncomingMessage,
    Intent,
    MessageKey,
    Person,
    Place,
    Platform,
    ThreadKey,
)

EVENTS = frozenset({"app_mention", "message"})
"""The types of events that are read; `message` is subscribed to by kind of channel."""

FRONT_COMMAND = "footnote"
"""`/footnote sync handbook` is `/sync handbook`: for workspaces where other apps own the names,
and for help, since Slack keeps `/help` for itself."""

_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
_SUBTYPES_OF_BOTS = frozenset({None, "bot_message"})
_KINDS = {
    "channel": ChannelKind.PUBLIC,
    "group": ChannelKind.PRIVATE,
    "mpim": ChannelKind.PRIVATE,
    "im": ChannelKind.DIRECT,
}
_ENTITY = re.compile(r"<([^<>]+)>")
_SOMEBODY = re.compile(r"<(?:@([UW][A-Z0-9]+)|!subteam\^|!here|!channel|!everyone)")

Payload = Mapping[str, Any]


def read_channel_kind(payload: Payload) -> ChannelKind | None:
    """The kind of channel, as far as the payload tells: app_mention events do not."""
    event: Payload = payload.get("event") or payload
    known = _KINDS.get(event.get("channel_type", ""))
    if known is None and str(event.get("channel_id") or event.get("channel")).startswith("D"):
        return ChannelKind.DIRECT
    return known


def is_from_person(payload: Payload) -> bool:
    """Whether a person of this workspace wrote it.

    Bots, edits, deletions and the notices of channels are not for us; nor are people of another
    organisation in a shared channel, whose rights nobody here has set.
    """
    event = payload["event"]
    if event.get("subtype") not in _SUBTYPES or event.get("hidden"):
        return False
    if read_bot(payload):
        return False
    if not event.get("user") or event["user"] == "USLACKBOT":
        return False
    home = event.get("user_team") or event.get("team")
    return not (
        payload.get("is_ext_shared_channel") and home is not None and home != read_team(payload)
    )


def is_from_another_bot(payload: Payload, bot_user: str) -> bool:
    """Whether another bot wrote it and mentions ours."""
    event = payload["event"]
    known = event.get("subtype") in _SUBTYPES_OF_BOTS and not event.get("hidden")
    ours = event.get("user") == bot_user or not read_bot(payload)
    return known and not ours and mentions(event.get("text") or "", bot_user)


def read_bot(payload: Payload) -> str:
    """The id of the bot that wrote it; '' for what a person wrote."""
    event = payload["event"]
    return str(event.get("bot_id") or (event.get("bot_profile") or {}).get("id") or "")


def read_message(payload: Payload, bot_user: str, kind: ChannelKind) -> IncomingMessage | None:
    """The question in an event_callback, or None where nothing is asked of the bot.

    What mentions nobody is a question only as the channel is set up, and in a thread (FOLLOW_UP)
    only where the bot takes part; neither does the payload tell, and the intake knows.
    """
    event = payload["event"]
    if event.get("type") not in EVENTS:
        return None
    if not is_from_person(payload) and not is_from_another_bot(payload, bot_user):
        return None
    intent = _read_intent(event, bot_user, kind)
    if intent is None:
        return None
    return _make_message(payload, bot_user, kind, intent)


def read_edit(payload: Payload, bot_user: str, kind: ChannelKind) -> IncomingMessage | None:
    """A person's message as it reads since they changed it; None where its words are the same.

    Slack tells of link previews and of replies that were counted in the same way.
    """
    change = payload["event"]
    message, before = change["message"], change.get("previous_message") or {}
    event = {"channel": change["channel"], **message, "type": "message"}
    edited = {**payload, "event": event}
    if message.get("text") == before.get("text") or not is_from_person(edited):
        return None
    return _make_message(edited, bot_user, kind, _read_intent(event, bot_user, kind))


def read_deletion(payload: Payload) -> MessageKey | None:
    """The message that is gone; one that has replies leaves a gravestone."""
    event = payload["event"]
    gone = None
    if event.get("subtype") == "message_deleted":
        gone = event.get("deleted_ts")
    elif (event.get("message") or {}).get("subtype") == "tombstone":
        gone = event["message"]["ts"]
    return MessageKey(f"slack:{read_team(payload)}:{event['channel']}:{gone}") if gone else None


def read_files(event: Payload) -> tuple[Attachment, ...]:
    """The files of a message; those of other organisations and services are at no address of ours.

    https://docs.slack.dev/reference/objects/file-object
    """
    return tuple(
        Attachment(
            name=str(file.get("name") or file.get("title") or file.get("id") or ""),
            media_type=str(file.get("mimetype") or ""),
            size=int(file.get("size") or 0),
            url="" if file.get("is_external") else str(file.get("url_private") or ""),
        )
        for file in event.get("files") or ()
    )


def read_command(
    payload: Payload, bot_user: str, kind: ChannelKind, at: datetime
) -> IncomingMessage | Command:
    """A slash command: a question for `/ask`, a Command for every other."""
    name = str(payload["command"]).lstrip("/").lower()
    text = clean_text(payload.get("text") or "", bot_user)
    if name == FRONT_COMMAND:
        name, _, text = (text or "help").partition(" ")
        name, text = name.lower(), text.strip()
    team, channel, user = read_team(payload), payload["channel_id"], payload["user_id"]
    event = f"slack:{payload['trigger_id']}"
    place = Place(Platform.SLACK, team, channel, kind)
    person = Person(user, payload.get("user_name") or "")
    reply_token = {"user": user, "response_url": payload["response_url"]}
    if name != "ask":
        return Command(event, name, tuple(text.split()), place, person, at, reply_token)
    # Each /ask is a conversation of its own: there is no thread that would show what came before.
    key = f"slack:{team}:{channel}:{payload['trigger_id']}"
    return IncomingMessage(
        event=event,
        message=MessageKey(key),
        thread=ThreadKey(key),
        place=place,
        person=person,
        intent=Intent.ASK,
        text=text,
        at=at,
        reply_token=reply_token,
    )


def read_team(payload: Payload) -> str:
    """The workspace in which the app is installed; in shared channels others take part."""
    for authorization in payload.get("authorizations") or ():
        if authorization.get("team_id"):
            return str(authorization["team_id"])
    return str(payload.get("team_id") or payload.get("event", {}).get("team") or "")


def read_organisation(payload: Payload) -> str:
    """The organisation whose installation an event or a command came by; '' for a workspace's."""
    for authorization in payload.get("authorizations") or ():
        if authorization.get("is_enterprise_install"):
            return str(authorization.get("enterprise_id") or "")
    if str(payload.get("is_enterprise_install")).lower() != "true":
        return ""
    named = payload.get("enterprise") or {}
    return str(payload.get("enterprise_id") or named.get("id") or "")


def read_channel_in_view(event: Payload) -> str | None:
    """The channel that the person looks at beside the agent's pane, where the event tells."""
    context = event.get("app_context") or event.get("context") or {}
    for entity in context.get("entities") or ():
        value = entity.get("value")
        if entity.get("type") == "slack#/types/channel_id" and isinstance(value, str):
            return value
        if isinstance(value, Mapping) and value.get("channel_id"):
            return str(value["channel_id"])
    return None


def mentions(text: str, bot_user: str) -> bool:
    """Whether Slack's markup of a text mentions the bot."""
    return f"<@{bot_user}>" in text or f"<@{bot_user}|" in text


def clean_text(text: str, bot_user: str) -> str:
    """What the person typed: Slack's entities resolved, the mention of the bot left out.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    plain = _ENTITY.sub(lambda found: _read_entity(found[1], bot_user), text)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(entity, character)
    lines = (" ".join(line.split(" ")).strip() for line in plain.splitlines())
    return "\n".join(re.sub(r" {2,}", " ", line) for line in lines).strip()


def _make_message(
    payload: Payload, bot_user: str, kind: ChannelKind, intent: Intent | None
) -> IncomingMessage:
    event = payload["event"]
    bot = read_bot(payload)
    user = event.get("user") or bot
    team, channel, ts = read_team(payload), event["channel"], event["ts"]
    thread = event.get("thread_ts") or ts
    return IncomingMessage(
        event=f"slack:{payload['event_id']}",
        message=MessageKey(f"slack:{team}:{channel}:{ts}"),
        thread=ThreadKey(f"slack:{team}:{channel}:{thread}"),
        place=Place(Platform.SLACK, team, channel, kind, thread),
        person=Person(user, bot=bot),
        intent=intent or Intent.FOLLOW_UP,
        text=clean_text(event.get("text") or "", bot_user),
        at=datetime.fromtimestamp(float(ts), UTC),
        reply_token={"user": user},
        in_view=read_channel_in_view(event) if kind is ChannelKind.DIRECT else None,
        attachments=read_files(event),
    )


def _read_intent(event: Payload, bot_user: str, kind: ChannelKind) -> Intent | None:
    if kind is ChannelKind.DIRECT:
        return Intent.DIRECT
    text = event.get("text") or ""
    if event["type"] == "app_mention" or mentions(text, bot_user):
        return Intent.MENTION
    if _SOMEBODY.search(text):
        return None
    is_reply = event.get("thread_ts") not in (None, event["ts"])
    return Intent.FOLLOW_UP if is_reply else Intent.OVERHEARD


def _read_entity(entity: str, bot_user: str) -> str:
    target, _, label = entity.partition("|")
    if target == f"@{bot_user}":
        return ""
    match target[0]:
        case "@" | "#":
            return f"{target[0]}{label.lstrip('@#')}" if label else target
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
        case _:
            return label or target
