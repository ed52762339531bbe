"""A sync whose process is killed goes on where it stood."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from retrieval.model import SyncState, TenantId
from retrieval.parsing.process import ProcessParser
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sources.registry import check_config
from retrieval.sync.engine import SyncEngine
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import open_files

DOCUMENTS = 24

SYNC = """
import asyncio, sys
from retrieval.model import TenantId
from retrieval.parsing.process import ProcessParser
from retrieval.postgres.pool import open_pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sync.engine import SyncEngine
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.sources import open_files

async def progress(counts, done, total):
    print(done, flush=True)
    if done >= int(sys.argv[2]):
        await asyncio.Event().wait()

async def main():
    embedder = InMemoryEmbedder()
    async with open_pool(sys.argv[1]) as pool, ProcessParser(workers=1) as parser:
        records = PostgresSourceStore(pool)
        source = await records.get_source(TenantId("default"), "notes")
        store = PostgresDocumentStore(pool, embedder.model)
        engine = SyncEngine(store, records, embedder, parser, connect=open_files)
        await engine.run(source, progress=progress)

asyncio.run(main())
"""

STATE = """
SELECT external_id, title, document.body, content_hash, fingerprint,
    array_agg((ordinal, chunk.body, start_char, end_char, heading_path)::text ORDER BY ordinal)
FROM document JOIN chunk USING (tenant_id, document_id)
WHERE document.source_id = %s
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1
"""


async def read_state(pool: Pool, source: int) -> list[tuple[object, ...]]:
    async with pool.connection() as connection:
        return await (await connection.execute(STATE, (source,))).fetchall()


async def wait_until_disconnected(pool: Pool, name: str) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    async with pool.connection() as connection:
        while (await (await connection.execute(query, (name,))).fetchone()) != (0,):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("kill_after", [0, 5, 17])
async def test_a_killed_sync_resumes(
    database_url: str, pool: Pool, tmp_path: Path, repository: Path, kill_after: int
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(DOCUMENTS):
        text = f"# Note {number}\n\n## One\n\nText {number}.\n\n## Two\n\n" + "More words. " * 20
        (folder / f"{number:02}.md").write_text(text)
    config = check_config("files", {"path": str(folder)})
    # a dead run is closed as soon as it is found
    records = PostgresSourceStore(pool, stale_seconds=0)
    source = await records.add_source(TenantId("default"), "notes", "files", config)
    undisturbed = await records.add_source(TenantId("default"), "other", "files", config)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SYNC, make_conninfo(database_url, application_name="killed")),
        str(kill_after),
        cwd=repository,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if int(line) >= kill_after:
            break
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await wait_until_disconnected(pool, "killed")
    stored = len(await read_state(pool, source.id))
    assert kill_after <= stored < DOCUMENTS

    embedder = InMemoryEmbedder()
    store = PostgresDocumentStore(pool, embedder.model)
    async with ProcessParser(workers=1) as parser:
        engine = SyncEngine(store, records, embedder, parser, connect=open_files)
        run = await engine.run(source)
        await engine.run(undisturbed)
    assert run.state is SyncState.SUCCEEDED
    assert (run.counts.unchanged, run.counts.added) == (stored, DOCUMENTS - stored)
    assert await read_state(pool, source.id) == await read_state(pool, undisturbed.id)
    killed = (await records.list_runs(TenantId("default"), "notes"))[1]
    assert killed.state is SyncState.FAILED
