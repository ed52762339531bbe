"""How texts of different lengths are grouped so that little of a batch is padding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def plan_batches(lengths: Sequence[int], *, texts: int, tokens: int) -> list[NDArray[np.int64]]:
    """Indices of `lengths` in batches of similar length, longest first.

    A batch holds at most `texts` texts and, padded, at most `tokens` tokens, but always one text.
    Longest first means that memory is at its peak in the first batch, not the last.
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    batches: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        size = max(1, min(texts, tokens // longest))
        batches.append(order[start : start + size])
        start += size
    return batches
