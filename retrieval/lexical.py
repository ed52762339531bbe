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
from retrieval.stop_words import LANGUAGES, list_stop_words

Weights = NDArray[np.float32]
Terms = NDArray[np.int32]

TERM_SPACE = 1_000_000_000
"""As many dimensions as a pgvector sparsevec can have."""

K1 = 1.5
B = 0.75
"""Saturation of term frequency and weight of length, as usual (Robertson & Zaragoza 2009)."""

_LOW_BITS = 0xFFFF

_WORD = re.compile(r"[^\W_]+(?:[_.\-/:@#+'’][^\W_]+)*(?:\+\+|#)?", re.UNICODE)
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|0+")
"""Over the shape of a word: A for capitals, a for other letters, 0 for digits."""

_SEPARATOR = re.compile(r"[_.\-/:@#+]")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_PHRASE = re.compile(r"[\"“„«]([^\"“”„«»]{2,200})[\"”“»]")
_LONGEST_TERM = 64

LOOKED_AT = 4_000
"""Characters of a text that tell its language."""

BREAK = -1
"""Stands between the analyses of a query in several languages; no term has this number."""


@dataclass(frozen=True, slots=True)
class Analyzer:
    """How text becomes terms. The same one must serve the documents and the queries.

    Of several `languages`, a text is read in the one whose commonest words it holds most of, the
    first where that does not tell; a query, which may be too short to tell, is read in all.
    """

    languages: tuple[str, ...] = ("english",)
    split_identifiers: bool = True
    stem: bool = True

    def __post_init__(self) -> None:
        unknown = [name for name in self.languages if name not in LANGUAGES]
        if unknown or not self.languages:
            raise ValueError(
                f"There is no lexical analysis for {unknown[0] if unknown else 'no language'!r}; "
                f"choose from {', '.join(LANGUAGES)}."
            )

    def tokenize(self, text: str) -> list[str]:
        """The terms of `text`, in order, with repeats."""
        return self._tokenize(text, self.choose_language(text))

    def tokenize_query(self, text: str) -> list[list[str]]:
        """The terms of `text` in each language, in order, with repeats."""
        return [self._tokenize(text, language) for language in self.languages]

    def tokenize_phrase(self, text: str) -> list[str]:
        """The terms that every text with these words has, in whichever language it is read."""
        first, *others = self.tokenize_query(text)
        return [term for term in first if all(term in other for other in others)]

    def choose_language(self, text: str) -> str:
        """The language, of those there are, that `text` is most likely in."""
        if len(self.languages) == 1:
            return self.languages[0]
        words = Counter(match.group().casefold() for match in _WORD.finditer(text[:LOOKED_AT]))
        held = [
            sum(words[word] for word in list_stop_words(language) if word in words)
            for language in self.languages
        ]
        return self.languages[held.index(max(held))]

    def _tokenize(self, text: str, language: str) -> list[str]:
        terms: list[str] = []
        for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
            terms.extend(_analyse(match.group(), language, self.split_identifiers, self.stem))
        return terms


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
    pieces = [piece for piece in _SEPARATOR.split(word) if piece]
    parts = [part for piece in pieces for part in _split_case(piece)]
    if len(parts) <= 1:
        return _normalise([word], language, stem)
    if not split:
        return _normalise(pieces, language, stem)
    whole = _fold(word)[:_LONGEST_TERM]
    middles = [p for p in pieces if len(pieces) > 1 and len(_split_case(p)) > 1]
    return (whole, *_normalise([*middles, *parts], language, stem))


def _split_case(piece: str) -> list[str]:
    """The parts that capitals and digits mark: `HTTPServer2` has three."""
    shape = "".join("A" if c.isupper() else "0" if c.isdigit() else "a" for c in piece)
    return [piece[match.start() : match.end()] for match in _PART.finditer(shape)]


def _normalise(words: Sequence[str], language: str, stem: bool) -> tuple[str, ...]:
    stop_words = list_stop_words(language)
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


def count_terms(terms: Terms) -> TermCounts:
    """The distinct terms, sorted, with their frequencies."""
    distinct, counts = np.unique(terms, return_counts=True)
    return TermCounts(distinct, np.minimum(counts, 65535).astype(np.uint16), len(terms))


