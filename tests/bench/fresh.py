"""How soon after a sync answers follow what has changed."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from retrieval.model import EVERYONE, AccessScope, Source, WeightedQuery
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.search import PassageSearcher
from tests.fakes.embedder import InMemoryEmbedder

CHANGES = 10
PATIENCE = 10.0
"""Seconds after which a change counts as never seen."""


async def measure_freshness(
    pool: Pool, source: Source, page: Path, sync: Callable[[], Awaitable[object]]
) -> tuple[float, int]:
    """Change a page again and again, then delete it.

    Returns the longest time in seconds from the end of a sync to the first search that finds the
    new text, and how many searches found a text that was not the page's any more.
    """
    embedder = InMemoryEmbedder()
    searcher = PassageSearcher(PostgresPassageIndex(pool, embedder.model), embedder)
    scope = AccessScope(source.tenant, frozenset({EVERYONE}), frozenset({source.name}))

    async def search(number: int) -> str:
        query = WeightedQuery(f"The password of the gate is sesame{number}.")
        result = await searcher.search([query], scope, limit=20)
        return " ".join(passage.text for passage in result.passages)

    longest, stale = 0.0, 0
    for number in range(CHANGES):
        page.write_text(f"# Gate\n\nThe password of the gate is sesame{number}.\n")
        await sync()
        ended = time.perf_counter()
        while f"sesame{number}" not in (found := await search(number)):
            if time.perf_counter() - ended > PATIENCE:
                break
        longest = max(longest, time.perf_counter() - ended)
        stale += f"sesame{number - 1}" in found
    page.unlink()
    await sync()
    stale += "sesame" in await search(CHANGES - 1)
    return longest, stale
