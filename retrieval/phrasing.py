"""Makes a phrasing ready to search: its text within bounds, its terms, its quoted phrases. Pure."""

from retrieval.lexical import BREAK, Analyzer, find_phrases, hash_term
from retrieval.model import Phrase, TenantId
from retrieval.ranking import PreparedQuery

LONGEST_QUERY = 4_000
"""Characters of a query that are looked at; the embedding model reads fewer still."""

MOST_TERMS = 64
"""Distinct terms of a query that are looked up, in the order in which they come."""


def clean_query(text: str) -> str:
    """At most LONGEST_QUERY characters, none of which a database refuses."""
    cut = text[:LONGEST_QUERY].replace("\0", " ")
    return cut.encode("utf-8", "replace").decode("utf-8").strip()


def read_terms(text: str, weight: float, tenant: TenantId, analyzer: Analyzer) -> PreparedQuery:
    """A phrasing with its terms, and as yet without a vector."""
    sequence = _number_terms(text, tenant, analyzer)
    terms = {term: 1.0 for term in sequence if term != BREAK}
    phrases = [
        Phrase(phrase, tuple(hash_term(tenant, t) for t in analyzer.tokenize_phrase(phrase)))
        for phrase in find_phrases(text)
    ]
    worded = tuple(phrase for phrase in phrases if phrase.terms)
    return PreparedQuery(text, weight, None, terms, tuple(sequence), worded)


def _number_terms(text: str, tenant: TenantId, analyzer: Analyzer) -> list[int]:
    """The terms in their order, of which at most MOST_TERMS are distinct."""
    sequence: list[int] = []
    for terms in analyzer.tokenize_query(text):
        for term in terms:
            number = hash_term(tenant, term)
            if number in sequence or len(set(sequence)) < MOST_TERMS:
                sequence.append(number)
        sequence.append(BREAK)
    return sequence[:-1]
