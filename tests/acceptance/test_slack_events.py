"""The Slack adapter and a workspace: what people do reaches the intake before Slack's ack."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.errors import ConnectionRefused, SettingsInvalid
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
)
from bot.platforms import slack_socket
from bot.platforms.slack_platform import HttpServer, SlackPlatform, SlackPorts, build_slack
from retrieval.errors import StoreUnavailable
from retrieval.model import TenantId
from tests.emulators.slack import SlackEmulator


@dataclass
class Recorder:
    """Intake and workspaces that write down what they are told."""

    messages: list[IncomingMessage] = field(default_factory=list)
    overheard: list[IncomingMessage] = field(default_factory=list)
    edited: list[IncomingMessage] = field(default_factory=list)
    deleted: list[MessageKey] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    linked: list[tuple[Platform, str, str]] = field(default_factory=list)
    failures: int = 0
    attempts: int = 0
    hold: asyncio.Event | None = None
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, message: IncomingMessage) -> Acceptance:
        if message.intent is Intent.OVERHEARD or message.person.bot:
            self.overheard.append(message)
            return Acceptance.IGNORED
        await self._attempt()
        self.messages.append(message)
        await self._tell()
        return Acceptance.ACCEPTED

    async def accept_edit(self, message: IncomingMessage) -> Acceptance:
        self.edited.append(message)
        return Acceptance.IGNORED

    async def accept_deletion(self, place: Place, message: MessageKey) -> Acceptance:
        self.deleted.append(message)
        return Acceptance.IGNORED

    async def accept_command(self, command: Command) -> Acceptance:
        await self._attempt()
        self.commands.append(command)
        await self._tell()
        return Acceptance.ACCEPTED

    def is_allowed(self, platform: Platform, workspace: str) -> bool:
        return True

    async def unlink(self, platform: Platform, workspace: str) -> None:
        self.linked = [entry for entry in self.linked if entry[1] != workspace]

    async def link(
        self, platform: Platform, workspace: str, name: str, *, organisation: str = ""
    ) -> TenantId:
        self.linked.append((platform, workspace, name))
        return TenantId("default")

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        return TenantId("default")

    async def wait_for(self, count: int, timeout: float = 15) -> list[IncomingMessage]:
        async with asyncio.timeout(timeout), self.grown:
            await self.grown.wait_for(lambda: len(self.messages) >= count)
        return self.messages

    async def _attempt(self) -> None:
        self.attempts += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable

    async def _tell(self) -> None:
        async with self.grown:
            self.grown.notify_all()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def workspace() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as slack:
        yield slack


PORTS = frozenset(port.name for port in fields(SlackPorts))


def build(slack: SlackEmulator, recorder: Recorder, **options: Any) -> SlackPlatform:
    """The adapter; what is no port is an option of how it is reached."""
    reached = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
    ports = {name: port for name, port in options.items() if name in PORTS}
    reached |= {name: value for name, value in options.items() if name not in PORTS}
    return build_slack(SlackPorts(recorder, recorder, **ports), **reached)


@asynccontextmanager
async def running(platform: SlackPlatform) -> AsyncIterator[SlackPlatform]:
    await platform.connect()
    task = asyncio.create_task(platform.run())
    ready = asyncio.create_task(platform.wait_until_receiving())
    try:
        async with asyncio.timeout(10):
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield platform
    finally:
        ready.cancel()
        task.cancel()
        await asyncio.wait({task})
        await platform.close()


@pytest.fixture(params=["sockets", "http"])
async def slack(
    request: pytest.FixtureRequest, workspace: SlackEmulator, recorder: Recorder
) -> AsyncIterator[SlackEmulator]:
    """The workspace with the adapter connected to it, in both ways."""
    over_http = request.param == "http"
    secret = {"app_token": None, "server": HttpServer(workspace.signing_secret, port=0)}
    platform = build(workspace, recorder, **(secret if over_http else {}))
    async with running(platform):
        if platform.http is not None:
            await workspace.driver.set_request_url(f"{platform.http.address}/slack/events")
        yield workspace


async def settled(slack: SlackEmulator, receipt: dict[str, Any]) -> None:
    """All events of what a person did were acked."""
    for event_id in receipt["event_ids"]:
        await slack.driver.wait_for_entry("event.acked", match={"event_id": event_id})


async def test_a_mention_is_a_question_and_its_two_events_share_the_message(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    receipt = await slack.driver.mention("alma", "help", "how much &amp; how long?")
    await settled(slack, receipt)
    assert len(recorder.messages) == 2  # app_mention and message; the inbox keeps one
    for message in recorder.messages:
        assert message.message == f"slack:T0FOOTNOTE1:C0HELP00001:{receipt['ts']}"
        assert message.thread == message.message
        assert message.place == Place(
            Platform.SLACK, "T0FOOTNOTE1", "C0HELP00001", ChannelKind.PUBLIC, receipt["ts"]
        )
        assert message.intent is Intent.MENTION
        assert message.text == "how much & how long?"
        assert message.person == Person("U0ALMA00001")
    assert len({message.event for message in recorder.messages}) == 2


async def test_a_direct_message_needs_no_mention(slack: SlackEmulator, recorder: Recorder) -> None:
    receipt = await slack.driver.dm("bruno", "what about sick leave?")
    await settled(slack, receipt)
    (message,) = recorder.messages
    assert (message.intent, message.place.channel_kind) == (Intent.DIRECT, ChannelKind.DIRECT)
    assert message.place.thread == receipt["ts"]


async def test_a_private_channel_is_told_from_a_public_one_in_both_events(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    await settled(slack, await slack.driver.mention("alma", "leads", "who is promoted?"))
    kinds = {message.place.channel_kind for message in recorder.messages}
    assert (len(recorder.messages), kinds) == (2, {ChannelKind.PRIVATE})


async def test_a_reply_that_mentions_nobody_is_handed_over_as_a_follow_up(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    question = await slack.driver.post("alma", "help", "anyone?")
    reply = {"thread_ts": question["ts"]}
    for text in ("and part-time?", "<@U0CHEN00001> do you know?", "<!here> look"):
        await settled(slack, await slack.driver.post("bruno", "help", text, **reply))
    (message,) = recorder.messages
    assert (message.intent, message.text) == (Intent.FOLLOW_UP, "and part-time?")
    assert message.thread == f"slack:T0FOOTNOTE1:C0HELP00001:{question['ts']}"


async def test_what_is_not_for_the_bot_is_acked_and_left_alone(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    await slack.driver.add_user("robo", bot_id="B0ROBO00001")
    await slack.driver.join("robo", "help")
    said = await slack.driver.post("alma", "help", "lunch?")
    await settled(slack, said)
    edited = await slack.driver.edit("alma", "help", said["ts"], "lunch at noon?")
    await settled(slack, edited)
    await settled(slack, await slack.driver.delete("alma", "help", said["ts"]))
    await settled(slack, await slack.driver.mention("robo", "help", "beep?"))
    assert recorder.messages == []
    # What the channel's mode and its allowed bots make of these is for the intake to know.
    assert {(heard.intent, heard.text, heard.person.bot) for heard in recorder.overheard} == {
        (Intent.OVERHEARD, "lunch?", ""),
        (Intent.MENTION, "beep?", "B0ROBO00001"),
    }
    # Whether they were questions, the intake knows.
    assert [message.text for message in recorder.edited] == ["lunch at noon?"]
    assert recorder.deleted == [f"slack:T0FOOTNOTE1:C0HELP00001:{said['ts']}"]


async def test_strangers_in_a_shared_channel_are_not_served(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    await slack.driver.add_user("stranger", team_id="T0ELSEWHERE")
    members = ["alma", "stranger", "footnote"]
    await slack.driver.add_channel("shared", members, is_ext_shared=True)
    await settled(slack, await slack.driver.mention("stranger", "shared", "your secrets?"))
    assert recorder.messages == []
    await settled(slack, await slack.driver.mention("alma", "shared", "ours?"))
    assert {message.text for message in recorder.messages} == {"ours?"}


async def test_the_bots_own_messages_are_not_questions(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        channel = slack.workspace.direct("alma", "footnote").id
        body = {"channel": channel, "text": "hello"}
        url = f"{slack.api_url}chat.postMessage"
        async with session.post(url, json=body, headers=headers) as response:
            assert (await response.json())["ok"]
    await slack.driver.wait_for_entry("event.acked")
    assert recorder.messages == []


async def test_a_duplicate_delivery_keeps_its_ids(slack: SlackEmulator, recorder: Recorder) -> None:
    await slack.driver.dm("alma", "twice?", duplicates=1)
    first, second = await recorder.wait_for(2)
    assert (first.event, first.message) == (second.event, second.message)


async def test_no_ack_until_the_intake_has_returned(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    recorder.hold = asyncio.Event()
    receipt = await slack.driver.dm("alma", "durable?")
    await slack.driver.wait_for_entry("event.sent")
    while not recorder.attempts:
        await asyncio.sleep(0)
    assert slack.journal.of_kind("event.acked") == []
    recorder.hold.set()
    await settled(slack, receipt)
    assert len(recorder.messages) == 1


async def test_a_failing_intake_means_no_ack_and_a_second_delivery(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    recorder.failures = 1
    receipt = await slack.driver.dm("alma", "lost?")
    if not slack.backend.courier.request_urls:
        # Without an ack, Slack waits for three seconds of its clock.
        while not recorder.attempts:
            await asyncio.sleep(0)
        await slack.driver.advance(3.1)
    await recorder.wait_for(1)
    await settled(slack, receipt)
    refused = slack.journal.of_kind("event.not_acked")
    assert len(refused) == 1
    assert recorder.attempts == 2


@pytest.mark.parametrize(
    ("typed", "heard", "ack"),
    [
        (("/sync", "handbook full"), ("sync", ("handbook", "full")), "On it…"),
        (("/sources", ""), ("sources", ()), ""),
        (("/help", ""), ("help", ()), ""),
        (("/footnote", ""), ("help", ()), ""),
        (("/footnote", "sync  handbook"), ("sync", ("handbook",)), "On it…"),
    ],
)
async def test_commands(
    slack: SlackEmulator,
    recorder: Recorder,
    typed: tuple[str, str],
    heard: tuple[str, tuple[str, ...]],
    ack: str,
) -> None:
    result = await slack.driver.command("alma", "help", *typed)
    assert (result["acked"], result["error"]) == (True, None)
    assert (result["body"] or {}).get("text", "") == ack
    (command,) = recorder.commands
    assert (command.name, command.words, command.person.name) == (*heard, "alma")
    assert command.event == f"slack:{result['trigger_id']}"
    assert command.reply_token == {"user": "U0ALMA00001", "response_url": result["response_url"]}
    assert command.place.channel_kind is ChannelKind.PUBLIC


async def test_ask_is_a_question_whose_answer_is_private(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    result = await slack.driver.command("bruno", "leads", "/ask", "what is my notice period?")
    (message,) = recorder.messages
    assert (message.intent, message.text) == (Intent.ASK, "what is my notice period?")
    assert message.place.channel_kind is ChannelKind.PRIVATE
    (seen,) = await slack.driver.wait_for_ephemeral("leads", "bruno")
    assert (seen["text"], seen["ts"]) == ("Looking…", result["ts"])


async def test_an_empty_ask_is_told_how_to_ask(slack: SlackEmulator, recorder: Recorder) -> None:
    await slack.driver.command("bruno", "help", "/ask", "  ")
    assert recorder.messages == []
    await slack.driver.wait_for_ephemeral("help", "bruno", containing="Write your question")


async def test_a_command_that_cannot_be_taken_down_is_not_silent(
    slack: SlackEmulator, recorder: Recorder
) -> None:
    recorder.failures = 1
    result = await slack.driver.command("bruno", "help", "/ask", "lost?")
    assert result["acked"]
    await slack.driver.wait_for_ephemeral("help", "bruno", containing="try again in a minute")


# Over HTTP


@pytest.fixture
async def server(workspace: SlackEmulator, recorder: Recorder) -> AsyncIterator[str]:
    server = HttpServer(workspace.signing_secret, port=0)
    platform = build(workspace, recorder, app_token=None, server=server)
    async with running(platform):
        assert platform.http is not None
        yield platform.http.address


QUESTION = {
    "type": "event_callback", "team_id": "T0FOOTNOTE1", "event_id": "Ev1",
    "event": {"type": "message", "channel_type": "im", "channel": "D1", "user": "U0ALMA00001",
              "ts": "1700000000.000100", "text": "a very private question"},
}  # fmt: skip


@pytest.mark.parametrize(
    "forgery", [{"secret": "guessed"}, {"age": 360}, {"age": -360}, {"signature": "v0=nothing"}]
)
async def test_forged_requests_are_refused_and_not_logged(
    workspace: SlackEmulator, recorder: Recorder, server: str, forgery: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    send = workspace.backend.courier.send_signed
    url, body, kind = f"{server}/slack/events", json.dumps(QUESTION), "application/json"
    status, _, _ = await send(url, body, content_type=kind, **forgery)
    assert status == 401
    assert recorder.attempts == 0
    assert "very private" not in caplog.text
    status, _, _ = await send(url, body, content_type=kind)
    assert (status, recorder.attempts) == (200, 1)


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"},
     {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": ""}],
)  # fmt: skip
async def test_requests_without_a_readable_signature_are_refused(
    server: str, recorder: Recorder, headers: dict[str, str]
) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{server}/slack/events"
        async with session.post(url, data=json.dumps(QUESTION), headers=headers) as response:
            assert response.status == 401
    assert recorder.attempts == 0


async def test_a_signed_body_that_is_no_json_is_a_bad_request(
    workspace: SlackEmulator, server: str
) -> None:
    send = workspace.backend.courier.send_signed
    status, _, _ = await send(f"{server}/slack/events", "{", content_type="application/json")
    assert status == 400


async def test_health_and_ssl_check(workspace: SlackEmulator, server: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server}/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})
    send, form = workspace.backend.courier.send_signed, urlencode({"ssl_check": "1"})
    kind = "application/x-www-form-urlencoded"
    assert (await send(f"{server}/slack/events", form, content_type=kind))[0] == 200


async def test_a_taken_port_is_told(
    workspace: SlackEmulator, recorder: Recorder, server: str
) -> None:
    port = int(server.rpartition(":")[2])
    other = build(workspace, recorder, app_token=None, server=HttpServer("s", port=port))
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_PORT"):
        await other.run()


# The start


async def test_connect_links_the_workspace(workspace: SlackEmulator, recorder: Recorder) -> None:
    platform = build(workspace, recorder)
    identity = await platform.connect()
    await platform.close()
    assert (identity.team, identity.team_name) == ("T0FOOTNOTE1", "Footnote Works")
    assert recorder.linked == [(Platform.SLACK, "T0FOOTNOTE1", "Footnote Works")]
    assert identity.missing_scopes == frozenset()


async def test_missing_scopes_are_known_at_the_start(
    workspace: SlackEmulator, recorder: Recorder
) -> None:
    workspace.app.scopes -= {"users:read"}
    platform = build(workspace, recorder)
    identity = await platform.connect()
    await platform.close()
    assert identity.missing_scopes == {"users:read"}


Options = Callable[[SlackEmulator], dict[str, Any]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (lambda _: {"bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN (invalid_auth): copy it"),
        (lambda _: {"app_token": "xapp-wrong"}, "SLACK_APP_TOKEN (invalid_auth): copy it"),
        (lambda _: {"api_url": "http://127.0.0.1:9/api/"}, "cannot be reached"),
    ],
)
async def test_what_slack_refuses_is_told_in_words_that_mend(
    workspace: SlackEmulator, recorder: Recorder, options: Options, words: str
) -> None:
    platform = build(workspace, recorder, **options(workspace))
    with pytest.raises(ConnectionRefused) as refused:
        async with asyncio.timeout(20), running(platform):
            pass
    assert words in str(refused.value)
    assert "xoxb-wrong" not in str(refused.value)


async def test_neither_token_nor_secret(workspace: SlackEmulator, recorder: Recorder) -> None:
    with pytest.raises(SettingsInvalid, match="SLACK_APP_TOKEN"):
        build(workspace, recorder, app_token=None)


# Sockets and their faults

Fault = Callable[[SlackEmulator], Awaitable[Any]]


async def kill_next_url(slack: SlackEmulator) -> None:
    await slack.driver.kill_urls(1)
    await slack.driver.abort_sockets()


@pytest.mark.parametrize(
    "fault",
    [
        lambda slack: slack.driver.disconnect_sockets(),
        lambda slack: slack.driver.abort_sockets(),
        lambda slack: slack.driver.half_open_sockets(),
        kill_next_url,
    ],
    ids=["refresh", "abort", "half-open", "dead-url"],
)
async def test_sockets_heal(workspace: SlackEmulator, recorder: Recorder, fault: Fault) -> None:
    platform = build(workspace, recorder)
    platform = with_quick_sockets(platform)
    async with running(platform):
        await workspace.driver.wait_for_sockets(2)
        await fault(workspace)
        await workspace.driver.wait_for_sockets(2, timeout=30)
        await workspace.driver.dm("alma", "still there?")
        await recorder.wait_for(1)


async def test_one_socket_takes_events_while_the_other_is_down(
    workspace: SlackEmulator, recorder: Recorder
) -> None:
    platform = with_quick_sockets(build(workspace, recorder))
    async with running(platform):
        await workspace.driver.wait_for_sockets(2)
        await workspace.driver.kill_urls(1000)
        first = workspace.backend.sockets.connections[0].id
        await workspace.driver.abort_sockets(connection=first)
        for number in range(4):
            await settled(workspace, await workspace.driver.dm("alma", f"question {number}"))
        assert platform.is_receiving
        assert len(recorder.messages) == 4


async def test_a_client_that_stays_deaf_is_replaced(
    workspace: SlackEmulator, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    platform = with_quick_sockets(build(workspace, recorder), longest_silence=0.5)
    async with running(platform):
        await workspace.driver.wait_for_sockets(2)
        await workspace.driver.kill_urls(1000)
        await workspace.driver.abort_sockets()
        await workspace.driver.wait_for_entry("socket.refused", 4)
        async with asyncio.timeout(10):
            while "starting it anew" not in caplog.text:
                await asyncio.sleep(0.01)
        assert not platform.is_receiving
        workspace.backend.sockets.dead_urls = 0
        await workspace.driver.wait_for_sockets(2, timeout=20)
    assert "ticket=…" in caplog.text
    assert "xapp-" not in caplog.text


def with_quick_sockets(platform: SlackPlatform, **options: float) -> SlackPlatform:
    """The same platform with sockets that beat faster."""
    sockets = platform.sockets
    assert sockets is not None
    sockets._ping_seconds = 0.3
    sockets._watch_seconds = 0.05
    sockets._longest_silence = options.get("longest_silence", slack_socket.LONGEST_SILENCE)
    return platform
