"""What may be set about the agent. Read from the environment by bot/settings.py only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """Bounds of one question, and the thresholds of its decisions.

    `seconds` bounds the whole run; the last `reserve_seconds` of it are kept for writing the
    answer. `step_seconds` bounds one call of a chat model other than the writing. `max_tokens`
    bounds what chat models may use up for one question. `search_limit` is the number of passages
    a search asks for, `evidence_limit` how many of them the writer sees. A search whose relevance
    (0..1) lies below `relevance_floor` holds nothing. `history_turns` exchanges of a thread are
    remembered, each answer cut to `history_characters`.
    """

    seconds: float = 60.0
    reserve_seconds: float = 25.0
    step_seconds: float = 15.0
    max_searches: int = 3
    max_tokens: int = 60_000
    search_limit: int = 12
    evidence_limit: int = 8
    relevance_floor: float = 0.02
    history_turns: int = 8
    history_characters: int = 1_200
    retries: int = 2
    breaker_failures: int = 5
    breaker_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ModelNames:
    """Chat models by LangChain name, e.g. 'openai:gpt-4.1-mini', 'ollama:qwen3'; first is used.

    The others are the fallback chain, in order. `planner` names another model for planning and
    judging; '' uses the same.
    """

    writers: tuple[str, ...]
    planner: str = ""
    temperature: float = 0.0
