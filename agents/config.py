"""What may be set about the agent. Read from the environment by bot/settings.py only."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Price:
    """What a chat model costs, in US dollars for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """Bounds of one question, and the thresholds of its decisions.

    `seconds` bounds the whole run; the last `reserve_seconds` of it are kept for writing the
    answer. `step_seconds` bounds one call of a chat model other than the writing. `max_tokens`
    bounds what chat models may use up for one question, and `max_cost` what that may cost in US
    dollars by the `prices` of the models' names (None: no bound); of both, the share `reserve` is
    kept for writing. `search_limit` is the number of passages
    a search asks for, `evidence_limit` how many of them the writer sees. A search whose relevance
    (0..1) lies below `relevance_floor` holds nothing. `history_turns` exchanges of a thread are
    remembered, each answer cut to `history_characters`; the older half of more is condensed.
    A model that judges citations is asked about those that words leave open or, with `judge_all`,
    about all that are not word for word.
    """

    seconds: float = 60.0
    reserve_seconds: float = 25.0
    step_seconds: float = 15.0
    max_searches: int = 3
    max_tokens: int = 60_000
    max_cost: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    reserve: float = 0.25
    search_limit: int = 12
    evidence_limit: int = 8
    relevance_floor: float = 0.02
    history_turns: int = 8
    history_characters: int = 1_200
    judge_all: bool = False
    retries: int = 2
    breaker_failures: int = 5
    breaker_seconds: float = 30.0
