"""Syncs of real folders into a real database; only the embedding model is a stand-in."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrieval.errors import (
    InvalidSource,
    SourceUnreadable,
    StoreUnavailable,
    SyncInProgress,
    UnknownSource,
)
from retrieval.model import (
    RunId,
    Source,
    SyncCounts,
    SyncMode,
    SyncRun,
    SyncState,
    TenantId,
)
from retrieval.parsing.process import ProcessParser
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sources.registry import check_config
from retrieval.sync.engine import SyncEngine, SyncPace
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import open_files

TENANT = TenantId("default")


class Bench:
    """An engine over a folder and a database, and what a test asks of them."""

    def __init__(self, pool: Pool, folder: Path, parser: ProcessParser) -> None:
        self.folder = folder
        self.pool = pool
        self.embedder = InMemoryEmbedder()
        self.records = PostgresSourceStore(pool)
        self.store = PostgresDocumentStore(pool, self.embedder.model)
        self.parser = parser
        self.source: Source

    async def add(self) -> None:
        config = check_config("files", {"path": str(self.folder)})
        self.source = await self.records.add_source(TENANT, "notes", "files", config)

    def engine(self, **options: object) -> SyncEngine:
        options = {"connect": open_files, **options}
        return SyncEngine(self.store, self.records, self.embedder, self.parser, **options)

    async def sync(self, mode: SyncMode = SyncMode.INCREMENTAL, **options: object) -> SyncRun:
        return await self.engine().run(self.source, mode, **options)

    async def texts(self) -> dict[str, str]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT external_id, string_agg(chunk.body, '|' ORDER BY ordinal)"
                " FROM document LEFT JOIN chunk USING (tenant_id, document_id)"
                " WHERE cardinality(document.audience) > 0 GROUP BY 1"
            )
            return dict(await cursor.fetchall())

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
async def bench(pool: Pool, tmp_path: Path) -> AsyncIterator[Bench]:
    folder = tmp_path / "notes"
    folder.mkdir()
    async with ProcessParser(workers=1) as parser:
        made = Bench(pool, folder, parser)
        await made.add()
        yield made


async def test_documents_are_added_changed_and_deleted(bench: Bench) -> None:
    bench.write("a.md", "# Alpha\n\nFirst text.")
    bench.write("deep/b.txt", "Second text.")
    told: list[tuple[SyncCounts, int, int]] = []

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        told.append((counts, done, total))

    run = await bench.sync(progress=progress)
    assert run.state is SyncState.SUCCEEDED
    assert run.counts == SyncCounts(listed=2, added=2, chunks=2)
    assert told[-1] == (run.counts, 2, 2)
    assert await bench.texts() == {"a.md": "First text.", "deep/b.txt": "Second text."}

    bench.write("a.md", "# Alpha\n\nChanged text, and longer.")
    (bench.folder / "deep" / "b.txt").unlink()
    run = await bench.sync()
    assert run.counts == SyncCounts(listed=1, updated=1, deleted=1, chunks=1)
    assert await bench.texts() == {"a.md": "Changed text, and longer."}
    history = await bench.records.list_runs(TENANT, "notes")
    assert [past.counts.added for past in history] == [0, 2]
    assert history[0] == run


async def test_a_sync_without_changes_embeds_nothing(bench: Bench) -> None:
    for number in range(6):
        bench.write(f"{number}.md", f"# Note {number}\n\nText number {number}.")
    await bench.sync()
    embedded = len(bench.embedder.embedded)
    assert embedded == 6
    run = await bench.sync()
    assert run.counts == SyncCounts(listed=6, unchanged=6)
    # a new time stamp alone costs a look at the content, and nothing more
    os.utime(bench.folder / "3.md", ns=(1, 1))
    assert (await bench.engine().preview(bench.source)).update
    run = await bench.sync()
    assert run.counts == SyncCounts(listed=6, unchanged=6)
    assert (await bench.engine().preview(bench.source)).is_empty
    assert len(bench.embedder.embedded) == embedded
    run = await bench.sync(SyncMode.FULL)
    assert run.counts == SyncCounts(listed=6, updated=6, chunks=6)
    assert len(bench.embedder.embedded) == 2 * embedded


async def test_a_broken_file_is_recorded_and_the_others_are_synced(bench: Bench) -> None:
    bench.write("good.md", "Good text.")
    bench.write("empty.md", "\n")
    (bench.folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    run = await bench.sync()
    assert run.state is SyncState.SUCCEEDED
    assert run.counts == SyncCounts(listed=3, added=1, failed=2, chunks=1)
    assert [failure.external_id for failure in run.failures] == ["broken.pdf", "empty.md"]
    assert "broken" in run.failures[0].reason
    assert "empty" in run.failures[1].reason
    # a document that broke keeps answering from its last good text
    await asyncio.to_thread((bench.folder / "good.md").write_bytes, bytes(range(256)) * 9)
    run = await bench.sync()
    assert (run.counts.failed, run.counts.skipped) == (1, 2)
    assert len(await bench.records.list_unreadable(bench.source)) == 3
    assert await bench.texts() == {"good.md": "Good text."}


async def test_a_dry_run_changes_nothing_and_foresees_the_counts(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    run = await bench.sync(SyncMode.DRY_RUN)
    assert run.counts == SyncCounts(listed=1, added=1)
    assert await bench.texts() == {}
    assert await bench.records.list_runs(TENANT) == []


async def test_many_deletions_wait_for_an_admins_word(bench: Bench) -> None:
    for number in range(10):
        bench.write(f"{number}.md", f"Text number {number}.")
    await bench.sync()
    for number in range(6):
        (bench.folder / f"{number}.md").unlink()
    bench.write("9.md", "New text, longer than before.")
    run = await bench.sync()
    assert run.state is SyncState.FAILED
    assert run.counts.deleted == 0
    assert run.counts.updated == 1
    assert "6 of 10" in (run.error or "")
    assert "0.md, 1.md" in (run.error or "")
    assert len(await bench.texts()) == 10
    run = await bench.sync(confirm_deletions=True)
    assert (run.state, run.counts.deleted) == (SyncState.SUCCEEDED, 6)
    assert len(await bench.texts()) == 4


async def test_a_source_that_is_down_or_empty_deletes_nothing(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    await bench.sync()
    (bench.folder / "a.md").rename(bench.folder.parent / "a.md")
    run = await bench.sync()
    assert (run.state, run.counts.deleted) == (SyncState.FAILED, 0)
    bench.folder.rmdir()
    run = await bench.sync()
    assert (run.state, run.counts.deleted) == (SyncState.FAILED, 0)
    assert "does not exist" in (run.error or "")
    assert await bench.texts() == {"a.md": "Text."}


async def test_an_empty_new_source_says_so(bench: Bench) -> None:
    run = await bench.sync()
    assert run.state is SyncState.FAILED
    assert "no document" in (run.error or "")


async def test_a_document_moves_to_another_audience(bench: Bench, pool: Pool) -> None:
    bench.write("a.md", "Text.")
    await bench.sync()
    async with pool.connection() as connection:
        await connection.execute("UPDATE source SET audience = '{staff}'")
    source = await bench.records.get_source(TENANT, "notes")
    run = await bench.engine().run(source)
    assert run.counts == SyncCounts(listed=1, unchanged=1)
    stored = await bench.store.list_documents(source)
    assert stored["a.md"].audience == {"staff"}
    assert len(bench.embedder.embedded) == 1


async def test_one_run_at_a_time(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    first = await bench.records.start_run(bench.source, SyncMode.INCREMENTAL)
    with pytest.raises(SyncInProgress, match="already"):
        await bench.sync()
    await bench.records.finish_run(bench.source, first.id, SyncState.FAILED, SyncCounts())
    outcomes = await asyncio.gather(*(bench.sync() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, SyncInProgress) for outcome in outcomes) >= 1
    assert sum(isinstance(outcome, SyncRun) for outcome in outcomes) >= 1
    assert len(await bench.texts()) == 1


async def test_a_run_bears_the_id_that_was_announced_unless_one_has_it(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    ids = [(await bench.engine().run(bench.source, run=RunId("abc123"))).id for _ in range(2)]
    assert ids[0] == "abc123"
    assert ids[1] not in ("", "abc123")


async def test_a_run_that_died_is_closed_and_its_work_is_kept(bench: Bench) -> None:
    for number in range(8):
        bench.write(f"{number}.md", f"Text number {number}.")
    dead = await bench.records.start_run(bench.source, SyncMode.INCREMENTAL)
    async with bench.pool.connection() as connection:
        await connection.execute("UPDATE sync_run SET heartbeat_at = now() - interval '1 hour'")
    run = await bench.sync()
    assert run.state is SyncState.SUCCEEDED
    closed = (await bench.records.list_runs(TENANT))[1]
    assert (closed.id, closed.state) == (dead.id, SyncState.FAILED)
    assert "interrupted" in (closed.error or "")


async def test_a_cancelled_run_is_recorded_and_the_next_one_goes_on_from_there(
    bench: Bench,
) -> None:
    for number in range(8):
        bench.write(f"{number}.md", f"Text number {number}.")
    some_done = asyncio.Event()

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        if counts.added == 3:
            some_done.set()
            await asyncio.sleep(0)

    pace = SyncPace(preparing=1, waiting=1, writing=1, batch_chunks=1)
    engine = bench.engine(pace=pace)
    running = asyncio.create_task(engine.run(bench.source, progress=progress))
    await some_done.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (cancelled,) = await bench.records.list_runs(TENANT)
    assert cancelled.state is SyncState.CANCELLED
    done = len(await bench.texts())
    assert 3 <= done < 8
    run = await bench.sync()
    assert run.counts == SyncCounts(listed=8, added=8 - done, unchanged=done, chunks=8 - done)


async def test_a_run_that_was_taken_for_dead_stops(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    bench.write("b.md", "More text.")
    taken = asyncio.Event()

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        if not taken.is_set():
            async with bench.pool.connection() as connection:
                await connection.execute("UPDATE sync_run SET state = 'failed', error = 'closed'")
            taken.set()
            await asyncio.Event().wait()

    engine = bench.engine(pace=SyncPace(heartbeat_seconds=0.01))
    run = await engine.run(bench.source, progress=progress)
    assert (run.state, run.error) == (SyncState.FAILED, "closed")
    assert await bench.texts() == {}


async def test_a_watcher_that_fails_does_not_fail_the_sync(bench: Bench) -> None:
    bench.write("a.md", "Text.")

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        raise RuntimeError("the channel is gone")

    run = await bench.sync(progress=progress)
    assert (run.state, run.counts.added) == (SyncState.SUCCEEDED, 1)


async def test_a_source_removed_during_its_sync_stops_it(bench: Bench) -> None:
    for number in range(4):
        bench.write(f"{number}.md", f"Text number {number}.")

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        if done == 0:
            await bench.records.remove_source(TENANT, "notes")

    with pytest.raises(UnknownSource, match="removed"):
        await bench.sync(progress=progress)
    assert await bench.texts() == {}


async def test_a_lost_database_is_told_to_the_caller(bench: Bench) -> None:
    bench.write("a.md", "Text.")

    async def progress(counts: SyncCounts, done: int, total: int) -> None:
        await bench.pool.close()

    with pytest.raises(StoreUnavailable):
        await bench.sync(progress=progress)


async def test_sources_are_added_listed_and_removed_with_their_documents(bench: Bench) -> None:
    bench.write("a.md", "Text.")
    await bench.sync()
    with pytest.raises(InvalidSource, match="already"):
        await bench.add()
    (holding,) = await bench.records.list_holdings(TENANT)
    assert (holding.source, holding.documents) == (bench.source, 1)
    assert await bench.records.list_sources(TENANT) == [bench.source]
    assert await bench.records.list_sources(TenantId("other")) == []
    with pytest.raises(UnknownSource, match="notes"):
        await bench.records.get_source(TENANT, "nots")
    assert await bench.records.remove_source(TENANT, "notes") == 1
    assert await bench.texts() == {}
    with pytest.raises(UnknownSource, match="Add one"):
        await bench.records.remove_source(TENANT, "notes")


async def test_a_preview_of_a_source_that_is_down_is_an_error(bench: Bench) -> None:
    bench.folder.rmdir()
    with pytest.raises(SourceUnreadable):
        await bench.engine().preview(bench.source)
    run = await bench.sync(SyncMode.DRY_RUN)
    assert run.state is SyncState.FAILED
