"""What a run works with, and what every step does with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from langgraph.runtime import Runtime

from agents.config import AgentConfig
from agents.language import detect_language
from agents.model import AgentEvent, Enough, Question, Turn
from agents.ports import Brain, Eyes, PassageSearch, SentenceScorer, SupportJudge
from agents.state import EVIDENCE, AgentState
from retrieval.model import Passage, SearchResult


@dataclass(frozen=True, slots=True)
class AgentDeps:
    """What a run works with. `deadline` is in seconds of `clock`, a monotonic clock.

    `fallback` thinks where `brain` fails; `spent` tells which share of the budget in tokens
    and money chat models used up so far, 1 being all of it. Without `eyes` images are not seen.
    Where there is a `judge`, it is asked about citations before the built-in check decides.
    """

    question: Question
    brain: Brain
    fallback: Brain
    passages: PassageSearch
    sentences: SentenceScorer
    config: AgentConfig
    clock: Callable[[], float]
    now: Callable[[], datetime]
    deadline: float
    spent: Callable[[], float]
    eyes: Eyes | None = None
    judge: SupportJudge | None = None

    @property
    def language(self) -> str:
        """The language of the agent's own words: the channel's, else the question's, else ''."""
        return self.question.settings.language or detect_language(self.question.text)

    def time_to_think(self) -> float:
        """Seconds until only those are left that are kept for writing; negative beyond that."""
        return self.deadline - self.clock() - self.config.reserve_seconds

    def may_think(self) -> bool:
        """Whether there is time and budget for more than writing the answer."""
        return self.time_to_think() > 0 and self.spent() < 1 - self.config.reserve

    def may_write(self) -> bool:
        """Whether a chat model may still write the answer."""
        return self.deadline > self.clock() and self.spent() < 1


def tell(runtime: Runtime[AgentDeps], event: AgentEvent) -> None:
    runtime.stream_writer(event)


def measure(deps: AgentDeps, started: float) -> float:
    return (deps.clock() - started) * 1_000


def describe(error: BaseException) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error)


def read_evidence(state: AgentState, deps: AgentDeps) -> tuple[Passage, ...]:
    return (EVIDENCE.read(state) or ())[: deps.config.evidence_limit]


async def quote(deps: AgentDeps, history: Sequence[Turn], evidence: Sequence[Passage]) -> str:
    result = SearchResult(tuple(evidence))
    if not isinstance(await deps.fallback.judge(deps.question, history, result), Enough):
        return ""
    return "".join([piece async for piece in deps.fallback.write(deps.question, history, evidence)])
