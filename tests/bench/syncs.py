"""What syncs promise: killed ones go on, unchanged ones cost little, memory stays flat."""

import asyncio
import json
import random
import shutil
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from migrations.runner import migrate
from retrieval.model import Source, TenantId
from retrieval.postgres.pool import Pool, open_pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.sources.registry import check_config
from tests.bench.fresh import measure_freshness
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench
from tests.bench.torn import read_while_swapping

TENANT = TenantId("default")
KILLS = 20
KILLED_DOCUMENTS = 500
UNCHANGED_FILES = 10_000
MEMORY_SIZES = (1_000, 10_000)
MEMORY_LARGE = 50_000
READS, READS_LARGE = 10_000, 100_000

STATE = """
SELECT external_id, title, document.body, content_hash, fingerprint, document.audience,
    array_agg((ordinal, chunk.body, start_char, end_char, heading_path, chunk.tokens, passage::text,
        md5(sentences), md5(embedding.tokens))::text ORDER BY ordinal)
FROM document JOIN chunk USING (tenant_id, document_id)
JOIN embedding USING (tenant_id, chunk_id)
WHERE document.source_id = %s
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1
"""
"""All of a source that does not depend on the order of writing: text, structure and vectors."""


async def measure_syncs(bench: Bench, *, large: bool) -> Section:
    """One row for each promise."""
    rows: list[Row] = []
    async with _open_database(bench) as (url, pool, folder):
        rows.append(await _kill(url, pool, folder / "killed"))
        rows.append(await _sync_unchanged(url, pool, folder / "unchanged"))
        sizes = (*MEMORY_SIZES, *((MEMORY_LARGE,) if large else ()))
        rows.append(await _measure_memory(url, pool, folder, sizes))
        rows.append(await _change(url, pool, folder / "changing"))
        source = await PostgresSourceStore(pool).add_source(TENANT, "torn", "memory", {})
        found = await read_while_swapping(pool, source, READS_LARGE if large else READS)
        rows.append(_row("torn reads", f"{found.torn} of {found.reads:,}", "0", found.torn == 0))
    return Section("sync", "Syncs", rows)


def _row(promise: str, found: str, goal: str, met: bool) -> Row:
    return {"promise": promise, "found": found, "goal": goal, "met": "yes" if met else "no"}


async def _kill(url: str, pool: Pool, folder: Path) -> Row:
    """Kill -9 at random moments of one sync; then compare with one that nobody disturbed."""
    _write_notes(folder, KILLED_DOCUMENTS)
    source = await _add(pool, "killed", folder)
    undisturbed = await _add(pool, "undisturbed", folder)
    chance = random.Random(7)
    wasted = []
    for _ in range(KILLS):
        before = await _count(pool, source)
        embedded = await _sync_and_kill(
            url, "killed", chance.randint(0, 16), chance.uniform(0.0, 0.05)
        )
        wasted.append(embedded - 2 * (await _count(pool, source) - before))
    await _sync(url, "killed")
    await _sync(url, "undisturbed")
    same = await _read_state(pool, source) == await _read_state(pool, undisturbed)
    again = await _count(pool, source, "version > 1")
    return _row(
        f"{KILLED_DOCUMENTS} documents, {KILLS} × kill -9",
        f"{'equal' if same else 'different'}, {again} documents done again; "
        f"at most {max(wasted)} chunks embedded in vain at a kill",
        "equal, ≤ 1 a kill",
        same and again <= KILLS,
    )


async def _sync_unchanged(url: str, pool: Pool, folder: Path) -> Row:
    _write_notes(folder, UNCHANGED_FILES, more=1)  # short, so that the model is soon done
    await _add(pool, "unchanged", folder)
    first = await _sync(url, "unchanged", "--real")
    second = await _sync(url, "unchanged", "--real")
    share = second["seconds"] / first["seconds"]
    return _row(
        f"{UNCHANGED_FILES:,} files synced again",
        f"{share:.1%} of {first['seconds']:.0f} s, {second['embedded']} chunks embedded",
        "≤ 3 %, 0",
        share <= 0.03 and second["embedded"] == 0,
    )


