"""The Discord messenger and directory against a guild; the contract first."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.errors import ConnectionRefused, DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import ChannelKind, Place, Platform
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_messenger import DiscordMessenger
from bot.platforms.discord_posts import make_mark, make_nonce
from bot.platforms.discord_refusals import RefusalCounter
from bot.rendering.reply import Button, Draft, Mark, Paragraph, Reply, SourceLine, Text
from tests.contract.messenger_suite import MessengerSuite, World
from tests.emulators.discord import DiscordEmulator

FLAGS_QUIET = (1 << 2) | (1 << 15)


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    keep_addresses(monkeypatch)
    async with DiscordEmulator() as emulator:
        yield emulator


def keep_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library's addresses put back after the test."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def client(discord: DiscordEmulator) -> AsyncIterator[DiscordClient]:
    client = build_client(discord)
    yield client
    await client.close()


def build_client(discord: DiscordEmulator) -> DiscordClient:
    return DiscordClient(
        discord.bot_token, api_url=discord.api_url, gateway_url=discord.gateway_url
    )


@pytest.fixture
def messenger(client: DiscordClient) -> DiscordMessenger:
    return DiscordMessenger(client)


def number(discord: DiscordEmulator, name: str) -> str:
    return str(discord.world.find_channel(name).id)


def guild(discord: DiscordEmulator) -> str:
    return str(next(iter(discord.world.guilds)))


async def ask(discord: DiscordEmulator, channel: str = "#help") -> Place:
    """The place of a question in a channel."""
    question = await discord.driver.mention("ben", channel, "how many days?")
    return Place(
        Platform.DISCORD, guild(discord), question["channel_id"], ChannelKind.PUBLIC, question["id"]
    )


@pytest.fixture
async def place(discord: DiscordEmulator) -> Place:
    return await ask(discord)


def say(words: str, *, private: bool = False) -> Reply:
    return Reply((Paragraph((Text(words),)),), private=private)


async def said(discord: DiscordEmulator, channel: str) -> list[dict[str, Any]]:
    """The bot's messages in a channel."""
    found = await discord.driver.messages(channel)
    return [message for message in found if message["author"]["bot"]]


class DiscordWorld:
    """What the contract looks into."""

    def __init__(self, discord: DiscordEmulator, client: DiscordClient, place: Place) -> None:
        self.place = place
        self.messenger = DiscordMessenger(client)
        self.closed_place = Place(
            Platform.DISCORD,
            guild(discord),
            number(discord, "#vault"),
            ChannelKind.PRIVATE,
            "123456789012345678",
        )
        self._discord, self._client = discord, client

    async def read_texts(self, place: Place) -> list[str]:
        return [message["text"] for message in await said(self._discord, place.channel)]

    async def forget(self) -> None:
        self.messenger = DiscordMessenger(self._client)

    async def limit_next_call(self, seconds: float) -> None:
        await self._discord.driver.add_fault(
            "rate_limit", "POST", "/channels/*/messages", retry_after=seconds
        )


class TestDiscordMessenger(MessengerSuite):
    @pytest.fixture
    def world(self, discord: DiscordEmulator, client: DiscordClient, place: Place) -> World:
        return DiscordWorld(discord, client, place)


STOP = Button("Stop", "answer stop 1")
LONG = say("Every employee is entitled to twenty-five working days. " * 300)
POSTS = ("POST", "/channels/*/messages")


