"""What a store takes on disk, by table and index, for each million chunks."""

from collections.abc import Sequence

from tests.bench.report import Row, Section
from tests.bench.stores import Bench, open_filled

PARTS = """
SELECT CASE relkind WHEN 'i' THEN 'index ' ELSE 'table ' END || relname, pg_relation_size(oid)
FROM pg_class
WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'out of line, ' || relname, pg_total_relation_size(reltoastrelid)
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltoastrelid <> 0
ORDER BY 2 DESC
LIMIT 12
"""


async def measure_sizes(bench: Bench, sizes: Sequence[int]) -> Section:
    """One row for each of the largest parts, at the largest of the sizes."""
    size = max(sizes)
    async with open_filled(bench, size) as store, store.pool.connection() as connection:
        cursor = await connection.execute(PARTS)
        parts = [(str(row[0]), int(row[1])) for row in await cursor.fetchall()]
        cursor = await connection.execute("SELECT pg_database_size(current_database())")
        [whole] = await cursor.fetchone() or [0]
    rows: list[Row] = [
        {"part": name, "MB": round(taken / 2**20, 1), "GB a million": per_million(taken, size)}
        for name, taken in [("everything", whole), *parts]
    ]
    return Section("sizes", f"Disk at {size:,} chunks", rows, timed=False)


def per_million(taken: int, chunks: int) -> float:
    """GB (10^9 bytes) that a million chunks would take."""
    return round(taken / chunks * 1e6 / 1e9, 2)
