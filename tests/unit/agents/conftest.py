"""An assistant over fakes."""

from collections.abc import Callable

import pytest

from agents.assistant import Assistant
from agents.config import AgentConfig
from agents.llm.extractive import BuiltInBrain
from agents.memory import InProcessMemory
from agents.model import AgentEvent, Answer, Answered, AnswerSettings, Question
from agents.ports import Brain, ThreadMemory
from tests.fakes.passage_search import (
    NOW,
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
    make_scope,
)

DOCUMENTS = {
    "Backups": "Backups run every night. They are kept for 30 days. Restores take one hour.",
    "Retries": "Retries are limited to 5 per request. A failed request is retried after 2 seconds.",
    "Refunds": "Refunds are paid within 14 days. Ask for a refund on the billing page.",
}


class Talk:
    """A conversation with an assistant in a test."""

    def __init__(self, assistant: Assistant, search: InMemoryPassageSearch) -> None:
        self.assistant = assistant
        self.search = search
        self.events: list[AgentEvent] = []
        self._asked = 0

    async def ask(
        self,
        text: str,
        *,
        key: str | None = None,
        thread: str = "thread",
        settings: AnswerSettings | None = None,
    ) -> Answer:
        """The answer to a question; its events are in `events`."""
        self._asked += 1
        question = Question(
            key or f"q{self._asked}", text, thread, make_scope(), settings or AnswerSettings()
        )
        self.events = [event async for event in self.assistant.answer(question)]
        last = self.events[-1]
        assert isinstance(last, Answered)
        return last.answer


@pytest.fixture
def start_talk() -> Callable[..., Talk]:
    """Makes a talk; the brain is the built-in one unless another is given."""

    def start(
        brain: Brain | None = None,
        *,
        documents: dict[str, str] | None = None,
        config: AgentConfig | None = None,
        memory: ThreadMemory | None = None,
    ) -> Talk:
        scorer = InMemorySentenceScorer()
        search = InMemoryPassageSearch(make_passages(documents or DOCUMENTS))
        fallback = BuiltInBrain(scorer, sources=search, now=lambda: NOW)
        assistant = Assistant(
            brain=brain or fallback,
            fallback=fallback,
            passages=search,
            sentences=scorer,
            memory=memory or InProcessMemory(),
            config=config,
            now=lambda: NOW,
        )
        return Talk(assistant, search)

    return start