async def test_a_reply_refers_to_its_question_and_pings_nobody(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    url = "https://docs.example/leave"
    reply = Reply(
        (Paragraph((Text("25 days, says @everyone"), Mark(1, url))),),
        (SourceLine(1, "Handbook", "Leave", url, "3 days old"),),
    )
    number = await messenger.post(place, reply, key="q1", reply_token={})
    (posted,) = await said(discord, place.channel)
    assert posted["id"] == number
    assert posted["message_reference"]["message_id"] == place.thread
    assert posted["flags"] & FLAGS_QUIET == FLAGS_QUIET
    assert (posted["mentions"], posted["mention_everyone"]) == ([], False)
    assert f"[[1]](<{url}>)" in posted["text"]
    assert f"[Handbook](<{url}>) › Leave · 3 days old" in posted["text"]
    assert posted["components"][0]["id"] == make_mark("q1", 0)
    (request,) = [
        entry.data
        for entry in discord.journal.of_kind("discord.request")
        if entry.data["path"].endswith("/messages")
    ]
    assert request["status"] == 200


async def test_a_question_that_was_deleted_is_answered_without_a_reference(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    await discord.driver.delete("ben", place.thread)
    await messenger.post(place, say("25 days"), key="q1", reply_token={})
    (posted,) = await said(discord, place.channel)
    assert posted.get("message_reference") is None


async def test_where_the_bot_may_not_look_back_it_answers_plainly(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    await discord.driver.set_overwrite("#help", "@everyone", deny=("read_message_history",))
    await messenger.post(place, say("25 days"), key="q1", reply_token={}, retry=False)
    (posted,) = await said(discord, place.channel)
    assert posted.get("message_reference") is None


async def test_direct_messages_and_threads(
    discord: DiscordEmulator, messenger: DiscordMessenger
) -> None:
    question = await discord.driver.post("ben", "@bot", "how many days?")
    direct = Place(
        Platform.DISCORD, "@me", question["channel_id"], ChannelKind.DIRECT, question["id"]
    )
    await messenger.post(direct, say("25 days", private=True), key="q1", reply_token={})
    answer = await discord.driver.wait_for_reply(question)
    assert (answer["text"], answer.get("message_reference")) == ("25 days", None)
    thread = await discord.driver.create_thread("ben", "#general", "leave")
    place = await ask(discord, thread["id"])
    await messenger.post(place, say("25 days"), key="q2", reply_token={})
    (posted,) = await said(discord, thread["id"])
    assert posted["message_reference"]["message_id"] == place.thread


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("lost", {}),
        ("reset", {}),
        ("error", {"status": 502}),
        ("rate_limit", {"retry_after": 0.05}),
        ("rate_limit", {"retry_after": 0.05, "scope": "global"}),
    ],
)
async def test_a_post_that_failed_on_the_way_is_made_once(
    discord: DiscordEmulator,
    messenger: DiscordMessenger,
    place: Place,
    kind: str,
    options: dict[str, Any],
) -> None:
    await discord.driver.add_fault(kind, *POSTS, **options)
    number = await messenger.post(place, say("once"), key="q1", reply_token={}, retry=False)
    assert [posted["id"] for posted in await said(discord, place.channel)] == [number]
    assert await discord.driver.pending_faults() == 0


async def test_a_late_retry_finds_what_an_earlier_attempt_posted(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    first = await messenger.post(place, LONG, key="q1", reply_token={})
    await discord.driver.advance(3600)
    again = await messenger.post(place, LONG, key="q1", reply_token={}, retry=True)
    assert first == again
    assert first.count(",") + 1 == len(await said(discord, place.channel)) > 1
    other = await messenger.post(place, LONG, key="q2", reply_token={}, retry=True)
    assert set(other.split(",")).isdisjoint(first.split(","))


async def test_a_late_retry_posts_only_what_is_missing(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    first = (await messenger.post(place, LONG, key="q1", reply_token={})).split(",")
    last = discord.world.messages[int(first[-1])]
    last.deleted = True
    await discord.driver.advance(3600)
    again = (await messenger.post(place, LONG, key="q1", reply_token={}, retry=True)).split(",")
    assert again[:-1] == first[:-1]
    assert again[-1] != first[-1]


@pytest.mark.parametrize(
    ("status", "words"), [(503, "HTTP 503"), (429, "asks us to wait"), (400, "did not take")]
)
async def test_failures_are_told(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place, status: int, words: str
) -> None:
    kind = "rate_limit" if status == 429 else "error"
    more = {"retry_after": 60, "via": False} if status == 429 else {"status": status}
    await discord.driver.add_fault(kind, *POSTS, **more)
    with pytest.raises(DeliveryFailed, match=words) as failed:
        await messenger.post(place, say("no"), key="q1", reply_token={}, retry=False)
    assert not isinstance(failed.value, DeliveryRefused)
    if isinstance(failed.value, RateLimited):
        assert failed.value.retry_after == 60


async def test_a_token_that_is_wrong_by_now_is_told(discord: DiscordEmulator, place: Place) -> None:
    client = DiscordClient("wrong", api_url=discord.api_url, gateway_url=discord.gateway_url)
    with pytest.raises(ConnectionRefused, match="DISCORD_TOKEN"):
        await DiscordMessenger(client).post(place, say("no"), key="q1", reply_token={})
    await DiscordMessenger(client).show_activity(place, "Searching")
    await client.close()


async def test_an_edit_makes_and_deletes_messages_as_needed(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    number = await messenger.post(place, say("short"), key="q1", reply_token={})
    await messenger.edit(place, number, LONG, reply_token={})
    await messenger.edit(place, number, LONG, reply_token={})
    posted = await said(discord, place.channel)
    assert len(posted) > 1
    ids = ",".join(entry["id"] for entry in posted)
    await messenger.edit(place, ids, say("short again"), reply_token={})
    (left,) = await said(discord, place.channel)
    assert left["text"] == "short again"


async def test_an_edit_of_what_is_gone_is_refused(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    number = await messenger.post(place, say("short"), key="q1", reply_token={})
    discord.world.messages[int(number)].deleted = True
    with pytest.raises(DeliveryRefused, match="deleted"):
        await messenger.edit(place, number, say("after"), reply_token={})


async def test_typing_is_shown_for_messages_and_not_for_commands(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    await messenger.show_activity(replace(place, thread=None), "Searching")
    assert discord.journal.of_kind("discord.typing") == []
    await messenger.show_activity(place, "Searching")
    (typing,) = discord.journal.of_kind("discord.typing")
    assert typing.data["channel"] == place.channel


# Interactions


async def begin(discord: DiscordEmulator, client: DiscordClient) -> tuple[Any, dict[str, str]]:
    """An interaction that was deferred, and the token to answer it."""
    await client.open()
    if not discord.world.commands.listed(None):
        command = {"name": "ask", "description": "Ask", "type": 1}
        discord.world.commands.replace(None, [command], discord.world.snowflake)
    begun = await discord.driver.slash("ben", "#help", "/ask")
    token = discord.world.interactions[int(begun["id"])].token
    await client.request(
        "POST",
        "/interactions/{id}/{token}/callback",
        {"id": begun["id"], "token": token},
        body={"type": 5, "data": {"flags": 1 << 6}},
    )
    return begun, {
        "application": str(client.application_id),
        "interaction": begun["id"],
        "token": token,
        "user": str(discord.world.find_user("ben").id),
    }


@pytest.fixture
def channel(place: Place) -> Place:
    """Where a command was given: no message to reply to."""
    return replace(place, thread=None)


async def test_a_private_reply_answers_the_interaction(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    begun, token = await begin(discord, client)
    messenger = DiscordMessenger(client)
    number = await messenger.post(channel, say("first", private=True), key="k", reply_token=token)
    again = await messenger.post(channel, say("first", private=True), key="k", reply_token=token)
    assert number == again
    other = await messenger.post(channel, say("second", private=True), key="l", reply_token=token)
    await messenger.edit(channel, other, say("third", private=True), reply_token=token)
    seen = await discord.driver.interaction(begun)
    assert seen["original"]["text"] == "first"
    assert [entry["text"] for entry in seen["followups"]] == ["third"]
    assert all(m["ephemeral"] for m in await said(discord, channel.channel))


async def test_a_long_private_reply_is_several_messages(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    begun, token = await begin(discord, client)
    reply = replace(LONG, private=True)
    number = await DiscordMessenger(client).post(channel, reply, key="k", reply_token=token)
    seen = await discord.driver.interaction(begun)
    assert len(seen["followups"]) == number.count(",") > 0
    await DiscordMessenger(client).edit(channel, number, say("short"), reply_token=token)
    seen = await discord.driver.interaction(begun)
    assert (seen["original"]["text"], seen["followups"]) == ("short", [])
    assert all(m["ephemeral"] for m in await said(discord, channel.channel))


async def test_a_public_reply_to_an_interaction_is_a_post_that_can_be_edited_later(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    begun, token = await begin(discord, client)
    messenger = DiscordMessenger(client)
    number = await messenger.post(channel, say("syncing"), key="k", reply_token=token)
    assert (await discord.driver.interaction(begun))["original"] is None
    await discord.driver.advance(16 * 60)
    await messenger.edit(channel, number, say("done"), reply_token=token)
    (posted,) = await said(discord, channel.channel)
    assert (posted["text"], posted["ephemeral"]) == ("done", False)


async def test_a_private_answer_is_not_removed_by_a_public_one(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    begun, token = await begin(discord, client)
    messenger = DiscordMessenger(client)
    await messenger.post(channel, say("private", private=True), key="k", reply_token=token)
    await messenger.post(channel, say("public"), key="l", reply_token=token)
    assert (await discord.driver.interaction(begun))["original"]["text"] == "private"
    shown = {m["text"]: m["ephemeral"] for m in await said(discord, channel.channel)}
    assert shown == {"private": True, "public": False}


async def test_after_the_token_expired_a_private_reply_is_a_direct_message(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    _, token = await begin(discord, client)
    await discord.driver.advance(16 * 60)
    messenger, reply = DiscordMessenger(client), say("late", private=True)
    number = await messenger.post(channel, reply, key="k", reply_token=token)
    assert await messenger.post(channel, reply, key="k", reply_token=token) == number
    await messenger.edit(channel, number, say("later", private=True), reply_token=token)
    (posted,) = await said(discord, "@ben")
    assert posted["text"] == "later"
    assert all(m["ephemeral"] for m in await said(discord, channel.channel))


async def test_a_whisper_cannot_be_edited_after_its_token_expired(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    _, token = await begin(discord, client)
    messenger = DiscordMessenger(client)
    number = await messenger.post(channel, say("a", private=True), key="k", reply_token=token)
    await discord.driver.advance(16 * 60)
    with pytest.raises(DeliveryRefused, match="no longer"):
        await messenger.edit(channel, number, say("b", private=True), reply_token=token)


async def test_a_private_reply_without_an_interaction_is_a_direct_message(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    ben = {"user": str(discord.world.find_user("ben").id)}
    reply = say("between us", private=True)
    await messenger.post(place, reply, key="k", reply_token=ben)
    assert [m["text"] for m in await said(discord, "@ben")] == ["between us"]
    assert await said(discord, place.channel) == []
    with pytest.raises(DeliveryRefused, match="to whom"):
        await messenger.post(place, reply, key="l", reply_token={})
    await discord.driver.set_accepts_direct("ben", False)
    with pytest.raises(DeliveryRefused, match="no direct messages"):
        await messenger.post(place, reply, key="m", reply_token=ben)


def test_nonces_and_marks_follow_from_the_key() -> None:
    nonces = {make_nonce(key, part) for key in ("a", "b") for part in (0, 1)}
    assert len(nonces) == 4
    assert all(re.fullmatch(r"[a-z2-7]{25}", nonce) for nonce in nonces)
    assert make_nonce("a", 0) == make_nonce("a", 0)
    marks = {make_mark(key, part) for key in ("a", "b") for part in (0, 1)}
    assert len(marks) == 4
    assert all(0 < mark < 2**31 for mark in marks)


# People


async def test_no_request_is_made_after_too_many_were_refused(discord: DiscordEmulator) -> None:
    client = DiscordClient(
        discord.bot_token,
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        refusals=RefusalCounter(most=3),
    )
    messenger = DiscordMessenger(client)
    place = await ask(discord)
    closed = replace(place, channel=number(discord, "#vault"))
    for attempt in range(3):
        with pytest.raises(DeliveryRefused):
            await messenger.post(closed, say("no"), key=f"k{attempt}", reply_token={})
    made = len(discord.journal.of_kind("discord.request"))
    with pytest.raises(DeliveryFailed, match="TooManyRefusals"):
        await messenger.post(place, say("yes"), key="k", reply_token={})
    assert len(discord.journal.of_kind("discord.request")) == made
    await client.close()


# Answers in the making


async def test_a_private_answer_is_seen_in_the_making_by_the_asker_alone(
    discord: DiscordEmulator, client: DiscordClient, channel: Place
) -> None:
    begun, token = await begin(discord, client)
    messenger = DiscordMessenger(client)
    live = messenger.open_answer(channel, key="k", reply_token=token, private=True, draft=None)
    assert live is not None
    for text in ("", "Twenty ", "Twenty days "):
        assert await live.show(Draft(("Searching",), text, STOP)) is None
    seen = await discord.driver.interaction(begun)
    assert "Twenty days" in seen["original"]["text"]
    await messenger.post(channel, say("final", private=True), key="k", reply_token=token)
    seen = await discord.driver.interaction(begun)
    assert (seen["original"]["text"], seen["followups"]) == ("final", [])
    assert all(message["ephemeral"] for message in await said(discord, channel.channel))


async def test_a_draft_that_reads_the_same_is_not_sent_again(
    discord: DiscordEmulator, messenger: DiscordMessenger, place: Place
) -> None:
    live = messenger.open_answer(place, key="k", reply_token={}, private=False, draft=None)
    assert live is not None
    for _ in range(3):
        await live.show(Draft(("Searching",), "Twenty days", STOP))
    edits = [e for e in discord.world.journal.entries if e.kind == "discord.message_edit"]
    assert not edits
    (message,) = await said(discord, place.channel)
    assert not message["mentions"]


async def test_an_answer_that_people_deleted_stays_deleted(
    discord: DiscordEmulator, client: DiscordClient, messenger: DiscordMessenger, place: Place
) -> None:
    live = messenger.open_answer(place, key="k", reply_token={}, private=False, draft=None)
    assert live is not None
    shown = await live.show(Draft(("Searching",), "", STOP))
    await client.request(
        "DELETE",
        "/channels/{channel_id}/messages/{message_id}",
        {"channel_id": place.channel, "message_id": str(shown)},
    )
    with pytest.raises(DeliveryRefused, match="deleted"):
        await messenger.post(place, say("final"), key="k", reply_token={}, draft=shown)
