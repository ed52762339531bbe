"""Retries, circuit breaker and fallback chain around chat models."""

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from agents.errors import ModelUnavailable, UnknownModel
from agents.llm.models import (
    CallPolicy,
    CircuitBreaker,
    GuardedModel,
    ModelChain,
    find_delay,
    open_model,
)


class Refused(Exception):
    """As the providers' SDKs raise it."""

    def __init__(self, status: int, retry_after: str | None = None) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        headers = {} if retry_after is None else {"retry-after": retry_after}
        self.response = type("Response", (), {"headers": headers, "status_code": status})()


class ScriptedModel(GenericFakeChatModel):
    """Says or raises what its script holds, one entry a call; a list is a stream."""

    messages: Iterator[Any]

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        step = next(self.messages)
        if isinstance(step, Exception):
            raise step
        self.messages = iter([AIMessage(step), *self.messages])
        return super()._generate(*args, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for step in next(self.messages):
            if isinstance(step, Exception):
                raise step
            yield ChatGenerationChunk(message=AIMessageChunk(step))


class Clock:
    """A clock that moves when it is slept on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def guard(*script: Any, clock: Clock | None = None, name: str = "test:model") -> GuardedModel:
    clock = clock or Clock()
    policy = CallPolicy(clock=clock, sleep=clock.sleep, jitter=lambda: 1.0)
    return GuardedModel(name, ScriptedModel(messages=iter(script)), policy)


async def ask(model: GuardedModel | ModelChain) -> str:
    async def work(chat: Any) -> str:
        return str((await chat.ainvoke([HumanMessage("hi")])).text)

    return await model.call(work)


async def read(model: GuardedModel | ModelChain) -> list[str]:
    return [piece async for piece in model.stream([HumanMessage("hi")])]


async def test_a_passing_failure_is_tried_again_after_a_growing_wait() -> None:
    clock = Clock()
    assert await ask(guard(Refused(500), Refused(503), "well", clock=clock)) == "well"
    assert clock.slept == [0.4, 0.8]


async def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    clock = Clock()
    assert await ask(guard(Refused(429, "2"), "well", clock=clock)) == "well"
    assert clock.slept == [2.0]


@pytest.mark.parametrize("error", [Refused(401), Refused(429, "60"), ValueError("bad")])
async def test_what_another_try_cannot_mend_is_not_tried_again(error: Exception) -> None:
    clock = Clock()
    with pytest.raises(ModelUnavailable):
        await ask(guard(error, "never", clock=clock))
    assert clock.slept == []


def test_jitter_spreads_the_wait() -> None:
    assert find_delay(Refused(500), 0, lambda: 0.5) == 0.2


async def test_a_stream_that_broke_off_is_not_begun_again() -> None:
    model = guard(["one ", Refused(500)], ["two"])
    with pytest.raises(ModelUnavailable, match="broke off"):
        await read(model)


async def test_a_stream_that_never_began_is_tried_again() -> None:
    assert await read(guard([Refused(500)], ["two"])) == ["two"]


def test_the_breaker_opens_and_lets_one_call_try_later() -> None:
    clock = Clock()
    breaker = CircuitBreaker(2, 30.0, clock)
    for _ in range(2):
        assert breaker.admits()
        breaker.record(success=False)
    assert not breaker.admits()
    clock.now = 31.0
    assert breaker.admits()
    assert not breaker.admits()
    breaker.record(success=True)
    assert breaker.admits()


async def test_an_open_breaker_keeps_calls_from_the_model() -> None:
    model = guard(*[Refused(500)] * 5, "well")
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await ask(model)
    with pytest.raises(ModelUnavailable, match="rest"):
        await ask(model)


async def test_the_next_model_of_the_chain_answers() -> None:
    chain = ModelChain((guard(Refused(401)), guard("second", name="test:other")))
    assert await ask(chain) == "second"
    chain = ModelChain((guard([Refused(401)]), guard(["second"], name="test:other")))
    assert await read(chain) == ["second"]


async def test_a_chain_that_fails_names_every_model() -> None:
    chain = ModelChain((guard(Refused(401)), guard(Refused(403), name="test:other")))
    with pytest.raises(ModelUnavailable, match=r"test:model.*test:other"):
        await ask(chain)


@pytest.mark.parametrize("provider", ["google", "bedrock"])
def test_a_provider_that_is_not_installed_names_its_extra(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_google_genai", None)
    monkeypatch.setitem(sys.modules, "langchain_aws", None)
    with pytest.raises(UnknownModel, match=rf"pip install '\.\[{provider}\]'"):
        open_model(f"{provider}:some-model")


def test_a_package_that_is_no_extra_of_ours_is_named() -> None:
    with pytest.raises(UnknownModel, match="langchain-mistralai"):
        open_model("mistralai:some-model")


def test_a_model_that_does_not_exist_is_explained() -> None:
    with pytest.raises(UnknownModel, match="provider:model"):
        open_model("nonsense:model")
