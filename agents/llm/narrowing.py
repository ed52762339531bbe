"""Reads from a question where to look: in which sources, and in documents of what time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agents.language import find_terms
from agents.llm.periods import find_period
from retrieval.model import Period

_IN = (
    r"(?:according to|in|inside|within|from|on|of|search|check|see|only|im|in|aus|laut|nach|dans"
    r"|selon|d'après|de|du|en|según|del)"
)
_THE = (
    r"(?:the |our |your |that |dem |der |den |unserem |unserer |le |la |les |notre |el |los |las )?"
)
_CUE = re.compile(rf"\b{_IN} {_THE}[\w-]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left to search for, and where; None where the question does not say."""

    text: str
    sources: frozenset[str] | None = None
    period: Period | None = None


def may_name_sources(question: str) -> bool:
    """Whether a question says 'in the …' at all, so that the sources' names are worth knowing."""
    return _CUE.search(question) is not None


def narrow_question(question: str, sources: Iterable[str], now: datetime) -> Narrowed:
    """The sources and the time that a question names, which are taken out of its words."""
    text, chosen = _find_sources(question, sources)
    dated = find_period(text, now)
    if dated is None:
        return Narrowed(text, chosen)
    return Narrowed(dated.text, chosen, dated.period)


def _find_sources(question: str, names: Iterable[str]) -> tuple[str, frozenset[str] | None]:
    chosen: set[str] = set()
    rest = question
    for name in sorted(names, key=lambda one: (-len(one), one)):
        spoken = r"[\s_-]".join(re.escape(word) for word in re.split(r"[\s_-]+", name) if word)
        named = re.compile(
            rf"\W*\b{_IN} {_THE}(?:(?:source|quelle|fuente) )?[\"'`“]?{spoken}[\"'`”]?"
            r"(?: (?:source|only))?(?![\w-])(?=\s*(?:$|[?.!,;:]|\b)),?",
            re.IGNORECASE,
        )
        if spoken and named.search(rest):
            chosen.add(name)
            shorter = " ".join(named.sub(" ", rest).split()).lstrip(",;: ")
            rest = shorter if find_terms(shorter) else rest
    return (rest, frozenset(chosen)) if chosen else (question, None)
