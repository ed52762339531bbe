"""What chat models return when they plan, judge, condense and weigh claims."""

from typing import Any, Literal

from pydantic import BaseModel, model_validator


class Output(BaseModel):
    """Fields that a model left out are empty, so that only real faults are repaired."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        held = {key: value for key, value in data.items() if value is not None}
        return {
            key: held[key] if key in held else _blank(field.annotation)
            for key, field in cls.model_fields.items()
        }


def _blank(annotation: Any) -> Any:
    blanks: dict[Any, Any] = {str: "", bool: False, list[str]: []}
    return blanks.get(annotation)


class PlanOutput(Output):
    """Decide what the message needs."""

    decision: Literal["chat", "search", "clarify", "decline"]
    reason: str
    reply: str
    queries: list[str]
    sources: list[str]
    changed_since: str
    changed_before: str


class JudgeOutput(Output):
    """Judge whether the passages are enough."""

    verdict: Literal["enough", "search_again", "nothing"]
    reason: str
    queries: list[str]
    wider: bool
    around: bool


class CondenseOutput(Output):
    """Condense the conversation."""

    summary: str


class ClaimVerdict(BaseModel):
    """The passages that bear a claim."""

    claim: int
    borne_by: list[int]


class SupportOutput(Output):
    """Say which passages bear each claim."""

    verdicts: list[ClaimVerdict]
