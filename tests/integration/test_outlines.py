"""What a planner is told of sources: what the scope may read, a little of it, held for a minute."""

from dataclasses import dataclass

import numpy as np
import pytest

from retrieval.model import (
    EVERYONE,
    AccessScope,
    Chunk,
    Document,
    EmbeddingModel,
    Embeddings,
    Source,
    SourceId,
    SourceOutline,
    Span,
    TenantId,
)
from retrieval.postgres import outlines
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.outlines import FRESH_SECONDS, MOST_TOPICS, PostgresOutlines
from retrieval.postgres.pool import Pool
from retrieval.postgres.store import PostgresDocumentStore

HOME = TenantId("default")
MODEL = EmbeddingModel("words", 4, 256)
EVERYBODY = AccessScope(HOME, frozenset({EVERYONE}))
STAFF = AccessScope(HOME, frozenset({EVERYONE, "staff"}))


@dataclass
class Shelf:
    """Sources that documents are put into, and their outlines; `now` is the outlines' clock."""

    pool: Pool
    now: float = 0.0

    def __post_init__(self) -> None:
        self.store = PostgresDocumentStore(self.pool, MODEL)
        self.outlines = PostgresOutlines(self.pool, clock=lambda: self.now)

    async def add(self, name: str, kind: str = "files") -> Source:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "INSERT INTO source (tenant_id, name, kind, config) VALUES (%s, %s, %s, '{}')"
                " RETURNING source_id",
                [HOME, name, kind],
            )
            row = await cursor.fetchone()
        assert row is not None
        return Source(HOME, SourceId(row[0]), name, kind, {})

    async def put(
        self, source: Source, title: str, *headings: str, audience: str = EVERYONE, name: str = ""
    ) -> None:
        name = name or title
        document = Document(
            name, f"https://x/{name}", title, title, title, frozenset({audience}), None
        )
        chunks = [
            Chunk(at, title, Span(0, len(title)), (title, heading) if heading else ())
            for at, heading in enumerate(headings or ("",))
        ]
        vectors = np.ones((len(chunks), 4), dtype=np.float32) / 2
        entry = DocumentEntry(document, chunks, Embeddings(vectors))
        await self.store.put_documents(source, [entry])


@pytest.fixture
def shelf(pool: Pool) -> Shelf:
    return Shelf(pool)


async def test_only_what_the_scope_may_read_is_told(shelf: Shelf) -> None:
    handbook, board = await shelf.add("handbook"), await shelf.add("board")
    await shelf.add("empty")
    for title in ("Leave", "Travel", "Expenses", "Hours"):
        await shelf.put(handbook, title)
    await shelf.put(handbook, "Salaries", audience="staff")
    await shelf.put(board, "Layoffs", audience="staff")
    public = SourceOutline("handbook", "files", ("Leave", "Travel", "Expenses", "Hours"))
    assert await shelf.outlines.outline_sources(EVERYBODY) == [public]
    assert [one.name for one in await shelf.outlines.outline_sources(STAFF)] == [
        "board",
        "handbook",
    ]
    narrowed = AccessScope(HOME, STAFF.readers, frozenset({"board", "nowhere"}))
    assert [one.topics for one in await shelf.outlines.outline_sources(narrowed)] == [("Layoffs",)]
    nobody = AccessScope(TenantId("other"), STAFF.readers)
    assert await shelf.outlines.outline_sources(nobody) == []


async def test_few_pages_are_told_of_by_their_headings(shelf: Shelf) -> None:
    manual = await shelf.add("manual", "website")
    await shelf.put(manual, "Manual", "Setup", "Ports", "Setup")
    await shelf.put(manual, "Secret", "Passwords", audience="staff")
    [outline] = await shelf.outlines.outline_sources(EVERYBODY)
    assert outline == SourceOutline("manual", "website", ("Manual", "Setup", "Ports"))


async def test_of_many_pages_some_are_told_from_all_over(shelf: Shelf) -> None:
    wiki = await shelf.add("wiki")
    for number in range(40):
        await shelf.put(wiki, f"Page {number:02}")
    [outline] = await shelf.outlines.outline_sources(EVERYBODY)
    assert len(outline.topics) == MOST_TOPICS
    assert outline.topics[0] == "Page 00"
    assert outline.topics[-1] > "Page 30"


async def test_of_many_pages_of_one_title_the_headings_of_some_are_told(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlines, "LOOKED_AT", 2)
    log = await shelf.add("log")
    for day in ("Monday", "Tuesday", "Wednesday"):
        await shelf.put(log, "Log", day, name=day)
    [outline] = await shelf.outlines.outline_sources(EVERYBODY)
    assert outline.topics == ("Log", "Monday", "Tuesday")


@pytest.mark.parametrize("kind", ["slack", "discord"])
async def test_what_people_said_is_no_topic(shelf: Shelf, kind: str) -> None:
    await shelf.put(await shelf.add("chat", kind), "I am so tired of this", "Really")
    assert await shelf.outlines.outline_sources(EVERYBODY) == [SourceOutline("chat", kind)]


async def test_it_is_held_for_each_scope_and_for_a_while(shelf: Shelf) -> None:
    wiki = await shelf.add("wiki")
    await shelf.put(wiki, "First")
    first = await shelf.outlines.outline_sources(EVERYBODY)
    await shelf.put(wiki, "Second")
    assert await shelf.outlines.outline_sources(EVERYBODY) is first
    [fresh] = await shelf.outlines.outline_sources(STAFF)
    assert fresh.topics == ("First", "Second")
    shelf.now += FRESH_SECONDS
    assert await shelf.outlines.outline_sources(EVERYBODY) == [fresh]
