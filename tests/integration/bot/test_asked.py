"""Where something was asked of late, which is read first after an outage."""

from datetime import UTC, datetime, timedelta

from bot.model import (
    ChannelKind,
    IncomingMessage,
    Intent,
    MessageKey,
    Person,
    Place,
    Platform,
    ThreadKey,
)
from bot.storage.slack import PostgresGaps
from retrieval.model import TenantId
from tests.integration.bot.conftest import Bot


def ask(channel: str, ts: str, intent: Intent = Intent.MENTION) -> IncomingMessage:
    thread = None if intent is Intent.ASK else ts
    return IncomingMessage(
        event=f"slack:{channel}:{ts}",
        message=MessageKey(f"slack:T1:{channel}:{ts}"),
        thread=ThreadKey(f"slack:T1:{channel}:{ts}"),
        place=Place(Platform.SLACK, "T1", channel, ChannelKind.PUBLIC, thread),
        person=Person("U1"),
        intent=intent,
        text="Why?",
        at=datetime.now(UTC),
    )


async def test_where_something_was_asked_is_listed_from_the_last_question_on(bot: Bot) -> None:
    await bot.workspaces.link(Platform.SLACK, "T1", "T1")
    gaps = PostgresGaps(bot.pool)
    for message in (ask("C1", "1.0"), ask("C2", "2.0"), ask("C3", "3.0", Intent.ASK)):
        await bot.inbox.put_question(TenantId("default"), message)
    since = datetime.now(UTC) - timedelta(days=1)
    assert await gaps.list_asked("T1", since=since, limit=10) == [
        ("C3", None), ("C2", "2.0"), ("C1", "1.0")
    ]  # fmt: skip
    assert await gaps.list_asked("T1", since=since, limit=1) == [("C3", None)]
    assert await gaps.list_asked("T1", since=datetime.now(UTC), limit=10) == []
    assert await gaps.list_asked("T2", since=since, limit=10) == []
