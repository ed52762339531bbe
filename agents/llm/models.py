"""Chat models by name, and calling them so that a failing one does no harm.

Retries follow the advice of 'Exponential Backoff And Jitter' (Brooker, AWS Architecture Blog):
full jitter over a doubling ceiling. The circuit breaker is Nygard's (Release It!, 2007).
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage

from agents.errors import ModelUnavailable, UnknownModel
from agents.metering import MODEL

T = TypeVar("T")

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_SHORT_NAMES = {"google": "google_genai", "azure": "azure_openai", "bedrock": "bedrock_converse"}
_EXTRAS = {"google_genai": "google", "bedrock_converse": "bedrock"}
_COUNTS_ON_REQUEST = frozenset({"openai", "azure_openai"})
"""Providers whose streams tell the tokens used only when asked."""
_FIRST_DELAY = 0.4
_LONGEST_WAIT = 3.0
"""Seconds that waiting for a model is worth; longer, and the next one is asked."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How models are called. Times in seconds; `stall` bounds the silence within a stream."""

    retries: int = 2
    stall: float = 20.0
    breaker_failures: int = 5
    breaker_seconds: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class CircuitBreaker:
    """Keeps calls from a model that fails: open after so many failures in a row, for a while.

    After that one call at a time tries whether it is well again.
    """

    failures: int
    seconds: float
    clock: Callable[[], float]
    _failed: int = 0
    _open_until: float | None = None

    def admits(self) -> bool:
        """Whether a call may be made now."""
        if self._open_until is None:
            return True
        if self.clock() < self._open_until:
            return False
        self._open_until = self.clock() + self.seconds
        return True

    def record(self, *, success: bool) -> None:
        """Take note of how a call went."""
        if success:
            self._failed, self._open_until = 0, None
            return
        self._failed += 1
        if self._failed >= self.failures:
            self._open_until = self.clock() + self.seconds


