"""One step of the agent: the searches for all parts of a question."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.config import AgentConfig
from agents.model import Answer
from retrieval.errors import RetrievalError, SearchTimedOut, StoreUnavailable
from retrieval.model import AccessScope, Period, SearchResult, WeightedQuery
from tests.fakes.passage_search import InMemoryPassageSearch

COMPARISON = "What is the difference between refunds and backups?"


@dataclass
class FailingSearch(InMemoryPassageSearch):
    """The first search fails once all others wait, which they do until they are ended."""

    error: RetrievalError = field(default_factory=RetrievalError)
    ended: int = 0
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
        seconds: float | None = None,
    ) -> SearchResult:
        self.calls.append((tuple(queries), scope))
        if len(self.calls) == 1:
            await self._waiting.wait()
            raise self.error from OSError("the cable")
        self._waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        raise AssertionError("nothing but its end ends this wait")


async def test_what_a_search_did_without_is_in_the_trace(start_talk: Callable[..., Any]) -> None:
    talk = start_talk()
    talk.search.trouble = ("the reranker is left out",)
    answer: Answer = await talk.ask(COMPARISON)
    assert answer.citations
    assert answer.decisions.count("search: the reranker is left out") == 1


@pytest.mark.parametrize(("seconds", "least", "most"), [(1_000.0, 5.0, 975.0), (26.0, 5.0, 5.0)])
async def test_a_search_has_the_time_that_writing_leaves(
    start_talk: Callable[..., Any], seconds: float, least: float, most: float
) -> None:
    talk = start_talk(config=AgentConfig(seconds=seconds))
    await talk.ask("When are refunds paid?")
    assert talk.search.seconds
    assert all(given is not None and least <= given <= most for given in talk.search.seconds)


@pytest.mark.parametrize("error", [SearchTimedOut(), StoreUnavailable("gone")])
async def test_when_one_search_fails_the_others_end_and_its_error_is_told(
    start_talk: Callable[..., Any], error: RetrievalError
) -> None:
    talk = start_talk()
    talk.assistant._passages = search = FailingSearch(talk.search.passages, error=error)
    with pytest.raises(type(error), match=str(error)) as caught:
        await talk.ask(COMPARISON)
    assert caught.value is error
    assert isinstance(error.__cause__, OSError)
    assert len(search.calls) > 1
    assert search.ended == len(search.calls) - 1
