"""What PostgreSQL really reads for a query."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql

Node = Mapping[str, Any]


async def read_plan(
    connection: psycopg.AsyncConnection, query: sql.Composable, values: Mapping[str, object]
) -> list[Node]:
    """Every node of the plan of a query, which is run for that."""
    explain = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + query
    row = await (await connection.execute(explain, values)).fetchone()
    assert row is not None
    return list(_walk(row[0][0]["Plan"]))


def count_rows(plan: list[Node], table: str) -> float:
    """Rows of a table that were looked at, those that did not match a condition included."""
    return sum(
        node["Actual Loops"]
        * (
            node["Actual Rows"]
            + node.get("Rows Removed by Filter", 0)
            + node.get("Rows Removed by Index Recheck", 0)
        )
        for node in plan
        if node.get("Relation Name") == table
    )


def list_indexes(plan: list[Node]) -> set[str]:
    """The indexes that were searched."""
    return {node["Index Name"] for node in plan if "Index Name" in node}


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)
