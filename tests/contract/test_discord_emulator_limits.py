"""Discord's limits, error bodies, headers and gateway opcodes, on the bare wire."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.intents import MESSAGE_CONTENT

V2 = 1 << 15


class Wire:
    """Requests to the API with the bot's token."""

    def __init__(self, emulator: DiscordEmulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bot {token or self.emulator.bot_token}"}
        url = self.emulator.api_url + path
        async with self.session.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def post(self, body: Any, channel: str = "#general") -> tuple[int, Any, Any]:
        place = self.emulator.world.find_channel(channel)
        return await self.ask("POST", f"/channels/{place.id}/messages", body)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with DiscordEmulator() as emulator, aiohttp.ClientSession() as session:
        yield Wire(emulator, session)


def button(number: int, **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "b", "custom_id": f"b{number}", **more}


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def select(count: int, **more: Any) -> dict[str, Any]:
    options = [{"label": f"o{n}", "value": f"v{n}"} for n in range(count)]
    return {"type": 3, "custom_id": "s", "options": options, **more}


def modern(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flags": V2, "components": list(children), **more}


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def embed(**more: Any) -> dict[str, Any]:
    return {"title": "t", **more}


GOOD = {
    "2,000 characters": {"content": "x" * 2000},
    "2,000 emoji": {"content": "👋" * 2000},
    "10 embeds": {"embeds": [embed()] * 10},
    "6,000 in all": {"embeds": [{"description": "x" * 4096}, {"description": "x" * 1904}]},
    "5 rows of 5": {
        "content": "x",
        "components": [row(*(button(r * 5 + c) for c in range(5))) for r in range(5)],
    },
    "25 options": {"content": "x", "components": [row(select(25))]},
    "link button": {
        "content": "x",
        "components": [row({"type": 2, "style": 5, "label": "l", "url": "https://example.org"})],
    },
    "custom_id of 100": {"content": "x", "components": [row(button(1, custom_id="c" * 100))]},
    "40 components": modern(*(text("x") for _ in range(40))),
    "4,000 of text": modern(text("x" * 4000)),
    "sections in containers": modern(
        {
            "type": 17,
            "components": [
                {"type": 9, "components": [text("a")], "accessory": button(1)},
                row(button(2)),
            ],
        }
    ),
    "nonce of 25": {"content": "x", "nonce": "n" * 25, "enforce_nonce": True},
}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "2,001 characters": ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
    "11 embeds": ({"embeds": [embed()] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
    "description": (
        {"embeds": [{"description": "x" * 4097}]},
        "embeds.0.description",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "title": ({"embeds": [embed(title="x" * 257)]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
    "field without value": (
        {"embeds": [embed(fields=[{"name": "n", "value": ""}])]},
        "embeds.0.fields.0.value",
        "BASE_TYPE_REQUIRED",
    ),
    "26 fields": (
        {"embeds": [embed(fields=[{"name": "n", "value": "v"}] * 26)]},
        "embeds.0.fields",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "6,001 in all": (
        {"embeds": [{"description": "x" * 4096}, {"description": "x" * 1905}]},
        "embeds",
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    "embed url": (
        {"embeds": [embed(url="nowhere")]},
        "embeds.0.url",
        "URL_TYPE_INVALID_URL",
    ),
    "6 rows": (
        {"content": "x", "components": [row(button(n)) for n in range(6)]},
        "components",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "6 buttons": (
        {"content": "x", "components": [row(*(button(n) for n in range(6)))]},
        "components.0.components",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "select beside a button": (
        {"content": "x", "components": [row(button(1), select(2))]},
        "components.0.components.1",
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    "custom_id of 101": (
        {"content": "x", "components": [row(button(1, custom_id="c" * 101))]},
        "components.0.components.0.custom_id",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "custom_id twice": (
        {"content": "x", "components": [row(button(1), button(1))]},
        "components.0.components.1.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    "label of 81": (
        {"content": "x", "components": [row(button(1, label="l" * 81))]},
        "components.0.components.0.label",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "link with script": (
        {
            "content": "x",
            "components": [
                row({"type": 2, "style": 5, "label": "l", "url": "javascript:alert(1)"})
            ],
        },
        "components.0.components.0.url",
        "URL_TYPE_INVALID_SCHEME",
    ),
    "26 options": (
        {"content": "x", "components": [row(select(26))]},
        "components.0.components.0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "option of 101": (
        {
            "content": "x",
            "components": [
                row({"type": 3, "custom_id": "s", "options": [{"label": "l" * 101, "value": "v"}]})
            ],
        },
        "components.0.components.0.options.0.label",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "V2 without its flag": (
        {"content": "x", "components": [text("hello")]},
        "components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "V2 with content": (
        modern(text("x"), content="y"),
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    "V2 with embeds": (
        modern(text("x"), embeds=[embed()]),
        "embeds",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
    ),
    "41 nested components": (
        modern({"type": 17, "components": [text("x") for _ in range(40)]}),
        "components",
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
    ),
    "4,001 of text": (
        modern(text("x" * 2000), text("x" * 2001)),
        "components",
        "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
    ),
    "container in a container": (
        modern({"type": 17, "components": [{"type": 17, "components": [text("x")]}]}),
        "components.0.components.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "section without accessory": (
        modern({"type": 9, "components": [text("x")]}),
        "components.0.accessory",
        "BASE_TYPE_REQUIRED",
    ),
    "nonce of 26": ({"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
    "unknown reply": (
        {"content": "x", "message_reference": {"message_id": "1"}},
        "message_reference",
        "REPLIES_UNKNOWN_MESSAGE",
    ),
    "mentions listed and parsed": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
}


def fault_codes(body: Any, path: str) -> list[str]:
    node = body["errors"]
    for part in path.split("."):
        node = node[part]
    return [entry["code"] for entry in node["_errors"]]


@pytest.mark.parametrize("name", GOOD)
async def test_what_fits_is_taken(wire: Wire, name: str) -> None:
    status, body, _ = await wire.post(GOOD[name])
    assert status == 200, body


@pytest.mark.parametrize("name", BAD)
async def test_what_does_not_fit_is_refused(wire: Wire, name: str) -> None:
    payload, path, code = BAD[name]
    status, body, _ = await wire.post(payload)
    assert (status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    assert code in fault_codes(body, path)
    assert await wire.emulator.driver.messages("#general") == []


@pytest.mark.parametrize("payload", [{}, {"content": "  "}, {"content": None}, {"embeds": [{}]}])
async def test_empty_messages_are_refused(wire: Wire, payload: dict[str, Any]) -> None:
    status, body, _ = await wire.post(payload)
    assert (status, body["code"]) == (400, 50006)


async def test_edits_meet_the_same_limits(wire: Wire) -> None:
    _, sent, _ = await wire.post({"content": "x"})
    path = f"/channels/{sent['channel_id']}/messages/{sent['id']}"
    status, body, _ = await wire.ask("PATCH", path, {"content": "x" * 2001})
    assert (status, body["code"]) == (400, 50035)
    status, body, _ = await wire.ask("PATCH", path, {"content": ""})
    assert (status, body["code"]) == (400, 50006)
    status, body, _ = await wire.ask("PATCH", path, {"embeds": [embed()], "content": ""})
    assert (status, body["content"], len(body["embeds"])) == (200, "", 1)


def command(name: str = "ask", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "d", "type": 1, **more}


def option(name: str = "o", kind: int = 3, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "d", "type": kind, **more}


COMMANDS: dict[str, tuple[Any, str, str]] = {
    "capital letters": (command("Ask"), "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    "name of 33": (command("a" * 33), "0.name", "BASE_TYPE_BAD_LENGTH"),
    "no description": (command(description=""), "0.description", "BASE_TYPE_BAD_LENGTH"),
    "description of 101": (command(description="d" * 101), "0.description", "BASE_TYPE_BAD_LENGTH"),
    "26 options": (
        command(options=[option(f"o{n}") for n in range(26)]),
        "0.options",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "26 choices": (
        command(options=[option(choices=[{"name": f"{n}", "value": "v"} for n in range(26)])]),
        "0.options.0.choices",
        "BASE_TYPE_MAX_LENGTH",
    ),
    "required after optional": (
        command(options=[option("a"), option("b", required=True)]),
        "0.options.1",
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    "an option twice": (
        command(options=[option("a"), option("a")]),
        "0.options.1.name",
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
    ),
    "described context menu": (
        command("Answer this", type=3),
        "0.description",
        "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_commands_that_may_not_be_registered(wire: Wire, name: str) -> None:
    body, path, code = COMMANDS[name]
    application = wire.emulator.world.application_id
    status, answer, _ = await wire.ask("PUT", f"/applications/{application}/commands", [body])
    assert (status, answer["code"]) == (400, 50035)
    assert code in fault_codes(answer, path)


async def test_command_registration(wire: Wire) -> None:
    base = f"/applications/{wire.emulator.world.application_id}"
    bodies = [command(f"c{n}") for n in range(100)]
    status, made, _ = await wire.ask("PUT", f"{base}/commands", bodies)
    assert (status, len(made)) == (200, 100)
    status, answer, _ = await wire.ask("POST", f"{base}/commands", command("c100"))
    assert (status, answer["code"]) == (400, 30032)
    status, again, _ = await wire.ask("POST", f"{base}/commands", command("c1", description="new"))
    assert (status, again["id"], again["description"]) == (200, made[1]["id"], "new")
    status, _, _ = await wire.ask("DELETE", f"{base}/commands/{made[5]['id']}")
    assert status == 204
    status, answer, _ = await wire.ask("GET", f"{base}/commands/{made[5]['id']}")
    assert (status, answer["code"]) == (404, 10063)
    guild = wire.emulator.world.find_guild().id
    status, own, _ = await wire.ask("POST", f"{base}/guilds/{guild}/commands", command("own"))
    assert (status, own["guild_id"]) == (201, str(guild))
    status, answer, _ = await wire.ask("GET", "/applications/1/commands")
    assert (status, answer["code"]) == (403, 20012)


async def _registered(wire: Wire, **more: Any) -> None:
    application = wire.emulator.world.application_id
    await wire.ask("PUT", f"/applications/{application}/commands", [command(**more)])


async def test_answers_that_do_not_fit_their_interaction(wire: Wire) -> None:
    await _registered(wire, options=[option("o", autocomplete=True)])
    driver = wire.emulator.driver
    begun = await driver.slash("ben", "#general", "ask")
    for kind in (1, 6, 7, 8, 99):
        status, answer, _ = await wire.ask("POST", _callback(wire, begun), {"type": kind})
        assert (status, answer["code"]) == (400, 50035)
    typed = await driver.autocomplete("ben", "#general", "ask", "o", "x")
    choices = [{"name": f"c{n}", "value": "v"} for n in range(26)]
    body = {"type": 8, "data": {"choices": choices}}
    status, answer, _ = await wire.ask("POST", _callback(wire, typed), body)
    assert (status, fault_codes(answer, "data.choices")) == (400, ["BASE_TYPE_MAX_LENGTH"])
    body["data"]["choices"] = choices[:25]
    status, answer, _ = await wire.ask("POST", _callback(wire, typed), body)
    assert (status, answer) == (204, None)
    modal = {"type": 9, "data": {"title": "t" * 46, "custom_id": "m", "components": []}}
    status, answer, _ = await wire.ask("POST", _callback(wire, begun), modal)
    assert fault_codes(answer, "data.title") == ["BASE_TYPE_BAD_LENGTH"]
    assert fault_codes(answer, "data.components") == ["BASE_TYPE_BAD_LENGTH"]
    assert (await driver.interaction(begun))["status"] == "pending"


def _callback(wire: Wire, view: dict[str, Any], query: str = "") -> str:
    token = wire.emulator.world.interactions[int(view["id"])].token
    return f"/interactions/{view['id']}/{token}/callback{query}"


async def test_first_follow_up_takes_the_place_of_thinking(wire: Wire) -> None:
    await _registered(wire)
    begun = await wire.emulator.driver.slash("ben", "#general", "ask")
    body = {"type": 5, "data": {"flags": 64}}
    status, answer, _ = await wire.ask("POST", _callback(wire, begun, "?with_response=1"), body)
    assert status == 200
    assert answer["interaction"]["response_message_loading"]
    assert (await wire.emulator.driver.interaction(begun))["status"] == "deferred"
    token = wire.emulator.world.interactions[int(begun["id"])].token
    hook = f"/webhooks/{wire.emulator.world.application_id}/{token}"
    _, first, _ = await wire.ask("POST", hook, {"content": "public?"})
    _, second, _ = await wire.ask("POST", hook, {"content": "public"})
    view = await wire.emulator.driver.interaction(begun)
    assert view["original"]["id"] == first["id"]
    # The first one inherits that only the asker sees it; the second chooses for itself.
    assert first["flags"] & 64
    assert not second["flags"] & 64
    status, answer, _ = await wire.ask("GET", hook + "/messages/@original")
    assert (status, answer["content"]) == (200, "public?")
    status, _, _ = await wire.ask("DELETE", hook + "/messages/@original")
    assert status == 204
    status, answer, _ = await wire.ask("PATCH", hook + "/messages/@original", {"content": "x"})
    assert (status, answer["code"]) == (404, 10008)
    status, answer, _ = await wire.ask("POST", hook + "x", {"content": "x"})
    assert (status, answer["code"]) == (401, 50027)


async def test_authorization_routes_and_bodies(wire: Wire) -> None:
    status, body, headers = await wire.ask("GET", "/users/@me", token="wrong")
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    assert headers["Content-Type"] == "application/json"
    status, body, _ = await wire.ask("GET", "/no/such/route")
    assert (status, body["message"]) == (404, "404: Not Found")
    url = wire.emulator.api_url + f"/channels/{wire.emulator.world.find_channel('#general').id}"
    headers = {"Authorization": f"Bot {wire.emulator.bot_token}"}
    async with wire.session.post(f"{url}/messages", data="{", headers=headers) as response:
        assert (await response.json())["code"] == 50109
    async with wire.session.get(f"{url}/messages?limit=101", headers=headers) as response:
        assert fault_codes(await response.json(), "limit") == ["NUMBER_TYPE_MAX"]


async def test_rate_limits_per_channel_and_for_all(wire: Wire) -> None:
    await wire.emulator.driver.set_rate_limit("messages.create", 2, 60)
    _, _, headers = await wire.post({"content": "1"})
    assert headers["X-RateLimit-Limit"] == "2"
    assert headers["X-RateLimit-Remaining"] == "1"
    assert 0 < float(headers["X-RateLimit-Reset-After"]) <= 60
    await wire.post({"content": "2"})
    status, body, headers = await wire.post({"content": "3"})
    assert (status, body["global"], headers["X-RateLimit-Scope"]) == (429, False, "user")
    assert headers["Via"]
    assert int(headers["Retry-After"]) >= body["retry_after"]
    status, _, other = await wire.post({"content": "elsewhere"}, "#help")
    assert (status, other["X-RateLimit-Bucket"]) == (200, headers["X-RateLimit-Bucket"])
    await wire.emulator.driver.advance(60)
    assert (await wire.post({"content": "3"}))[0] == 200
    await wire.emulator.driver.set_rate_limit("global", 1, 60)
    await wire.ask("GET", "/users/@me")
    status, body, headers = await wire.ask("GET", "/users/@me")
    assert (status, body["global"], headers["X-RateLimit-Global"]) == (429, True, "true")


async def test_content_is_withheld_from_the_api_without_the_grant(wire: Wire) -> None:
    await wire.emulator.driver.set_privileged_intents(["members"])
    await wire.emulator.driver.post("ben", "#general", "between people")
    await wire.emulator.driver.mention("ben", "#general", "to the bot")
    place = wire.emulator.world.find_channel("#general").id
    _, found, _ = await wire.ask("GET", f"/channels/{place}/messages")
    assert ["to the bot" in message["content"] for message in found] == [True, False]
    assert found[1]["content"] == ""


# the gateway


class Socket:
    """A bare gateway connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, opcode: int, data: Any) -> None:
        await self.socket.send_json({"op": opcode, "d": data})

    async def next(self, name: str) -> dict[str, Any]:
        """The next dispatch of this name."""
        async with asyncio.timeout(10):
            while True:
                payload = json.loads(await self.socket.receive_str())
                if payload["t"] == name:
                    return payload

    async def closed(self) -> int | None:
        async with asyncio.timeout(10):
            while not self.socket.closed:
                await self.socket.receive()
        return self.socket.close_code


async def connect(wire: Wire, query: str = "v=10&encoding=json") -> Socket:
    return Socket(await wire.session.ws_connect(f"{wire.emulator.gateway_url}?{query}"))


def identity(wire: Wire, **more: Any) -> dict[str, Any]:
    return {"token": wire.emulator.bot_token, "intents": 513, "properties": {}, **more}


@pytest.mark.parametrize(
    ("opcode", "change", "code"),
    [
        (2, {"token": "wrong"}, 4004),
        (2, {"intents": 1 << 40}, 4013),
        (2, {"intents": MESSAGE_CONTENT}, 4014),
        (2, {"shard": [2, 2]}, 4010),
        (8, {}, 4003),
        (77, {}, 4001),
    ],
)
async def test_close_codes(wire: Wire, opcode: int, change: dict[str, Any], code: int) -> None:
    await wire.emulator.driver.set_privileged_intents([])
    socket = await connect(wire)
    await socket.send(opcode, identity(wire, **change))
    assert await socket.closed() == code


async def test_more_close_codes(wire: Wire) -> None:
    assert await (await connect(wire, "v=9&encoding=json")).closed() == 4012
    socket = await connect(wire)
    await socket.socket.send_str("{")
    assert await socket.closed() == 4002
    socket = await connect(wire)
    await socket.send(2, identity(wire))
    await socket.send(2, identity(wire))
    assert await socket.closed() == 4005
    wire.emulator.gateway.sharding_from = 1
    socket = await connect(wire)
    await socket.send(2, identity(wire))
    assert await socket.closed() == 4011


async def test_resume_rules(wire: Wire) -> None:
    socket = await connect(wire)
    await socket.send(2, identity(wire))
    ready = await socket.next("READY")
    await wire.emulator.driver.mention("ben", "#general", "one")
    heard = await socket.next("MESSAGE_CREATE")
    session = {"token": wire.emulator.bot_token, "session_id": ready["d"]["session_id"]}

    # A second connection takes the session over; the first one is closed.
    second = await connect(wire)
    await second.send(6, session | {"seq": heard["s"] - 1})
    assert (await second.next("MESSAGE_CREATE"))["d"]["id"] == heard["d"]["id"]
    assert await socket.closed() == 4000
    await second.socket.close(code=4000)

    third = await connect(wire)
    await third.send(6, session | {"seq": 1000})
    assert await third.closed() == 4007
    fourth = await connect(wire)
    await fourth.send(6, session | {"session_id": "unknown", "seq": 0})
    await fourth.socket.receive()
    assert json.loads((await fourth.socket.receive()).data) == {
        "op": 9,
        "d": False,
        "s": None,
        "t": None,
    }
    await fourth.socket.close()


async def test_a_session_closed_with_1000_is_gone(wire: Wire) -> None:
    socket = await connect(wire)
    await socket.send(2, identity(wire))
    await socket.next("READY")
    await socket.socket.close(code=1000)
    await wire.emulator.journal.wait_for(
        lambda: wire.emulator.journal.of_kind("discord.disconnected")
    )
    assert wire.emulator.gateway.sessions == {}


async def test_zlib_stream_is_one_context(wire: Wire) -> None:
    socket = await connect(wire, "v=10&encoding=json&compress=zlib-stream")
    await socket.send(2, identity(wire))
    stream, names = zlib.decompressobj(), []
    for _ in range(3):
        data = await socket.socket.receive_bytes()
        assert data.endswith(b"\x00\x00\xff\xff")
        names.append(json.loads(stream.decompress(data))["t"])
    assert names == [None, "READY", "GUILD_CREATE"]
    await socket.socket.close()