async def _measure_memory(url: str, pool: Pool, folder: Path, sizes: tuple[int, ...]) -> Row:
    peaks = {}
    for size in sizes:
        _write_notes(folder / f"memory{size}", size)
        await _add(pool, f"memory-{size}", folder / f"memory{size}")
        peaks[size] = (await _sync(url, f"memory-{size}"))["peak_mb"]
    growth = max(peaks.values()) / peaks[sizes[0]]
    shown = ", ".join(f"{peak:.0f} MB at {size:,}" for size, peak in peaks.items())
    return _row("peak memory of a first sync", shown, "flat (≤ × 1.25)", growth <= 1.25)


async def _change(url: str, pool: Pool, folder: Path) -> Row:
    _write_notes(folder, 100)
    source = await _add(pool, "changing", folder)
    seconds, stale = await measure_freshness(
        pool, source, folder / "gate.md", lambda: _sync(url, "changing")
    )
    return _row(
        "from the end of a sync to its new text",
        f"at most {seconds * 1000:.0f} ms; {stale} old texts found",
        "≤ 2,000 ms, 0",
        seconds <= 2.0 and not stale,
    )


def _write_notes(folder: Path, count: int, *, more: int = 20) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        part = folder / f"{number // 1000:02}"
        part.mkdir(exist_ok=True)
        text = (
            f"# Note {number}\n\n## One\n\nText {number} about subject{number % 97}.\n\n## Two\n\n"
        )
        (part / f"{number:05}.md").write_text(text + f"More words on topic{number % 89}. " * more)


async def _add(pool: Pool, name: str, folder: Path) -> Source:
    config = check_config("files", {"path": str(folder)})
    return await PostgresSourceStore(pool).add_source(TENANT, name, "files", config)


async def _start(url: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.sync_child", url, *arguments),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )


async def _sync(url: str, *arguments: str) -> Mapping[str, Any]:
    process = await _start(url, *arguments)
    assert process.stdout is not None
    last = b"{}"
    async for line in process.stdout:
        last = line
    await process.wait()
    found: dict[str, Any] = json.loads(last)
    if found.get("state") != "succeeded":
        raise RuntimeError(f"The sync of {arguments[0]} failed: {found.get('error')}")
    return found


async def _sync_and_kill(url: str, name: str, done: int, delay: float) -> int:
    """Kill a sync some moments after `done` documents; how many chunks it had embedded."""
    marked = make_conninfo(url, application_name="killed")
    process = await _start(marked, name)
    assert process.stdout is not None
    embedded = 0
    async for line in process.stdout:
        so_far, embedded = (int(part) for part in line.split())
        if so_far >= done:
            break
    await asyncio.sleep(delay)
    process.send_signal(signal.SIGKILL)
    async for line in process.stdout:
        if line.endswith(b"\n"):
            embedded = int(line.split()[1])
    await process.wait()
    return embedded


async def _count(pool: Pool, source: Source, condition: str = "true") -> int:
    async with pool.connection() as connection:
        # what the killed process had sent off may still be on its way
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'killed'"
        while (await (await connection.execute(waiting)).fetchone()) != (0,):
            await asyncio.sleep(0.01)
        cursor = await connection.execute(
            f"SELECT count(*) FROM document WHERE source_id = %s AND {condition}".encode(),
            [source.id],
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _read_state(pool: Pool, source: Source) -> list[tuple[Any, ...]]:
    async with pool.connection() as connection:
        return await (await connection.execute(STATE, [source.id])).fetchall()


@asynccontextmanager
async def _open_database(bench: Bench) -> AsyncIterator[tuple[str, Pool, Path]]:
    """A fresh database and a folder, both gone afterwards."""
    name = f"sync_{uuid.uuid4().hex[:8]}"
    folder = bench.folder / name
    async with await psycopg.AsyncConnection.connect(bench.url, autocommit=True) as admin:
        await admin.execute(f"CREATE DATABASE {name}".encode())
        url = make_conninfo(bench.url, dbname=name)
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await migrate(connection)
            async with open_pool(url) as pool:
                yield url, pool, folder
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            shutil.rmtree(folder, ignore_errors=True)
