"""How questions were answered, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from agents.model import AnswerRecord, Citation, Usage
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId

_CITATIONS = TypeAdapter(tuple[Citation, ...])


class PostgresAnswerRecords:
    """Satisfies agents.ports.AnswerRecords. Raises StoreUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def put(self, record: AnswerRecord) -> None:
        """Keep a record; an earlier one of the same question gives way."""
        used = record.usage
        row = {
            "tenant": record.tenant,
            "item": record.reference,
            "thread": record.thread,
            "question": _storable(record.question),
            "outcome": record.outcome,
            "model": record.model,
            "trace": [_storable(line) for line in record.trace],
            "timings": Jsonb({step: round(value, 3) for step, value in record.timings_ms.items()}),
            "calls": used.calls,
            "input": used.input_tokens,
            "output": used.output_tokens,
            "cost": used.cost,
            "error": _storable(record.error),
            "at": record.at,
            "answer": _storable(record.answer),
            "citations": Jsonb(_write_citations(record.citations)),
        }
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["put_answer_record"], row)

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete the records of a conversation."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["forget_answer_records"], {"tenant": tenant, "thread": thread}
            )

    async def withdraw(self, tenant: TenantId, reference: str) -> None:
        """Delete one record, with all that people said of the answer."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["withdraw_answer_record"], {"tenant": tenant, "item": reference}
            )

    async def find(self, tenant: TenantId, reference: str) -> AnswerRecord | None:
        """The record that a reference leads to."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["get_answer_record"], {"tenant": tenant, "item": reference}
            )
            row = await cursor.fetchone()
        return None if row is None else _read(row)

    async def list_latest(self, tenant: TenantId, limit: int) -> Sequence[AnswerRecord]:
        """The latest records, newest first."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["list_answer_records"], {"tenant": tenant, "limit": limit}
            )
            return [_read(row) for row in await cursor.fetchall()]


def _read(row: Sequence[Any]) -> AnswerRecord:
    reference, tenant, thread, question, outcome, model, trace, timings, *rest = row
    *used, error, at, answer, citations = rest
    return AnswerRecord(
        reference=reference,
        tenant=tenant,
        thread=thread,
        question=question,
        outcome=outcome,
        model=model,
        trace=tuple(trace),
        timings_ms=timings,
        usage=Usage(*used),
        error=error,
        at=at,
        answer=answer,
        citations=_CITATIONS.validate_python(citations),
    )


def _write_citations(citations: Sequence[Citation]) -> object:
    cleaned = (
        replace(
            each,
            title=_storable(each.title),
            section=_storable(each.section),
            passage=_storable(each.passage),
            quote=_storable(each.quote),
        )
        for each in citations
    )
    return _CITATIONS.dump_python(tuple(cleaned), mode="json")


def _storable(text: str) -> str:
    """PostgreSQL's text holds any character but this."""
    return text.replace("\0", "")
