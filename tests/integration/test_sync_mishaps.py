"""Sources that misbehave: nothing is lost by it, and the run says what happened."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
    StoreUnavailable,
)
from retrieval.model import (
    EVERYONE,
    AccessScope,
    Source,
    SourceEntry,
    SyncCounts,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
    WeightedQuery,
)
from retrieval.parsing.process import ProcessParser
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.search import PassageSearcher
from retrieval.sync.documents import SyncPace
from retrieval.sync.engine import SyncEngine
from retrieval.sync.patience import Patience
from retrieval.sync.trial import try_source
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import InMemoryConnector

TENANT = TenantId("default")
SCOPE = AccessScope(TENANT, frozenset({EVERYONE}))
HASTY = Patience(first=0.0)


class Wiki:
    """A source of twenty documents in memory, synced into a real database."""

    def __init__(self, pool: Pool, source: Source, parser: ProcessParser) -> None:
        self.pool = pool
        self.source = source
        self.parser = parser
        self.connector = InMemoryConnector({str(n): f"Text about word{n}." for n in range(20)})
        self.embedder = InMemoryEmbedder()
        self.records = PostgresSourceStore(pool)
        self.store = PostgresDocumentStore(pool, self.embedder.model)
        self.pace = SyncPace()

    async def sync(self, mode: SyncMode = SyncMode.INCREMENTAL, **options: object) -> SyncRun:
        engine = SyncEngine(
            self.store,
            self.records,
            self.embedder,
            self.parser,
            connect=lambda _: self.connector,
            patience=HASTY,
            pace=self.pace,
        )
        return await engine.run(self.source, mode, **options)

    async def find(self, words: str) -> str:
        """The text that is found first."""
        index = PostgresPassageIndex(self.pool, self.embedder.model)
        result = await PassageSearcher(index, self.embedder).search([WeightedQuery(words)], SCOPE)
        return result.passages[0].text if result.passages else ""

    async def held(self) -> set[str]:
        stored = await self.store.list_documents(self.source)
        return {name for name, document in stored.items() if document.audience}


@pytest.fixture
async def wiki(pool: Pool) -> AsyncIterator[Wiki]:
    source = await PostgresSourceStore(pool).add_source(TENANT, "wiki", "memory", {})
    async with ProcessParser(workers=1) as parser:
        made = Wiki(pool, source, parser)
        assert (await made.sync()).counts.added == 20
        yield made


async def test_a_source_that_answers_500_loses_nothing(wiki: Wiki) -> None:
    wiki.connector.listing_mishaps = [SourceUnreadable("The wiki answers 500.")] * 3
    run = await wiki.sync()
    assert (run.state, run.counts.deleted) == (SyncState.FAILED, 0)
    assert "500" in (run.error or "")
    assert len(await wiki.held()) == 20
    wiki.connector.listing_mishaps = [SourceUnreadable("once")]
    assert (await wiki.sync()).counts == SyncCounts(listed=20, unchanged=20)


async def test_an_empty_list_loses_nothing(wiki: Wiki) -> None:
    wiki.connector.documents.clear()
    run = await wiki.sync()
    assert (run.state, run.counts.deleted, len(run.held)) == (SyncState.FAILED, 0, 20)
    assert "20 of 20 documents" in (run.error or "")
    assert len(await wiki.held()) == 20


async def test_a_truncated_list_loses_nothing_and_only_what_was_confirmed_goes(wiki: Wiki) -> None:
    whole = dict(wiki.connector.documents)
    wiki.connector.documents = {name: whole[name] for name in list(whole)[:12]}
    run = await wiki.sync()
    assert (run.state, run.counts.deleted, len(run.held)) == (SyncState.FAILED, 0, 8)
    again = await wiki.records.get_run(TENANT, run.id)
    assert again.held == run.held

    # by the time an admin agrees, more is missing: that is not what was agreed to
    wiki.connector.documents = {name: whole[name] for name in list(whole)[:5]}
    confirmed = await wiki.sync(confirmed=run.held)
    assert (confirmed.state, confirmed.counts.deleted) == (SyncState.FAILED, 8)
    assert len(confirmed.held) == 7
    assert len(await wiki.held()) == 12

    # and what comes back was never really lost: nothing is embedded again
    wiki.connector.documents = whole
    embedded = len(wiki.embedder.embedded)
    assert (await wiki.sync()).counts == SyncCounts(listed=20, added=8, unchanged=12)
    assert len(wiki.embedder.embedded) == embedded


async def test_403_on_half_loses_nothing_and_names_each(wiki: Wiki) -> None:
    for number in range(0, 20, 2):
        wiki.connector.documents[str(number)] = DocumentUnreadable("The wiki answers 403.")
    run = await wiki.sync()
    assert run.state is SyncState.SUCCEEDED
    assert (run.counts.deleted, run.counts.failed, run.counts.unchanged) == (0, 10, 10)
    assert {failure.reason for failure in run.failures} == {"The wiki answers 403."}
    assert len(await wiki.held()) == 20
    assert len(await wiki.records.list_unreadable(wiki.source)) == 10
    # rights may come back without the document changing, so that it is tried each time
    assert (await wiki.sync()).counts.failed == 10


async def test_503_on_one_document_is_a_failure_of_that_one(wiki: Wiki) -> None:
    wiki.connector.documents["7"] = SourceUnreadable("The wiki answers 503.")
    run = await wiki.sync()
    assert (run.state, run.counts.failed) == (SyncState.SUCCEEDED, 1)
    assert wiki.connector.fetched.count("7") == 1 + HASTY.attempts
    wiki.connector.documents["7"] = "Text about something else."
    assert (await wiki.sync()).counts.updated == 1
    assert await wiki.records.list_unreadable(wiki.source) == {}


async def test_access_that_is_revoked_ends_the_run(wiki: Wiki) -> None:
    for number in range(20):
        wiki.connector.documents[str(number)] = SourceRefused("The wiki answers 401.")
    run = await wiki.sync()
    assert (run.state, run.counts.deleted) == (SyncState.FAILED, 0)
    assert "401" in (run.error or "")
    assert len(wiki.connector.fetched) <= 20 + SyncPace().preparing


async def test_a_listed_document_that_is_gone_is_never_found_again(wiki: Wiki) -> None:
    assert "word3" in await wiki.find("word3")
    wiki.connector.documents["3"] = DocumentGone()
    run = await wiki.sync()
    assert (run.state, run.counts.deleted, run.counts.failed) == (SyncState.SUCCEEDED, 1, 0)
    assert "word3" not in await wiki.find("word3")
    # listed again as it was before, and still gone: its fingerprint brings nothing back
    wiki.connector.fingerprints["3"] = "Text about word3."
    assert (await wiki.sync()).counts.deleted == 0
    assert "word3" not in await wiki.find("word3")
    del wiki.connector.documents["3"]
    await wiki.sync()
    assert "3" not in await wiki.store.list_documents(wiki.source)


async def test_many_that_are_gone_though_listed_are_held_by_the_brake(wiki: Wiki) -> None:
    for number in range(9):
        wiki.connector.documents[str(number)] = DocumentGone()
    run = await wiki.sync()
    assert (run.state, run.counts.deleted, len(run.held)) == (SyncState.FAILED, 0, 9)
    assert len(await wiki.held()) == 20


async def test_a_missing_document_is_hidden_at_once_and_deleted_the_second_time(wiki: Wiki) -> None:
    del wiki.connector.documents["5"]
    assert (await wiki.sync()).counts.deleted == 1
    assert "word5" not in await wiki.find("word5")
    assert "5" in await wiki.store.list_documents(wiki.source)
    (report,) = await wiki.records.find_documents(TENANT, ["https://wiki.example.com/5"])
    assert report.hidden
    assert [holding.documents for holding in await wiki.records.list_holdings(TENANT)] == [19]
    run = await wiki.sync()
    assert run.counts == SyncCounts(listed=19, unchanged=19)
    assert "5" not in await wiki.store.list_documents(wiki.source)


async def test_a_run_is_cancelled_from_elsewhere_and_keeps_what_it_did(wiki: Wiki) -> None:
    wiki.connector.documents |= {f"new{n}": f"Another text about other{n}." for n in range(30)}
    wiki.pace = SyncPace(1, 1, 1, 1, heartbeat_seconds=0.01)
    asked = asyncio.Event()

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        if done == 3 and not asked.is_set():
            asked.set()
            assert await PostgresSourceStore(wiki.pool).cancel_run(wiki.source)
            await asyncio.Event().wait()

    run = await wiki.sync(progress=progress)
    assert run.state is SyncState.CANCELLED
    assert "cancelled" in (run.error or "")
    assert 3 <= run.counts.added < 30
    assert (run.done, run.total) == (run.counts.added, 30)
    assert await wiki.records.cancel_run(wiki.source) is None
    wiki.pace = SyncPace()
    assert (await wiki.sync()).counts.added == 30 - run.counts.added


async def test_a_full_sync_that_was_interrupted_goes_on_where_it_stood(wiki: Wiki) -> None:
    stopped = asyncio.Event()

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        if counts.updated == 8 and not stopped.is_set():
            stopped.set()
            await asyncio.Event().wait()

    wiki.pace = SyncPace(1, 1, 1, 1, heartbeat_seconds=60)
    work = asyncio.create_task(wiki.sync(SyncMode.FULL, progress=progress))
    await stopped.wait()

    async def lose_connection(*_: object, **__: object) -> SyncRun:
        raise StoreUnavailable

    # as after a kill, nobody closes the run, and its heart stops
    wiki.records.finish_run = lose_connection
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    wiki.records = PostgresSourceStore(wiki.pool, stale_seconds=0)
    run = await wiki.sync(SyncMode.FULL)
    assert run.counts == SyncCounts(listed=20, updated=12, unchanged=8, chunks=12)
    assert run.began_at is not None
    assert run.began_at < run.started_at
    # the next one is a new piece of work
    assert (await wiki.sync(SyncMode.FULL)).counts.updated == 20


async def test_a_source_is_tried_without_storing_anything(wiki: Wiki) -> None:
    trial = await try_source(wiki.connector, wiki.parser, entries=5, examples=2)
    assert (trial.listed, trial.complete, trial.examples) == (5, False, ("0", "1"))
    assert trial.problem == ""
    wiki.connector.documents = {"a": DocumentUnreadable("It answers 403.")}
    trial = await try_source(wiki.connector, wiki.parser)
    assert (trial.complete, trial.problem) == (True, "a: It answers 403.")
    wiki.connector.documents = {}
    assert "no document" in (await try_source(wiki.connector, wiki.parser)).problem
    wiki.connector.documents = {"a": "A", "b": "B"}
    wiki.connector.listing_mishaps = [SourceUnreadable("It answers 500.")]
    with pytest.raises(SourceUnreadable, match="500"):
        await try_source(wiki.connector, wiki.parser)


async def test_a_broken_listing_in_a_trial_ends_in_time(wiki: Wiki) -> None:
    class Endless(InMemoryConnector):
        async def list_entries(self) -> AsyncIterator[SourceEntry]:
            await asyncio.Event().wait()
            yield

    with pytest.raises(SourceUnreadable, match="did not answer"):
        await try_source(Endless(), wiki.parser, seconds=0.01)
