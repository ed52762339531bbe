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
_SAYS = r"(?:according to|as per|search|check|laut|nach|selon|d'après|según)"
_WITHIN = rf"(?:{_SAYS}|in|inside|within|im|dans|en)"
_COLLECTIONS = {
    spoken: stem
    for stem, words in {
        "wiki": "wiki wikis",
        "docs": "docs documentation dokumentation doku documentación",
        "handbook": "handbook handbuch",
        "manual": "manual manuals manuel",
        "guide": "guide guides leitfaden guía",
        "faq": "faq faqs",
        "blog": "blog blogs",
        "runbook": "runbook runbooks playbook playbooks",
        "notes": "notes notizen notas",
        "policy": "policy policies richtlinie richtlinien",
        "website": "website site webseite intranet",
    }.items()
    for spoken in words.split()
}
"""Words for a collection of documents: 'the wiki' may mean the source 'team-wiki'."""
_COLLECTION = re.compile(
    rf"\W*\b(?P<cue>{_WITHIN}) {_THE}(?P<word>{'|'.join(_COLLECTIONS)})(?![\w-]),?",
    re.IGNORECASE,
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
    text, chosen = _find_sources(question, frozenset(sources))
    dated = find_period(text, now)
    if dated is None:
        return Narrowed(text, chosen)
    return Narrowed(dated.text, chosen, dated.period)


def _find_sources(question: str, names: frozenset[str]) -> tuple[str, frozenset[str] | None]:
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
            rest = _shorten(rest, named.sub(" ", rest))
    if not chosen:
        return _find_collection(question, names)
    return rest, frozenset(chosen)


def _find_collection(question: str, names: Iterable[str]) -> tuple[str, frozenset[str] | None]:
    """The one source whose name holds the word for a collection that the question names.

    'according to the wiki' and 'In the wiki, …' only point at it; otherwise 'in the wiki' may
    belong to what is asked.
    """
    for found in _COLLECTION.finditer(question):
        kind = _COLLECTIONS[found["word"].lower()]
        meant = [name for name in names if kind in _read_collections(name)]
        if len(meant) == 1:
            opens = not found.start() and found[0].endswith(",")
            points = opens or re.fullmatch(_SAYS, found["cue"], re.IGNORECASE)
            rest = f"{question[: found.start()]} {question[found.end() :]}"
            return _shorten(question, rest) if points else question, frozenset(meant)
    return question, None


def _shorten(question: str, rest: str) -> str:
    """What is left of a question, where that says something."""
    tidy = re.sub(r"\s+(?=[?.!,;:])", "", " ".join(rest.split())).lstrip(",;: ")
    return tidy if find_terms(tidy) else question


def _read_collections(name: str) -> set[str]:
    return {_COLLECTIONS.get(word, "") for word in re.split(r"[\s_./-]+", name.lower())}
