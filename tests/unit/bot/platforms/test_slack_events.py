"""Slack's payloads, in the shapes that Slack sends, as questions and commands."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.model import ChannelKind, Command, IncomingMessage, Intent
from bot.platforms.slack_events import (
    clean_text,
    is_from_person,
    read_channel_in_view,
    read_channel_kind,
    read_command,
    read_deletion,
    read_edit,
    read_message,
    read_organisation,
    read_team,
)

BOT = "U0LAN0Z89"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def message(**event: Any) -> dict[str, Any]:
    """A message in a public channel, as the Events API delivers it."""
    text = event.get("text", "where is the handbook?")
    element = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {
        "token": "z26uFbvR1xHJEdHE1OQiO6t8",
        "team_id": "T061EG9R6",
        "context_team_id": "T061EG9R6",
        "context_enterprise_id": None,
        "api_app_id": "A0MDYCDME",
        "event": {
            "user": "U061F7AUR",
            "type": "message",
            "ts": "1515449522.000016",
            "client_msg_id": "5c42b3e4-1a65-4b56-9a73-2d0a5c1f1c1a",
            "text": text,
            "team": "T061EG9R6",
            "blocks": [{"type": "rich_text", "block_id": "n1", "elements": [element]}],
            "channel": "C0LAN2Q65",
            "event_ts": "1515449522000016",
            "channel_type": "channel",
            **event,
        },
        "type": "event_callback",
        "event_id": "Ev0MDYGDKJ",
        "event_time": 1515449522,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T061EG9R6",
                "user_id": BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-eyJldCI6Im1lc3NhZ2UifQ",
    }


def mention(**event: Any) -> dict[str, Any]:
    payload = message(text=f"<@{BOT}> where is the handbook?", type="app_mention", **event)
    del payload["event"]["channel_type"]
    return payload


def read(payload: dict[str, Any], kind: ChannelKind = ChannelKind.PUBLIC) -> IncomingMessage | None:
    return read_message(payload, BOT, kind)


def test_a_mention() -> None:
    question = read(mention())
    assert question is not None
    assert question.event == "slack:Ev0MDYGDKJ"
    assert question.message == question.thread == "slack:T061EG9R6:C0LAN2Q65:1515449522.000016"
    assert question.place.thread == "1515449522.000016"
    assert (question.intent, question.text) == (Intent.MENTION, "where is the handbook?")
    assert question.at == datetime(2018, 1, 8, 22, 12, 2, 16, tzinfo=UTC)
    assert question.reply_token == {"user": "U061F7AUR"}


def test_a_mention_inside_a_thread_belongs_to_the_thread() -> None:
    question = read(mention(thread_ts="1515449000.000001"))
    assert question is not None
    assert question.thread == "slack:T061EG9R6:C0LAN2Q65:1515449000.000001"
    assert question.message.endswith(":1515449522.000016")


@pytest.mark.parametrize("tag", [f"<@{BOT}>", f"<@{BOT}|footnote>"])
def test_both_events_of_a_mention_name_the_same_message(tag: str) -> None:
    twin = read(message(text=f"{tag} where is the handbook?"))
    first = read(mention())
    assert twin is not None
    assert first is not None
    assert (twin.message, twin.intent, twin.text) == (first.message, first.intent, first.text)


def test_a_direct_message() -> None:
    payload = message(channel="D024BE91L", channel_type="im")
    assert read_channel_kind(payload) is ChannelKind.DIRECT
    question = read(payload, ChannelKind.DIRECT)
    assert question is not None
    assert question.intent is Intent.DIRECT


@pytest.mark.parametrize(
    ("event", "intent"),
    [
        ({}, Intent.OVERHEARD),
        ({"text": "<@U0OTHER001> you?"}, None),
        ({"thread_ts": "1515449522.000016"}, Intent.OVERHEARD),  # the parent of a thread
        ({"thread_ts": "1515449000.000001"}, Intent.FOLLOW_UP),
        ({"thread_ts": "1515449000.000001", "text": "<@U0OTHER001> you?"}, None),
        ({"thread_ts": "1515449000.000001", "text": "<!subteam^S012|@hr> you?"}, None),
        ({"thread_ts": "1515449000.000001", "text": "<!here> you?"}, None),
        ({"thread_ts": "1515449000.000001", "text": f"<@U0OTHER001> <@{BOT}>?"}, Intent.MENTION),
        ({"thread_ts": "1.1", "subtype": "thread_broadcast"}, Intent.FOLLOW_UP),
        ({"text": f"<@{BOT}> read this", "subtype": "file_share"}, Intent.MENTION),
    ],
)
def test_what_is_a_question_in_a_channel(event: dict[str, Any], intent: Intent | None) -> None:
    question = read(message(**event))
    assert (question.intent if question else None) == intent


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B0BOT"},
        {"subtype": "bot_message", "user": None},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted", "hidden": True},
        {"subtype": "channel_join"},
        {"bot_profile": {"id": "B0BOT"}},
        {"type": "reaction_added"},
    ],
)
def test_what_is_never_a_question(event: dict[str, Any]) -> None:
    payload = message(channel="D024BE91L", channel_type="im", **event)
    assert read(payload, ChannelKind.DIRECT) is None


def test_strangers_are_told_from_members_in_shared_channels() -> None:
    payload = message(user_team="T0ELSEWHERE")
    payload["is_ext_shared_channel"] = True
    assert not is_from_person(payload)
    payload["event"]["user_team"] = "T061EG9R6"
    assert is_from_person(payload)
    # In a shared channel the event may have happened in the other workspace.
    payload["team_id"] = "T0ELSEWHERE"
    assert read_team(payload) == "T061EG9R6"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (f"<@{BOT}> hello", "hello"),
        (f"hello <@{BOT}>, how  are you?", "hello , how are you?"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
        ("see <https://x.example/a?b=1&amp;c=2>", "see https://x.example/a?b=1&c=2"),
        ("see <https://x.example|the page>", "see the page"),
        ("in <#C012|general> or <#C013>", "in #general or #C013"),
        ("ask <@U0OTHER001> or <@U0OTHER001|ann>", "ask @U0OTHER001 or @ann"),
        ("<!here> and <!subteam^S1|@hr> and <!subteam^S1>", "@here and @hr and @subteam"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("two\n\n  lines ", "two\n\nlines"),
        ("a &lt; b", "a < b"),
        ("", ""),
    ],
)
def test_text_is_what_the_person_typed(typed: str, plain: str) -> None:
    assert clean_text(typed, BOT) == plain


def command(**fields: str) -> dict[str, Any]:
    """A slash command, as Slack posts it."""
    return {
        "token": "gIkuvaNzQIHg97ATvDxqgjtO",
        "team_id": "T0001",
        "team_domain": "example",
        "channel_id": "C2147483705",
        "channel_name": "test",
        "user_id": "U2147483697",
        "user_name": "Steve",
        "command": "/ask",
        "text": "94070",
        "response_url": "https://hooks.slack.com/commands/1234/5678",
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        "api_app_id": "A123456",
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"command": "/sync", "text": "handbook  full"}, "sync", ("handbook", "full")),
        ({"command": "/Help", "text": ""}, "help", ()),
        ({"command": "/footnote", "text": " "}, "help", ()),
        ({"command": "/footnote", "text": "SYNC a &amp; b"}, "sync", ("a", "&", "b")),
        ({"command": "/footnote", "text": "dance"}, "dance", ()),
    ],
)
def test_commands(fields: dict[str, str], name: str, words: tuple[str, ...]) -> None:
    heard = read_command(command(**fields), BOT, ChannelKind.PUBLIC, AT)
    assert isinstance(heard, Command)
    assert (heard.name, heard.words, heard.at) == (name, words, AT)
    assert heard.reply_token["response_url"] == "https://hooks.slack.com/commands/1234/5678"


@pytest.mark.parametrize("fields", [{"text": "why?"}, {"command": "/footnote", "text": "ask why?"}])
def test_ask_is_a_question_in_a_conversation_of_its_own(fields: dict[str, str]) -> None:
    first = read_command(command(**fields), BOT, ChannelKind.PRIVATE, AT)
    other = read_command(command(**fields, trigger_id="2.2.2"), BOT, ChannelKind.PRIVATE, AT)
    assert isinstance(first, IncomingMessage)
    assert isinstance(other, IncomingMessage)
    assert (first.intent, first.text, first.person.name) == (Intent.ASK, "why?", "Steve")
    assert first.place.thread is None
    assert first.thread != other.thread


def test_the_kind_of_channel_as_far_as_it_is_told() -> None:
    assert read_channel_kind(mention()) is None
    assert read_channel_kind(command()) is None
    assert read_channel_kind(command(channel_id="D024BE91L")) is ChannelKind.DIRECT
    kinds = [read_channel_kind(message(channel_type=kind)) for kind in ("group", "mpim", "channel")]
    assert kinds == [ChannelKind.PRIVATE, ChannelKind.PRIVATE, ChannelKind.PUBLIC]


CHANNEL_ENTITY = {"type": "slack#/types/channel_id", "value": "C2", "team_id": "T061EG9R6"}
MESSAGE_ENTITY = {
    "type": "slack#/types/message_context",
    "value": {"channel_id": "C3", "message_ts": "1515449522.000016"},
}
CANVAS_ENTITY = {"type": "slack#/types/canvas_id", "value": "F1"}


@pytest.mark.parametrize(
    ("context", "in_view"),
    [
        ({"entities": [CANVAS_ENTITY, CHANNEL_ENTITY, MESSAGE_ENTITY]}, "C2"),
        ({"entities": [MESSAGE_ENTITY]}, "C3"),
        ({"entities": [CANVAS_ENTITY]}, None),
        ({}, None),
    ],
)
def test_the_channel_beside_the_pane(context: dict[str, Any], in_view: str | None) -> None:
    payload = message(channel="D024BE91L", channel_type="im", app_context=context)
    asked = read_message(payload, BOT, ChannelKind.DIRECT)
    assert asked is not None
    assert asked.in_view == in_view
    assert read_channel_in_view({"context": context}) == in_view


def test_who_an_organisation_s_event_came_by() -> None:
    payload = message()
    assert read_organisation(payload) == ""
    payload["authorizations"][0] |= {"is_enterprise_install": True, "enterprise_id": "E1"}
    assert read_organisation(payload) == "E1"
    assert read_organisation({"is_enterprise_install": "true", "enterprise_id": "E2"}) == "E2"
    assert read_organisation({"is_enterprise_install": "false", "enterprise_id": "E2"}) == ""
    assert read_organisation({"is_enterprise_install": True, "enterprise": {"id": "E3"}}) == "E3"


def change(text: str, before: str, **fields: Any) -> dict[str, Any]:
    written = message(text=text)["event"]
    event = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": written.pop("channel"),
        "channel_type": written.pop("channel_type", "channel"),
        "ts": "1700000000.000900",
        "message": {**written, "edited": {"user": written["user"], "ts": "1.0"}, **fields},
        "previous_message": {**written, "text": before},
    }
    return {**message(), "event": event}


def test_an_edit_reads_as_the_message_does_now() -> None:
    heard = read_edit(change(f"<@{BOT}> and now?", f"<@{BOT}> why?"), BOT, ChannelKind.PUBLIC)
    first = read_message(message(text=f"<@{BOT}> why?"), BOT, ChannelKind.PUBLIC)
    assert heard is not None
    assert first is not None
    assert (heard.text, heard.intent) == ("and now?", Intent.MENTION)
    assert (heard.message, heard.thread, heard.place) == (
        first.message,
        first.thread,
        first.place,
    )


def test_an_edit_that_takes_the_mention_away_is_an_edit_still() -> None:
    heard = read_edit(change("never mind", f"<@{BOT}> why?"), BOT, ChannelKind.PUBLIC)
    assert heard is not None
    assert heard.intent is not Intent.MENTION


@pytest.mark.parametrize(
    ("text", "fields"),
    [("why?", {"attachments": [{"title": "A page"}]}), ("ours", {"bot_id": "B1"})],
)
def test_link_previews_and_bots_edit_nothing(text: str, fields: dict[str, Any]) -> None:
    assert read_edit(change(text, "why?", **fields), BOT, ChannelKind.PUBLIC) is None


def test_a_deletion_names_the_message_that_is_gone() -> None:
    key = read_message(message(text=f"<@{BOT}> why?"), BOT, ChannelKind.PUBLIC)
    assert key is not None
    ts = message()["event"]["ts"]
    channel = message()["event"]["channel"]
    gone = {"subtype": "message_deleted", "deleted_ts": ts, "channel": channel}
    assert read_deletion({**message(), "event": gone}) == key.message
    grave = change("This message was deleted.", "why?", subtype="tombstone", ts=ts)
    assert read_deletion(grave) == key.message
    assert read_deletion(change("now?", "why?")) is None
