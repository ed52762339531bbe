"""Filled databases, one for each size, kept between runs while what fills them stays the same."""

import asyncio
import hashlib
import pickle
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import psycopg
from psycopg import sql
from rich.console import Console

from migrations.runner import migrate
from retrieval.evaluation.datasets import DataSet
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.model import EVERYONE, AccessScope, Source, SourceId, TenantId
from retrieval.postgres.embedded import run_embedded_postgres
from retrieval.postgres.pool import Pool, open_pool
from retrieval.postgres.store import PostgresDocumentStore
from tests.bench.corpora import RealDocument, embed_real, pick_documents
from tests.bench.filling import fill_store, make_entries
from tests.bench.multiplying import multiply_store

REPOSITORY = Path(__file__).resolve().parents[2]
TENANT = TenantId("default")
SCOPE = AccessScope(TENANT, frozenset({EVERYONE}))
EMBEDDED = (
    "retrieval/chunking.py",
    "retrieval/embedding.py",
    "retrieval/sentences.py",
    "retrieval/inference/token_vectors.py",
    "tests/bench/corpora.py",
)
"""A change in these embeds the real text anew."""

MATTERS = (
    *EMBEDDED,
    "migrations/*.sql",
    "retrieval/lexical.py",
    "retrieval/postgres/loading.py",
    "retrieval/postgres/packing.py",
    "tests/bench/filling.py",
    "tests/bench/mixing.py",
    "tests/bench/multiplying.py",
)
"""A change in these fills the stores anew, unless they are to be kept."""

BASE = 10_000
"""So many chunks are written as a sync writes them; a larger store is made of copies of these."""

SETTINGS = {"shared_buffers": "2GB", "max_wal_size": "8GB"}
"""Of the server, as an operator would set them for a store of a million passages."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the sections share. `url` is the maintenance database of the server."""

    url: str
    folder: Path
    embedder: MiniLmEmbedder
    sets: Sequence[DataSet]
    real_chunks: int
    console: Console
    keep: bool = False
    embedded: list[RealDocument] = field(default_factory=list)

    async def read_real(self, most: int) -> list[RealDocument]:
        """Real documents of some `most` chunks, embedded once for all sizes and runs."""
        if not self.embedded:
            kept = self.folder / f"real-{digest_files(EMBEDDED, self.describe())}.pickle"
            if not kept.exists():
                picked = pick_documents(self.sets, self.real_chunks)
                found = await embed_real(picked, self.embedder, self.real_chunks)
                kept.write_bytes(pickle.dumps(found))
            self.embedded.extend(pickle.loads(kept.read_bytes()))  # noqa: S301 - our own file
        counted = accumulate(len(document.chunks) for document in self.embedded)
        return [d for d, count in zip(self.embedded, counted, strict=True) if count <= most]

    def describe(self) -> str:
        """What the real text is."""
        sets = " ".join(f"{one.name} {len(one.documents)}" for one in self.sets)
        return f"{self.real_chunks} {self.embedder.model} {sets}"


@dataclass(frozen=True, slots=True)
class FilledStore:
    """A store of `size` chunks, open."""

    size: int
    pool: Pool


@asynccontextmanager
async def open_filled(bench: Bench, size: int) -> AsyncIterator[FilledStore]:
    """A store of `size` chunks: the one that is there, or a new one."""
    async with await psycopg.AsyncConnection.connect(bench.url, autocommit=True) as admin:
        wanted = f"bench_{size}_{digest_files(MATTERS, bench.describe())}"
        name = await _find_complete(admin, wanted, keep=bench.keep)
        if name is None:
            name = wanted
            await admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            await _fill(bench, with_database(bench.url, name), size)
            await admin.execute(
                sql.SQL("COMMENT ON DATABASE {} IS 'complete'").format(sql.Identifier(name))
            )
    url = with_database(bench.url, name)
    async with open_pool(url, size=10) as pool:
        yield FilledStore(size, pool)


async def _find_complete(admin: psycopg.AsyncConnection, name: str, *, keep: bool) -> str | None:
    """The store of that name, or any of its size if they are kept; the others are dropped."""
    cursor = await admin.execute(
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
        " WHERE datname LIKE %s ORDER BY oid",
        [f"{name.rpartition('_')[0]}\\_%".replace("bench_", "bench\\_")],
    )
    found = {row[0]: row[1] == "complete" for row in await cursor.fetchall()}
    usable = [other for other, complete in found.items() if complete and (keep or other == name)]
    for other in found:
        if other not in usable[-1:]:
            await admin.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(other))
            )
    return usable[-1] if usable else None


async def _fill(bench: Bench, url: str, size: int) -> None:
    start = time.perf_counter()
    say = bench.console.print
    say(f"[dim]filling a store with {size:,} chunks …[/]")
    copies = max(1, size // BASE)
    real = await bench.read_real(size // copies)
    step = max(size // 10, BASE)
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done >= told + step:
            told = done
            say(f"[dim]  {done:,} after {time.perf_counter() - start:.0f} s[/]")

    generator = np.random.default_rng(0)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection)
        async with open_pool(url, size=2) as pool:
            store = PostgresDocumentStore(pool, bench.embedder.model)
            entries = make_entries(real, size // copies, generator)
            await fill_store(store, await add_source(pool, "bench"), entries, tell)
            if copies > 1:
                vectors = np.concatenate([document.embeddings.passages for document in real])
                await multiply_store(connection, copies, vectors, generator, tell)
            say(f"[dim]  indexing after {time.perf_counter() - start:.0f} s[/]")
            await store.models.build_index(memory_mb=2048)
        await connection.execute("VACUUM (ANALYZE, PROCESS_TOAST FALSE)")
    say(f"[dim]  filled and indexed in {time.perf_counter() - start:.0f} s[/]")


@asynccontextmanager
async def run_tuned_postgres(directory: Path) -> AsyncIterator[str]:
    """The embedded PostgreSQL with SETTINGS; the URL of its maintenance database."""
    async with (
        run_embedded_postgres(directory) as url,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
    ):
        for name, value in SETTINGS.items():
            setting = sql.SQL("ALTER SYSTEM SET {} = {}")
            await connection.execute(setting.format(sql.Identifier(name), sql.Literal(value)))
    async with run_embedded_postgres(directory) as url:
        yield url


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def read_into_memory(bench: Bench, store: FilledStore) -> None:
    """Read the files of a store once, so that the system keeps of it what fits into memory."""
    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT oid::text FROM pg_database WHERE datname = current_database()"
        )
        [number] = await cursor.fetchone() or [""]
    files = (bench.folder / "postgres" / "base" / number).iterdir()
    await asyncio.to_thread(lambda: [_read_through(file) for file in files if file.is_file()])


def _read_through(file: Path) -> None:
    with file.open("rb") as opened:
        while opened.read(1 << 24):
            pass


async def add_source(pool: Pool, name: str) -> Source:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "INSERT INTO source (tenant_id, name, kind, config) VALUES (%s, %s, 'bench', '{}')"
            " RETURNING source_id",
            [TENANT, name],
        )
        row = await cursor.fetchone()
    assert row is not None
    return Source(TENANT, SourceId(row[0]), name, "bench", {})


def digest_files(patterns: Sequence[str], more: str) -> str:
    """A short name for the state of these files and what else matters."""
    digest = hashlib.sha256(more.encode())
    for pattern in patterns:
        for path in sorted(REPOSITORY.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
