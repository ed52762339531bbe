"""Values of a wanted shape out of chat models, in the best way that each supports.

Structured output by a JSON schema where the provider has it, else the call of a tool, else JSON
asked for in words. The way that worked is remembered for each model.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

_UNSUPPORTED = frozenset({400, 422, 501})
"""What a server answers to a way of asking that it does not know."""
_WAYS = 3


class Structures:
    """Asks models for values. One instance serves all models of a brain."""

    def __init__(self) -> None:
        self._ways: dict[int, int] = {}
        self._bound: dict[tuple[int, type, int], Runnable[Any, Any]] = {}

    async def ask(
        self, model: BaseChatModel, shape: type[M], messages: Sequence[BaseMessage]
    ) -> M | AIMessage:
        """The value, or else what the model wrote instead. Raises what the provider raises."""
        for way in range(self._ways.get(id(model), 0), _WAYS):
            try:
                output = await self._ask(way, model, shape, messages)
            except Exception as error:
                if way == _WAYS - 1 or not _is_unsupported(error):
                    raise
            else:
                self._ways[id(model)] = way
                return output
        raise AssertionError("the last way answers or raises")

    async def _ask(
        self, way: int, model: BaseChatModel, shape: type[M], messages: Sequence[BaseMessage]
    ) -> M | AIMessage:
        if way == _WAYS - 1:
            written = await model.ainvoke([*messages, HumanMessage(describe_shape(shape))])
            return read_value(shape, written)
        key = (id(model), shape, way)
        if key not in self._bound:
            method = {} if way == 0 else {"method": "function_calling"}
            self._bound[key] = model.with_structured_output(shape, include_raw=True, **method)
        try:
            output = await self._bound[key].ainvoke(list(messages))
        except ValidationError as error:
            # Some clients read the value themselves and do not show what they could not read.
            return AIMessage(str(error)[:500])
        parsed, raw = output.get("parsed"), output.get("raw")
        if isinstance(parsed, shape):
            return parsed
        return read_value(shape, raw) if isinstance(raw, AIMessage) else AIMessage("")


def describe_shape(shape: type[BaseModel]) -> str:
    """What is wanted, in words, for a model that knows no other way."""
    return f"Return only JSON of this schema: {json.dumps(shape.model_json_schema())}"


def read_value(shape: type[M], written: AIMessage) -> M | AIMessage:
    """The value in a message, between whatever else it says; the message where there is none."""
    for call in written.tool_calls:
        try:
            return shape.model_validate(call["args"])
        except ValidationError:
            continue
    found = re.search(r"\{.*\}", str(written.text), re.DOTALL)
    if found is None:
        return written
    try:
        return shape.model_validate_json(found.group())
    except ValidationError:
        return written


def _is_unsupported(error: Exception) -> bool:
    if isinstance(error, NotImplementedError):
        return True
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return cast("Any", status) in _UNSUPPORTED
