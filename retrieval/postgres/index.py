"""The read side of the store: opens snapshots of what a scope may see."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from retrieval.config import VectorIndex
from retrieval.model import AccessScope, EmbeddingModel, Period
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.fetching import Query, fetch_together
from retrieval.postgres.models import ModelRegister
from retrieval.postgres.packing import array_literal
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import render
from retrieval.postgres.rows import read_statistics
from retrieval.postgres.snapshot import PostgresSnapshot, Size

BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
SETTINGS = (
    b"SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
    b" set_config('random_page_cost', '1.1', true), set_config('enable_seqscan', 'off', true),"
    b" set_config('jit', 'off', true),"
    b" set_config('hnsw.iterative_scan', 'relaxed_order', true)"
)
"""Plans are made for the groups at hand, since how many rows they hold differs a thousandfold;
pages are expected in memory; comparing whole arrays of terms row by row costs twenty times what
the planner believes, so sequential scans are the last resort; compiling a query of milliseconds
only delays it; the walk through the graph goes on until enough of what it finds is visible (it is
ordered by exact scores later).
"""


class PostgresPassageIndex:
    """Implements PassageIndex over PostgreSQL with pgvector."""

    def __init__(
        self, pool: Pool, model: EmbeddingModel, *, index: VectorIndex = VectorIndex.HALFVEC
    ) -> None:
        self._pool = pool
        self._models = ModelRegister(pool, model)
        self._index = index

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AsyncIterator[PostgresSnapshot]:
        """One repeatable-read transaction, which is what makes the view consistent."""
        async with translate_errors(), self._pool.connection() as connection:
            try:
                model = await self._models.find(connection)
                bound = _bind(scope)
                _, groups, counted = await fetch_together(
                    connection,
                    Query(BEGIN, rows=False),
                    Query(SETTINGS),
                    Query(render("read_scope"), bound),
                    Query(render("read_statistics"), {**bound, "terms": array_literal(terms)}),
                )
                held = sum(chunks for _, chunks, *_ in groups)
                size = Size(
                    visible=sum(chunks for _, chunks, visible, *_ in groups if visible),
                    held=held,
                    indexed=max(held, *(group[-1] for group in groups), 0),
                    dimensions=self._models.dimensions,
                )
                bound["groups"] = array_literal(group for group, _, seen, *_ in groups if seen)
                authorities = {
                    name: float(factor)
                    for _, _, visible, name, factor, _ in groups
                    if visible and factor is not None
                }
                yield PostgresSnapshot(
                    connection,
                    bound,
                    model=model or 0,
                    size=size,
                    statistics=read_statistics(counted),
                    index=self._index,
                    authorities=authorities,
                    period=period,
                )
            finally:
                if not connection.closed:
                    await connection.rollback()


def _bind(scope: AccessScope) -> dict[str, object]:
    return {
        "tenant": scope.tenant.replace("\0", ""),
        "readers": [label.replace("\0", "") for label in sorted(scope.readers)],
        "sources": None
        if scope.sources is None
        else [name.replace("\0", "") for name in sorted(scope.sources)],
    }
