"""A document is replaced as a whole: whoever reads it sees one version of it."""

from retrieval.model import TenantId
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from tests.bench.torn import read_while_swapping


async def test_no_read_is_torn(pool: Pool) -> None:
    """`make bench ONLY=sync LARGE=1` reads a hundred thousand times."""
    source = await PostgresSourceStore(pool).add_source(TenantId("default"), "docs", "memory", {})
    found = await read_while_swapping(pool, source, 1_000)
    assert found.torn == 0
    assert found.swaps > 10