@lru_cache(maxsize=65536)
def hash_term(tenant: str, term: str) -> int:
    """A number for a term of a tenant, 0 <= number < TERM_SPACE, the same on every machine.

    The tenant is part of it, so that the lists of one tenant's terms hold nothing of another's.
    """
    digest = blake2b(f"{tenant}\0{term}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % TERM_SPACE


def hash_terms(tenant: str, terms: Iterable[str]) -> Terms:
    """The terms as numbers, in the order given."""
    return np.array([hash_term(tenant, term) for term in terms], np.int32)


def gather_counts(counts: Sequence[TermCounts]) -> TermTable:
    """The counted terms of several texts in one table."""
    return TermTable(
        terms=np.concatenate([np.zeros(0, np.int32), *(one.terms for one in counts)]),
        frequencies=np.concatenate([np.zeros(0, np.uint16), *(one.frequencies for one in counts)]),
        starts=np.cumsum([0, *(len(one.terms) for one in counts)], dtype=np.int64),
        lengths=np.array([one.length for one in counts], np.int64),
    )


def gather_sequences(sequences: Sequence[Terms]) -> TermTable:
    """The terms of several texts, in the order of each, in one table."""
    lengths = [len(one) for one in sequences]
    return TermTable(
        terms=np.concatenate([np.zeros(0, np.int32), *sequences]),
        frequencies=np.ones(sum(lengths), np.uint16),
        starts=np.cumsum([0, *lengths], dtype=np.int64),
        lengths=np.array(lengths, np.int64),
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
    wanted, weights = _weigh(query, statistics)
    if not len(wanted):
        return np.zeros(size, np.float32)
    places, found = _find(wanted, texts.terms)
    rows = np.searchsorted(texts.starts, found, side="right") - 1
    counts = np.bincount(
        rows * len(wanted) + places, texts.frequencies[found], size * len(wanted)
    ).reshape(size, len(wanted))
    norms = K1 * (1 - B + B * texts.lengths / max(statistics.mean_length, 1e-9))
    shares = counts * (K1 + 1) / (counts + np.maximum(norms, 1e-9)[:, None])
    return np.asarray(shares @ weights, dtype=np.float32)


def bound_score(query: Mapping[int, float], statistics: TermStatistics) -> float:
    """More than any text can score: every term of the query, without end."""
    return (K1 + 1) * float(_weigh(query, statistics)[1].sum())


def score_titles(
    query: Mapping[int, float],
    texts: TermTable,
    title_lengths: NDArray[np.int64],
    statistics: TermStatistics,
) -> Weights:
    """How much of the query the titles hold, by idf, shorter titles before longer ones (n,).

    The terms must be in the order of the text, the title's first.
    """
    size = len(texts.lengths)
    wanted, weights = _weigh(query, statistics)
    if not len(wanted):
        return np.zeros(size, np.float32)
    places, found = _find(wanted, texts.terms)
    rows = np.searchsorted(texts.starts, found, side="right") - 1
    inside = found - texts.starts[rows] < title_lengths[rows]
    held = np.zeros((size, len(wanted)), bool)
    held[rows[inside], places[inside]] = True
    return np.asarray(held @ weights / np.sqrt(np.maximum(title_lengths, 1)), dtype=np.float32)


def score_adjacent(query: Sequence[int], texts: TermTable, statistics: TermStatistics) -> Weights:
    """The weight, by idf, of the query's pairs of neighbouring terms that stand together (n,).

    A pair counts once however often it comes (ordered bigrams of the sequential dependence model,
    Metzler & Croft 2005). The terms must be in the order of the text.
    """
    size = len(texts.lengths)
    wanted, weights = _weigh(dict.fromkeys(query, 1.0), statistics)
    if len(query) < 2 or len(texts.terms) < 2:
        return np.zeros(size, np.float32)
    numbers = np.searchsorted(wanted, np.array(query, np.int32))
    pairs = np.unique(numbers[:-1] * len(wanted) + numbers[1:])
    places, found = _find(wanted, texts.terms)
    together = np.flatnonzero(np.diff(found) == 1)
    codes = places[together] * len(wanted) + places[together + 1]
    which = np.minimum(np.searchsorted(pairs, codes), len(pairs) - 1)
    known = pairs[which] == codes
    rows = np.searchsorted(texts.starts, found[together], side="right") - 1
    known &= rows == np.searchsorted(texts.starts, found[together + 1], side="right") - 1
    held = np.zeros((size, len(pairs)), bool)
    held[rows[known], which[known]] = True
    pair_weights = (weights[pairs // len(wanted)] + weights[pairs % len(wanted)]) / 2
    return np.asarray(held @ pair_weights, dtype=np.float32)


def _weigh(query: Mapping[int, float], statistics: TermStatistics) -> tuple[Terms, Weights]:
    """The query's terms, sorted, and their weights: idf times how much each counts."""
    wanted = np.array(sorted(query), dtype=np.int32)
    weights = [query[term] * weigh_inverse(statistics, term) for term in wanted.tolist()]
    return wanted, np.array(weights, np.float32)


def _find(wanted: Terms, terms: Terms) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in `terms` those of `wanted` (sorted) are, and which of `wanted` each one is.

    Nearly all of `terms` are none of them; a look at the low bits tells that of most.
    """
    bits = np.zeros(_LOW_BITS + 1, bool)
    bits[wanted & _LOW_BITS] = True
    likely = np.flatnonzero(bits[terms & _LOW_BITS])
    places = np.minimum(np.searchsorted(wanted, terms[likely]), len(wanted) - 1)
    equal = wanted[places] == terms[likely]
    return places[equal], likely[equal]


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
