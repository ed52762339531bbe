"""Tells which passages bear what a draft states: by words, and where they do not tell, by meaning.

Whoever else is asked decides only where words do not: a passage with other figures, or without the
words of a claim, never bears it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from agents.citations import Claim
from agents.language import detect_language, find_terms, weigh_cover
from agents.model import Doubt
from agents.ports import SentenceScorer
from retrieval.model import Passage
from retrieval.sentences import split_sentences

COVER_BEARS = 0.6
"""Share of a claim's terms in its passage from which it counts as borne, figures agreeing."""
COVER_FAILS = 0.2
SIMILARITY_BEARS = 0.6
"""Cosine to a sentence of the passage from which a claim counts as borne, figures agreeing."""
COMPARED = 4
"""Sentences that a claim is compared with in meaning, which takes far longer than by words: those
that share most words with it."""

_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


class Wording(StrEnum):
    """What the words of a claim and of a passage tell."""

    QUOTED = "quoted"
    """It stands there word for word."""
    SHARED = "shared"
    """Most of its words do."""
    FOREIGN = "foreign"
    """The passage is in another language; the figures agree."""
    OPEN = "open"
    REFUSED = "refused"


HOLDING = frozenset({Wording.QUOTED, Wording.SHARED, Wording.FOREIGN})
"""What counts as borne where nobody else is asked."""

Wordings = Mapping[tuple[int, int], Wording]
"""By the index of a claim and the number of a passage, from 1."""


def weigh_words(claim: str, passage: str) -> Wording:
    """What words alone tell of a claim and a passage.

    A passage in another language is judged by figures only: its words cannot match.
    """
    said, held = _read(claim), _read(passage)
    if f" {said.flat} " in f" {held.flat} ":
        return Wording.QUOTED
    if not said.figures <= held.figures:
        return Wording.REFUSED
    cover = weigh_cover(said.terms, held.terms, {})
    if cover >= COVER_BEARS:
        return Wording.SHARED
    if said.language and held.language and said.language != held.language:
        return Wording.FOREIGN
    return Wording.OPEN if cover >= COVER_FAILS else Wording.REFUSED


def bears_in_words(claim: str, passage: str) -> bool | None:
    """Whether the passage bears the claim, by its words alone; None when words do not tell."""
    wording = weigh_words(claim, passage)
    return None if wording is Wording.OPEN else wording in HOLDING


def agrees_in_figures(claim: str, passage: str) -> bool:
    """Whether every figure of the claim stands in the passage; 1,000 and 1000 are the same."""
    return _read(claim).figures <= _read(passage).figures


def compare_words(claims: Sequence[Claim], evidence: Sequence[Passage]) -> Wordings:
    """What words tell of each claim and the passages that it cites; where none of these holds, of
    all passages.

    Passages in another language agree with any claim that has no figures, so only a claim without
    marks of its own may rest on them uncited, and only on those that the draft cites elsewhere.
    """
    readable = [_make_readable(passage) for passage in evidence]
    anywhere = {mark for claim in claims for mark in claim.marks}
    wordings: dict[tuple[int, int], Wording] = {}
    for index, claim in enumerate(claims):
        if not claim.stated:
            continue
        own = [mark for mark in claim.marks if 1 <= mark <= len(evidence)]
        found = {mark: weigh_words(claim.text, readable[mark - 1]) for mark in own}
        if not HOLDING.intersection(found.values()):
            others = {
                number: weigh_words(claim.text, text)
                for number, text in enumerate(readable, start=1)
                if number not in own
            }
            found |= {
                number: wording
                for number, wording in others.items()
                if wording is not Wording.FOREIGN or (number in anywhere and not own)
            }
        wordings |= {(index, number): wording for number, wording in found.items()}
    return wordings


def find_doubts(
    claims: Sequence[Claim], wordings: Wordings, doubtful: Collection[Wording]
) -> dict[int, Doubt]:
    """What is to be weighed by more than words, by the index of the claim.

    Passages that a claim does not cite are weighed only where none of them holds for sure. Code is
    not: it stands in a passage, or it does not.
    """
    doubts: dict[int, Doubt] = {}
    for index, claim in enumerate(claims):
        found = {number: one for (at, number), one in wordings.items() if at == index}
        cited = tuple(number for number in claim.marks if found.get(number) in doubtful)
        others = {number: one for number, one in found.items() if number not in claim.marks}
        sure = any(one in HOLDING and one not in doubtful for one in others.values())
        open_ones = tuple(number for number, one in others.items() if one in doubtful)
        doubt = Doubt(claim.text, cited, () if sure else open_ones)
        if not claim.code and (doubt.cited or doubt.others):
            doubts[index] = doubt
    return doubts


class MeaningJudge:
    """Satisfies agents.ports.SupportJudge by the meaning of sentences. Raises RetrievalError."""

    name = version = "built-in"

    def __init__(self, scorer: SentenceScorer) -> None:
        self._scorer = scorer

    async def weigh(
        self, doubts: Sequence[Doubt], evidence: Sequence[Passage]
    ) -> Sequence[frozenset[int]]:
        """For each doubt the cited passages that are near enough in meaning; where none is, the
        nearest of the others.
        """
        return [await self._weigh(doubt, evidence) for doubt in doubts]

    async def _weigh(self, doubt: Doubt, evidence: Sequence[Passage]) -> frozenset[int]:
        found = [await self._find_nearest(doubt.claim, [one], evidence) for one in doubt.cited]
        if not any(found):
            found = [await self._find_nearest(doubt.claim, doubt.others, evidence)]
        return frozenset(number for number in found if number is not None)

    async def _find_nearest(
        self, claim: str, numbers: Sequence[int], evidence: Sequence[Passage]
    ) -> int | None:
        """The passage with the sentence nearest to the claim, where that is near enough."""
        terms = set(find_terms(claim))
        sentences = [
            (number, evidence[number - 1].text[span.start : span.end])
            for number in numbers
            for span in split_sentences(evidence[number - 1].text)
        ]
        if not sentences:
            return None
        sentences.sort(key=lambda pair: len(terms.intersection(find_terms(pair[1]))), reverse=True)
        del sentences[COMPARED:]
        similarities = await self._scorer.similarity(claim, [text for _, text in sentences])
        best = max(range(len(sentences)), key=similarities.__getitem__)
        return sentences[best][0] if similarities[best] >= SIMILARITY_BEARS else None


@dataclass(frozen=True)
class _Words:
    """A text as it is compared with others."""

    text: str

    @cached_property
    def flat(self) -> str:
        """The words alone, to tell a quotation whatever its white space, marks and full stop."""
        return " ".join(re.findall(r"\w+", self.text.casefold()))

    @cached_property
    def figures(self) -> frozenset[str]:
        found = _FIGURE.findall(self.text)
        return frozenset(re.sub(r"[,.](?=\d{3}\b)", "", figure) for figure in found)

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(find_terms(self.text))

    @cached_property
    def language(self) -> str:
        return detect_language(self.text)


@lru_cache(maxsize=256)
def _read(text: str) -> _Words:
    return _Words(text)


def _make_readable(passage: Passage) -> str:
    """What a claim may rest on: a passage with its title and headings."""
    return "\n".join((passage.title, *passage.heading_path, passage.text))
