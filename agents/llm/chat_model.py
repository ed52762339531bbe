"""A brain that thinks with LangChain chat models."""

import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ValidationError, model_validator

from agents.errors import MalformedModelOutput
from agents.llm.models import ModelChain
from agents.llm.queries import HISTORY_WEIGHT, Part
from agents.model import (
    Chat,
    Clarify,
    Decision,
    Decline,
    Enough,
    Judgement,
    Nothing,
    Question,
    Search,
    SearchAgain,
    Turn,
)
from agents.prompts import load_prompt
from retrieval.model import Passage, SearchResult, WeightedQuery

M = TypeVar("M", bound="_Output")

SURE_RELEVANCE = 0.9
"""Relevance of the best passage from which the model is not asked whether it is enough."""
_MOST_QUERIES = 4
_LONGEST_QUERY = 500
_HISTORY_TURNS = 4


class _Output(BaseModel):
    """What a model returns; fields it left out are empty, so that only real faults are repaired."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        blank: dict[str, Any] = {"reply": "", "reason": "", "queries": []}
        held = {key: value for key, value in data.items() if value is not None}
        return {key: held.get(key, blank.get(key)) for key in cls.model_fields}


class PlanOutput(_Output):
    """Decide what the message needs."""

    decision: Literal["chat", "search", "clarify", "decline"]
    reason: str
    reply: str
    queries: list[str]


class JudgeOutput(_Output):
    """Judge whether the passages are enough."""

    verdict: Literal["enough", "search_again", "nothing"]
    reason: str
    queries: list[str]


class ChatModelBrain:
    """Plans and judges by structured output, and writes a streamed, cited answer."""

    def __init__(
        self,
        writers: ModelChain,
        planners: ModelChain | None = None,
        *,
        make_marker: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._writers = writers
        self._planners = planners or writers
        self._make_marker = make_marker
        self._plan = load_prompt("plan")
        self._judge = load_prompt("judge")
        self._answer = load_prompt("answer")

    @property
    def name(self) -> str:
        return self._writers.name

    @property
    def version(self) -> str:
        """The models and the wording of the prompts, for traces."""
        prompts = (self._plan, self._judge, self._answer)
        wording = ", ".join(f"{prompt.name}@{prompt.digest}" for prompt in prompts)
        return f"{self._planners.name}, {self._writers.name}; prompts {wording}"

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision:
        """Ask the planner. Raises ModelUnavailable, MalformedModelOutput."""
        settings = question.settings
        rules = self._plan.text
        if settings.remit:
            rules += f"\n\nThe remit of this channel: {settings.remit}"
        material = {**_conversation(history), "message": question.text}
        output = await self._ask(PlanOutput, rules, material)
        return _decide(output, question, history)

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement:
        """Ask the planner, unless the search itself is sure. Raises as `plan` does."""
        if result.passages and result.relevance >= SURE_RELEVANCE:
            return Enough(f"relevance {result.relevance:.2f}")
        material = {
            **_conversation(history),
            "question": question.text,
            **_numbered(result.passages),
        }
        output = await self._ask(JudgeOutput, self._judge.text, material)
        queries = _usable(output.queries)
        if output.verdict == "enough" and result.passages:
            return Enough(output.reason)
        if output.verdict == "search_again" and queries:
            return SearchAgain(tuple((WeightedQuery(query),) for query in queries), output.reason)
        return Nothing(output.reason)

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        """Stream the answer. Raises ModelUnavailable."""
        settings = question.settings
        rules = self._answer.text
        if settings.persona:
            rules += f"\n\nHouse style of this channel: {settings.persona}"
        if settings.language:
            rules += f"\n\nAnswer in the language with the code {settings.language}."
        material = {**_conversation(history), **_numbered(passages), "question": question.text}
        async for piece in self._writers.stream(self._compose(rules, material)):
            yield piece

    async def _ask(self, shape: type[M], rules: str, material: dict[str, str]) -> M:
        messages = self._compose(rules, material)

        async def work(model: BaseChatModel) -> M | AIMessage:
            structured = model.with_structured_output(shape, include_raw=True)
            return _read_output(shape, await structured.ainvoke(messages))

        output = await self._planners.call(work)
        if isinstance(output, shape):
            return output
        # one repair: the model sees what it wrote and what is wanted
        schema = json.dumps(shape.model_json_schema())
        messages += [
            AIMessage(str(getattr(output, "text", "")) or "(nothing)"),
            HumanMessage(f"That could not be used. Return only JSON of this schema: {schema}"),
        ]
        repaired = await self._planners.call(work)
        if isinstance(repaired, shape):
            return repaired
        raise MalformedModelOutput

    def _compose(self, rules: str, material: dict[str, str]) -> list[BaseMessage]:
        """The rules, and the material between lines that nobody who wrote it could have known."""
        marker = self._make_marker()
        blocks = [
            f"<<{marker} {name}>>\n{text.replace(marker, '')}\n<<{marker} end>>"
            for name, text in material.items()
        ]
        told = f"{rules}\n\nThe marker is {marker}."
        return [SystemMessage(told), HumanMessage("\n\n".join(blocks))]


def _read_output(shape: type[M], output: Any) -> M | AIMessage:
    """The model's output in the shape wanted, or else what it wrote instead."""
    parsed, raw = output.get("parsed"), output.get("raw")
    if isinstance(parsed, shape):
        return parsed
    if parsed is None and isinstance(raw, AIMessage):
        found = re.search(r"\{.*\}", str(raw.text), re.DOTALL)
        if found is not None:
            try:
                return shape.model_validate_json(found.group())
            except ValidationError:
                return raw
        return raw
    return AIMessage(str(parsed or ""))


def _decide(output: PlanOutput, question: Question, history: Sequence[Turn]) -> Decision:
    reply = output.reply.strip()
    queries = _usable(output.queries)
    if output.decision == "search" or not reply:
        return Search(_fuse(queries, question, history), output.reason or "the planner said so")
    if output.decision == "chat":
        return Chat(reply, output.reason)
    if output.decision == "clarify":
        return Clarify(reply, output.reason)
    return Decline(reply, output.reason)


def _fuse(queries: Sequence[str], question: Question, history: Sequence[Turn]) -> tuple[Part, ...]:
    """One part for each query; a single one is fused with what was typed and the turn before."""
    typed = WeightedQuery(question.text[:_LONGEST_QUERY])
    if not queries:
        return ((typed,),)
    if len(queries) > 1:
        return tuple((WeightedQuery(query),) for query in queries)
    part = [WeightedQuery(queries[0])]
    if queries[0].casefold() != typed.text.casefold():
        part.append(typed)
    if history:
        part.append(WeightedQuery(history[-1].question[:_LONGEST_QUERY], HISTORY_WEIGHT))
    return (tuple(part),)


def _usable(queries: Sequence[str]) -> list[str]:
    trimmed = (" ".join(query.split())[:_LONGEST_QUERY] for query in queries)
    return list(dict.fromkeys(query for query in trimmed if query))[:_MOST_QUERIES]


def _conversation(history: Sequence[Turn]) -> dict[str, str]:
    if not history:
        return {}
    lines = [
        f"Person: {turn.question}\nFootnote: {turn.answer}" for turn in history[-_HISTORY_TURNS:]
    ]
    return {"conversation": "\n".join(lines)}


def _numbered(passages: Sequence[Passage]) -> dict[str, str]:
    return {
        f"passage [{number}]": f"{' › '.join(filter(None, (one.title, one.section)))}\n{one.text}"
        for number, one in enumerate(passages, start=1)
    }
