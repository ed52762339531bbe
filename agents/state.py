"""What a run keeps between its steps, and a thread between its questions.

Everything in a checkpoint is plain JSON-like data: no type of ours is ever loaded by name from the
database, so a crafted checkpoint can run no code, and a value that does not fit is refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypedDict, TypeVar

from pydantic import TypeAdapter

from agents.model import Answer, Decision, Judgement, Turn
from retrieval.model import Passage, WeightedQuery

T = TypeVar("T")

Json = Any
"""str, int, float, bool, None, and lists and dicts of these."""


def _add_up(held: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """Timings of steps add up over a run; an empty mapping clears them."""
    if not more:
        return {}
    return {key: held.get(key, 0.0) + more.get(key, 0.0) for key in {**held, **more}}


class AgentState(TypedDict, total=False):
    """The channels of the graph. `history` outlives a question, everything else is one run's."""

    question: str
    """Fingerprint of the question being worked on: what it says, who may see what."""
    history: Json
    decision: Json
    wanted: Json
    """Parts still to be searched."""
    searches: list[str]
    rounds: int
    evidence: Json
    relevance: float
    nothing_to_read: bool
    """Whether there is no document at all that may be read in the scope."""
    judgement: Json
    draft: str
    writer: str
    answer: Json
    trace: list[str]
    notices: list[str]
    timings: Annotated[dict[str, float], _add_up]


AgentUpdate = AgentState


@dataclass(frozen=True, slots=True)
class Slot(Generic[T]):
    """Reads and writes one typed value of the state."""

    key: str
    adapter: TypeAdapter[T]

    def read(self, state: AgentState) -> T | None:
        """The value, or None. Raises pydantic.ValidationError when it was tampered with."""
        held = state.get(self.key)
        return None if held is None else self.adapter.validate_python(held)

    def pack(self, value: T) -> Json:
        """The value as it is kept."""
        return self.adapter.dump_python(value, mode="json")


Parts = tuple[tuple[WeightedQuery, ...], ...]

HISTORY: Slot[tuple[Turn, ...]] = Slot("history", TypeAdapter(tuple[Turn, ...]))
DECISION: Slot[Decision] = Slot("decision", TypeAdapter(Decision))
WANTED: Slot[Parts] = Slot("wanted", TypeAdapter(Parts))
EVIDENCE: Slot[tuple[Passage, ...]] = Slot("evidence", TypeAdapter(tuple[Passage, ...]))
JUDGEMENT: Slot[Judgement] = Slot("judgement", TypeAdapter(Judgement))
ANSWER: Slot[Answer] = Slot("answer", TypeAdapter(Answer))


def start_question(fingerprint: str) -> AgentState:
    """The state that a new question starts from; the thread's history stays as it is."""
    return {
        "question": fingerprint,
        "decision": None,
        "wanted": None,
        "searches": [],
        "rounds": 0,
        "evidence": None,
        "relevance": 0.0,
        "nothing_to_read": False,
        "judgement": None,
        "draft": "",
        "writer": "",
        "answer": None,
        "trace": [],
        "notices": [],
        "timings": {},
    }


def remember(history: tuple[Turn, ...], turn: Turn) -> tuple[Turn, ...]:
    """The history with a turn added; a turn with the same id is replaced."""
    kept = tuple(held for held in history if not turn.id or held.id != turn.id)
    return (*kept, turn)


def split_history(
    history: tuple[Turn, ...], *, most: int
) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The turns to be condensed and those to be kept: none and all up to `most`, else the half.

    Half at a time, so that a long conversation is not condensed at every question.
    """
    if len(history) <= most:
        return (), history
    kept = max(1, most // 2)
    return history[:-kept], history[-kept:]
