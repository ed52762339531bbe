"""The scripted chat-model server, as the real SDKs see it."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import openai
import pytest

from tests.emulators.chat_model import ChatModelServer, Fault, Reply, Rule, Script, load_script

MESSAGES = [{"role": "user", "content": "say hello"}]


def connect(server: ChatModelServer) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=server.openai_url, api_key="test", max_retries=0)


async def test_a_completion_has_text_and_usage() -> None:
    rule = Rule(reply=Reply("Hello you!", input_tokens=7, output_tokens=3))
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        answer = await client.chat.completions.create(model="m", messages=MESSAGES)
    assert answer.choices[0].message.content == "Hello you!"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    assert server.requests[0].last == "say hello"


async def test_a_stream_comes_in_the_pieces_of_the_script() -> None:
    rule = Rule(reply=Reply(chunks=["Hel", "lo"]))
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        chunks = [chunk async for chunk in stream]
    texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert texts == ["Hel", "lo"]
    assert chunks[-1].usage is not None


async def test_rules_are_tried_in_order_and_used_up() -> None:
    script = load_script(
        [
            {"contains": "hello", "times": 1, "reply": "first"},
            {"contains": "hello", "reply": {"text": "second"}},
        ]
    )
    async with ChatModelServer(script) as server, connect(server) as client:
        said = [
            (await client.chat.completions.create(model="m", messages=MESSAGES)).choices[0]
            for _ in range(2)
        ]
    assert [one.message.content for one in said] == ["first", "second"]


async def test_a_forced_tool_is_called_with_the_data() -> None:
    rule = Rule(reply=Reply(data={"decision": "search"}))
    tool = {"type": "function", "function": {"name": "Plan", "parameters": {"type": "object"}}}
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        answer = await client.chat.completions.create(
            model="m",
            messages=MESSAGES,
            tools=[tool],
            tool_choice={"type": "function", "function": {"name": "Plan"}},
        )
    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "Plan",
        {"decision": "search"},
    )


async def test_a_rate_limit_says_when_to_come_back() -> None:
    rule = Rule(fault=Fault("status", 429, retry_after=2))
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        with pytest.raises(openai.RateLimitError) as raised:
            await client.chat.completions.create(model="m", messages=MESSAGES)
    assert raised.value.response.headers["retry-after"] == "2"


async def test_a_disconnect_cuts_the_stream() -> None:
    rule = Rule(reply=Reply(chunks=["one", "two", "three"]), fault=Fault("disconnect", after=2))
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        stream = aiter(
            await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        )
        seen = [(await anext(stream)).choices[0].delta.content for _ in range(2)]
        with pytest.raises(openai.APIConnectionError):
            await anext(stream)
    assert seen == ["one", "two"]


async def test_a_stall_lasts_until_the_client_leaves() -> None:
    rule = Rule(fault=Fault("stall"))
    async with ChatModelServer(Script([rule])) as server, connect(server) as client:
        asking = asyncio.create_task(client.chat.completions.create(model="m", messages=MESSAGES))
        await server.journal.wait_for(lambda: server.journal.of_kind("fault"))
        asking.cancel()
        await server.journal.wait_for(lambda: server.journal.of_kind("left"))


async def test_broken_json_is_broken() -> None:
    async with (
        ChatModelServer(Script([Rule(fault=Fault("broken_json"))])) as server,
        aiohttp.ClientSession() as client,
        client.post(
            f"{server.openai_url}/chat/completions", json={"model": "m", "messages": MESSAGES}
        ) as answer,
    ):
        with pytest.raises(json.JSONDecodeError):
            json.loads(await answer.text())


async def test_what_no_rule_answers_is_an_error_that_names_it() -> None:
    async with ChatModelServer() as server, connect(server) as client:
        with pytest.raises(openai.InternalServerError, match="say hello"):
            await client.chat.completions.create(model="m", messages=MESSAGES)


def test_a_script_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        load_script([{"sometimes": True}])


async def test_it_runs_in_a_process_of_its_own(repository: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"reply": "from afar"}]), "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "emulators.chat_model", "--script", str(script)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(repository / "tests")},
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        url = json.loads(await process.stdout.readline())["openai_url"]
        async with openai.AsyncOpenAI(base_url=url, api_key="test") as client:
            answer = await client.chat.completions.create(model="m", messages=MESSAGES)
        assert answer.choices[0].message.content == "from afar"
    finally:
        process.terminate()
        assert await process.wait() == 0
