"""Files that came with a question: what of them is put before what the search finds."""

import asyncio
from dataclasses import dataclass, replace

from agents.errors import AgentError, BudgetExceeded
from agents.model import Picture, Question, enclose
from agents.nodes.deps import AgentDeps, describe
from agents.ports import SentenceScorer
from agents.replies import warn
from retrieval.model import Chunk, Passage, Span

_MOST = 6
"""Passages of enclosed files that are put before those of the search."""
_LOOKED_THROUGH = 200
"""Passages that are compared with the question: those of a file of about a hundred pages."""
_LONGEST = 6_000
"""Characters of what is read out of one picture."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The question with its pictures read, what of its files bears on it best, and what to say."""

    question: Question
    evidence: tuple[Passage, ...] = ()
    notices: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()


async def open_enclosures(deps: AgentDeps) -> Opened:
    """Read the pictures of the question, and choose among the passages of all its files."""
    question = deps.question
    if not question.enclosed and not question.pictures:
        return Opened(question)
    read: list[Passage] = []
    notices: list[str] = []
    trace: list[str] = []
    taken = max((-one.document for one in question.enclosed), default=0)
    for number, picture in enumerate(question.pictures, taken + 1):
        text, trouble = await _look(picture, deps)
        if text:
            chunk = Chunk(0, text, Span(0, len(text)))
            read += enclose(picture.name, number, [chunk], deps.now())
            trace.append(f"enclosed: {picture.name!r} was looked at, {len(text)} characters")
        else:
            notices.append(warn("cannot see", deps.language, picture.name))
            trace.append(f"enclosed: {picture.name!r} was not looked at ({trouble})")
    question = replace(question, enclosed=(*read, *question.enclosed), pictures=())
    evidence = await choose_enclosed(question, deps.sentences)
    trace.append(f"enclosed: {len(evidence)} of {len(question.enclosed)} passages are used")
    return Opened(question, evidence, tuple(notices), tuple(trace))


async def choose_enclosed(question: Question, scorer: SentenceScorer) -> tuple[Passage, ...]:
    """All passages of enclosed files in their order where they are few, else those nearest to the
    question, best first.
    """
    passages = question.enclosed[:_LOOKED_THROUGH]
    if len(passages) <= _MOST:
        return passages
    likeness = await scorer.similarity(question.text, [one.text for one in passages])
    ranked = sorted(zip(likeness, passages, strict=True), key=lambda pair: -pair[0])
    return tuple(passage for _, passage in ranked[:_MOST])


async def _look(picture: Picture, deps: AgentDeps) -> tuple[str, str]:
    """What is read out of a picture, '' with the reason where that cannot be."""
    if deps.eyes is None:
        return "", "no model that sees"
    try:
        if not deps.may_think():
            raise BudgetExceeded
        async with asyncio.timeout(min(deps.time_to_think(), deps.config.step_seconds)):
            return (await deps.eyes.read(picture)).strip()[:_LONGEST], "it read nothing"
    except (AgentError, TimeoutError) as error:
        return "", describe(error)
