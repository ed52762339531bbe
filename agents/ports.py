"""What the agent needs from the outside, by role."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from agents.model import AnswerRecord, Decision, Doubt, Judgement, Picture, Question, Turn
from retrieval.model import (
    AccessScope,
    Passage,
    Period,
    SearchResult,
    SourceOutline,
    TenantId,
    WeightedQuery,
)


class PassageSearch(Protocol):
    """Finds passages. Satisfied by retrieval.search.PassageSearcher. Raises RetrievalError."""

    async def search(
        self,
        queries: Sequence[WeightedQuery],
        scope: AccessScope,
        *,
        limit: int = 10,
        period: Period | None = None,
        seconds: float | None = None,
    ) -> SearchResult:
        """Passages for several phrasings of one need; `period` bounds when documents changed.

        In `seconds` it is done, or has raised.
        """
        ...

    async def load_context(
        self, passage: Passage, scope: AccessScope, *, before: int = 1, after: int = 1
    ) -> Sequence[Passage]:
        """A passage with its neighbours in the document, in the order of the text."""
        ...


class SourceCatalog(Protocol):
    """Knows the sources. Satisfied by retrieval.search.PassageSearcher. Raises RetrievalError."""

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        """Names of the sources of which something may be read."""
        ...


class SourceGuide(Protocol):
    """Knows what sources are about. Satisfied by retrieval.postgres.outlines.PostgresOutlines.

    Raises RetrievalError.
    """

    async def outline_sources(self, scope: AccessScope) -> Sequence[SourceOutline]:
        """The sources of which something may be read, by name, with topics of that."""
        ...


class SentenceScorer(Protocol):
    """Tells how well sentences answer a question. Raises RetrievalError."""

    async def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Cosine of each sentence to the text, -1..1."""
        ...


class SupportJudge(Protocol):
    """Tells which passages bear what a draft states: built in, or a chat model.

    Raises AgentError, RetrievalError.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """What decides, for traces."""
        ...

    async def weigh(
        self, doubts: Sequence[Doubt], evidence: Sequence[Passage]
    ) -> Sequence[frozenset[int]]:
        """For each doubt in order, those of its passages that bear the claim."""
        ...


class ThreadMemory(Protocol):
    """Keeps the state of conversations. Raises RetrievalError."""

    async def load(self, tenant: TenantId, thread: str) -> bytes | None:
        """What was saved last of a conversation."""
        ...

    async def save(self, tenant: TenantId, thread: str, state: bytes) -> None:
        """Keep the state of a conversation in place of the one before."""
        ...

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete it."""
        ...


class AnswerRecords(Protocol):
    """Keeps how questions were answered. Raises RetrievalError."""

    async def put(self, record: AnswerRecord) -> None:
        """Keep a record; an earlier one of the same question gives way."""
        ...

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete the records of a conversation."""
        ...

    async def withdraw(self, tenant: TenantId, reference: str) -> None:
        """Delete one record."""
        ...


class Eyes(Protocol):
    """Sees: a chat model that takes images. Raises AgentError."""

    @property
    def name(self) -> str: ...

    async def read(self, picture: Picture) -> str:
        """What is written in an image, word for word, and what it shows."""
        ...


class Brain(Protocol):
    """Thinks: built in (deterministic), or a chat model. Raises AgentError."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """What decides: the models and the wording of their prompts. A line of every trace."""
        ...

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision: ...

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement: ...

    async def condense(self, turns: Sequence[Turn]) -> str:
        """What earlier turns of a conversation were about, in few words; never empty."""
        ...

    def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        """The draft in pieces: Markdown whose [n] count `passages` from 1."""
        ...
