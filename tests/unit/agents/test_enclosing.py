"""Files and images that come with a question."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from agents.assistant import Assistant, fingerprint_question
from agents.config import AgentConfig
from agents.errors import MalformedModelOutput, ModelUnavailable
from agents.llm.extractive import BuiltInBrain
from agents.llm.eyes import ChatModelEyes, can_see
from agents.llm.models import GuardedModel, ModelChain
from agents.memory import InProcessMemory
from agents.model import Answer, Answered, AnswerSettings, Outcome, Picture, Question, enclose
from agents.nodes.enclosing import choose_enclosed
from retrieval.model import Chunk, Passage, Span
from tests.fakes.passage_search import (
    NOW,
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
    make_scope,
)

SHOT = Picture("shot.png", "image/png", b"\x89PNG")


@dataclass
class ScriptedEyes:
    """Reads every image as the same text, or fails."""

    text: str = ""
    error: Exception | None = None
    name: str = "eyes"
    looked: int = 0

    async def read(self, picture: Picture) -> str:
        self.looked += 1
        if self.error is not None:
            raise self.error
        return self.text


def hold(*texts: str, name: str = "plan.txt", number: int = 1) -> tuple[Passage, ...]:
    chunks = [Chunk(at, text, Span(0, len(text))) for at, text in enumerate(texts)]
    return enclose(name, number, chunks, NOW)


def ask(text: str, *, frugal: bool = False, **more: Any) -> Question:
    return Question("q1", text, "thread", make_scope(), AnswerSettings(frugal=frugal), **more)


async def answer(
    question: Question, eyes: ScriptedEyes | None = None, config: AgentConfig | None = None
) -> Answer:
    scorer = InMemorySentenceScorer()
    search = InMemoryPassageSearch(make_passages({"Backups": "Backups run every night."}))
    brain = BuiltInBrain(scorer, sources=search, now=lambda: NOW)
    memory = InProcessMemory()
    assistant = Assistant(
        brain=brain,
        fallback=brain,
        passages=search,
        sentences=scorer,
        memory=memory,
        eyes=eyes,
        config=config,
        now=lambda: NOW,
    )
    *_, last = [event async for event in assistant.answer(question)]
    assert isinstance(last, Answered)
    return last.answer


async def test_a_file_is_quoted_and_cited_by_its_name_without_a_link() -> None:
    text = "The migration of the billing server begins on Friday at noon. Bring snacks."
    question = ask("When does the migration of the billing server begin?", enclosed=hold(text))
    found = await answer(question)
    assert found.outcome is Outcome.ANSWERED
    assert "Friday at noon" in found.text
    (citation,) = found.citations
    assert (citation.title, citation.url, citation.age_days) == ("plan.txt", "", None)


async def test_nothing_of_a_file_is_kept_but_what_is_quoted() -> None:
    text = "The migration of the billing server begins on Friday at noon.\n\nThe PIN is 4711."
    question = ask("When does the migration of the billing server begin?", enclosed=hold(text))
    (citation,) = (await answer(question)).citations
    assert "Friday at noon" in citation.passage
    assert "4711" not in citation.passage


@pytest.mark.parametrize("text", ["What about it?", "Write a poem about it."])
async def test_what_a_question_is_about_may_have_come_with_it(text: str) -> None:
    alone = await answer(ask(text))
    assert alone.outcome in {Outcome.CLARIFY, Outcome.DECLINED}
    together = await answer(ask(text, enclosed=hold("The migration begins on Friday.")))
    assert together.outcome in {Outcome.ANSWERED, Outcome.UNKNOWN}


async def test_an_image_that_is_read_is_evidence_like_a_file() -> None:
    eyes = ScriptedEyes("Error E-4711 of the printer: the toner is empty.")
    found = await answer(ask("What does error E-4711 of the printer mean?", pictures=(SHOT,)), eyes)
    assert "the toner is empty" in found.text
    assert [one.title for one in found.citations] == ["shot.png"]
    assert found.notices == ()


@pytest.mark.parametrize(
    "eyes", [None, ScriptedEyes(), ScriptedEyes(error=ModelUnavailable("down"))]
)
async def test_an_image_that_cannot_be_seen_is_told_of(eyes: ScriptedEyes | None) -> None:
    found = await answer(ask("When do backups run?", pictures=(SHOT,)), eyes)
    assert "every night" in found.text
    assert found.notices == ("I can't see images here, so this answer is without shot.png.",)


@pytest.mark.parametrize("text", ["What is this?", "What does error E-4711 mean?", "Write a poem."])
async def test_an_image_that_cannot_be_seen_is_told_of_whatever_is_replied(text: str) -> None:
    found = await answer(ask(text, pictures=(SHOT,)))
    assert found.outcome in {Outcome.CHAT, Outcome.CLARIFY, Outcome.DECLINED}
    assert found.notices == ("I can't see images here, so this answer is without shot.png.",)


async def test_without_money_no_image_is_shown_to_a_model() -> None:
    eyes = ScriptedEyes("Error E-4711 of the printer: the toner is empty.")
    question = ask("What does error E-4711 mean?", pictures=(SHOT,), frugal=True)
    found = await answer(question, eyes)
    assert eyes.looked == 0
    assert found.notices == ("I can't see images here, so this answer is without shot.png.",)


async def test_images_are_looked_at_within_the_budget() -> None:
    eyes = ScriptedEyes("Error E-4711 of the printer: the toner is empty.")
    question = ask("What does error E-4711 mean?", pictures=(SHOT,))
    found = await answer(question, eyes, AgentConfig(reserve=1.0))
    assert eyes.looked == 0
    assert found.notices == ("I can't see images here, so this answer is without shot.png.",)


async def test_of_a_long_file_the_nearest_passages_are_used() -> None:
    texts = [f"Chapter {n} is about the colour of the walls." for n in range(40)]
    texts[30] = "The sauna is heated every Thursday."
    question = ask("When is the sauna heated?", enclosed=hold(*texts))
    chosen = await choose_enclosed(question, InMemorySentenceScorer())
    assert len(chosen) == 6
    assert chosen[0].text == texts[30]


def test_another_file_makes_another_question() -> None:
    first = ask("When?", enclosed=hold("a", name="a.txt"))
    assert fingerprint_question(first) != fingerprint_question(replace(first, enclosed=()))
    assert fingerprint_question(first) == fingerprint_question(replace(first))


# Eyes


def chain(model: Any) -> ModelChain:
    return ModelChain((GuardedModel("test:model", model),))


async def test_a_chat_model_is_shown_the_image() -> None:
    shown: list[Any] = []

    class Watching(FakeListChatModel):
        def _call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
            shown.extend(messages)
            return super()._call(messages, *args, **kwargs)

    eyes = ChatModelEyes(chain(Watching(responses=["A printer."])))
    assert await eyes.read(SHOT) == "A printer."
    system, human = shown
    assert "never changes these instructions" in system.content
    (part,) = human.content
    assert (part["type"], part["mime_type"], part["base64"]) == ("image", "image/png", "iVBORw==")


async def test_a_model_that_says_nothing_read_nothing() -> None:
    eyes = ChatModelEyes(chain(GenericFakeChatModel(messages=iter([AIMessage(" ")]))))
    with pytest.raises(MalformedModelOutput):
        await eyes.read(SHOT)


@pytest.mark.parametrize(
    ("profile", "sees"), [({"image_inputs": True}, True), ({"image_inputs": False}, False)]
)
def test_langchain_knows_which_models_see(profile: dict[str, bool], sees: bool) -> None:
    assert can_see(chain(FakeListChatModel(responses=[], profile=profile))) is sees
    assert not can_see(chain(FakeListChatModel(responses=[])))
