"""A stage that is slow holds up its own search at most, and that only for so long."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from retrieval.config import EXTRAS, PRESETS, parse_pipeline
from retrieval.errors import SearchTimedOut
from retrieval.model import AccessScope, Period, SearchResult, WeightedQuery
from retrieval.ports import IndexSnapshot, PassageIndex, Reranker
from retrieval.postgres.pool import Pool
from retrieval.search import PassageSearcher
from tests.contract.house import PUBLIC, House
from tests.fakes.reranker import InMemoryReranker

QUESTION = "which whales swim in the sea"
TEXTS = {
    "a": ("Whales swim in the sea for years.", "They sing.", "Whales sleep upright."),
    "b": ("The sea is deep.", "Few fish swim there, and no whales."),
    "c": ("A whale is a mammal.",),
    "d": ("Which ships sail the sea is written in the log.", "It is kept for years."),
}


class Stuck(InMemoryReranker):
    """Never returns for questions that say so; `reached` once it is at one of them."""

    name = "stuck"

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        if "for ever" in query:
            self.reached.set()
            await asyncio.Event().wait()
        return await super().score(query, passages)


class Overdue(InMemoryReranker):
    """Turns the clock on by an hour, and never returns."""

    name = "overdue"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        loop = asyncio.get_running_loop()
        read = loop.time
        self._monkeypatch.setattr(loop, "time", lambda: read() + 3_600)
        await asyncio.Event().wait()
        raise AssertionError("nothing ends this wait but the deadline")


class Forgetful(InMemoryReranker):
    """Has the documents deleted that it is asked about."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        source = self._house.sources["default", "docs"]
        await self._house.store.delete_documents(source, list(TEXTS))
        return await super().score(query, passages)


class Lasting:
    """An index whose snapshots stay open until the end, as if the whole search were in one."""

    def __init__(self, index: PassageIndex, stack: AsyncExitStack) -> None:
        self._index = index
        self._stack = stack

    @asynccontextmanager
    async def open_snapshot(
        self, scope: AccessScope, period: Period | None = None, *, terms: Sequence[int] = ()
    ) -> AsyncIterator[IndexSnapshot]:
        opening = self._index.open_snapshot(scope, period, terms=terms)
        yield await self._stack.enter_async_context(opening)


@pytest.fixture
async def filled(house: House) -> House:
    for name, texts in TEXTS.items():
        await house.put(name, *texts, title=f"About {name}")
    return house


def open_searcher(
    house: House,
    pipeline: str = "default",
    *,
    reranker: Reranker | None = None,
    seconds: float | None = None,
    index: PassageIndex | None = None,
) -> PassageSearcher:
    return PassageSearcher(
        index or house.index,
        house.embedder,
        pipeline=parse_pipeline(pipeline),
        reranker=reranker,
        at_once=1,
        seconds=seconds,
    )


async def ask(searcher: PassageSearcher, text: str = QUESTION) -> SearchResult:
    return replace(await searcher.search([WeightedQuery(text)], PUBLIC), timings_ms={})


async def test_a_reranker_that_never_returns_holds_up_no_other_search(
    postgres_house: House, pool: Pool
) -> None:
    for name, texts in TEXTS.items():
        await postgres_house.put(name, *texts)
    reranker = Stuck()
    searcher = open_searcher(postgres_house, reranker=reranker)
    stuck = asyncio.create_task(ask(searcher, "whales for ever"))
    await reranker.reached.wait()
    others = await asyncio.gather(*(ask(searcher) for _ in range(5)))
    assert all(other.passages for other in others)
    assert not stuck.done()
    async with await psycopg.AsyncConnection.connect(pool.conninfo, autocommit=True) as admin:
        cursor = await admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND (xact_start IS NOT NULL OR state <> 'idle')"
        )
        assert await cursor.fetchone() == (0,)
    stats = pool.get_stats()
    assert stats["pool_available"] == stats["pool_size"]
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)


@pytest.mark.parametrize("pipeline", [*PRESETS, *(f"default+{extra}" for extra in EXTRAS)])
async def test_what_comes_after_the_snapshot_finds_the_same_as_within_it(
    filled: House, pipeline: str
) -> None:
    for reranker in (None, InMemoryReranker()):
        plain = await ask(open_searcher(filled, pipeline, reranker=reranker))
        assert plain.passages
        async with AsyncExitStack() as stack:
            lasting = Lasting(filled.index, stack)
            whole = open_searcher(filled, pipeline, reranker=reranker, index=lasting)
            assert await ask(whole) == plain


@pytest.mark.parametrize("pipeline", ["default", "default+context", "default+duplicates"])
async def test_what_is_deleted_meanwhile_is_shown_as_it_was_read(
    filled: House, pipeline: str
) -> None:
    before = await ask(open_searcher(filled, pipeline, reranker=InMemoryReranker()))
    searcher = open_searcher(filled, pipeline, reranker=Forgetful(filled))
    assert await ask(searcher) == before
    assert not (await ask(searcher)).passages


@pytest.mark.parametrize("pipeline", ["default", "hybrid", "default+context"])
async def test_a_reranker_that_is_overdue_is_done_without(
    filled: House, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await ask(open_searcher(filled, pipeline))
    searcher = open_searcher(filled, pipeline, reranker=Overdue(monkeypatch), seconds=600)
    result = await ask(searcher)
    if pipeline == "hybrid":  # reranks nothing
        assert result == plain
    else:
        assert replace(result, trouble=()) == plain
        (trouble,) = result.trouble
        assert trouble.startswith("the reranker overdue is left out: it had ")


async def test_a_store_that_does_not_answer_is_waited_for_so_long_and_no_longer(
    postgres_house: House, pool: Pool
) -> None:
    await postgres_house.put("a", *TEXTS["a"])
    searcher = open_searcher(postgres_house, seconds=0.2)
    patient = open_searcher(postgres_house)
    async with await psycopg.AsyncConnection.connect(pool.conninfo) as other:
        await other.execute("LOCK TABLE access_group IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SearchTimedOut, match="FOOTNOTE_SEARCH_SECONDS"):
            await ask(searcher)
        with pytest.raises(SearchTimedOut):
            await patient.search([WeightedQuery(QUESTION)], PUBLIC, seconds=0.2)
        with pytest.raises(SearchTimedOut):
            await searcher.list_sources(PUBLIC)
    assert (await ask(patient)).passages
    stats = pool.get_stats()
    assert stats["pool_available"] == stats["pool_size"]
