"""The values that the agent works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from retrieval.model import (
    AccessScope,
    Chunk,
    ChunkId,
    DocumentId,
    Passage,
    Period,
    TenantId,
    WeightedQuery,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that came with a question. `media_type` is image/png, image/jpeg, …"""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, where. `thread` names the conversation whose memory applies.

    `id` is unique for the question and stable over retries. `replaces` is the id of a question of
    this thread that is asked again by this one: what was answered then is left out of account.
    `enclosed` are the passages of files that came with it, in order, each by `enclose`; `pictures`
    the images. They are context for this question alone.
    """

    id: str
    text: str
    thread: str
    scope: AccessScope
    settings: "AnswerSettings"
    replaces: str = ""
    enclosed: tuple[Passage, ...] = ()
    pictures: tuple[Picture, ...] = ()


ENCLOSED = "enclosed"
"""The source of passages that came with a question."""


def enclose(name: str, number: int, chunks: Sequence[Chunk], at: datetime) -> tuple[Passage, ...]:
    """The passages of a file called `name`, the `number`th (from 1) that came with a question.

    They are in no store, which their ids below zero tell, and at no address.
    """
    return tuple(
        Passage(
            chunk=ChunkId(-(number * 10_000 + chunk.ordinal)),
            document=DocumentId(-number),
            source=ENCLOSED,
            title=name,
            url="",
            text=chunk.text,
            span=chunk.span,
            heading_path=chunk.heading_path,
            page=chunk.page,
            ordinal=chunk.ordinal,
            modified_at=None,
            synced_at=at,
            score=1.0,
        )
        for chunk in chunks
    )


def is_enclosed(passage: Passage) -> bool:
    """Whether a passage came with the question, rather than out of a store."""
    return passage.document < 0


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What a channel may set. `remit` describes what the bot answers here; '' means anything.

    `frugal` has the built-in brain answer, since there is no money left for a chat model.
    """

    persona: str = ""
    remit: str = ""
    language: str = ""
    freshness_days: int | None = None
    frugal: bool = False


class Outcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"
    CLARIFY = "clarify"
    CHAT = "chat"
    DECLINED = "declined"


# What the planner may decide: a tagged union. `reason` goes into the trace.


@dataclass(frozen=True, slots=True)
class Chat:
    """Small talk, thanks, a question about the bot: needs no search."""

    reply: str
    reason: str
    kind: Literal["chat"] = "chat"


@dataclass(frozen=True, slots=True)
class Search:
    """Look this up. Each part is searched on its own; its phrasings are fused.

    Most questions have one part; 'What is A, and how do I B?' has two. `sources` narrows the
    search to sources of these names, `period` to documents that were last changed in it.
    """

    parts: tuple[tuple[WeightedQuery, ...], ...]
    reason: str
    sources: frozenset[str] | None = None
    period: Period | None = None
    kind: Literal["search"] = "search"


@dataclass(frozen=True, slots=True)
class Clarify:
    """Ask one short question back."""

    question: str
    reason: str
    kind: Literal["clarify"] = "clarify"


@dataclass(frozen=True, slots=True)
class Decline:
    """Outside the remit of this channel."""

    reply: str
    reason: str
    kind: Literal["decline"] = "decline"


Decision = Chat | Search | Clarify | Decline


@dataclass(frozen=True, slots=True)
class Enough:
    """The evidence bears the answer."""

    reason: str
    kind: Literal["enough"] = "enough"


@dataclass(frozen=True, slots=True)
class SearchAgain:
    """The evidence is thin: search for this too. `otherwise` says what to do if that cannot be.

    `wider` lets go of the sources and the period that the plan had chosen; `around` reads what
    stands beside the best hits in their documents.
    """

    parts: tuple[tuple[WeightedQuery, ...], ...]
    reason: str
    otherwise: Literal["answer", "give_up"] = "answer"
    wider: bool = False
    around: bool = False
    kind: Literal["search_again"] = "search_again"


@dataclass(frozen=True, slots=True)
class Nothing:
    """The sources do not hold the answer."""

    reason: str
    kind: Literal["nothing"] = "nothing"


Judgement = Enough | SearchAgain | Nothing


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence of a draft, and passages (from 1) of which it is to be told whether they bear it:
    those that it cites, and others that it may rest on.
    """

    claim: str
    cited: tuple[int, ...]
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a conversation, oldest first in a history. `id` is the question's id."""

    question: str
    answer: str
    id: str = ""


EARLIER = "earlier"
"""The id of a history's first turn when it stands for all turns before: `question` sums them up."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of the answer. `n` is the number in the text, dense from 1.

    `passage` is the text that was retrieved, `quote` the sentence of it that bears the claim.
    `chunk` is where the store has it, positive for what is from the store.
    """

    n: int
    title: str
    url: str
    section: str
    passage: str
    quote: str
    source: str
    age_days: int | None
    chunk: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What the chat models of one question used up; zero for the built-in brain.

    Tokens of a call that its server did not count are estimated. `cost` is in US dollars, None
    where a model's price is not known or tokens were estimated.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The agent's last word. `text` is Markdown with [n] marks, and holds no URL.

    `searches` lists what was looked for; `model` who wrote the text; `notices` are warnings for
    the reader (stale, contradicting, answer model unavailable); `decisions` are the trace's lines.
    `quoted` says that the text consists of sentences quoted word for word from the sources.
    """

    text: str
    outcome: Outcome
    citations: tuple[Citation, ...] = ()
    searches: tuple[str, ...] = ()
    model: str = ""
    notices: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    quoted: bool = False
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """How a question was answered: what its reference, the question's id, leads to.

    `outcome` is that of the answer, or 'failed' or 'stopped' where there was none; `error` says
    why. `answer` is its text, `citations` what it rests on.
    """

    reference: str
    tenant: TenantId
    thread: str
    question: str
    outcome: str
    model: str
    trace: tuple[str, ...]
    timings_ms: Mapping[str, float]
    usage: Usage
    error: str
    at: datetime
    answer: str = ""
    citations: tuple[Citation, ...] = ()


FAILED, STOPPED = "failed", "stopped"
"""The outcomes of a record without an answer. What was written before it was stopped is `answer`,
as it was written: nothing of it was checked.
"""


@dataclass(slots=True)
class Trail:
    """What a run has made so far; kept up to date while the run goes on."""

    text: str = ""
    model: str = ""
    trace: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    usage: Usage = Usage()


# What a run tells while it goes on.


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The agent began a step: 'planning', 'searching', 'reading', 'writing', 'checking'.

    `count` is the number of passages that it reads, 0 for other steps.
    """

    step: str
    detail: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the draft; the final answer may differ where citations did not hold."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The run's last event."""

    answer: Answer


AgentEvent = StepStarted | TextDelta | Answered

__all__ = [
    "EARLIER",
    "ENCLOSED",
    "FAILED",
    "STOPPED",
    "AgentEvent",
    "Answer",
    "AnswerRecord",
    "AnswerSettings",
    "Answered",
    "Chat",
    "Citation",
    "Clarify",
    "Decision",
    "Decline",
    "Doubt",
    "Enough",
    "Judgement",
    "Nothing",
    "Outcome",
    "Passage",
    "Period",
    "Picture",
    "Question",
    "Search",
    "SearchAgain",
    "StepStarted",
    "TextDelta",
    "Trail",
    "Turn",
    "Usage",
    "enclose",
    "is_enclosed",
]
