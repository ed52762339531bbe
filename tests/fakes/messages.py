"""Messages and commands as platforms hand them over."""

from datetime import UTC, datetime

from bot.model import (
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

ANNA = Person("U1", "Anna")


def make_place(
    platform: Platform = Platform.SLACK,
    channel: str = "C1",
    kind: ChannelKind = ChannelKind.PUBLIC,
    thread: str | None = "100.1",
    workspace: str = "T1",
) -> Place:
    return Place(platform, workspace, channel, kind, thread)


def make_message(
    number: int = 1,
    text: str = "How many days of leave?",
    *,
    event: str | None = None,
    intent: Intent = Intent.MENTION,
    place: Place | None = None,
    person: Person = ANNA,
    thread: str = "thread1",
) -> IncomingMessage:
    return IncomingMessage(
        event=event or f"event{number}",
        message=MessageKey(f"slack:T1:C1:{number}"),
        thread=ThreadKey(thread),
        place=place or make_place(),
        person=person,
        intent=intent,
        text=text,
        at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        reply_token={"response_url": "https://hooks.example/1"} if intent is Intent.ASK else {},
    )


def make_command(
    words: str,
    number: int = 1,
    *,
    place: Place | None = None,
    person: Person = ANNA,
) -> Command:
    name, *rest = words.split()
    return Command(
        event=f"command{number}",
        name=name,
        words=tuple(rest),
        place=place or make_place(thread=None),
        person=person,
        at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        reply_token={"token": "abc"},
    )
