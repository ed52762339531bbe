"""Presses of buttons and filled-in modals as the bot's own values. Pure.

Shapes: https://docs.slack.dev/reference/interaction-payloads (block_actions, view_submission,
block_suggestion).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.model import (
    REPLACES,
    THREAD,
    ChannelKind,
    Command,
    IncomingMessage,
    Intent,
    MessageKey,
    Person,
    Place,
    Platform,
    Submission,
    ThreadKey,
)
from bot.platforms.slack_events import clean_text
from bot.rendering.slack import BUTTONS, RATING
from bot.rendering.slack_form import MODAL, read_values
from bot.rendering.slack_home import HOME

Payload = Mapping[str, Any]

ANSWER_THIS = "answer_this"
"""The callback_id of the message shortcut, as the manifest names it."""


def is_click(payload: Payload) -> bool:
    """Whether one of our buttons below a message was pressed."""
    actions = payload.get("actions") or [{}]
    return (
        payload.get("type") == "block_actions"
        and actions[0].get("block_id") in (BUTTONS, RATING)
        and "message" in payload
    )


def is_home_press(payload: Payload) -> bool:
    """Whether something on one of our home pages was pressed or chosen."""
    ours = (payload.get("view") or {}).get("callback_id") == HOME
    return payload.get("type") == "block_actions" and ours


def is_submission(payload: Payload) -> bool:
    """Whether one of our modals was filled in."""
    ours = (payload.get("view") or {}).get("callback_id") == MODAL
    return payload.get("type") == "view_submission" and ours


def is_suggestion(payload: Payload) -> bool:
    """Whether a select in one of our modals asks for its options."""
    ours = (payload.get("view") or {}).get("callback_id") == MODAL
    return payload.get("type") == "block_suggestion" and ours


def read_home(payload: Payload) -> str:
    """The workspace in which it happened; an organisation's app is told of it with the person."""
    return str((payload.get("team") or {}).get("id") or payload["user"].get("team_id") or "")


def is_shortcut(payload: Payload) -> bool:
    """Whether somebody wants a message answered."""
    return payload.get("type") == "message_action" and payload.get("callback_id") == ANSWER_THIS


def read_shortcut(
    payload: Payload, bot_user: str, kind: ChannelKind, at: datetime
) -> IncomingMessage:
    """The question of a message that somebody wants answered, for them alone.

    https://docs.slack.dev/interactivity/implementing-shortcuts (message_action)
    """
    message, person = payload["message"], _read_person(payload)
    team, channel = read_home(payload), str(payload["channel"]["id"])
    key = MessageKey(f"slack:{team}:{channel}:{payload['trigger_id']}")
    return IncomingMessage(
        event=f"slack:{payload['trigger_id']}",
        message=key,
        thread=ThreadKey(key),
        place=Place(Platform.SLACK, team, channel, kind),
        person=person,
        intent=Intent.ASK,
        text=clean_text(str(message.get("text") or ""), bot_user),
        at=at,
        reply_token={
            "user": person.id,
            "response_url": str(payload.get("response_url") or ""),
            THREAD: str(message.get("thread_ts") or message["ts"]),
        },
    )


def read_click(payload: Payload, kind: ChannelKind, at: datetime) -> Command:
    """The command that a button gives, a thumb, or what was chosen in a menu."""
    action = payload["actions"][0]
    chosen = action.get("selected_option") or action
    name, *words = str(chosen.get("value") or "").split() or [""]
    container, person = payload["container"], _read_person(payload)
    token = {"user": person.id, "response_url": str(payload.get("response_url") or "")}
    if container.get("is_ephemeral"):
        token[REPLACES] = "yes"
    return Command(
        event=f"slack:{payload['trigger_id']}",
        name=name,
        words=tuple(words),
        place=Place(
            Platform.SLACK,
            read_home(payload),
            str(payload["channel"]["id"]),
            kind,
            container.get("thread_ts"),
        ),
        person=person,
        at=at,
        reply_token=token,
    )


def read_home_press(payload: Payload, at: datetime) -> Command:
    """The command of a press on a home page, given where the person writes to the bot directly."""
    action, person = payload["actions"][0], _read_person(payload)
    chosen = action.get("selected_option") or action
    name, *words = str(chosen.get("value") or "").split() or [""]
    channel, _ = read_home_memory(payload["view"])
    return Command(
        event=f"slack:{payload['trigger_id']}",
        name=name,
        words=tuple(words),
        place=Place(Platform.SLACK, read_home(payload), channel, ChannelKind.DIRECT),
        person=person,
        at=at,
        reply_token={"user": person.id},
    )


def write_home_memory(channel: str, language: str) -> str:
    """What a home page has to remember, for `private_metadata`."""
    return json.dumps({"channel": channel, "language": language})


def read_home_memory(view: Payload) -> tuple[str, str]:
    """The channel and the language that a home page remembers; '' and 'en' where it does not."""
    try:
        memory = json.loads(view.get("private_metadata") or "{}")
        return str(memory["channel"]), str(memory["language"])
    except (KeyError, TypeError, ValueError):
        return "", "en"


def write_context(command: Command, form_command: str) -> str:
    """What a modal has to remember of the command that opened it, for `private_metadata`."""
    place = command.place
    return json.dumps(
        {
            "command": form_command,
            "team": place.workspace,
            "channel": place.channel,
            "kind": place.channel_kind.value,
            "thread": place.thread,
            "response_url": command.reply_token.get("response_url", ""),
        }
    )


def read_context(payload: Payload, at: datetime) -> Command:
    """The command that a modal gives, by the person who has it open."""
    context = json.loads(payload["view"]["private_metadata"])
    name, *words = context["command"].split()
    person = _read_person(payload)
    trigger = payload.get("trigger_id") or payload["view"]["id"]
    return Command(
        event=f"slack:{trigger}",
        name=name,
        words=tuple(words),
        place=Place(
            Platform.SLACK,
            context["team"],
            context["channel"],
            ChannelKind(context["kind"]),
            context["thread"],
        ),
        person=person,
        at=at,
        reply_token={"user": person.id, "response_url": context["response_url"]},
    )


def read_submission(payload: Payload, at: datetime) -> Submission:
    """A modal as it was filled in."""
    return Submission(read_context(payload, at), read_values(payload["view"]))


def _read_person(payload: Payload) -> Person:
    user = payload["user"]
    return Person(str(user["id"]), str(user.get("name") or user.get("username") or ""))
