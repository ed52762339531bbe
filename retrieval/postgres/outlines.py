"""What sources are about, by titles and headings of what may be read of them, in PostgreSQL."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from retrieval.model import AccessScope, SourceOutline
from retrieval.postgres.errors import translate_errors
from retrieval.postgres.pool import Pool
from retrieval.postgres.queries import compose

MOST_TOPICS = 12
"""Of one source."""
LOOKED_AT = 60
"""Documents of a source whose titles and headings are looked at, however many there are; and of its
readerships the largest, where there are more."""
FEW = 3
"""Titles up to which the headings of a source's documents are shown instead."""
FRESH_SECONDS = 60.0
MOST_HELD = 1000
CONVERSATIONS = frozenset({"slack", "discord"})
"""Kinds of source whose titles are the first words of somebody's message."""


class PostgresOutlines:
    """Satisfies agents.ports.SourceGuide. Raises StoreUnavailable.

    What is told of a scope is held for FRESH_SECONDS: a document that was hidden since may be
    among the topics for so long, by its title.
    """

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._held: dict[AccessScope, tuple[float, Sequence[SourceOutline]]] = {}

    async def outline_sources(self, scope: AccessScope) -> Sequence[SourceOutline]:
        """The sources of which something may be read in the scope, by name, with some topics each.

        Topics are spread over the first LOOKED_AT documents of a source, in the order in which they
        came: titles, and where these are few, headings. Conversations have none.
        """
        now = self._clock()
        held = self._held.get(scope)
        if held is not None and now - held[0] < FRESH_SECONDS:
            return held[1]
        outlines = await self._read(scope)
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._held[scope] = (now, outlines)
        return outlines

    async def _read(self, scope: AccessScope) -> Sequence[SourceOutline]:
        values: dict[str, Any] = {
            "tenant": scope.tenant,
            "readers": sorted(scope.readers),
            "sources": None if scope.sources is None else sorted(scope.sources),
            "limit": LOOKED_AT,
            "without": sorted(CONVERSATIONS),
        }
        async with translate_errors(), self._pool.connection() as connection:
            cursor = await connection.execute(compose("outline_sources"), values)
            outlined = _gather(await cursor.fetchall())
            few = [
                document
                for one in outlined.values()
                if len(_distinct(one.topics)) <= FEW
                for document in one.documents
            ]
            if few:
                bound = {"tenant": scope.tenant, "readers": values["readers"], "documents": few}
                cursor = await connection.execute(compose("outline_documents"), bound)
                for name, heading in await cursor.fetchall():
                    outlined[name].topics.append(heading)
        return [
            SourceOutline(name, one.kind, _choose(one.topics)) for name, one in outlined.items()
        ]


@dataclass(slots=True)
class _Outlined:
    kind: str
    documents: list[int] = field(default_factory=list)
    topics: list[str | None] = field(default_factory=list)


def _gather(rows: Iterable[tuple[str, str, int | None, str | None]]) -> dict[str, _Outlined]:
    """Documents and their titles by source; one of which none was looked at has neither."""
    outlined: dict[str, _Outlined] = {}
    for name, kind, document, title in rows:
        one = outlined.setdefault(name, _Outlined(kind))
        if document is not None:
            one.documents.append(document)
            one.topics.append(title)
    return outlined


def _distinct(texts: Sequence[str | None]) -> list[str]:
    """Texts in one line each, every one once."""
    return list(dict.fromkeys(line for text in texts if (line := " ".join((text or "").split()))))


def _choose(topics: Sequence[str | None]) -> tuple[str, ...]:
    """So many topics as are shown, spread evenly over all."""
    found = _distinct(topics)
    most = min(MOST_TOPICS, len(found))
    return tuple(found[at * len(found) // most] for at in range(most))
