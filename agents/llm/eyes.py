"""Reads images with a chat model that takes them."""

import base64

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from agents.errors import MalformedModelOutput
from agents.llm.models import ModelChain
from agents.model import Picture
from agents.prompts import load_prompt


class ChatModelEyes:
    """Satisfies agents.ports.Eyes. Raises ModelUnavailable, MalformedModelOutput."""

    def __init__(self, models: ModelChain) -> None:
        self._models = models
        self._prompt = load_prompt("look")

    @property
    def name(self) -> str:
        return self._models.name

    async def read(self, picture: Picture) -> str:
        """What is written in an image, word for word, and what it shows."""
        messages = [
            SystemMessage(self._prompt.text),
            HumanMessage(
                [
                    {
                        "type": "image",
                        "base64": base64.b64encode(picture.content).decode(),
                        "mime_type": picture.media_type,
                    }
                ]
            ),
        ]

        async def work(model: BaseChatModel) -> str:
            return str((await model.ainvoke(messages)).text)

        text = await self._models.call(work)
        if not text.strip():
            raise MalformedModelOutput
        return text


def can_see(models: ModelChain) -> bool:
    """Whether LangChain knows of every model of a chain that it takes images."""
    return all((guarded.model.profile or {}).get("image_inputs") for guarded in models.models)
