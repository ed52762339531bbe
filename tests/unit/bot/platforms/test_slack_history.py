"""What is read from Slack's conversations, as events would have told it."""

from typing import Any

from bot.model import ChannelKind, Intent
from bot.platforms.slack_account import SlackIdentity
from bot.platforms.slack_events import (
    is_from_person,
    read_channel_kind,
    read_deletion,
    read_edit,
    read_message,
)
from bot.platforms.slack_history import (
    Conversation,
    choose_conversations,
    find_threads,
    list_payloads,
    read_conversation,
)

BOT = "U0BOT"
OURS = frozenset({BOT, "B0BOT"})
HELP = Conversation("C1", "channel", shared=False)


def say(ts: str, text: str = "Why?", **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "team": "T1", "ts": ts, "text": text, **more}


def tell(
    *messages: dict[str, Any], place: Conversation = HELP, heard_until: float = 0.0
) -> list[Any]:
    us = SlackIdentity("T1", "Works", BOT, "B0BOT")
    return list(list_payloads("T1", place, messages, us, after=100.0, heard_until=heard_until))


def test_conversations_are_told_apart() -> None:
    kinds = {
        "channel": {"is_channel": True},
        "group": {"is_channel": True, "is_private": True},
        "mpim": {"is_mpim": True, "is_private": True},
        "im": {"is_im": True},
    }
    for kind, flags in kinds.items():
        assert read_conversation({"id": "C1", **flags}) == Conversation("C1", kind, shared=False)
    assert read_conversation({"id": "C1", "is_ext_shared": True}).shared


def test_first_come_the_conversations_where_something_was_asked_last() -> None:
    all_of_them = [Conversation(f"C{number}", "channel", shared=False) for number in range(5)]

    def choose(few: int, *, every: bool) -> list[str]:
        asked = ["C3", "C9", "C1", "C3"]
        chosen = choose_conversations(all_of_them, asked, few=few, every=every)
        return [each.id for each in chosen]

    assert choose(2, every=True) == choose(5, every=False) == ["C3", "C1", "C0", "C2", "C4"]
    assert choose(4, every=False) == ["C3", "C1"]


def test_threads_are_read_where_somebody_replied_since() -> None:
    def begin(ts: str, latest: str, *users: str, count: int) -> dict[str, Any]:
        replies = {"reply_users": list(users), "reply_users_count": count}
        return say(ts, latest_reply=latest, reply_count=1, **replies)

    messages = [
        begin("50.0", "101.0", "U1", BOT, count=2),
        begin("51.0", "99.0", "U1", count=1),
        begin("52.0", "101.0", BOT, count=1),
        begin("53.0", "101.0", "B0BOT", count=1),
        begin("54.0", "101.0", BOT, count=6),
        begin("55.0", "101.0", "U1", "U2", count=2),
        say("120.0"),
    ]
    assert find_threads(messages, 100.0, OURS) == (["50.0", "54.0"], ["55.0"])
    assert find_threads(messages, 100.0, OURS, ["55.0"]) == (["50.0", "54.0", "55.0"], [])


def test_a_message_reads_like_its_event() -> None:
    (payload,) = tell(say("101.5", f"<@{BOT}> why?", thread_ts="90.0"), say("99.9"))
    assert is_from_person(payload)
    kind = read_channel_kind(payload)
    assert kind is ChannelKind.PUBLIC
    message = read_message(payload, BOT, kind)
    assert message is not None
    assert (message.message, message.thread) == ("slack:T1:C1:101.5", "slack:T1:C1:90.0")
    assert (message.intent, message.text) == (Intent.MENTION, "why?")
    (direct,) = tell(say("101.5"), place=Conversation("D1", "im", shared=False))
    read = read_message(direct, BOT, ChannelKind.DIRECT)
    assert read is not None
    assert read.intent is Intent.DIRECT


def test_messages_are_told_once_in_the_order_of_time_and_ours_are_not() -> None:
    shown = [say("103.0"), say("102.0"), say("103.0"), say("104.0", user=BOT)]
    told = tell(*shown, say("105.0", user="U2", bot_id="B0BOT"))
    assert [payload["event"]["ts"] for payload in told] == ["102.0", "103.0"]
    assert len({payload["event_id"] for payload in told}) == 2


def test_what_is_not_addressed_to_the_bot_is_not_decided_upon_again() -> None:
    asked = say("103.0", f"<@{BOT}> why?")
    told = tell(asked, say("104.0", "Lunch?"), say("111.0", "Cake?"), heard_until=110.0)
    assert [payload["event"]["ts"] for payload in told] == ["103.0", "111.0"]
    direct = Conversation("D1", "im", shared=False)
    assert len(tell(say("104.0"), place=direct, heard_until=110.0)) == 1


def test_people_of_another_organisation_are_known_as_such() -> None:
    shared = Conversation("C1", "channel", shared=True)
    ours, theirs = tell(say("101.0"), say("102.0", user_team="T2"), place=shared)
    assert is_from_person(ours)
    assert not is_from_person(theirs)


def test_what_was_edited_since_is_told_as_an_edit() -> None:
    edited = {"edited": {"user": "U1", "ts": "110.0"}}
    (change,) = tell(say("90.0", "Now why?", **edited), say("91.0", edited={"ts": "92.0"}))
    read = read_edit(change, BOT, ChannelKind.PUBLIC)
    assert read is not None
    assert (read.message, read.text) == ("slack:T1:C1:90.0", "Now why?")
    message, change = tell(say("105.0", **edited))
    assert read_message(message, BOT, ChannelKind.PUBLIC) is not None
    assert read_edit(change, BOT, ChannelKind.PUBLIC) is not None


def test_the_gravestone_of_a_message_is_told_as_its_deletion() -> None:
    gone = say("90.0", user="USLACKBOT", subtype="tombstone")
    (payload,) = tell(gone)
    assert read_deletion(payload) == "slack:T1:C1:90.0"
