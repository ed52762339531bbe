"""Turns text into the terms that lexical search counts, and scores them (BM25).

Words are folded (NFKC, case, accents), stop words dropped and the rest stemmed. Identifiers are
kept whole and split: `getUserName`, `max_tokens`, `src/app.py`, `v1.2.3` and `ERR_404` are found by
their whole and by their parts.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from retrieval.model import TermCounts, TermStatistics, TermTable

Weights = NDArray[np.float32]

TERM_SPACE = 1_000_000_000
"""As many dimensions as a pgvector sparsevec can have."""

K1 = 1.5
B = 0.75
"""Saturation of term frequency and weight of length, as usual (Robertson & Zaragoza 2009)."""

_WORD = re.compile(r"[^\W_]+(?:[_.\-/:@#+'’][^\W_]+)*(?:\+\+|#)?", re.UNICODE)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+", re.UNICODE)
_SEPARATOR = re.compile(r"[_.\-/:@#+]")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_PHRASE = re.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
_LONGEST_TERM = 64

_STOP_WORDS = {
    "english": frozenset(
        "a about above after again against all am an and any are aren as at be because been before"
        " being below between both but by can couldn did didn do does doesn doing don down during"
        " each few for from further had hadn has hasn have haven having he her here hers herself"
        " him himself his how i if in into is isn it its itself just ll me mightn more most mustn"
        " my myself needn no nor not now of off on once only or other our ours ourselves out over"
        " own re s same shan she should shouldn so some such t than that the their theirs them"
        " themselves then there these they this those through to too under until up ve very was"
        " wasn we were weren what when where which while who whom why will with won would wouldn"
        " you your yours yourself yourselves".split()
    ),
    "german": frozenset(
        "aber alle allem allen aller alles als also am an andere anderen auch auf aus bei bin bis"
        " bist da damit dann das dass dein dem den der des dessen die dies diese diesem diesen"
        " dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch"
        " euer für gegen hab habe haben hat hatte hier hin ich ihm ihn ihnen ihr ihre im in ist"
        " jede jedem jeden jeder jedes kann kein keine können man mein mich mir mit muss nach nicht"
        " noch nun nur ob oder ohne sehr sein seine sich sie sind so soll sonst über um und uns"
        " unser unter vom von vor war waren warum was weil welche welcher welches wenn wer werden"
        " wie wieder will wir wird wo wurde zu zum zur zwar zwischen".split()
    ),
}
LANGUAGES = tuple(sorted(_STOP_WORDS))


@dataclass(frozen=True, slots=True)
class Analyzer:
    """How text becomes terms. The same one must serve the documents and the queries."""

    language: str = "english"
    split_identifiers: bool = True
    stem: bool = True

    def __post_init__(self) -> None:
        if self.language not in _STOP_WORDS:
            raise ValueError(
                f"There is no lexical analysis for {self.language!r}; "
                f"choose one of {', '.join(LANGUAGES)}."
            )

    def tokenize(self, text: str) -> list[str]:
        """The terms of `text`, in order, with repeats."""
        terms: list[str] = []
        for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
            terms.extend(_analyse(match.group(), self.language, self.split_identifiers, self.stem))
        return terms

    def count(self, texts: Iterable[str]) -> Counter[str]:
        """How often each term occurs in the texts together."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(self.tokenize(text))
        return counts


def find_phrases(query: str) -> list[str]:
    """What the query has in quotation marks: to be found as it stands."""
    return [phrase for match in _PHRASE.finditer(query) if (phrase := match.group(1).strip())]


@lru_cache(maxsize=65536)
def _analyse(word: str, language: str, split: bool, stem: bool) -> tuple[str, ...]:
    """The terms of one word: itself, and its parts where it is an identifier."""
    if _IDEOGRAPHS.search(word):
        return tuple(_bigrams(word))
    if "'" in word or "’" in word:
        return tuple(
            term
            for piece in re.split(r"['’]", word)
            if len(piece) > 1
            for term in _analyse(piece, language, split, stem)
        )
    plain = word if word.isascii() else _strip_accents(word)
    parts = [part for piece in _SEPARATOR.split(plain) for part in _PART.findall(piece)]
    if len(parts) <= 1:
        return _normalise([word], language, stem)
    if not split:
        return _normalise(_SEPARATOR.split(word), language, stem)
    whole = _fold(word)[:_LONGEST_TERM]
    pieces = [piece for piece in _SEPARATOR.split(word) if piece]
    middles = [p for p in pieces if len(pieces) > 1 and len(_PART.findall(p)) > 1]
    return (whole, *_normalise([*middles, *parts], language, stem))


