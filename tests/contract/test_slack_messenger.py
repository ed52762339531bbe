"""The Slack messenger and directory against a workspace; the contract first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import ChannelKind, Place, Platform
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_messenger import WHISPER, SlackMessenger
from bot.rendering.reply import Mark, Paragraph, Reply, SourceLine, Text
from tests.contract.messenger_suite import MessengerSuite, World
from tests.emulators.slack import SlackEmulator

TEAM, HELP, ALMA = "T0FOOTNOTE1", "C0HELP00001", "U0ALMA00001"
TOKEN = {"user": ALMA}


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
def messenger(account: SlackAccount) -> SlackMessenger:
    return SlackMessenger(account)


@pytest.fixture
async def place(slack: SlackEmulator) -> Place:
    """A thread that hangs on a question in #help."""
    question = await slack.driver.post("alma", "help", "how many days?")
    return Place(Platform.SLACK, TEAM, HELP, ChannelKind.PUBLIC, question["ts"])


def say(words: str, *, private: bool = False) -> Reply:
    return Reply((Paragraph((Text(words),)),), private=private)


LONG = say("Every employee is entitled to twenty-five working days. " * 500)


async def replies(slack: SlackEmulator, place: Place) -> list[dict[str, Any]]:
    """What the bot says in the thread."""
    entries = await slack.driver.thread(place.channel, place.thread)
    found = entries["replies"] if isinstance(entries, dict) else entries
    return [entry for entry in found if entry["is_bot"]]


class SlackWorld:
    """What the contract looks into."""

    closed_place = Place(Platform.SLACK, TEAM, "C0NOWHERE01", ChannelKind.PUBLIC, "1.000001")

    def __init__(self, slack: SlackEmulator, account: SlackAccount, place: Place) -> None:
        self.place = place
        self.messenger = SlackMessenger(account)
        self._slack, self._account = slack, account

    async def read_texts(self, place: Place) -> list[str]:
        return ["\n".join(_texts(entry["blocks"])) for entry in await replies(self._slack, place)]

    async def forget(self) -> None:
        self.messenger = SlackMessenger(self._account)

    async def limit_next_call(self, seconds: float) -> None:
        await self._slack.driver.fault("chat.postMessage", "rate_limited", retry_after=int(seconds))


def _texts(node: Any) -> list[str]:
    """Every text that blocks show, in order."""
    if isinstance(node, list):
        return [text for item in node for text in _texts(item)]
    if not isinstance(node, dict):
        return []
    own = [node[name] for name in ("text", "title") if isinstance(node.get(name), str)]
    return own + [text for value in node.values() for text in _texts(value)]


class TestSlackMessenger(MessengerSuite):
    @pytest.fixture
    def world(self, slack: SlackEmulator, account: SlackAccount, place: Place) -> World:
        return SlackWorld(slack, account, place)


