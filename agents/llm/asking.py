"""Asks chat models for a value: rules, material between random markers, and one repair."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.errors import MalformedModelOutput
from agents.llm.models import ModelChain
from agents.llm.outputs import Output
from agents.llm.structure import Structures, describe_shape
from retrieval.model import Passage

M = TypeVar("M", bound=Output)


def compose_messages(rules: str, material: Mapping[str, str]) -> list[BaseMessage]:
    """The rules, and the material by name, each between lines with a marker that nobody who wrote
    it could have known.
    """
    marker = secrets.token_hex(8)
    blocks = [
        f"<<{marker} {name}>>\n{text.replace(marker, '')}\n<<{marker} end>>"
        for name, text in material.items()
    ]
    told = f"{rules}\n\nThe marker is {marker}."
    return [SystemMessage(told), HumanMessage("\n\n".join(blocks))]


def number_passages(passages: Iterable[tuple[int, Passage]]) -> dict[str, str]:
    """Passages as material, under their numbers."""
    return {
        f"passage [{number}]": f"{' › '.join(filter(None, (one.title, one.section)))}\n{one.text}"
        for number, one in passages
    }


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a chain of models. Raises ModelUnavailable, MalformedModelOutput."""

    models: ModelChain
    structures: Structures = field(default_factory=Structures)

    async def ask(
        self,
        shape: type[M],
        rules: str,
        material: Mapping[str, str],
        accept: Callable[[M], bool] = lambda _: True,
    ) -> M:
        """A value of this shape that is accepted; a model that gives none may try once more."""
        messages = compose_messages(rules, material)

        async def work(model: BaseChatModel) -> M | AIMessage:
            return await self.structures.ask(model, shape, messages)

        output = await self.models.call(work)
        if isinstance(output, shape) and accept(output):
            return output
        # one repair: the model sees what it wrote and what is wanted
        messages += [
            AIMessage(_tell(output) or "(nothing)"),
            HumanMessage(f"That could not be used. {describe_shape(shape)}"),
        ]
        repaired = await self.models.call(work)
        if isinstance(repaired, shape) and accept(repaired):
            return repaired
        raise MalformedModelOutput


def _tell(output: Output | AIMessage) -> str:
    return str(output.text) if isinstance(output, AIMessage) else output.model_dump_json()
