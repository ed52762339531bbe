"""What a run's chat models use up, in tokens and in money."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from agents.config import Price
from agents.model import Usage

MODEL = "footnote_model"
"""Key of a chat model's metadata that holds its name in the settings."""
_CHARACTERS = 4
"""Of a token, as a rule of thumb, where a server does not count."""
_IMAGE = 4_000
"""An image in characters of that kind: about a thousand tokens, as providers count one."""
_MILLION = 1_000_000
_GIVEN_UP = (asyncio.CancelledError, TimeoutError, GeneratorExit)


@dataclass(slots=True)
class _Call:
    """A call on its way: what was sent and what has come so far, in characters."""

    model: str
    sent: int
    came: int = 0


class Meter(BaseCallbackHandler):
    """Adds up the calls of one run, whichever model they go to; a LangChain callback."""

    run_inline = True

    def __init__(self, prices: Mapping[str, Price]) -> None:
        super().__init__()
        self._prices = prices
        self._open: dict[UUID, _Call] = {}
        self._calls = self._input = self._output = 0
        self._dollars = 0.0
        self._certain = True

    @property
    def usage(self) -> Usage:
        """What was used up so far."""
        cost = self._dollars if self._certain else None
        return Usage(self._calls, self._input, self._output, cost)

    def share_of(self, max_tokens: int, max_cost: float | None) -> float:
        """How much of a budget is used up, 1 being all of it: the tokens' or the money's share."""
        share = (self._input + self._output) / max_tokens
        return share if max_cost is None else max(share, self._dollars / max_cost)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002 - LangChain passes it by position
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A call begins."""
        sent = sum(_measure(message) for batch in messages for message in batch)
        self._open[run_id] = _Call(str((metadata or {}).get(MODEL, "")), sent)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:
        """A piece of a streamed answer came."""
        if run_id in self._open:
            self._open[run_id].came += len(str(token))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """A call ended well: its server has counted, or else it is estimated."""
        call = self._open.pop(run_id, None)
        message = _find_message(response.generations)
        if call is None:
            return
        counted = None if message is None else message.usage_metadata
        if counted is not None and counted["total_tokens"] > 0:
            self._add(call.model, counted["input_tokens"], counted["output_tokens"])
        else:
            call.came = max(call.came, 0 if message is None else len(str(message.content)))
            self._estimate(call)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A call failed: one that was given up or had begun to answer has cost, too."""
        call = self._open.pop(run_id, None)
        if call is not None and (call.came or isinstance(error, _GIVEN_UP)):
            self._estimate(call)

    def _estimate(self, call: _Call) -> None:
        self._certain = False
        self._add(call.model, call.sent // _CHARACTERS, call.came // _CHARACTERS)

    def _add(self, model: str, given: int, made: int) -> None:
        self._calls += 1
        self._input += given
        self._output += made
        price = self._prices.get(model)
        if price is None:
            self._certain = False
        else:
            self._dollars += (given * price.input + made * price.output) / _MILLION


def _measure(message: BaseMessage) -> int:
    """What a message holds, in characters; of an image not the bytes are counted."""
    blocks = message.content if isinstance(message.content, list) else ()
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    return len(message.text) + kinds.count("image") * _IMAGE


def _find_message(generations: Sequence[Sequence[object]]) -> AIMessage | None:
    for batch in generations:
        for one in batch:
            if isinstance(one, ChatGeneration) and isinstance(one.message, AIMessage):
                return one.message
    return None
