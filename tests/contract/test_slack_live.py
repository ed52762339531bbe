"""Answers that Slack shows while they are made: streams, and edits where there are none."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import AnswerStopped, DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import ChannelKind, Place, Platform
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_live import STREAM, STREAM_SECONDS, EditBudget, SlackLiveAnswer
from bot.platforms.slack_messenger import SlackMessenger
from bot.platforms.slack_posts import SlackPosts
from bot.rendering.reply import Button, Draft, Paragraph, Reply, Text
from tests.emulators.slack import SlackEmulator

TEAM, HELP, ALMA = "T0FOOTNOTE1", "C0HELP00001", "U0ALMA00001"
STOP = Button("Stop", "answer stop 1")
FINAL = Reply((Paragraph((Text("Twenty days."),)),))


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def account(slack: SlackEmulator) -> AsyncIterator[SlackAccount]:
    account = SlackAccount(slack.bot_token, api_url=slack.api_url, timeout_seconds=2)
    await account.open()
    yield account
    await account.close()


@pytest.fixture
async def place(slack: SlackEmulator) -> Place:
    question = await slack.driver.post("alma", "help", "how many days?")
    return Place(Platform.SLACK, TEAM, HELP, ChannelKind.PUBLIC, question["ts"])


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(account: SlackAccount, place: Place, clock: Clock) -> SlackLiveAnswer:
    return SlackLiveAnswer(
        account,
        SlackPosts(account),
        EditBudget(2, 60.0, clock=clock),
        place,
        key="k1",
        reader=ALMA,
        draft=None,
        clock=clock,
    )


async def find_reply(slack: SlackEmulator, place: Place) -> dict[str, Any]:
    entries = await slack.driver.thread(place.channel, place.thread or "")
    (reply,) = [entry for entry in entries if entry["is_bot"]]
    return reply


async def test_steps_are_tasks_of_a_plan_and_text_follows(
    slack: SlackEmulator, live: SlackLiveAnswer, place: Place
) -> None:
    shown = await live.show(Draft(("Planning",), "", STOP))
    assert shown.startswith(STREAM)
    await live.show(Draft(("Planning", "Searching"), "", STOP))
    await live.show(Draft(("Planning", "Searching"), "Twenty days [1] and ", STOP))
    reply = await find_reply(slack, place)
    assert reply["streaming"]
    plan, *_ = reply["blocks"]
    states = [(task["title"], task["status"]) for task in plan["tasks"]]
    assert states == [("Planning", "complete"), ("Searching", "in_progress")]
    assert reply["text"] == "Twenty days and"
    assert [block["type"] for block in reply["blocks"]] == ["plan", "markdown", "actions"]


async def test_nothing_new_is_not_sent(slack: SlackEmulator, live: SlackLiveAnswer) -> None:
    for text in ("Twenty", "Twenty d", "Twenty da"):
        await live.show(Draft(("Planning",), text, STOP))
    calls = [entry for entry in slack.journal.entries if entry.kind == "stream.appended"]
    assert [call.data["text"] for call in calls] == ["Twenty"]


async def test_a_stream_is_turned_into_edits_before_its_time_is_up(
    slack: SlackEmulator, live: SlackLiveAnswer, clock: Clock, place: Place
) -> None:
    await live.show(Draft(("Planning",), "Twenty ", STOP))
    clock.now = STREAM_SECONDS
    shown = await live.show(Draft(("Planning",), "Twenty days ", STOP))
    reply = await find_reply(slack, place)
    assert shown == reply["ts"]
    assert not reply["streaming"]
    assert "Twenty days" in reply["text"]


async def test_edits_share_a_budget(live: SlackLiveAnswer, slack: SlackEmulator) -> None:
    slack.app.streaming = False
    await live.show(Draft(("Planning",), "", STOP))
    for text in ("Twenty", "Twenty days"):
        await live.show(Draft(("Planning",), text, STOP))
    with pytest.raises(RateLimited) as caught:
        await live.show(Draft(("Planning",), "Twenty days of leave", STOP))
    assert caught.value.retry_after == 60.0


async def test_slacks_stop_is_told(
    slack: SlackEmulator, live: SlackLiveAnswer, account: SlackAccount, place: Place
) -> None:
    shown = await live.show(Draft(("Planning",), "", STOP))
    await slack.driver.stop_stream("alma", "help", shown.removeprefix(STREAM))
    with pytest.raises(AnswerStopped):
        await live.show(Draft(("Planning",), "Twenty days ", STOP))
    await SlackMessenger(account).post(place, FINAL, key="k1", reply_token={}, draft=shown)
    assert (await find_reply(slack, place))["text"] == "Twenty days."


async def test_a_limit_is_told_at_once(slack: SlackEmulator, live: SlackLiveAnswer) -> None:
    for method, seconds in (("chat.startStream", 3), ("chat.appendStream", 4)):
        await slack.driver.fault(method, "rate_limited", retry_after=seconds)
        with pytest.raises(RateLimited) as caught:
            await live.show(Draft(("Planning",), method, STOP))
        assert caught.value.retry_after == seconds
        await live.show(Draft(("Planning", method), "", STOP))


async def test_a_stream_whose_start_was_not_confirmed_is_found_and_completed(
    slack: SlackEmulator, live: SlackLiveAnswer, account: SlackAccount, place: Place
) -> None:
    await slack.driver.fault("chat.startStream", "lost_response")
    with pytest.raises(DeliveryFailed):
        await live.show(Draft(("Planning",), "Twenty ", STOP))
    messenger = SlackMessenger(account)
    ts = await messenger.post(place, FINAL, key="k1", reply_token={}, retry=True)
    reply = await find_reply(slack, place)
    assert (reply["ts"], reply["text"], reply["streaming"]) == (ts, "Twenty days.", False)


async def test_an_answer_that_people_deleted_stays_deleted(
    slack: SlackEmulator, live: SlackLiveAnswer, account: SlackAccount, place: Place
) -> None:
    slack.app.streaming = False
    shown = await live.show(Draft(("Planning",), "", STOP))
    await account.client.chat_delete(channel=place.channel, ts=shown)
    with pytest.raises(DeliveryRefused, match="deleted"):
        await SlackMessenger(account).post(place, FINAL, key="k1", reply_token={}, draft=shown)


async def test_what_is_whispered_is_not_seen_in_the_making(
    account: SlackAccount, place: Place
) -> None:
    opened = SlackMessenger(account).open_answer(
        place, key="k1", reply_token={"user": ALMA}, private=True, draft=None
    )
    assert opened is None
