"""Warnings about an answer's sources: old ones, and ones that disagree in a figure. Pure."""

import re
from collections.abc import Sequence

from agents.language import find_terms
from agents.model import Citation

_FIGURE = re.compile(
    r"(?<![\w.])(?:[$€£]\s?)?(\d[\d,]*(?:\.\d+)?)\s*(%|[a-zA-Z]{1,12})?(?![\w])", re.ASCII
)
_SAME_SUBJECT = 0.5
_LEAST_TERMS = 3


def find_stale(citations: Sequence[Citation], limit_days: int | None) -> list[str]:
    """A warning when the newest dated source is older than the channel's limit."""
    ages = [citation.age_days for citation in citations if citation.age_days is not None]
    if limit_days is None or not ages or min(ages) <= limit_days:
        return []
    return [f"The newest source of this answer is {min(ages)} days old."]


def find_contradictions(citations: Sequence[Citation]) -> list[str]:
    """A warning for each pair of sources whose cited sentences differ in the figure of one thing.

    Two sentences are about one thing when at least half of their words agree; they contradict each
    other when both give exactly one figure with the same unit, and it is not the same figure.
    """
    return [
        f"Sources [{one.n}] and [{other.n}] give different figures."
        for at, one in enumerate(citations)
        for other in citations[at + 1 :]
        if one.url != other.url and _disagree(one.quote, other.quote)
    ]


def _disagree(one: str, other: str) -> bool:
    left, right = _single_figure(one), _single_figure(other)
    if left is None or right is None or left[1] != right[1] or left[0] == right[0]:
        return False
    terms, others = _subject(one), _subject(other)
    if min(len(terms), len(others)) < _LEAST_TERMS:
        return False
    return len(terms & others) / min(len(terms), len(others)) >= _SAME_SUBJECT


def _single_figure(text: str) -> tuple[float, str] | None:
    figures = {
        (float(number.replace(",", "").rstrip(".")), unit.lower().removesuffix("s"))
        for number, unit in _FIGURE.findall(text)
    }
    return figures.pop() if len(figures) == 1 else None


def _subject(text: str) -> set[str]:
    return {term for term in find_terms(text) if not term[0].isdigit()}
