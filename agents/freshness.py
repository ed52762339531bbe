"""Warnings about an answer's sources: old ones, and ones that disagree in a figure or date."""

import re
from collections.abc import Sequence

from agents.dates import Date, find_dates, without_dates
from agents.language import find_terms, is_stopword
from agents.model import Citation
from agents.replies import warn

_FIGURE = re.compile(
    r"(?<![\w.])(?:[$€£]\s?)?(\d[\d,]*(?:\.\d+)?)\s*(%|[a-zA-Z]{1,12})?(?![\w])", re.ASCII
)
_SAME_SUBJECT = 0.5
_LEAST_SHARED = 2


def find_stale(
    citations: Sequence[Citation], limit_days: int | None, language: str = "en"
) -> list[str]:
    """A warning when the newest dated source is older than the channel's limit."""
    ages = [citation.age_days for citation in citations if citation.age_days is not None]
    if limit_days is None or not ages or min(ages) <= limit_days:
        return []
    return [warn("stale", language, min(ages))]


def find_contradictions(citations: Sequence[Citation], language: str = "en") -> list[str]:
    """A warning for each pair of sources whose cited sentences differ in a figure or date.

    Two sentences are about one thing when at least half of their words agree. They contradict each
    other when both give exactly one figure with the same unit, or exactly one date of the same kind
    (a day, a month, a year, a weekday, a time), and it is not the same.
    """
    warnings: list[str] = []
    for at, one in enumerate(citations):
        for other in citations[at + 1 :]:
            if one.url == other.url or not _about_one_thing(one.quote, other.quote):
                continue
            if _differ_in_figure(one.quote, other.quote):
                warnings.append(warn("different figures", language, one.n, other.n))
            if _differ_in_date(one.quote, other.quote):
                warnings.append(warn("different dates", language, one.n, other.n))
    return warnings


def _about_one_thing(one: str, other: str) -> bool:
    terms, others = _subject(one), _subject(other)
    shared = len(terms & others)
    return shared >= _LEAST_SHARED and shared >= _SAME_SUBJECT * min(len(terms), len(others))


def _differ_in_figure(one: str, other: str) -> bool:
    left, right = _single_figure(one), _single_figure(other)
    return left is not None and right is not None and left[1] == right[1] and left[0] != right[0]


def _differ_in_date(one: str, other: str) -> bool:
    left, right = _single_date(one), _single_date(other)
    if left is None or right is None or left.parts != right.parts:
        return False
    return left != right


def _single_figure(text: str) -> tuple[float, str] | None:
    figures: set[tuple[float, str]] = set()
    for number, word in _FIGURE.findall(without_dates(text)):
        unit = word.lower().removesuffix("s")
        figures.add((float(number.replace(",", "")), "" if is_stopword(word.lower()) else unit))
    return figures.pop() if len(figures) == 1 else None


def _single_date(text: str) -> Date | None:
    dates = set(find_dates(text))
    return dates.pop() if len(dates) == 1 else None


def _subject(text: str) -> set[str]:
    return {term for term in find_terms(without_dates(text)) if not term[0].isdigit()}
