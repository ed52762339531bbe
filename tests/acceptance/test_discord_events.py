"""The Discord adapter and a guild: what people do reaches the intake, and nothing is lost."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket

from bot.errors import ConnectionRefused
from bot.model import (
    Acceptance,
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
from bot.platforms import discord_client, discord_pulse
from bot.platforms.discord_commands import CommandDigests
from bot.platforms.discord_messenger import DiscordMessenger
from bot.platforms.discord_platform import DiscordPlatform, DiscordPorts, build_discord
from bot.rendering.reply import Paragraph, Reply, Text
from retrieval.errors import StoreUnavailable
from retrieval.model import TenantId
from tests.emulators.discord import DiscordEmulator
from tests.fakes.discord_records import InMemoryCommandDigests


@dataclass
class Recorder:
    """Intake, workspaces, threads and names of sources that write down what they are told."""

    messages: list[IncomingMessage] = field(default_factory=list)
    overheard: list[IncomingMessage] = field(default_factory=list)
    edited: list[IncomingMessage] = field(default_factory=list)
    deleted: list[MessageKey] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    asked_names: list[tuple[Place, Person]] = field(default_factory=list)
    failures: int = 0
    attempts: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, message: IncomingMessage) -> Acceptance:
        if message.intent is Intent.OVERHEARD or message.person.bot:
            self.overheard.append(message)
            return Acceptance.IGNORED
        await self._attempt()
        if any(known.message == message.message for known in self.messages):
            return await self._tell(Acceptance.DUPLICATE)
        self.messages.append(message)
        return await self._tell(Acceptance.ACCEPTED)

    async def accept_edit(self, message: IncomingMessage) -> Acceptance:
        self.edited.append(message)
        return Acceptance.IGNORED

    async def accept_deletion(self, place: Place, message: MessageKey) -> Acceptance:
        self.deleted.append(message)
        return Acceptance.IGNORED

    async def accept_command(self, command: Command) -> Acceptance:
        await self._attempt()
        self.commands.append(command)
        return await self._tell(Acceptance.ACCEPTED)

    async def link(self, platform: Platform, workspace: str, name: str) -> TenantId:
        self.linked[workspace] = name
        await self._tell(Acceptance.ACCEPTED)
        return TenantId("default")

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        return TenantId("default") if workspace in self.linked else None

    async def find_thread(
        self, tenant: TenantId, platform: Platform, message: MessageKey
    ) -> ThreadKey | None:
        return next((m.thread for m in self.messages if m.message == message), None)

    async def list_for(self, place: Place, person: Person) -> Sequence[str]:
        self.asked_names.append((place, person))
        return ["handbook", "wiki", "Hand-outs", "all"] if person.may_manage else []

    async def wait_for(self, condition: Any, timeout: float = 15) -> None:
        async with asyncio.timeout(timeout), self.grown:
            await self.grown.wait_for(condition)

    async def wait_for_messages(self, count: int) -> list[IncomingMessage]:
        await self.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    async def _attempt(self) -> None:
        self.attempts += 1
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable

    async def _tell(self, acceptance: Acceptance) -> Acceptance:
        async with self.grown:
            self.grown.notify_all()
        return acceptance


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    # The adapter points the library elsewhere; put its addresses back after the test.
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr(discord.gateway, "KeepAliveHandler", discord.gateway.KeepAliveHandler)
    async with DiscordEmulator() as emulator:
        yield emulator


def build(
    world: DiscordEmulator,
    recorder: Recorder,
    digests: CommandDigests | None = None,
    **options: Any,
) -> DiscordPlatform:
    reached = {
        "token": world.bot_token,
        "api_url": world.api_url,
        "gateway_url": world.gateway_url,
        "guild_ready_timeout": 0.05,
        "identify_pause": 0.0,
    }
    named = {each.name for each in fields(DiscordPorts)}
    others = {name: options.pop(name) for name in named & options.keys()}
    ports = DiscordPorts(recorder, recorder, recorder, recorder, digests=digests, **others)
    return build_discord(ports, **{**reached, **options})


@asynccontextmanager
async def running(platform: DiscordPlatform) -> AsyncIterator[DiscordPlatform]:
    await platform.connect()
    task = asyncio.create_task(platform.run())
    ready = asyncio.create_task(platform.wait_until_receiving())
    try:
        async with asyncio.timeout(20):
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield platform
    finally:
        ready.cancel()
        task.cancel()
        await asyncio.wait({task, ready})
        await platform.close()


@pytest.fixture
async def platform(world: DiscordEmulator, recorder: Recorder) -> AsyncIterator[DiscordPlatform]:
    async with running(build(world, recorder)) as platform:
        yield platform


@pytest.fixture
async def guild(world: DiscordEmulator, platform: DiscordPlatform) -> DiscordEmulator:
    """The guild with the adapter connected to it."""
    return world


def guild_id(world: DiscordEmulator) -> str:
    return str(next(iter(world.world.guilds)))


def channel_id(world: DiscordEmulator, name: str) -> str:
    return str(world.world.find_channel(name).id)


def user_id(world: DiscordEmulator, name: str) -> str:
    return str(world.world.find_user(name).id)


async def test_a_mention_is_a_question(guild: DiscordEmulator, recorder: Recorder) -> None:
    said = await guild.driver.mention("ben", "#general", "how long is **the trial**?")
    (message,) = await recorder.wait_for_messages(1)
    home, channel = guild_id(guild), channel_id(guild, "#general")
    assert message.message == f"discord:{home}:{channel}:{said['id']}"
    assert message.thread == message.message
    assert message.event == f"discord:message:{said['id']}"
    assert message.place == Place(Platform.DISCORD, home, channel, ChannelKind.PUBLIC, said["id"])
    assert (message.intent, message.text) == (Intent.MENTION, "how long is **the trial**?")
    assert message.person == Person(user_id(guild, "ben"), "Ben")
    assert message.reply_token == {"user": user_id(guild, "ben")}


async def test_a_direct_message_needs_no_mention(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    said = await guild.driver.post("ben", "@bot", "what about sick leave?")
    (message,) = await recorder.wait_for_messages(1)
    assert (message.intent, message.text) == (Intent.DIRECT, "what about sick leave?")
    assert message.place.channel_kind is ChannelKind.DIRECT
    assert message.place.workspace == "@me"
    assert message.thread == f"discord:@me:{said['channel_id']}"


async def test_who_can_see_a_channel(guild: DiscordEmulator, recorder: Recorder) -> None:
    open_thread = await guild.driver.create_thread("ada", "#general", "open")
    leads_thread = await guild.driver.create_thread("ada", "#leads", "leads")
    for channel in ("#leads", open_thread["id"], leads_thread["id"]):
        await guild.driver.mention("ada", channel, f"in {channel}?")
    await recorder.wait_for_messages(3)
    kinds = {m.place.channel: m.place.channel_kind for m in recorder.messages}
    assert kinds == {
        channel_id(guild, "#leads"): ChannelKind.PRIVATE,
        open_thread["id"]: ChannelKind.PUBLIC,
        leads_thread["id"]: ChannelKind.PRIVATE,
    }


async def test_a_thread_is_one_conversation(guild: DiscordEmulator, recorder: Recorder) -> None:
    thread = await guild.driver.create_thread("ben", "#general", "trial")
    await guild.driver.mention("ben", thread["id"], "how long?")
    await guild.driver.mention("chloe", thread["id"], "and how much?")
    first, second = await recorder.wait_for_messages(2)
    assert first.thread == second.thread == f"discord:{guild_id(guild)}:{thread['id']}"


async def test_a_reply_to_the_bots_answer_goes_on_with_the_conversation(
    guild: DiscordEmulator, platform: DiscordPlatform, recorder: Recorder
) -> None:
    previous: dict[str, Any] | None = None
    for turn, words in enumerate(("how long?", "and then?", "and what does it cost?")):
        said = await (
            guild.driver.mention("ben", "#general", words)
            if previous is None
            else guild.driver.post("ben", "#general", words, reply_to=previous)
        )
        await recorder.wait_for_messages(turn + 1)
        question = recorder.messages[turn]
        assert (question.text, question.intent) == (words, Intent.MENTION)
        answer = Reply((Paragraph((Text(f"answer {turn}"),)),))
        await platform.messenger.post(question.place, answer, key=f"k{turn}", reply_token={})
        previous = await guild.driver.wait_for_reply(said, contains=f"answer {turn}")
    assert len({message.thread for message in recorder.messages}) == 1
    assert recorder.messages[0].thread == recorder.messages[0].message


async def test_a_mention_in_a_reply_to_a_question_joins_its_conversation(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    question = await guild.driver.mention("ben", "#general", "how long?")
    await recorder.wait_for_messages(1)
    stranger = await guild.driver.post("chloe", "#general", "no idea")
    await guild.driver.mention("chloe", "#general", "and for me?", reply_to=question)
    await guild.driver.mention("chloe", "#general", "else?", reply_to=stranger)
    first, second, third = await recorder.wait_for_messages(3)
    assert second.thread == first.thread
    assert third.thread == third.message


async def test_what_is_not_for_the_bot_is_left_alone(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    await guild.driver.add_user("robo", bot=True)
    await guild.driver.add_member("robo")
    thread = await guild.driver.create_thread("ben", "#general", "among us")
    await guild.driver.post("ben", "#general", "lunch?")
    await guild.driver.post("ben", thread["id"], "at noon?")
    await guild.driver.mention("robo", "#general", "beep?")
    said = await guild.driver.mention("ben", "#general", "mine?")
    await guild.driver.edit("ben", said, "@Footnote mine and yours?")
    await guild.driver.post("ben", "#general", "is @chloe here?")
    await guild.driver.mention("ben", "#general", "last?")
    await recorder.wait_for_messages(3)
    # What the bot answers of that is for the intake to know.
    assert [(each.intent, each.text, bool(each.person.bot)) for each in recorder.overheard] == [
        (Intent.OVERHEARD, "lunch?", False),
        (Intent.MENTION, "beep?", True),
        (Intent.OVERHEARD, "is @chloe here?", False),
    ]
    assert [(message.intent, message.text) for message in recorder.messages] == [
        (Intent.FOLLOW_UP, "at noon?"),
        (Intent.MENTION, "mine?"),
        (Intent.MENTION, "last?"),
    ]


async def test_mentions_in_the_text_have_names(guild: DiscordEmulator, recorder: Recorder) -> None:
    text = (
        f"may <@{user_id(guild, 'ada')}> post in <#{channel_id(guild, '#help')}>, "
        f"<:party:123456789012345678> @Footnote?"
    )
    await guild.driver.mention("ben", "#general", text)
    (message,) = await recorder.wait_for_messages(1)
    assert message.text == "may @Ada post in #help, :party: ?"


async def test_a_duplicate_delivery_keeps_its_ids(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    said = await guild.driver.mention("ben", "#general", "twice?")
    await guild.driver.redeliver(said)
    await recorder.wait_for(lambda: recorder.attempts == 2)
    assert len(recorder.messages) == 1


async def test_follow_ups_in_threads_where_the_bot_may_read_them(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with running(build(world, recorder)):
        thread = await world.driver.create_thread("ben", "#general", "trial")
        await world.driver.post("ben", thread["id"], "and part-time?")
        await world.driver.post("ben", thread["id"], f"<@{user_id(world, 'ada')}> do you know?")
        await world.driver.post("ben", "#general", "not in a thread")
        await world.driver.mention("ben", thread["id"], "thanks?")
        await recorder.wait_for_messages(2)
    assert [(m.intent, m.text) for m in recorder.messages] == [
        (Intent.FOLLOW_UP, "and part-time?"),
        (Intent.MENTION, "thanks?"),
    ]


async def test_what_the_intake_cannot_take_is_marked_and_handed_over_later(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    recorder.failures = 1
    said = await guild.driver.mention("ben", "#general", "lost?")
    await recorder.wait_for_messages(1)
    added, removed = await marks(guild, said)
    assert (added["emoji"], added["removed"], removed["removed"]) == ("⚠️", False, True)
    assert recorder.attempts == 2


async def marks(world: DiscordEmulator, message: dict[str, Any]) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        entries = [entry.data for entry in world.journal.of_kind("discord.reaction")]
        return [entry for entry in entries if entry["message"] == message["id"]]

    await world.journal.wait_for(lambda: len(found()) >= 2, 15)
    return found()


# Slash commands


async def test_ask_is_deferred_and_private(guild: DiscordEmulator, recorder: Recorder) -> None:
    begun = await guild.driver.slash(
        "ben", "#general", "/ask", {"question": " what is my notice period? "}
    )
    (message,) = await recorder.wait_for_messages(1)
    seen = await guild.driver.wait_for_response(begun, ("deferred",))
    assert seen["ephemeral"]
    assert (message.intent, message.text) == (Intent.ASK, "what is my notice period?")
    assert message.event == f"discord:interaction:{begun['id']}"
    assert message.thread == message.message
    assert message.place.channel_kind is ChannelKind.PUBLIC
    assert message.reply_token["user"] == user_id(guild, "ben")
    assert message.reply_token["interaction"] == begun["id"]


async def test_the_answer_to_ask_takes_the_place_of_thinking(
    guild: DiscordEmulator, platform: DiscordPlatform, recorder: Recorder
) -> None:
    begun = await guild.driver.slash("ben", "#general", "/ask", {"question": "notice?"})
    (message,) = await recorder.wait_for_messages(1)
    answer = Reply((Paragraph((Text("Four weeks."),)),), private=True)
    token = message.reply_token
    await platform.messenger.post(message.place, answer, key="k", reply_token=token)
    seen = await guild.driver.wait_for_response(begun)
    assert seen["original"]["text"] == "Four weeks."
    assert (seen["ephemeral"], seen["followups"]) == (True, [])


async def test_an_empty_ask_is_told_how_to_ask(guild: DiscordEmulator, recorder: Recorder) -> None:
    begun = await guild.driver.slash("ben", "#general", "/ask", {"question": "  "})
    seen = await guild.driver.wait_for_response(begun)
    assert "Write your question" in seen["original"]["text"]
    assert recorder.attempts == 0


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("sync now", {"source": "handbook"}, ("handbook",)),
        ("sync now", {"source": "handbook", "mode": "incremental"}, ("handbook",)),
        ("sync now", {"source": "handbook", "mode": "full"}, ("handbook", "full")),
        ("sync now", {"source": "all", "mode": "dry-run"}, ("all", "dry-run")),
        ("sync status", {}, ("status",)),
        ("sync cancel", {"source": "handbook"}, ("cancel", "handbook")),
        ("sync history", {}, ("history",)),
        ("sync errors", {"source": "handbook"}, ("errors", "handbook")),
        ("sources list", {}, ("list",)),
        (
            "sources add",
            {"kind": "website", "name": "team wiki"},
            ("add", "website", "team", "wiki"),
        ),
        ("sources remove", {"source": "handbook"}, ("remove", "handbook")),
        ("sources test", {"source": "handbook"}, ("test", "handbook")),
        ("sources pause", {"source": "handbook"}, ("pause", "handbook")),
        ("sources resume", {"source": "handbook"}, ("resume", "handbook")),
        ("sources schedule", {"source": "handbook"}, ("schedule", "handbook")),
        (
            "sources schedule",
            {"source": "handbook", "when": "0 3 * * *"},
            ("schedule", "handbook", "0", "3", "*", "*", "*"),
        ),
        ("doc", {"url": "https://wiki.example/a"}, ("https://wiki.example/a",)),
        ("audit", {}, ()),
        ("help", {}, ()),
    ],
)
async def test_commands(
    guild: DiscordEmulator,
    recorder: Recorder,
    name: str,
    options: dict[str, str],
    words: tuple[str, ...],
) -> None:
    begun = await guild.driver.slash("ada", "#leads", name, options)
    await recorder.wait_for(lambda: recorder.commands)
    (command,) = recorder.commands
    seen = await guild.driver.interaction(begun)
    assert (seen["status"], seen["ephemeral"]) == ("deferred", True)
    assert seen["answered_after"] < 3
    assert (command.name, command.words) == (name.split(maxsplit=1)[0], words)
    assert command.event == f"discord:interaction:{begun['id']}"
    assert command.place.channel_kind is ChannelKind.PRIVATE
    assert command.person.may_manage
    assert {"application", "interaction", "token", "user"} == command.reply_token.keys()


async def test_a_command_in_direct_messages_grants_nothing(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    await guild.driver.slash("ada", "@bot", "/sync now", {"source": "handbook"})
    await recorder.wait_for(lambda: recorder.commands)
    (command,) = recorder.commands
    assert command.place.workspace == "@me"
    assert command.place.channel_kind is ChannelKind.DIRECT
    assert command.person == Person(user_id(guild, "ada"), "Ada")


async def test_a_command_that_cannot_be_taken_down_is_not_silent(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    recorder.failures = 1
    begun = await guild.driver.slash("ben", "#general", "/ask", {"question": "lost?"})
    seen = await guild.driver.wait_for_response(begun)
    assert "try again in a minute" in seen["original"]["text"]


async def test_sources_are_suggested_to_those_who_may_sync(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    async def suggest(person: str, typed: str, name: str = "sync now") -> list[str]:
        begun = await guild.driver.autocomplete(person, "#general", name, "source", typed)
        seen = await guild.driver.wait_for_response(begun, ("choices",))
        return [choice["value"] for choice in seen["choices"]]

    assert await suggest("ada", "") == ["handbook", "wiki", "Hand-outs", "all"]
    assert await suggest("ada", "", "sources remove") == ["handbook", "wiki", "Hand-outs"]
    assert await suggest("ada", "hand") == ["handbook", "Hand-outs"]
    assert await suggest("ben", "") == []
    assert recorder.asked_names[0][0].workspace == guild_id(guild)


async def test_values_of_a_channels_settings_are_suggested(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    async def suggest(person: str, setting: str, typed: str = "") -> list[str]:
        begun = await guild.driver.autocomplete(
            person, "#general", "channel set", "value", typed, options={"setting": setting}
        )
        seen = await guild.driver.wait_for_response(begun, ("choices",))
        return [choice["value"] for choice in seen["choices"]]

    assert await suggest("ada", "mode") == ["mentions", "threads", "auto"]
    assert await suggest("ada", "mode", "Th") == ["threads"]
    assert await suggest("ada", "language") == []
    assert await suggest("ada", "sources", "hand") == ["handbook", "Hand-outs"]
    assert await suggest("ada", "sources", "wiki, hand") == ["wiki, handbook", "wiki, Hand-outs"]
    assert await suggest("ada", "sources", "handbook,") == [
        "handbook, wiki",
        "handbook, Hand-outs",
    ]
    assert await suggest("ben", "sources") == []


async def test_commands_are_registered_only_where_they_changed(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    for _ in range(2):
        async with running(build(world, recorder)):
            pass
    assert len(world.journal.of_kind("discord.commands_replaced")) == 1
    known = {command["name"]: command for command in await world.driver.commands()}
    assert known.keys() >= {"ask", "sync", "sources", "doc", "audit", "help"}
    assert (known["ask"]["integration_types"], known["ask"]["contexts"]) == ([0, 1], [0, 1, 2])
    assert (known["sync"]["integration_types"], known["sync"]["contexts"]) == ([0], [0, 1])
    now, *_ = known["sync"]["options"]
    source, mode = now["options"]
    assert source["autocomplete"]
    assert [choice["value"] for choice in mode["choices"]] == ["incremental", "full", "dry-run"]
    world.world.commands.replace(None, [], world.world.snowflake)
    async with running(build(world, recorder)):
        pass
    assert len(world.journal.of_kind("discord.commands_replaced")) == 2


async def test_a_start_asks_discord_only_where_the_commands_changed(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    digests = InMemoryCommandDigests()

    async def start() -> list[str]:
        before = len(world.journal)
        async with running(build(world, recorder, digests=digests)):
            pass
        entries = world.journal.entries[before:]
        calls = [entry.data for entry in entries if entry.kind == "discord.request"]
        return [call["method"] for call in calls if call["path"].endswith("/commands")]

    assert await start() == ["GET", "PUT"]
    assert await start() == []
    digests[str(world.world.application_id)] = "of an earlier version"
    assert await start() == ["GET"]
    assert await start() == []


# Connections


async def test_workspaces_are_linked_before_anything_comes_in(
    guild: DiscordEmulator, recorder: Recorder
) -> None:
    assert recorder.linked == {
        "@me": "Direct messages",
        "@elsewhere": "Elsewhere",
        guild_id(guild): "Acme",
    }
    await guild.driver.add_guild("Second", "ben", members=("ben",))
    await recorder.wait_for(lambda: "Second" in recorder.linked.values())


async def test_too_few_shards_say_how_many_are_wanted(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    world.gateway.sharding_from = 1
    platform = build(world, recorder, shards=1)
    await platform.connect()
    with pytest.raises(ConnectionRefused, match="FOOTNOTE_DISCORD_SHARDS"):
        await asyncio.wait_for(platform.run(), 20)
    await platform.close()


async def test_a_connection_that_breaks_while_shards_are_counted_is_told(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    await world.driver.add_fault("reset", "GET", "/gateway/bot", times=10)
    platform = build(world, recorder)
    await platform.connect()
    with pytest.raises(ConnectionRefused, match="cannot be reached.*ServerDisconnectedError"):
        await asyncio.wait_for(platform.run(), 20)
    await platform.close()


async def test_connect_tells_who_the_bot_is(world: DiscordEmulator, recorder: Recorder) -> None:
    platform = build(world, recorder)
    identity = await platform.connect()
    await platform.close()
    assert identity.bot_user == world.world.bot.id
    assert list(identity.guilds.values()) == ["Acme"]


@pytest.mark.parametrize("token", ["wrong", "", "bad\ntoken", "tökén"])
async def test_a_wrong_token_says_where_to_find_the_right_one(
    world: DiscordEmulator, recorder: Recorder, token: str
) -> None:
    platform = build(world, recorder, token=token)
    for _ in range(2):
        with pytest.raises(ConnectionRefused, match=r"DISCORD_TOKEN.*developers/applications, Bot"):
            await platform.connect()
    await platform.close()


async def test_an_address_where_nobody_is_says_so(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    platform = build(world, recorder, api_url="http://127.0.0.1:9/api/v10")
    with pytest.raises(ConnectionRefused, match="127.0.0.1:9.*FOOTNOTE_DISCORD_API_URL"):
        await platform.connect()
    await platform.close()


async def test_an_intent_that_is_not_granted_is_not_asked_for(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    await world.driver.set_privileged_intents([])
    async with running(build(world, recorder)) as platform:
        assert not platform.client.reads_everything
        thread = await world.driver.create_thread("ben", "#general", "trial")
        await world.driver.post("ben", thread["id"], "unread")
        said = await world.driver.mention("ben", thread["id"], "how long?")
        await world.driver.post("ben", "@bot", "and directly?")
        await recorder.wait_for_messages(2)
    assert [message.text for message in recorder.messages] == ["how long?", "and directly?"]
    assert recorder.messages[0].place.thread == said["id"]
    assert not world.journal.of_kind("discord.identify_refused")


async def test_an_intent_that_was_taken_away_is_done_without(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    platform = build(world, recorder)
    await platform.connect()
    assert platform.client.reads_everything
    await world.driver.set_privileged_intents([])
    async with running(platform):
        assert [entry.data["code"] for entry in world.journal.of_kind("discord.identify_refused")]
        assert not platform.client.reads_everything
        await world.driver.mention("ben", "#general", "still there?")
        await recorder.wait_for_messages(1)


async def test_an_intent_that_is_taken_away_meanwhile_is_done_without(
    guild: DiscordEmulator, platform: DiscordPlatform, recorder: Recorder
) -> None:
    await guild.driver.set_privileged_intents([])
    await guild.driver.close_gateway(4014)
    await guild.journal.wait_for(lambda: len(guild.journal.of_kind("discord.identified")) == 2, 20)
    await guild.driver.mention("ben", "#general", "still there?")
    await recorder.wait_for_messages(1)
    assert not platform.client.reads_everything


@pytest.mark.parametrize("fault", ["ask_reconnect", "close_gateway", "abort_gateway"])
async def test_a_broken_session_is_resumed_and_nothing_is_lost(
    guild: DiscordEmulator, recorder: Recorder, fault: str
) -> None:
    await guild.driver.mention("ben", "#general", "before?")
    await recorder.wait_for_messages(1)
    await getattr(guild.driver, fault)()
    await guild.driver.mention("ben", "#general", "meanwhile?")
    await recorder.wait_for_messages(2)
    await guild.driver.wait_until_connected()
    await guild.driver.mention("ben", "#general", "after?")
    await recorder.wait_for_messages(3)
    assert [message.text for message in recorder.messages] == ["before?", "meanwhile?", "after?"]


async def test_a_session_whose_other_side_vanished_is_resumed_and_nothing_is_lost(
    world: DiscordEmulator, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord_pulse, "BEAT", 0.05)
    monkeypatch.setattr(discord_client, "LONGEST_SILENCE", 0.5)
    async with running(build(world, recorder)):
        # Discord asks for one in 41 seconds.
        await world.journal.wait_for(lambda: len(world.journal.of_kind("discord.heartbeat")) > 3)
        await world.driver.mute_gateway()
        await world.driver.mention("ben", "#general", "meanwhile?")
        await recorder.wait_for_messages(1)
    assert len(world.journal.of_kind("discord.identified")) == 1
    assert world.journal.of_kind("discord.resumed")


async def test_a_lost_session_is_begun_anew(
    guild: DiscordEmulator, platform: DiscordPlatform, recorder: Recorder
) -> None:
    assert platform.is_receiving
    identified = len(guild.journal.of_kind("discord.identified"))
    await guild.driver.invalidate_sessions(resumable=False)
    await guild.journal.wait_for(
        lambda: len(guild.journal.of_kind("discord.identified")) > identified, 20
    )
    await guild.driver.wait_until_connected()
    await guild.driver.mention("ben", "#general", "after?")
    await recorder.wait_for_messages(1)


async def test_it_ends_without_leaving_anything_open(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    before = asyncio.all_tasks()
    async with running(build(world, recorder)) as platform:
        assert isinstance(platform.messenger, DiscordMessenger)
    await platform.close()
    gc.collect()
    assert not platform.is_receiving
    left = [task for task in asyncio.all_tasks() - before if not task.done()]
    assert [task for task in left if "site-packages/discord" in repr(task)] == []
