"""Estimates how likely it is that a result bears on the query at all. Pure."""

import math
from collections.abc import Mapping, Sequence

from retrieval.fusion import Scores
from retrieval.lexical import weigh_inverse
from retrieval.model import Candidates, TermStatistics, TermTable

OFFSET, COSINE, COVER, INTERACTION = -4.93, 2.39, 1.86, 3.55
"""Logistic regression over six judged sets, each query once with its relevant documents and once
without them. Fitted on five sets, it tells the two apart on the sixth with an AUROC of .57 to .85
(mean .75); queries of another field than the documents come out below .1."""

PLAIN_OFFSET, PLAIN_COSINE, PLAIN_COVER = -4.17, 4.16, 2.67
"""The same without late interaction (mean AUROC .74)."""

LOOKED_AT = 3
UNKNOWN_COSINE = 0.45
"""Stands in where nothing dense is searched: the middle of what is seen."""


def estimate_relevance(
    queries: Sequence[Mapping[int, float]],
    statistics: TermStatistics,
    candidates: Candidates,
    best: Sequence[int],
    stages: Mapping[str, Scores],
) -> float:
    """How likely the passages at the `best` places bear on the query, 0..1.

    It looks at the best cosine, the share of the query's terms, by idf, that a passage holds, and
    the best late interaction, each over the first few passages.
    """
    if not best:
        return 0.0
    best = best[:LOOKED_AT]
    cosines = stages.get("sentences", stages.get("dense"))
    cosine = UNKNOWN_COSINE if cosines is None else float(cosines[best].max())
    covers = [
        cover_terms(query, statistics, candidates.terms, place)
        for query in queries
        if query
        for place in best
    ]
    cover = max(covers, default=max(cosine, 0.0))
    if "interaction" in stages:
        interaction = float(stages["interaction"][best].max())
        logit = OFFSET + COSINE * cosine + COVER * cover + INTERACTION * interaction
    else:
        logit = PLAIN_OFFSET + PLAIN_COSINE * cosine + PLAIN_COVER * cover
    return 1 / (1 + math.exp(-logit))


def cover_terms(
    query: Mapping[int, float], statistics: TermStatistics, texts: TermTable, place: int
) -> float:
    """The share of the query's terms that one text of the table holds, weighed by idf, 0..1."""
    weights = {term: weigh_inverse(statistics, term) for term in query}
    total = sum(weights.values())
    terms = texts.terms[texts.starts[place] : texts.starts[place + 1]]
    covered = sum(weights[term] for term in weights.keys() & set(terms.tolist()))
    return covered / total if total > 0 else 0.0