@dataclass(slots=True)
class GuardedModel:
    """A chat model with its name, retries and circuit breaker. Raises ModelUnavailable."""

    name: str
    model: BaseChatModel
    policy: CallPolicy = field(default_factory=CallPolicy)
    breaker: CircuitBreaker = field(init=False)

    def __post_init__(self) -> None:
        policy = self.policy
        self.breaker = CircuitBreaker(policy.breaker_failures, policy.breaker_seconds, policy.clock)

    async def call(self, work: Callable[[BaseChatModel], Awaitable[T]]) -> T:
        """The result of `work`, tried again where that may help."""
        for attempt in range(self.policy.retries + 1):
            self._admit()
            try:
                result = await work(self.model)
            except asyncio.CancelledError:
                # the caller's patience ran out, which tells as much as an error
                self.breaker.record(success=False)
                raise
            except Exception as error:  # noqa: BLE001 - the providers' SDKs share no base class
                await self._recover(error, attempt)
            else:
                self.breaker.record(success=True)
                return result
        raise ModelUnavailable(f"{self.name} is unavailable")

    async def stream(self, messages: Sequence[BaseMessage]) -> AsyncIterator[str]:
        """The text of the answer in pieces; tried again only as long as nothing came."""
        for attempt in range(self.policy.retries + 1):
            self._admit()
            begun = False
            try:
                async with aclosing(self._read(messages)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
            except Exception as error:
                if begun:
                    self.breaker.record(success=False)
                    raise ModelUnavailable(f"{self.name} broke off: {_tell(error)}") from error
                await self._recover(error, attempt)
            else:
                self.breaker.record(success=True)
                return

    async def _read(self, messages: Sequence[BaseMessage]) -> AsyncGenerator[str, None]:
        stream = cast("AsyncGenerator[AIMessageChunk, None]", self.model.astream(list(messages)))
        async with aclosing(stream) as chunks:
            while True:
                try:
                    async with asyncio.timeout(self.policy.stall):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                if text := chunk.text:
                    yield str(text)

    def _admit(self) -> None:
        if not self.breaker.admits():
            raise ModelUnavailable(f"{self.name} failed too often lately and is given a rest")

    async def _recover(self, error: Exception, attempt: int) -> None:
        """Wait before the next try; raises when another try is of no use."""
        self.breaker.record(success=False)
        delay = find_delay(error, attempt, self.policy.jitter)
        if delay is None or attempt >= self.policy.retries:
            raise ModelUnavailable(f"{self.name} is unavailable: {_tell(error)}") from error
        await self.policy.sleep(delay)


@dataclass(frozen=True, slots=True)
class ModelChain:
    """Models in order of preference: the next is asked when one fails. Raises ModelUnavailable."""

    models: tuple[GuardedModel, ...]

    @property
    def name(self) -> str:
        return self.models[0].name

    async def call(self, work: Callable[[BaseChatModel], Awaitable[T]]) -> T:
        """The result of `work` with the first model that is well."""
        failures: list[str] = []
        for guarded in self.models:
            try:
                return await guarded.call(work)
            except ModelUnavailable as error:
                failures.append(str(error))
        raise ModelUnavailable("; ".join(failures))

    async def stream(self, messages: Sequence[BaseMessage]) -> AsyncIterator[str]:
        """The answer of the first model that begins one."""
        failures: list[str] = []
        for guarded in self.models:
            begun = False
            try:
                async for piece in guarded.stream(messages):
                    begun = True
                    yield piece
            except ModelUnavailable as error:
                if begun:
                    raise
                failures.append(str(error))
            else:
                return
        raise ModelUnavailable("; ".join(failures))


def open_models(names: Sequence[str], policy: CallPolicy, **settings: Any) -> ModelChain:
    """A chain of the models named, each 'provider:model'. Raises UnknownModel.

    Keys and addresses are the providers' own settings, such as OPENAI_API_KEY and OPENAI_BASE_URL.
    """
    return ModelChain(
        tuple(GuardedModel(one, open_model(one, **settings), policy) for one in names)
    )


def open_model(name: str, **settings: Any) -> BaseChatModel:
    """A LangChain chat model by name, without retries of its own. Raises UnknownModel."""
    provider, _, model = name.partition(":")
    provider = _SHORT_NAMES.get(provider, provider)
    usual: dict[str, Any] = {"max_retries": 0, "metadata": {MODEL: name}}
    if provider in _COUNTS_ON_REQUEST:
        usual["stream_usage"] = True
    try:
        found = init_chat_model(model, model_provider=provider, **{**usual, **settings})
        return cast("BaseChatModel", found)
    except ImportError as error:
        raise UnknownModel(_name_what_is_missing(name, provider, error)) from error
    except Exception as error:
        raise UnknownModel(
            f"The chat model '{name}' cannot be loaded: {_tell(error)} Write it as provider:model,"
            " such as openai:gpt-4.1-mini, anthropic:claude-haiku-4-5 or ollama:qwen3, and set the"
            " provider's key."
        ) from error


def _name_what_is_missing(name: str, provider: str, error: ImportError) -> str:
    extra = _EXTRAS.get(provider)
    if extra is None:
        return f"The chat model '{name}' cannot be loaded: {_tell(error)}"
    return (
        f"The chat model '{name}' needs the extra '{extra}' of Footnote. In the checkout:"
        f" .venv/bin/pip install '.[{extra}]'."
    )


def find_delay(error: Exception, attempt: int, jitter: Callable[[], float]) -> float | None:
    """Seconds to wait before trying again; None when that is of no use."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    if isinstance(status, int) and status > 0 and status not in _PASSING:
        return None
    if isinstance(error, TypeError | ValueError | NotImplementedError):
        return None
    headers = getattr(response, "headers", None) or {}
    asked = str(headers.get("retry-after", ""))
    if asked.replace(".", "", 1).isdigit():
        return float(asked) if float(asked) <= _LONGEST_WAIT else None
    return float(min(_LONGEST_WAIT, _FIRST_DELAY * 2**attempt) * jitter())


def _tell(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}…"
