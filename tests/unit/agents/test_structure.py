"""Values out of chat models, in whichever way a model supports."""

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel

from agents.llm.outputs import JudgeOutput, PlanOutput
from agents.llm.structure import Structures, read_value

ASKED = [HumanMessage("Is it enough?")]
VERDICT = '{"verdict": "enough", "reason": "said"}'


class Refused(Exception):
    """As the providers' SDKs raise it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status_code = status


class PickyModel(BaseChatModel):
    """Supports one way of asking; `asked` tells which ways were tried."""

    supports: Literal["schema", "tools", "words"]
    refusal: int = 400
    asked: list[str] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "picky"

    def with_structured_output(self, schema: Any, **options: Any) -> Runnable[Any, Any]:
        way = "tools" if options.get("method") == "function_calling" else "schema"

        def answer(_: Sequence[BaseMessage]) -> dict[str, Any]:
            self.asked.append(way)
            if way != self.supports:
                raise Refused(self.refusal)
            return {"parsed": schema.model_validate_json(VERDICT), "raw": AIMessage("")}

        return RunnableLambda(answer)

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.asked.append("words")
        assert "Return only JSON" in str(messages[-1].content)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"Sure: {VERDICT}"))])


@pytest.mark.parametrize(
    ("supports", "tried"),
    [
        ("schema", ["schema"]),
        ("tools", ["schema", "tools"]),
        ("words", ["schema", "tools", "words"]),
    ],
)
async def test_the_best_way_that_a_model_supports_is_found_and_remembered(
    supports: Literal["schema", "tools", "words"], tried: list[str]
) -> None:
    model = PickyModel(supports=supports)
    structures = Structures()
    found = await structures.ask(model, JudgeOutput, ASKED)
    assert isinstance(found, JudgeOutput)
    assert (found.verdict, found.reason, found.queries) == ("enough", "said", [])
    assert model.asked == tried
    await structures.ask(model, JudgeOutput, ASKED)
    assert model.asked[len(tried) :] == [supports]


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_another_way_does_not_mend_what_is_wrong_with_the_server(status: int) -> None:
    model = PickyModel(supports="words", refusal=status)
    with pytest.raises(Refused):
        await Structures().ask(model, JudgeOutput, ASKED)
    assert model.asked == ["schema"]


class Point(BaseModel):
    x: int


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (AIMessage('{"x": 1}'), Point(x=1)),
        (AIMessage('Here you are:\n```json\n{"x": 1}\n```'), Point(x=1)),
        (AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 2}, "id": "1"}]), Point(x=2)),
        (AIMessage("", tool_calls=[{"name": "delete_all", "args": {}, "id": "1"}]), None),
        (AIMessage('{"x": "one"}'), None),
        (AIMessage('{"x": 1'), None),
        (AIMessage("I would rather not."), None),
        (AIMessage(""), None),
    ],
)
def test_a_value_is_found_wherever_it_stands(message: AIMessage, value: Point | None) -> None:
    assert read_value(Point, message) == (value or message)


def test_what_a_model_leaves_out_is_empty() -> None:
    plan = PlanOutput.model_validate({"decision": "search", "queries": None})
    assert (plan.reason, plan.reply, plan.queries, plan.sources) == ("", "", [], [])


@pytest.mark.parametrize("wrong", [{"decision": "dance"}, {"queries": ["x"]}, [], "search"])
def test_what_is_wrong_is_not_filled_in(wrong: Any) -> None:
    with pytest.raises(ValueError, match="PlanOutput"):
        PlanOutput.model_validate(wrong)
