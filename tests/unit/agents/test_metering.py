"""What a run's chat models use up, as LangChain tells of their calls."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from agents.config import Price
from agents.metering import MODEL, Meter
from agents.model import Usage
from agents.prices import list_prices, parse_prices

PRICES = {"openai:small": Price(1.0, 4.0)}
ASKED = [[HumanMessage("x" * 400)]]


def call(
    meter: Meter,
    *,
    model: str = "openai:small",
    counted: tuple[int, int] | None = None,
    pieces: tuple[str, ...] = (),
    error: BaseException | None = None,
) -> None:
    """One call as the callbacks of LangChain tell of it."""
    run = uuid4()
    meter.on_chat_model_start({}, ASKED, run_id=run, metadata={MODEL: model})
    for piece in pieces:
        meter.on_llm_new_token(piece, run_id=run)
    if error is not None:
        meter.on_llm_error(error, run_id=run)
        return
    usage: Any = None
    if counted is not None:
        given, made = counted
        usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    message = AIMessage("".join(pieces), usage_metadata=usage)
    meter.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run)


def test_nothing_was_called() -> None:
    assert Meter(PRICES).usage == Usage(0, 0, 0, 0.0)


def test_tokens_and_money_add_up() -> None:
    meter = Meter(PRICES)
    call(meter, counted=(1_000_000, 500_000))
    call(meter, counted=(1_000_000, 0))
    assert meter.usage == Usage(2, 2_000_000, 500_000, 4.0)


def test_without_a_price_the_cost_is_not_known() -> None:
    meter = Meter(PRICES)
    call(meter, counted=(10, 10))
    call(meter, model="openai:other", counted=(10, 10))
    assert meter.usage == Usage(2, 20, 20, None)


def test_what_a_server_does_not_count_is_estimated_and_no_cost_is_claimed() -> None:
    meter = Meter(PRICES)
    call(meter, pieces=("abcd" * 10, "abcd" * 10))
    assert meter.usage == Usage(1, 100, 20, None)
    assert meter.share_of(1_000, 1.0) == pytest.approx(0.12)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), TimeoutError(), GeneratorExit()])
def test_a_call_that_was_given_up_has_cost_too(error: BaseException) -> None:
    meter = Meter(PRICES)
    call(meter, error=error)
    assert meter.usage == Usage(1, 100, 0, None)


def test_of_an_image_not_the_bytes_are_counted() -> None:
    image = {"type": "image", "base64": "A" * 5_000_000, "mime_type": "image/png"}
    asked = [[HumanMessage([{"type": "text", "text": "x" * 400}, image])]]
    meter, run = Meter(PRICES), uuid4()
    meter.on_chat_model_start({}, asked, run_id=run)
    meter.on_llm_error(TimeoutError(), run_id=run)
    assert meter.usage == Usage(1, 1_100, 0, None)


def test_a_call_that_was_refused_costs_nothing() -> None:
    meter = Meter(PRICES)
    call(meter, error=RuntimeError("429"))
    assert meter.usage == Usage()


def test_a_stream_that_broke_off_has_cost_what_came() -> None:
    meter = Meter(PRICES)
    call(meter, pieces=("abcd" * 5,), error=RuntimeError("cut"))
    assert meter.usage == Usage(1, 100, 5, None)


def test_the_share_of_a_budget_is_that_of_the_scarcer_one() -> None:
    meter = Meter(PRICES)
    call(meter, counted=(100_000, 100_000))
    assert meter.share_of(1_000_000, None) == pytest.approx(0.2)
    assert meter.share_of(1_000_000, 1.0) == pytest.approx(0.5)


def test_prices_are_read() -> None:
    assert parse_prices(" openai:gpt-5-mini = 0.25/2, ollama:llama3.1:8b=0/0 ,") == {
        "openai:gpt-5-mini": Price(0.25, 2.0),
        "ollama:llama3.1:8b": Price(0.0, 0.0),
    }
    assert parse_prices("") == {}


@pytest.mark.parametrize(
    "text", ["gpt-5=1/2", "openai:gpt-5=1", "openai:gpt-5=-1/2", "openai:x=a/b"]
)
def test_a_price_that_cannot_be_read_says_how_it_should(text: str) -> None:
    with pytest.raises(ValueError, match="provider:model=INPUT/OUTPUT"):
        parse_prices(text)


def test_list_prices_are_those_of_openais_own_models() -> None:
    models = [
        "openai:gpt-5-mini",
        "openai:o3",
        "openai:our-finetune",
        "ollama:gpt-5",
        "anthropic:x",
    ]
    assert list_prices(models) == {
        "openai:gpt-5-mini": Price(0.25, 2.0),
        "openai:o3": Price(2.0, 8.0),
    }
    assert list_prices(["ollama:llama3.1:8b"]) == {}
