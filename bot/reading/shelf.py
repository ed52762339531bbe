"""What one person may read, when nobody else sees it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.model import Person, Place
from bot.reading.ports import Catalog, Library
from bot.scopes import Scopes
from retrieval.model import Passage, ReadableSource, TenantId, WeightedQuery

SHOWN = 8
"""Passages that a search shows."""
SEARCHED = 24
"""Passages that they are chosen from: of each section the best."""


class Shelf:
    """Looks for people in what they may read. Raises RetrievalError."""

    def __init__(self, library: Library, catalog: Catalog, scopes: Scopes) -> None:
        self._library = library
        self._catalog = catalog
        self._scopes = scopes

    async def search(
        self, tenant: TenantId, place: Place, person: Person, words: str, source: str | None = None
    ) -> Sequence[Passage]:
        """The best passages, one a section; `source` looks in that one alone."""
        scope = await self._scopes.find_private(tenant, place, person)
        if source is not None:
            scope = replace(scope, sources=frozenset({source}))
        found = await self._library.search([WeightedQuery(words)], scope, limit=SEARCHED)
        best: dict[tuple[int, str], Passage] = {}
        for passage in found.passages:
            best.setdefault((passage.document, passage.section), passage)
        return list(best.values())[:SHOWN]

    async def list_sources(
        self, tenant: TenantId, place: Place, person: Person
    ) -> Sequence[ReadableSource]:
        """The sources of which this person may read something, by name."""
        scope = await self._scopes.find_private(tenant, place, person)
        return await self._catalog.list_readable(scope)
