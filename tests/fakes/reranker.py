"""A reranker without a model: the share of the query's words that a passage holds."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+")


class InMemoryReranker:
    """Implements Reranker."""

    name = "words"

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        wanted = set(WORD.findall(query.lower()))
        shares = [
            len(wanted & set(WORD.findall(passage.lower()))) / max(1, len(wanted))
            for passage in passages
        ]
        return np.array(shares, np.float32)