async def test_a_first_attempt_is_spared_the_look_up(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await slack.driver.fault("conversations.replies", "error", code="fatal_error", times=None)
    await messenger.post(place, say("first"), key="q1", reply_token=TOKEN, retry=False)
    with pytest.raises(DeliveryFailed):
        await messenger.post(place, say("second"), key="q1", reply_token=TOKEN)
    assert len(await replies(slack, place)) == 1


async def test_a_reply_is_posted_in_the_thread_with_its_sources_and_no_unfurls(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    url = "https://docs.example/leave"
    reply = Reply(
        (Paragraph((Text("25 days"), Mark(1, url))),),
        (SourceLine(1, "Handbook", "Leave", url, "3 days old"),),
    )
    ts = await messenger.post(place, reply, key="q1", reply_token=TOKEN)
    (said,) = await replies(slack, place)
    assert (said["ts"], said["thread_ts"]) == (ts, place.thread)
    assert (said["unfurl_links"], said["unfurl_media"]) == (False, False)
    assert said["blocks"][0]["elements"][0]["elements"][1]["url"] == url
    assert "Handbook" in said["blocks"][1]["elements"][0]["text"]
    assert said["metadata"]["event_payload"] == {"key": "q1", "part": 0}


async def test_a_retry_finds_what_an_earlier_attempt_posted(
    slack: SlackEmulator, account: SlackAccount, place: Place
) -> None:
    first = await SlackMessenger(account).post(place, say("once"), key="q1", reply_token=TOKEN)
    again = await SlackMessenger(account).post(
        place, say("once"), key="q1", reply_token=TOKEN, retry=True
    )
    other = await SlackMessenger(account).post(
        place, say("else"), key="q2", reply_token=TOKEN, retry=True
    )
    assert first == again != other
    assert len(await replies(slack, place)) == 2


async def test_a_retry_outside_of_threads(slack: SlackEmulator, messenger: SlackMessenger) -> None:
    place = Place(Platform.SLACK, TEAM, HELP, ChannelKind.PUBLIC)
    first = await messenger.post(place, say("report"), key="s1", reply_token={})
    again = await messenger.post(place, say("report"), key="s1", reply_token={}, retry=True)
    assert first == again


async def test_another_bots_metadata_does_not_pass_for_ours(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await slack.driver.add_user("robo", bot_id="B0ROBO00001")
    await slack.driver.join("robo", "help")
    posted = await slack.driver.post("robo", "help", "25 days", thread_ts=place.thread)
    forged = slack.workspace.channel("help").messages[posted["ts"]]
    payload = {"key": "q1", "part": 0}
    forged.metadata = {"event_type": "footnote_reply", "event_payload": payload}
    ts = await messenger.post(place, say("true"), key="q1", reply_token=TOKEN, retry=True)
    assert ts != posted["ts"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("lost_response", {}),
        ("reset", {}),
        ("server_error", {"status": 503}),
        ("rate_limited", {"retry_after": 0}),
    ],
)
async def test_a_post_that_failed_on_the_way_is_made_once(
    slack: SlackEmulator,
    messenger: SlackMessenger,
    place: Place,
    kind: str,
    options: dict[str, int],
) -> None:
    await slack.driver.fault("chat.postMessage", kind, **options)
    ts = await messenger.post(place, say("once"), key="q1", reply_token=TOKEN)
    assert [entry["ts"] for entry in await replies(slack, place)] == [ts]


async def test_a_long_limit_is_left_to_the_queue(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await slack.driver.fault("chat.postMessage", "rate_limited", retry_after=30)
    with pytest.raises(RateLimited) as limited:
        await messenger.post(place, say("later"), key="q1", reply_token=TOKEN)
    assert limited.value.retry_after == 30


async def test_failures_that_last_are_told(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await slack.driver.fault("chat.postMessage", "server_error", times=None)
    with pytest.raises(DeliveryFailed) as failed:
        await messenger.post(place, say("no"), key="q1", reply_token=TOKEN)
    assert not isinstance(failed.value, DeliveryRefused | RateLimited)
    assert "HTTP 500" in str(failed.value)


async def test_refusals_are_told_apart(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    nowhere = Place(Platform.SLACK, TEAM, "C0NOWHERE01", ChannelKind.PUBLIC)
    outside = Place(Platform.SLACK, TEAM, "C0RANDOM001", ChannelKind.PUBLIC)
    for refused, words in ((nowhere, "channel_not_found"), (outside, "invite it")):
        with pytest.raises(DeliveryRefused, match=words):
            await messenger.post(refused, say("no"), key="q1", reply_token=TOKEN)
    await slack.driver.archive("help")
    with pytest.raises(DeliveryRefused, match="archived"):
        await messenger.post(place, say("no"), key="q1", reply_token=TOKEN)
    await slack.driver.fault("chat.postMessage", "error", code="account_inactive")
    with pytest.raises(DeliveryRefused, match="removed from the workspace"):
        await messenger.post(place, say("no"), key="q1", reply_token=TOKEN)


async def test_a_long_reply_is_several_messages_and_a_retry_completes_it(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await slack.driver.fault("chat.postMessage", "error", code="fatal_error", after=1)
    with pytest.raises(DeliveryFailed, match="fatal_error"):
        await messenger.post(place, LONG, key="q1", reply_token=TOKEN)
    assert len(await replies(slack, place)) == 1
    stamps = await messenger.post(place, LONG, key="q1", reply_token=TOKEN, retry=True)
    said = await replies(slack, place)
    assert stamps == ",".join(entry["ts"] for entry in said)
    assert [entry["metadata"]["event_payload"]["part"] for entry in said] == [*range(len(said))]
    assert len(said) > 2


async def test_an_edit_replaces_adds_and_deletes_messages(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    first = await messenger.post(place, say("Looking…"), key="q1", reply_token=TOKEN)
    for _ in range(2):  # an edit may be repeated after a crash
        await messenger.edit(place, first, LONG, reply_token=TOKEN)
    said = await replies(slack, place)
    assert said[0]["ts"] == first
    assert "twenty-five" in said[0]["text"]
    assert len(said) > 2
    stamps = ",".join(entry["ts"] for entry in said)
    await messenger.edit(place, stamps, say("Short."), reply_token=TOKEN)
    (left,) = await replies(slack, place)
    assert (left["ts"], left["text"]) == (first, "Short.")
    assert left["metadata"]["event_payload"]["key"] == "q1"


async def test_editing_what_was_deleted_is_refused(messenger: SlackMessenger, place: Place) -> None:
    with pytest.raises(DeliveryRefused, match="deleted"):
        await messenger.edit(place, "1.000001", say("?"), reply_token=TOKEN)


async def test_a_private_reply_in_a_thread_is_seen_by_the_asker_alone(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    said = await messenger.post(place, say("psst", private=True), key="q1", reply_token=TOKEN)
    assert said == WHISPER
    (whisper,) = await slack.driver.wait_for_ephemeral("help", "alma")
    assert (whisper["text"], whisper["thread_ts"]) == ("psst", place.thread)


async def test_a_private_reply_among_direct_messages_is_posted_once_and_can_be_taken_back(
    slack: SlackEmulator, messenger: SlackMessenger
) -> None:
    channel = slack.workspace.direct("alma", slack.bot_user_id)
    place = Place(Platform.SLACK, TEAM, channel.id, ChannelKind.DIRECT)
    for _ in range(2):
        said = await messenger.post(place, say("psst", private=True), key="q1", reply_token=TOKEN)
    (posted,) = channel.messages.values()
    assert (posted.ts, posted.text, posted.ephemeral_for) == (said, "psst", None)
    await messenger.delete(place, said, reply_token=TOKEN)
    assert not [message for message in channel.messages.values() if message.text == "psst"]


async def ask(slack: SlackEmulator, channel: str) -> tuple[Place, dict[str, str]]:
    """A slash command that nobody takes, for its response_url."""
    slack.app.ack_timeout = 0
    result = await slack.driver.command("alma", channel, "/ask", "?")
    place = Place(Platform.SLACK, TEAM, result["channel"], ChannelKind.PUBLIC)
    return place, {"user": ALMA, "response_url": result["response_url"]}


async def test_a_private_reply_to_a_command_goes_to_its_own_address(
    slack: SlackEmulator, messenger: SlackMessenger
) -> None:
    # The bot is not in #random, so nothing but the response_url reaches it.
    place, token = await ask(slack, "random")
    said = await messenger.post(place, say("psst", private=True), key="q1", reply_token=token)
    await messenger.edit(place, said, say("changed", private=True), reply_token=token)
    await slack.driver.wait_for_ephemeral("random", "alma", containing="changed")


async def test_a_public_reply_to_a_command_is_posted_even_where_the_bot_is_not(
    slack: SlackEmulator, messenger: SlackMessenger
) -> None:
    place, token = await ask(slack, "random")
    await messenger.post(place, say("synced"), key="s1", reply_token=token)
    (said,) = slack.workspace.channel("random").messages.values()
    assert (said.text, said.ephemeral_for) == ("synced", None)
    place, token = await ask(slack, "help")
    ts = await messenger.post(place, say("synced"), key="s2", reply_token=token)
    assert slack.workspace.channel("help").messages[ts].metadata is not None


async def test_an_expired_address_falls_back_to_the_person(
    slack: SlackEmulator, messenger: SlackMessenger
) -> None:
    place, token = await ask(slack, "help")
    await slack.driver.advance(31 * 60)
    await messenger.post(place, say("late", private=True), key="q1", reply_token=token)
    await slack.driver.wait_for_ephemeral("help", "alma", containing="late")
    # Where the bot is not, it says it directly.
    place, token = await ask(slack, "random")
    await slack.driver.advance(31 * 60)
    await messenger.post(place, say("late", private=True), key="q2", reply_token=token)
    (said,) = slack.workspace.direct("alma", slack.bot_user_id).messages.values()
    assert said.text == "late"


async def test_an_edit_at_an_expired_address_is_refused_and_says_nothing_twice(
    slack: SlackEmulator, messenger: SlackMessenger
) -> None:
    place, token = await ask(slack, "help")
    said = await messenger.post(place, say("psst", private=True), key="q1", reply_token=token)
    await slack.driver.advance(31 * 60)
    with pytest.raises(DeliveryRefused, match="expired"):
        await messenger.edit(place, said, say("changed", private=True), reply_token=token)
    assert len(slack.workspace.channel("help").ephemerals) == 1


async def test_activity_is_shown_until_the_reply_and_never_raises(
    slack: SlackEmulator, messenger: SlackMessenger, place: Place
) -> None:
    await messenger.show_activity(place, "Searching…")
    assert place.thread is not None
    status = slack.workspace.status_of(HELP, place.thread)
    assert status is not None
    assert status.status == "Searching…"
    await messenger.post(place, say("found"), key="q1", reply_token=TOKEN)
    assert slack.workspace.status_of(HELP, place.thread) is None
    await slack.driver.fault("assistant.threads.setStatus", "error", times=None, code="fatal_error")
    await messenger.show_activity(place, "Searching…")
    await slack.driver.fault("assistant.threads.setStatus", "reset", times=None)
    await messenger.show_activity(place, "Searching…")
    await messenger.show_activity(Place(Platform.SLACK, TEAM, HELP, ChannelKind.PUBLIC), "…")


async def test_who_we_are_is_asked_once(slack: SlackEmulator, account: SlackAccount) -> None:
    identities = await asyncio.gather(*(account.identify() for _ in range(5)))
    assert len(set(identities)) == 1
    await slack.driver.fault("auth.test", "error", code="invalid_auth", times=None)
    assert (await account.identify()).bot_user == slack.bot_user_id