def _normalise(words: Sequence[str], language: str, stem: bool) -> tuple[str, ...]:
    stop_words = _STOP_WORDS[language]
    stemmer = snowballstemmer.stemmer(language)  # not shared: it is not safe between threads
    terms: list[str] = []
    for word in words:
        folded = unicodedata.normalize("NFC", word.casefold())
        if not folded or folded in stop_words:
            continue
        stemmed = stemmer.stemWord(folded) if stem else folded
        terms.append(_fold(stemmed)[:_LONGEST_TERM])
    return tuple(terms)


def _bigrams(word: str) -> Iterable[str]:
    """Overlapping pairs of characters, for scripts that do not mark words."""
    folded = _fold(word)
    if len(folded) < 2:
        return [folded]
    return [folded[i : i + 2] for i in range(len(folded) - 1)]


def _fold(word: str) -> str:
    folded = word.casefold()
    return folded if folded.isascii() else _strip_accents(folded)


def _strip_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def count_terms(tenant: str, terms: Iterable[str]) -> TermCounts:
    """The terms as the store keeps them: hashed, sorted, with their frequencies."""
    counts = Counter(hash_term(tenant, term) for term in terms)
    hashes = np.fromiter(counts.keys(), np.int32, len(counts))
    frequencies = np.fromiter((min(n, 65535) for n in counts.values()), np.uint16, len(counts))
    order = np.argsort(hashes)
    return TermCounts(hashes[order], frequencies[order], counts.total())


@lru_cache(maxsize=65536)
def hash_term(tenant: str, term: str) -> int:
    """A number for a term of a tenant, 0 <= number < TERM_SPACE, the same on every machine.

    The tenant is part of it, so that the lists of one tenant's terms hold nothing of another's.
    """
    digest = blake2b(f"{tenant}\0{term}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % TERM_SPACE


def gather_counts(counts: Sequence[TermCounts]) -> TermTable:
    """The terms of several texts in one table."""
    return TermTable(
        terms=np.concatenate([np.zeros(0, np.int32), *(one.terms for one in counts)]),
        frequencies=np.concatenate([np.zeros(0, np.uint16), *(one.frequencies for one in counts)]),
        starts=np.cumsum([0, *(len(one.terms) for one in counts)], dtype=np.int64),
        lengths=np.array([one.length for one in counts], np.int64),
    )


def weigh_inverse(statistics: TermStatistics, term: int) -> float:
    """The inverse document frequency of a term: never negative (Lucene's form of BM25)."""
    found = statistics.frequencies.get(term, 0)
    return math.log1p((statistics.size - found + 0.5) / (found + 0.5))


def saturate(frequencies: NDArray[np.float32], length: float, mean_length: float) -> Weights:
    """BM25's share of a term before idf, for its frequencies in a text of `length` terms."""
    norm = K1 * (1 - B + B * length / max(mean_length, 1e-9))
    return np.asarray(frequencies * (K1 + 1) / (frequencies + norm), dtype=np.float32)


def score_terms(
    query: Mapping[int, float], texts: TermTable, statistics: TermStatistics
) -> Weights:
    """BM25 scores (n,) of texts against a query: terms and how often (or how much) each counts."""
    size = len(texts.lengths)
    if not query or not len(texts.terms):
        return np.zeros(size, np.float32)
    wanted = np.array(sorted(query), dtype=np.int32)
    inverse = np.array(
        [query[term] * weigh_inverse(statistics, term) for term in wanted.tolist()], np.float32
    )
    places = np.minimum(np.searchsorted(wanted, texts.terms), len(wanted) - 1)
    found = np.flatnonzero(wanted[places] == texts.terms)
    rows = np.searchsorted(texts.starts, found, side="right") - 1
    norms = K1 * (1 - B + B * texts.lengths[rows] / max(statistics.mean_length, 1e-9))
    frequencies = texts.frequencies[found].astype(np.float32)
    shares = frequencies * (K1 + 1) / (frequencies + norms)
    scores = np.bincount(rows, shares * inverse[places[found]], size)
    return np.asarray(scores, dtype=np.float32)


def choose_rare(query: Iterable[int], statistics: TermStatistics, most: int) -> list[int]:
    """The terms that pick candidates: the rarest, as long as they match `most` texts at most.

    The commoner ones still count for the score (MaxScore: Turtle & Flood 1995). The rarest that
    occurs at all is always among them.
    """
    known = [(n, term) for term in query if (n := statistics.frequencies.get(term, 0)) > 0]
    chosen: list[int] = []
    total = 0
    for found, term in sorted(known):
        total += found
        if chosen and total > most:
            break
        chosen.append(term)
    return chosen
