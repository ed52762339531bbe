"""The Slack emulator against the vendor's own clients: slack_sdk and slack_bolt."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.emulators.slack import App, SlackDriverClient, SlackEmulator, sign
from tests.emulators.slack.errors import SlackError

TESTS = Path(__file__).resolve().parents[1]
PLAIN = {"type": "plain_text", "text": "ok"}
BUTTON = {"type": "button", "action_id": "go", "text": PLAIN, "value": "1"}
MODAL = {"type": "modal", "callback_id": "settings", "title": PLAIN, "submit": PLAIN, "blocks": [
    {"type": "input", "block_id": "name", "label": PLAIN,
     "element": {"type": "plain_text_input", "action_id": "text"}}]}  # fmt: skip


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def client(slack: SlackEmulator) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url)


@pytest.fixture
async def rationed() -> AsyncIterator[tuple[SlackEmulator, AsyncWebClient]]:
    """A rationed app; time stands still."""
    async with SlackEmulator(app=App(rationed=True), frozen=True) as emulator:
        yield emulator, AsyncWebClient(emulator.bot_token, base_url=emulator.api_url)


def bolt(slack: SlackEmulator) -> AsyncApp:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    return AsyncApp(client=client, signing_secret=slack.signing_secret)


@asynccontextmanager
async def over_sockets(slack: SlackEmulator, app: AsyncApp) -> AsyncIterator[Any]:
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.2)
    await handler.connect_async()
    await slack.driver.wait_for_sockets()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def over_http(slack: SlackEmulator, app: AsyncApp) -> AsyncIterator[str]:
    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async with serving(events) as url:
        await slack.driver.set_request_url(url)
        yield url


@asynccontextmanager
async def serving(handle: Any) -> AsyncIterator[str]:
    server = web.Application()
    server.add_routes([web.post("/slack/events", handle)])
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


TRANSPORTS = pytest.mark.parametrize("transport", [over_sockets, over_http])


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


# Events


@TRANSPORTS
async def test_mention_is_answered_in_its_thread(slack: SlackEmulator, transport: Any) -> None:
    app = bolt(slack)
    seen: list[dict[str, Any]] = []

    @app.event("app_mention")
    async def answer(body: dict[str, Any], event: dict[str, Any], say: Any) -> None:
        seen.append(body)
        await say(text="By ship.", thread_ts=event["ts"], unfurl_links=False)

    @app.event("message")
    async def note(body: dict[str, Any]) -> None:
        seen.append(body)

    async with transport(slack, app):
        sent = await slack.driver.mention("bruno", "help", "how do goods arrive?")
        replies = await slack.driver.wait_for_reply("help", sent["ts"])
        await slack.driver.wait_for(lambda: len(slack.journal.of_kind("event.acked")) >= 3)
    assert [reply["text"] for reply in replies] == ["By ship."]
    assert replies[0]["is_bot"]
    assert replies[0]["unfurl_links"] is False
    ours = [body for body in seen if body["event"].get("ts") == sent["ts"]]
    assert sorted(body["event"]["type"] for body in ours) == ["app_mention", "message"]
    assert sorted(body["event_id"] for body in ours) == sorted(sent["event_ids"])
    assert len(set(sent["event_ids"])) == 2
    assert {body["authorizations"][0]["user_id"] for body in ours} == {slack.bot_user_id}
    channel_types = {body["event"].get("channel_type") for body in ours}
    assert channel_types == {None, "channel"}


@TRANSPORTS
async def test_slash_command_acks_and_responds_later(slack: SlackEmulator, transport: Any) -> None:
    app = bolt(slack)

    @app.command("/ask")
    async def ask(ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack(f"Looking for {command['text']}")
        await respond(text="Found it.", response_type="in_channel")

    async with transport(slack, app):
        result = await slack.driver.command("chen", "random", "/ask", "the port")
        private = await slack.driver.wait_for_ephemeral("random", "chen")
        await slack.driver.wait_for_reply("random", None)
    assert result["acked"]
    assert [entry["text"] for entry in private] == ["Looking for the port"]
    shown = await slack.driver.transcript("random", "bruno")
    assert [entry["text"] for entry in shown] == ["Found it."]


@TRANSPORTS
async def test_button_opens_a_modal_and_its_values_come_back(
    slack: SlackEmulator, client: AsyncWebClient, transport: Any
) -> None:
    app = bolt(slack)
    values: list[dict[str, Any]] = []

    @app.action("go")
    async def open_modal(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("settings")
    async def save(ack: Any, view: dict[str, Any]) -> None:
        entered = view["state"]["values"]
        if entered["name"]["text"]["value"] == "bad":
            await ack(response_action="errors", errors={"name": "Not that one."})
            return
        values.append(entered)
        await ack()

    blocks = [{"type": "actions", "block_id": "acts", "elements": [BUTTON]}]
    posted = await client.chat_postMessage(channel="C0HELP00001", text="hi", blocks=blocks)
    async with transport(slack, app):
        clicked = await slack.driver.click("alma", "help", posted["ts"], "go")
        view = await slack.driver.wait_for_view("alma", callback_id="settings")
        with pytest.raises(ValueError, match="must be filled in"):
            await slack.driver.submit("alma", view["view_id"])
        wrong = await slack.driver.submit("alma", view["view_id"], {"text": "bad"})
        still_open = await slack.driver.views("alma")
        right = await slack.driver.submit("alma", view["view_id"], {"text": "good"})
    assert clicked["acked"]
    assert wrong["errors"] == {"name": "Not that one."}
    assert [item["view_id"] for item in still_open] == [view["view_id"]]
    assert right["view_id"] is None
    assert await slack.driver.views("alma") == []
    assert values == [{"name": {"text": {"type": "plain_text_input", "value": "good"}}}]


@TRANSPORTS
async def test_a_select_of_a_modal_asks_the_app_for_its_options(
    slack: SlackEmulator, client: AsyncWebClient, transport: Any
) -> None:
    app = bolt(slack)
    names = ["handbook", "wiki"]

    @app.options("source")
    async def offer(ack: Any, payload: dict[str, Any]) -> None:
        found = [name for name in names if payload["value"] in name]
        await ack(options=[{"text": {"type": "plain_text", "text": n}, "value": n} for n in found])

    select = {"type": "external_select", "action_id": "source", "min_query_length": 0}
    modal = {**MODAL, "blocks": [{"type": "input", "label": PLAIN, "element": select}]}

    @app.shortcut("choose")
    async def choose(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal)

    async with transport(slack, app):
        await slack.driver.shortcut("alma", "choose")
        view = (await slack.driver.wait_for_view("alma"))["view_id"]
        everything = await slack.driver.suggest("alma", view, "source")
        some = await slack.driver.suggest("alma", view, "source", "wi")
        names[:] = []
        nothing = await slack.driver.suggest("alma", view, "source")
        names[:] = ["x" * 76]
        with pytest.raises(SlackError, match="invalid_options"):
            await slack.driver.suggest("alma", view, "source")
    assert [option["value"] for option in everything] == ["handbook", "wiki"]
    assert [option["value"] for option in some] == ["wiki"]
    assert nothing == []


@TRANSPORTS
async def test_feedback_home_shortcut_reaction_edit_and_delete_reach_the_app(
    slack: SlackEmulator, client: AsyncWebClient, transport: Any
) -> None:
    app = bolt(slack)
    heard: dict[str, Any] = {}
    hear_everything(app, heard)
    feedback_block = {"type": "context_actions", "elements": [{
        "type": "feedback_buttons", "action_id": "feedback",
        "positive_button": {"text": PLAIN, "value": "up"},
        "negative_button": {"text": PLAIN, "value": "down"}}]}  # fmt: skip
    driver = slack.driver
    async with transport(slack, app):
        answer = await client.chat_postMessage(
            channel="C0HELP00001", text="An answer", blocks=[feedback_block]
        )
        await driver.click("bruno", "help", answer["ts"], "feedback", "negative")
        await driver.wait_for(lambda: message(slack, answer["ts"]).text == "Thanks!")
        await driver.open_home("chen")
        await driver.wait_for_entry("home.published", match={"user": "U0CHEN00001"})
        question = await driver.post("chen", "help", "where?")
        await driver.shortcut("chen", "answer_this", "help", question["ts"])
        private = await driver.wait_for_ephemeral("help", "chen")
        await driver.react("bruno", "help", question["ts"], "eyes")
        await driver.edit("chen", "help", question["ts"], "where and when?")
        last = await driver.delete("chen", "help", question["ts"])
        await driver.wait_for_entry("event.acked", match={"event_id": last["event_ids"][0]})
        await driver.wait_for(lambda: "deleted" in heard and "reaction" in heard)
    assert heard["feedback"] == "down"
    assert private[0]["text"] == "About: where?"
    assert heard["reaction"] == ("eyes", question["ts"])
    assert "where and when?" in heard["changed"]
    assert heard["deleted"] == question["ts"]
    assert (await driver.home("chen") or {})["blocks"][0]["text"]["text"] == "*Sources*"


def hear_everything(app: AsyncApp, heard: dict[str, Any]) -> None:
    """Answer what people do, and note what it was."""

    @app.action("feedback")
    async def feedback(ack: Any, action: dict[str, Any], respond: Any) -> None:
        await ack()
        heard["feedback"] = action["value"]
        await respond(text="Thanks!", replace_original=True)

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": "*Sources*"}}
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [block]})

    @app.shortcut("answer_this")
    async def shortcut(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text=f"About: {shortcut['message']['text']}")

    @app.event("reaction_added")
    async def reacted(event: dict[str, Any]) -> None:
        heard["reaction"] = (event["reaction"], event["item"]["ts"])

    @app.event({"type": "message", "subtype": "message_changed"})
    async def changed(event: dict[str, Any]) -> None:
        heard.setdefault("changed", []).append(event["message"]["text"])

    @app.event({"type": "message", "subtype": "message_deleted"})
    async def deleted(event: dict[str, Any]) -> None:
        heard["deleted"] = event["deleted_ts"]

    @app.event("message")
    async def other() -> None: ...


def message(slack: SlackEmulator, ts: str, channel: str = "help") -> Any:
    return slack.workspace.message(slack.workspace.channel(channel), ts)


async def test_events_follow_membership_scopes_and_subscriptions(slack: SlackEmulator) -> None:
    driver = slack.driver
    unseen = await driver.mention("bruno", "random", "hello?")
    assert unseen["event_ids"] == []
    slack.app.subscriptions.discard("message.channels")
    assert len((await driver.mention("bruno", "help", "hello?"))["event_ids"]) == 1
    slack.app.scopes.discard("app_mentions:read")
    assert (await driver.mention("bruno", "help", "hello?"))["event_ids"] == []
    in_dm = await driver.dm("bruno", f"<@{slack.bot_user_id}> hello?")
    assert len(in_dm["event_ids"]) == 1
    with pytest.raises(ValueError, match="chen is not in #leads"):
        await driver.post("chen", "leads", "let me in")


# Redelivery


async def test_event_without_ack_is_redelivered_with_its_attempt(slack: SlackEmulator) -> None:
    attempts: list[tuple[str | None, str | None, str]] = []

    async def never(request: web.Request) -> web.Response:
        if await is_challenge(request):
            return web.Response(text=(await request.json())["challenge"])
        headers = request.headers
        number, reason = (headers.get(f"X-Slack-Retry-{name}") for name in ("Num", "Reason"))
        attempts.append((number, reason, (await request.json())["event_id"]))
        return web.Response(status=500)

    async with serving(never) as url:
        await slack.driver.set_request_url(url)
        [event_id] = (await slack.driver.post("bruno", "help", "hi"))["event_ids"]
        await slack.driver.wait_for_entry("event.not_acked", 2)
        assert len(attempts) == 2
        await slack.driver.advance(60)
        await slack.driver.wait_for_entry("event.not_acked", 3)
        await slack.driver.advance(300)
        await slack.driver.wait_for_entry("event.given_up")
    reason = "http_error"
    assert attempts == [
        (None, None, event_id), ("1", reason, event_id), ("2", reason, event_id),
        ("3", reason, event_id),
    ]  # fmt: skip


async def is_challenge(request: web.Request) -> bool:
    return (await request.json()).get("type") == "url_verification"


async def test_event_not_acked_in_three_seconds_comes_again_over_sockets() -> None:
    async with SlackEmulator(frozen=True) as slack, aiohttp.ClientSession() as session:
        client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["num_connections"] == 1
            await slack.driver.post("bruno", "help", "hi")
            first = await socket.receive_json()
            assert (first["retry_attempt"], first["type"]) == (0, "events_api")
            assert first["accepts_response_payload"] is False
            await slack.driver.advance(3)
            second = await socket.receive_json()
            assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
            assert second["payload"]["event_id"] == first["payload"]["event_id"]
            assert second["envelope_id"] != first["envelope_id"]
            await socket.send_json({"envelope_id": second["envelope_id"]})
            await slack.driver.wait_for_entry("event.acked", match={"attempt": 1})


async def test_lost_ack_duplicate_and_redelivery_repeat_an_event(slack: SlackEmulator) -> None:
    app = bolt(slack)
    seen: list[str] = []

    @app.event("message")
    async def note(body: dict[str, Any]) -> None:
        seen.append(body["event_id"])

    async with over_sockets(slack, app):
        slack.faults.add("ack", "lost_ack")
        first = (await slack.driver.post("bruno", "help", "one"))["event_ids"]
        await slack.driver.wait_for_entry("event.ack_lost")
        await slack.driver.advance(3)
        await slack.driver.wait_for_entry("event.acked", match={"event_id": first[0]})
        slack.faults.add("deliver", "duplicate")
        second = (await slack.driver.post("bruno", "help", "two"))["event_ids"]
        third = (await slack.driver.post("bruno", "help", "three", duplicates=1))["event_ids"]
        await slack.driver.redeliver(third[0], attempt=2, reason="timeout")
        await slack.driver.wait_for_entry("event.acked", 6)
        await slack.driver.wait_for(lambda: len(seen) == 7)
    assert sorted(seen) == sorted(first * 2 + second * 2 + third * 3)


async def test_command_that_is_never_acked_fails_for_the_person() -> None:
    async with SlackEmulator(app=App(ack_timeout=0.05)) as slack:
        assert (await slack.driver.command("bruno", "help", "/ask"))["error"] == "dispatch_failed"
        app = bolt(slack)

        @app.command("/ask")
        async def ask(command: dict[str, Any]) -> None: ...

        async with over_sockets(slack, app):
            result = await slack.driver.command("bruno", "help", "/ask")
    assert (result["acked"], result["error"]) == (False, "operation_timeout")


# Signed HTTP


async def test_signatures_are_those_the_sdk_expects(slack: SlackEmulator) -> None:
    now = str(int(time.time()))
    signed = sign(slack.signing_secret, now, "a=1")
    assert SignatureVerifier(slack.signing_secret).is_valid("a=1", now, signed)
    app = bolt(slack)
    body = {"type": "url_verification", "challenge": "c", "token": "t"}
    async with over_http(slack, app):
        assert (await slack.driver.forge(body))["status"] == 200
        assert (await slack.driver.forge(body, secret="wrong"))["status"] == 401
        assert (await slack.driver.forge(body, age=600))["status"] == 401
        assert (await slack.driver.forge(body, signature="v0=00"))["status"] == 401


async def test_request_url_must_echo_the_challenge(slack: SlackEmulator) -> None:
    async def deaf(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with serving(deaf) as url:
        with pytest.raises(ValueError, match="challenge"):
            await slack.driver.set_request_url(url)


# Socket Mode


async def test_events_are_spread_over_connections_and_survive_a_refresh(
    slack: SlackEmulator,
) -> None:
    app = bolt(slack)
    seen: list[str] = []

    @app.event("message")
    async def note(event: dict[str, Any]) -> None:
        seen.append(event["text"])

    async with over_sockets(slack, app), over_sockets(slack, app):
        await slack.driver.wait_for_sockets(2)
        assert await slack.driver.disconnect_sockets("refresh_requested") == {"told": 2}
        await slack.driver.wait_for_entry("socket.closed", 2)
        await slack.driver.wait_for_sockets(2)
        for number in range(4):
            await slack.driver.post("bruno", "help", str(number))
        await slack.driver.wait_for(lambda: len(seen) == 4)
        assert await slack.driver.abort_sockets() == {"cut": 2}
        await slack.driver.wait_for_entry("socket.closed", 4)
        await slack.driver.wait_for_sockets(2)
        await slack.driver.wait_for_entry("socket.pong", 6)
    assert sorted(seen) == ["0", "1", "2", "3"]


async def test_half_open_connection_hangs_until_the_client_gives_it_up(
    slack: SlackEmulator,
) -> None:
    app = bolt(slack)

    @app.event("message")
    async def note() -> None: ...

    async with over_sockets(slack, app):
        opened = len(slack.journal.of_kind("socket.opened"))
        assert await slack.driver.half_open_sockets() == {"hanging": 1}
        [event_id] = (await slack.driver.post("bruno", "help", "anyone?"))["event_ids"]
        await slack.driver.wait_for_entry("socket.opened", opened + 1, timeout=30)
        await slack.driver.advance(3)
        acked = await slack.driver.wait_for_entry("event.acked", match={"event_id": event_id})
    assert acked[0]["attempt"] == 1


async def test_slack_delivers_to_any_connection(slack: SlackEmulator) -> None:
    client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url) as first,
        session.ws_connect(url) as second,
    ):
        assert [(await s.receive_json())["num_connections"] for s in (first, second)] == [1, 2]
        for text in ("one", "two"):
            await slack.driver.post("bruno", "help", text)
        envelopes = [await socket.receive_json() for socket in (first, second)]
        texts = [envelope["payload"]["event"]["text"] for envelope in envelopes]
        assert sorted(texts) == ["one", "two"]
        for envelope in envelopes:  # an ack may come on another connection than the envelope
            await first.send_json({"envelope_id": envelope["envelope_id"]})
        await slack.driver.wait_for_entry("event.acked", 2)


async def test_dead_url_answers_404(slack: SlackEmulator) -> None:
    await slack.driver.kill_urls(1)
    client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    async with aiohttp.ClientSession() as session:
        dead = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        for _ in range(2):
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await session.ws_connect(dead)
            assert error.value.status == 404
        alive = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(alive) as socket:
            assert (await socket.receive_json())["type"] == "hello"


async def test_eleventh_connection_is_turned_away(slack: SlackEmulator) -> None:
    client = AsyncWebClient(slack.app_token, base_url=slack.api_url)
    async with aiohttp.ClientSession() as session:
        url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        sockets = [await session.ws_connect(url) for _ in range(11)]
        hellos = [await socket.receive_json() for socket in sockets]
        assert hellos[9]["num_connections"] == 10
        assert hellos[10] == {"type": "disconnect", "reason": "too_many_websockets"}


# Web API


async def test_arguments_come_in_every_form(slack: SlackEmulator) -> None:
    text = {"channel": "C0HELP00001", "text": "hi"}
    blocks = json.dumps([{"type": "divider"}])
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    multipart = aiohttp.FormData({**text, "token": slack.bot_token}, default_to_multipart=True)
    calls: list[dict[str, Any]] = [
        {"method": "GET", "params": {**text, "token": slack.bot_token, "blocks": blocks}},
        {"method": "POST", "data": {**text, "blocks": blocks}, "headers": bearer},
        {"method": "POST", "json": text, "headers": bearer},
        {"method": "POST", "data": multipart},
    ]
    async with aiohttp.ClientSession() as session:
        for call in calls:
            async with session.request(url=f"{slack.api_url}chat.postMessage", **call) as response:
                body = await response.json()
            assert body["ok"], body
            assert body["message"]["text"] == "hi"
    shown = await slack.driver.transcript("help")
    assert [len(entry["blocks"]) for entry in shown] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        (None, "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        ("xoxb-emulator", "apps.connections.open", "not_allowed_token_type"),
        ("xapp-emulator", "auth.test", "not_allowed_token_type"),
        ("xoxb-emulator", "chat.shout", "unknown_method"),
    ],
)
async def test_tokens_and_methods(
    slack: SlackEmulator, token: str | None, method: str, error: str
) -> None:
    assert await refused(AsyncWebClient(token, base_url=slack.api_url).api_call(method)) == error


async def test_missing_scope_says_what_is_needed(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    slack.app.scopes.discard("chat:write")
    with pytest.raises(SlackApiError) as error:
        await client.chat_postMessage(channel="C0HELP00001", text="hi")
    assert error.value.response["error"] == "missing_scope"
    assert error.value.response["needed"] == "chat:write"
    assert "users:read" in error.value.response["provided"]
    who = await client.auth_test()
    assert who["user_id"] == slack.bot_user_id
    assert "chat:write" not in who.headers["x-oauth-scopes"].split(",")


async def test_history_and_replies_come_in_pages_with_metadata_on_request(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    channel = "C0HELP00001"
    parent = await slack.driver.post("bruno", "help", "start")
    metadata = {"event_type": "answer", "event_payload": {"key": "k"}}
    for number in range(5):
        await client.chat_postMessage(
            channel=channel, thread_ts=parent["ts"], text=str(number), metadata=metadata
        )
    await slack.driver.post("chen", "help", "end")
    texts: list[str] = []
    async for page in await client.conversations_replies(
        channel=channel, ts=parent["ts"], limit=2, include_all_metadata=True
    ):
        texts += [item["text"] for item in page["messages"]]
        assert all(item["metadata"] == metadata for item in page["messages"] if "bot_id" in item)
    assert texts == ["start", "0", "1", "2", "3", "4"]
    history = await client.conversations_history(channel=channel, limit=1)
    assert [item["text"] for item in history["messages"]] == ["end"]
    assert history["has_more"]
    older = await client.conversations_history(channel=channel, latest=history["messages"][0]["ts"])
    assert [(m["text"], m["reply_count"]) for m in older["messages"]] == [("start", 5)]
    plain = await client.conversations_replies(channel=channel, ts=parent["ts"])
    assert all("metadata" not in item for item in plain["messages"])


async def test_pages_of_history_stay_what_they_are_while_people_go_on(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    said = [await slack.driver.post("bruno", "help", str(number)) for number in range(5)]
    page = await client.conversations_history(channel="C0HELP00001", limit=2)
    assert [item["text"] for item in page["messages"]] == ["4", "3"]
    await slack.driver.post("chen", "help", "new")
    await slack.driver.delete("bruno", "help", said[3]["ts"])
    cursor = page["response_metadata"]["next_cursor"]
    page = await client.conversations_history(channel="C0HELP00001", limit=2, cursor=cursor)
    assert [item["text"] for item in page["messages"]] == ["2", "1"]
    cursor = page["response_metadata"]["next_cursor"]
    page = await client.conversations_history(channel="C0HELP00001", limit=2, cursor=cursor)
    assert [item["text"] for item in page["messages"]] == ["0"]
    assert not page["has_more"]
    wrong = client.conversations_history(channel="C0HELP00001", cursor="bmV4dDoy")
    assert await refused(wrong) == "invalid_cursor"


async def test_an_app_that_is_rationed_reads_fifteen_messages_a_minute(
    rationed: tuple[SlackEmulator, AsyncWebClient],
) -> None:
    slack, client = rationed
    for number in range(20):
        await slack.driver.post("bruno", "help", str(number))
    channel = "C0HELP00001"
    page = await client.conversations_history(channel=channel, limit=200)
    assert [item["text"] for item in page["messages"]] == [str(n) for n in range(19, 4, -1)]
    await slack.driver.advance(18)
    with pytest.raises(SlackApiError) as error:
        await client.conversations_history(channel=channel)
    assert error.value.response.status_code == 429
    assert error.value.response.headers["Retry-After"] == "42"
    # Each method has a ration of its own, and others have none.
    parent = page["messages"][0]["ts"]
    await client.conversations_replies(channel=channel, ts=parent)
    await client.users_conversations()
    await client.users_conversations()
    await slack.driver.advance(42)
    await client.conversations_history(channel=channel)
    limits = [entry.data["method"] for entry in slack.journal.of_kind("api.limited")]
    assert limits == ["conversations.history"]


async def test_people_and_channels_can_be_read(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    alma = (await client.users_info(user="U0ALMA00001"))["user"]
    assert (alma["is_admin"], alma["profile"]["display_name"]) == (True, "alma")
    assert "email" not in alma["profile"]
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert {c["name"]: c["is_member"] for c in listed["channels"]} == {
        "general": True, "help": True, "leads": True, "random": False,
    }  # fmt: skip
    members = await client.conversations_members(channel="C0LEADS0001", limit=2)
    assert members["members"] == ["U0ALMA00001", "U0BRUNO0001"]
    assert members["response_metadata"]["next_cursor"]
    await slack.driver.set_usergroup("experts", ["alma", "chen"])
    [group] = (await client.usergroups_list())["usergroups"]
    users = await client.usergroups_users_list(usergroup=group["id"])
    assert users["users"] == ["U0ALMA00001", "U0CHEN00001"]
    opened = await client.conversations_open(users="U0CHEN00001")
    sent = await slack.driver.dm("chen", "hi")
    assert opened["channel"]["id"] == sent["channel"]
    shared = await slack.driver.post(
        "chen", "help", "see", files=[{"name": "a.txt", "content": "aGVsbG8="}]
    )
    file = message(slack, shared["ts"]).files[0]
    assert (await client.files_info(file=file["id"]))["file"]["size"] == 5
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(file["url_private"], headers=headers) as response:
            assert await response.read() == b"hello"
        async with session.get(file["url_private"]) as response:
            assert "Sign in" in await response.text()


async def test_message_is_posted_changed_and_deleted(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="#help", text="one")
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    await client.chat_update(**where, text="two")
    await client.reactions_add(channel=where["channel"], timestamp=where["ts"], name="eyes")
    again = client.reactions_add(channel=where["channel"], timestamp=where["ts"], name="eyes")
    assert await refused(again) == "already_reacted"
    [entry] = await slack.driver.transcript("help")
    assert (entry["text"], entry["edited"]) == ("two", True)
    assert entry["reactions"] == {"eyes": [slack.bot_user_id]}
    await client.chat_delete(**where)
    assert await refused(client.chat_delete(**where)) == "message_not_found"
    whisper = await client.chat_postEphemeral(
        channel="C0HELP00001", user="U0CHEN00001", text="psst"
    )
    [private] = await slack.driver.transcript("help", "chen")
    assert (private["ts"], private["ephemeral"]) == (whisper["message_ts"], True)
    assert await slack.driver.transcript("help", "bruno") == []


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE01", "channel_not_found"),
        ("C0RANDOM001", "not_in_channel"),
        ("C0OTHERS001", "channel_not_found"),
        ("C0OLD000001", "is_archived"),
    ],
)
async def test_where_the_bot_may_post(
    slack: SlackEmulator, client: AsyncWebClient, channel: str, error: str
) -> None:
    await slack.driver.add_channel("others", ["alma"], "group", id="C0OTHERS001")
    await slack.driver.add_channel("old", ["alma", "footnote"], id="C0OLD000001")
    await slack.driver.archive("old")
    assert await refused(client.chat_postMessage(channel=channel, text="hi")) == error


async def test_threads_and_foreign_messages_are_refused(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    channel = "C0HELP00001"
    theirs = await slack.driver.post("bruno", "help", "mine")
    reply = await client.chat_postMessage(channel=channel, text="hi", thread_ts=theirs["ts"])
    post = client.chat_postMessage
    assert (
        await refused(post(channel=channel, text="x", thread_ts="1.000001")) == "thread_not_found"
    )
    nested = post(channel=channel, text="x", thread_ts=reply["ts"])
    assert await refused(nested) == "cannot_reply_to_message"
    update = client.chat_update(channel=channel, ts=theirs["ts"], text="ours")
    assert await refused(update) == "cant_update_message"
    delete = client.chat_delete(channel=channel, ts=theirs["ts"])
    assert await refused(delete) == "cant_delete_message"
    missing = client.chat_update(channel=channel, ts="1.000001", text="x")
    assert await refused(missing) == "message_not_found"
    assert await refused(client.conversations_replies(channel=channel, ts="1.1")) == (
        "thread_not_found"
    )


# Limits


def section(length: int) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def buttons(count: int) -> list[dict[str, Any]]:
    return [{**BUTTON, "action_id": f"a{number}"} for number in range(count)]


def text_of(length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


CASES: list[tuple[str, list[Any], list[Any]]] = [
    ("blocks", [{"type": "divider"}] * 50, [{"type": "divider"}] * 51),
    ("section", [section(3000)], [section(3001)]),
    ("empty section", [section(1)], [section(0)]),
    ("header", [{"type": "header", "text": text_of(150)}],
     [{"type": "header", "text": text_of(151)}]),
    ("header markup", [{"type": "header", "text": PLAIN}],
     [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
    ("markdown", [{"type": "markdown", "text": "x" * 12_000}],
     [{"type": "markdown", "text": "x" * 12_001}]),
    ("button text", [actions({**BUTTON, "text": text_of(75)})],
     [actions({**BUTTON, "text": text_of(76)})]),
    ("button value", [actions({**BUTTON, "value": "x" * 2000})],
     [actions({**BUTTON, "value": "x" * 2001})]),
    ("action_id", [actions({**BUTTON, "action_id": "x" * 255})],
     [actions({**BUTTON, "action_id": "x" * 256})]),
    ("action_id twice", [actions(*buttons(2))], [actions(BUTTON, BUTTON)]),
    ("actions", [actions(*buttons(25))], [actions(*buttons(26))]),
    ("block_id", [{"type": "divider", "block_id": "x" * 255}],
     [{"type": "divider", "block_id": "x" * 256}]),
    ("block_id twice", [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "b"}],
     [{"type": "divider", "block_id": "a"}] * 2),
    ("context", [{"type": "context", "elements": [PLAIN] * 10}],
     [{"type": "context", "elements": [PLAIN] * 11}]),
    ("fields", [{"type": "section", "fields": [PLAIN] * 10}],
     [{"type": "section", "fields": [PLAIN] * 11}]),
    ("image", [{"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a"}],
     [{"type": "image", "image_url": "https://x.test/a.png"}]),
    ("feedback", [{"type": "context_actions", "elements": [{
        "type": "feedback_buttons", "positive_button": {"text": PLAIN, "value": "1"},
        "negative_button": {"text": PLAIN, "value": "0"}}]}],
     [{"type": "context_actions", "elements": [{
         "type": "feedback_buttons", "positive_button": {"text": PLAIN, "value": "1"}}]}]),
    ("context_actions", [{"type": "context_actions", "elements": [
        {"type": "icon_button", "icon": "trash", "text": PLAIN}]}],
     [{"type": "context_actions", "elements": [BUTTON]}]),
    ("options", [actions({"type": "overflow", "action_id": "o", "options": [
        {"text": PLAIN, "value": str(n)} for n in range(5)]})],
     [actions({"type": "overflow", "action_id": "o", "options": [
         {"text": PLAIN, "value": str(n)} for n in range(6)]})]),
    ("table", [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100}],
     [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}]),
    ("one table", [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}],
     [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2),
    ("task card", [{"type": "task_card", "task_id": "t", "title": "t", "status": "complete"}],
     [{"type": "task_card", "task_id": "t", "title": "t", "status": "done"}]),
    ("known type", [{"type": "divider"}], [{"type": "banner"}]),
    ("known element", [actions(BUTTON)], [actions({"type": "slider", "action_id": "s"})]),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
async def test_limits_of_blocks(
    slack: SlackEmulator, client: AsyncWebClient, good: list[Any], bad: list[Any]
) -> None:
    posted = await client.chat_postMessage(channel="C0HELP00001", text="t", blocks=good)
    assert len(posted["message"]["blocks"]) == len(good)
    with pytest.raises(SlackApiError) as error:
        await client.chat_postMessage(channel="C0HELP00001", text="t", blocks=bad)
    body = error.value.response
    assert body["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks" in body["errors"][0]
    assert body["response_metadata"]["messages"] == [f"[ERROR] {item}" for item in body["errors"]]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": " "}, "no_text"),
        ({"text": "t", "blocks": "no json"}, "invalid_blocks_format"),
        ({"text": "t", "blocks": [{"type": "markdown", "text": "x" * 7000}] * 2},
         "msg_blocks_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"markdown_text": "x", "text": "t"}, "markdown_text_conflict"),
        ({"text": "t", "metadata": {"event_type": "a"}}, "invalid_metadata_schema"),
        ({"text": "t", "metadata": {"event_type": "a", "event_payload": {"x": "y" * 17_000}}},
         "metadata_too_large"),
    ],
)  # fmt: skip
async def test_limits_of_messages(
    slack: SlackEmulator, client: AsyncWebClient, arguments: dict[str, Any], error: str
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": "C0HELP00001", **arguments})
    assert await refused(call) == error
    assert await slack.driver.transcript("help") == []


async def test_longest_messages_pass_and_updates_have_a_shorter_limit(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="C0HELP00001", text="x" * 40_000)
    where = {"channel": "C0HELP00001", "ts": posted["ts"]}
    await client.chat_update(**where, text="x" * 4_000)
    assert await refused(client.chat_update(**where, text="x" * 4_001)) == "msg_too_long"


# Streaming


async def test_streamed_answer_with_tasks_and_sources(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    question = await slack.driver.post("bruno", "help", "how?")
    stream = await client.chat_stream(
        channel="C0HELP00001", thread_ts=question["ts"], recipient_team_id=slack.team_id,
        recipient_user_id="U0BRUNO0001", buffer_size=4, task_display_mode="plan",
    )  # fmt: skip
    task = {"type": "task_update", "id": "1", "title": "Search", "status": "in_progress"}
    await stream.append(chunks=[{"type": "plan_update", "title": "Thinking"}, task])
    await stream.append(markdown_text="By **ship**")
    [unfinished] = (await slack.driver.thread("help", question["ts"]))[1:]
    assert unfinished["streaming"]
    update = client.chat_update(channel="C0HELP00001", ts=unfinished["ts"], text="no")
    assert await refused(update) == "streaming_state_conflict"
    source = {"type": "url", "url": "https://docs.test/ships", "text": "Ships"}
    await stream.append(chunks=[{**task, "status": "complete", "sources": [source]}])
    await stream.stop(markdown_text=".", blocks=[actions(BUTTON)], metadata={
        "event_type": "answer", "event_payload": {}})  # fmt: skip
    [answer] = await slack.driver.wait_for_reply("help", question["ts"])
    assert answer["text"] == "By **ship**."
    plan, body, row = answer["blocks"]
    assert (plan["title"], plan["tasks"][0]["status"]) == ("Thinking", "complete")
    assert plan["tasks"][0]["sources"] == [source]
    assert (body["type"], row["type"]) == ("markdown", "actions")
    assert answer["metadata"]["event_type"] == "answer"


async def test_stream_ends_with_its_lifetime_or_the_persons_stop(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    question = await slack.driver.dm("bruno", "how?")
    where = {"channel": question["channel"], "thread_ts": question["ts"]}
    first = await client.chat_startStream(**where, markdown_text="a")
    place = {"channel": question["channel"], "ts": first["ts"]}
    await slack.driver.advance(300)
    await client.chat_appendStream(**place, markdown_text="b")
    await slack.driver.advance(7)
    over = "message_not_in_streaming_state"
    assert await refused(client.chat_appendStream(**place, markdown_text="c")) == over
    assert await refused(client.chat_stopStream(**place)) == over
    second = await client.chat_startStream(**where)
    place = {"channel": question["channel"], "ts": second["ts"]}
    await slack.driver.stop_stream("bruno", **place)
    stopped = client.chat_appendStream(**place, markdown_text="c")
    assert await refused(stopped) == "stopped_by_user"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"recipient_user_id": ""}, "missing_recipient_user_id"),
        ({"recipient_team_id": ""}, "missing_recipient_team_id"),
        ({"thread_ts": "1.000001"}, "thread_not_found"),
        ({"chunks": [{"type": "poem"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "task_update", "id": "1", "title": "t", "status": "complete",
                      "details": "x" * 257}]}, "invalid_chunks"),
    ],
)  # fmt: skip
async def test_limits_of_streams(
    slack: SlackEmulator, client: AsyncWebClient, arguments: dict[str, Any], error: str
) -> None:
    question = await slack.driver.post("bruno", "help", "how?")
    base = {
        "channel": "C0HELP00001", "thread_ts": question["ts"],
        "recipient_team_id": slack.team_id, "recipient_user_id": "U0BRUNO0001",
    }  # fmt: skip
    call = client.api_call("chat.startStream", json={**base, **arguments})
    assert await refused(call) == error


async def test_streaming_can_be_unknown(slack: SlackEmulator, client: AsyncWebClient) -> None:
    slack.app.streaming = False
    call = client.chat_startStream(channel="C0HELP00001", thread_ts="1.1")
    assert await refused(call) == "unknown_method"


# Views, assistants, response_urls


async def test_trigger_is_good_for_three_seconds_and_one_view(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    user = slack.workspace.user("alma")
    trigger = slack.backend.interactions.new_trigger(user)
    opened = await client.views_open(trigger_id=trigger, view=MODAL)
    used = client.views_open(trigger_id=trigger, view=MODAL)
    assert await refused(used) == "exchanged_trigger_id"
    late = slack.backend.interactions.new_trigger(user)
    await slack.driver.advance(3.5)
    assert await refused(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    unknown = client.views_open(trigger_id="1.2.3", view=MODAL)
    assert await refused(unknown) == "invalid_trigger_id"
    view = opened["view"]
    changed = {**MODAL, "blocks": [section(1)]}
    await client.views_update(view_id=view["id"], hash=view["hash"], view=changed)
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=changed)
    assert await refused(stale) == "hash_conflict"
    fresh = slack.backend.interactions.new_trigger(user)
    long_title = {**MODAL, "title": text_of(25)}
    assert await refused(client.views_open(trigger_id=fresh, view=long_title)) == (
        "invalid_arguments"
    )


async def test_modals_are_stacked_changed_and_closed(slack: SlackEmulator) -> None:
    app = bolt(slack)
    closed: list[str] = []
    second = {**MODAL, "callback_id": "second", "notify_on_close": True}

    @app.shortcut("start")
    async def start(ack: Any, shortcut: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)

    @app.view("settings")
    async def push(ack: Any) -> None:
        await ack(response_action="push", view=second)

    @app.view("second")
    async def update(ack: Any) -> None:
        await ack(response_action="update", view={**second, "title": text_of(3)})

    @app.view_closed("second")
    async def note(ack: Any, view: dict[str, Any]) -> None:
        await ack()
        closed.append(view["id"])

    async with over_sockets(slack, app):
        await slack.driver.shortcut("alma", "start")
        first = await slack.driver.wait_for_view("alma")
        pushed = await slack.driver.submit("alma", first["view_id"], {"text": "a"})
        views = await slack.driver.views("alma")
        await slack.driver.submit("alma", pushed["view_id"], {"text": "b"})
        changed = (await slack.driver.views("alma"))[-1]
        await slack.driver.close_view("alma", pushed["view_id"])
    assert [view["callback_id"] for view in views] == ["settings", "second"]
    assert (changed["view_id"], changed["title"]) == (pushed["view_id"], text_of(3))
    assert closed == [pushed["view_id"]]


async def test_home_tab_can_be_used(slack: SlackEmulator, client: AsyncWebClient) -> None:
    app = bolt(slack)
    used: list[tuple[str, str]] = []
    choice = {"type": "static_select", "action_id": "mode", "options": [
        {"text": PLAIN, "value": "threads"}]}  # fmt: skip

    @app.action("mode")
    async def choose(ack: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        await ack()
        used.append((body["container"]["type"], action["selected_option"]["value"]))

    await client.views_publish(
        user_id="U0CHEN00001", view={"type": "home", "blocks": [actions(choice)]}
    )
    async with over_sockets(slack, app):
        await slack.driver.click_view("chen", "home", "mode", "threads")
        with pytest.raises(LookupError, match="no option 'loud'"):
            await slack.driver.click_view("chen", "home", "mode", "loud")
    assert used == [("view", "threads")]
    refusal = client.views_publish(
        user_id="U0CHEN00001", view={"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}
    )
    assert await refused(refusal) == "invalid_blocks"


@pytest.mark.parametrize(
    ("view", "code"),
    [
        ({"type": "home", "blocks": [{"type": "divider"}] * 100}, ""),
        ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "invalid_blocks"),
        ({"type": "home", "blocks": [], "title": PLAIN}, "invalid_arguments"),
        ({"type": "home", "blocks": [], "private_metadata": "x" * 3001}, "invalid_arguments"),
        ({"type": "modal", "blocks": [], "title": PLAIN}, "invalid_arguments"),
    ],
)
async def test_home_tab_has_limits(client: AsyncWebClient, view: dict[str, Any], code: str) -> None:
    publishing = client.views_publish(user_id="U0CHEN00001", view=view)
    if code:
        assert await refused(publishing) == code
    else:
        await publishing


async def test_home_tab_is_guarded_by_its_hash_and_may_be_off(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    view = {"type": "home", "blocks": []}
    first = await client.views_publish(user_id="U0CHEN00001", view=view)
    known = first["view"]["hash"]
    await client.views_publish(user_id="U0CHEN00001", view=view, hash=known)
    again = client.views_publish(user_id="U0CHEN00001", view=view, hash=known)
    assert await refused(again) == "hash_conflict"
    slack.app.home_tab = False
    off = client.views_publish(user_id="U0CHEN00001", view=view)
    assert await refused(off) == "not_enabled"


async def test_status_lasts_two_minutes_or_until_the_reply(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    question = await slack.driver.dm("chen", "hi")
    channel, ts = question["channel"], question["ts"]
    set_status = client.assistant_threads_setStatus
    await set_status(channel_id=channel, thread_ts=ts, status="is reading", loading_messages=["a"])
    assert await slack.driver.status(channel, ts) == {
        "status": "is reading", "loading_messages": ["a"],
    }  # fmt: skip
    await slack.driver.advance(121)
    assert await slack.driver.status(channel, ts) is None
    await set_status(channel_id=channel, thread_ts=ts, status="is reading")
    await client.chat_postMessage(channel=channel, thread_ts=ts, text="done")
    assert await slack.driver.status(channel, ts) is None
    prompts = [{"title": "Ports", "message": "Which ports?"}]
    set_prompts = client.assistant_threads_setSuggestedPrompts
    await set_prompts(channel_id=channel, thread_ts=ts, prompts=prompts)
    assert await slack.driver.prompts("chen") is None
    await set_prompts(channel_id=channel, prompts=prompts)
    assert (await slack.driver.prompts("chen") or {})["prompts"] == prompts
    assert await refused(set_prompts(channel_id=channel, prompts=prompts * 5)) == (
        "invalid_arguments"
    )


async def test_response_url_has_five_uses_in_half_an_hour(slack: SlackEmulator) -> None:
    interactions = slack.backend.interactions
    channel, user = slack.workspace.channel("help"), slack.workspace.user("chen")
    hook = AsyncWebhookClient(interactions.new_response_url(channel, user))
    answers = [await hook.send(text=str(number)) for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert json.loads(answers[5].body)["error"] == "used_url"
    hook = AsyncWebhookClient(interactions.new_response_url(channel, user))
    assert (await hook.send(text="x", blocks=[{"type": "banner"}])).status_code == 400
    await slack.driver.advance(1801)
    assert json.loads((await hook.send(text="late")).body)["error"] == "expired_url"
    private = await slack.driver.wait_for_ephemeral("help", "chen")
    assert [entry["text"] for entry in private] == ["0", "1", "2", "3", "4"]


# Faults


async def test_429_and_5xx_are_retried_by_the_sdks_handlers(slack: SlackEmulator) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    client.retry_handlers += [AsyncRateLimitErrorRetryHandler(), AsyncServerErrorRetryHandler()]
    slack.faults.add("chat.postMessage", "rate_limited", retry_after=0)
    await client.chat_postMessage(channel="C0HELP00001", text="one")
    slack.faults.add("*", "server_error", status=503)
    await client.chat_postMessage(channel="C0HELP00001", text="two")
    shown = await slack.driver.transcript("help")
    assert [entry["text"] for entry in shown] == ["one", "two"]
    assert [e.data["kind"] for e in slack.journal.of_kind("api.spoiled")] == [
        "rate_limited", "server_error",
    ]  # fmt: skip


async def test_lost_response_posts_twice_and_reset_posts_once(slack: SlackEmulator) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    slack.faults.add("chat.postMessage", "reset")
    await client.chat_postMessage(channel="C0HELP00001", text="once")
    slack.faults.add("chat.postMessage", "lost_response")
    await client.chat_postMessage(channel="C0HELP00001", text="twice")
    shown = await slack.driver.transcript("help")
    assert [entry["text"] for entry in shown] == ["once", "twice", "twice"]


async def test_timeout_and_error_strike_as_often_as_told(slack: SlackEmulator) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, timeout=1)
    slack.faults.add("auth.test", "timeout")
    with pytest.raises(TimeoutError):
        await client.auth_test()
    slack.faults.add("auth.test", "error", code="fatal_error", times=2, after=1)
    await client.auth_test()
    assert await refused(client.auth_test()) == "fatal_error"
    assert await refused(client.auth_test()) == "fatal_error"
    await client.auth_test()
    slack.faults.add("auth.test", "error", times=None, share=0.5)
    outcomes = [await outcome(client) for _ in range(40)]
    assert 8 < outcomes.count("ok") < 32
    slack.faults.clear()
    assert await outcome(client) == "ok"
    with pytest.raises(ValueError, match="unknown kind of fault"):
        slack.faults.add("auth.test", "gremlin")  # type: ignore[arg-type]


async def outcome(client: AsyncWebClient) -> str:
    try:
        await client.auth_test()
    except SlackApiError as error:
        return str(error.response["error"])
    return "ok"


# The driver from another process


async def test_driver_works_over_http_as_it_does_in_process(slack: SlackEmulator) -> None:
    app = bolt(slack)

    @app.event("app_mention")
    async def answer(event: dict[str, Any], say: Any) -> None:
        await say(text="Yes.", thread_ts=event["ts"], blocks=[actions(BUTTON)])

    @app.event("message")
    async def note() -> None: ...

    @app.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="Gone.", replace_original=False)

    async with over_sockets(slack, app), SlackDriverClient(slack.driver_url) as driver:
        assert (await driver.wait_for_sockets())["connections"] == 1
        sent = await driver.mention("bruno", "help", "is it?")
        replies = await driver.wait_for_reply("help", sent["ts"], containing="Yes")
        await driver.click("bruno", "help", replies[0]["ts"], "go")
        await driver.wait_for_ephemeral("help", "bruno")

        async def both() -> bool:
            return len((await driver.transcript("help"))[0]["replies"]) == 1

        assert await driver.wait_for(both)
        with pytest.raises(TimeoutError, match="did not come true"):
            await driver.wait_for_reply("help", sent["ts"], 2, timeout=0.05)
        with pytest.raises(TimeoutError):
            await driver.wait_for(lambda: False, timeout=0.05)
        with pytest.raises(ValueError, match="user_not_found"):
            await driver.post("nobody", "help", "hi")
        with pytest.raises(ValueError, match="no action 'dance'"):
            await driver.dance()
        journal = await driver.journal(kinds=["message.posted"])
    assert [entry["text"] for entry in journal] == [f"<@{slack.bot_user_id}> is it?", "Yes."]
    url = f"{slack.driver_url}/transcript"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, params={"channel": "help"}) as got,
    ):
        first, second = await got.json()
    assert first["user_name"] == "Bruno Lindt"
    assert [reply["user_name"] for reply in first["replies"]] == ["Footnote"]
    assert (second["ephemeral"], second["visible_to"]) == (True, "U0BRUNO0001")


@pytest.mark.parametrize("ending", ["stdin", "SIGTERM"])
async def test_emulators_serve_as_a_process_until_told_to_end(ending: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulators", "--slack-port", "0", "--no-discord", "--json",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        urls = json.loads(await process.stdout.readline())["slack"]
        client = AsyncWebClient(urls["bot_token"], base_url=urls["api_url"])
        assert (await client.auth_test())["team_id"] == urls["team_id"]
        async with SlackDriverClient(urls["driver_url"]) as driver:
            sent = await driver.post("bruno", "help", "hi")
            assert [entry["ts"] for entry in await driver.transcript("help")] == [sent["ts"]]
        if ending == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
