"""Ingestion beside the model's own rate, LangChain's tutorial store and RAGLite, in turns.

Every contender is a process of its own on the same texts and the same PostgreSQL; the best of its
turns counts, so that the ratios hold on a machine that others use too; for the same reason there is
a rate for each second of CPU that the contender itself spent, on all cores and without the server.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from retrieval.inference.minilm_weights import find_files
from tests.bench.corpora import pick_documents
from tests.bench.report import Row, Section
from tests.bench.stores import REPOSITORY, Bench, with_database

PEERS = REPOSITORY / ".bench/venv/bin/python"
RAGLITE = (
    "RAGLite is given our model's vectors and splits sentences by punctuation: its own models come "
    "from a hub, and are slower."
)


class ContenderFailed(Exception):
    """A contender ended with an error. The text is the end of what it said."""


async def measure_ingestion(bench: Bench, documents: int, turns: int) -> Section:
    """One row for each contender, with the ratios to it."""
    picked = pick_documents(bench.sets, documents)
    notes = [f"{len(picked)} documents, best of {turns} turns each", RAGLITE]
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        texts = Path(folder) / "documents.jsonl"
        lines = [json.dumps({"title": d.title, "text": d.text}) for d in picked]
        texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found: list[dict[str, Any]] = []
        for _ in range(turns):
            found.append(await _run_ours(bench, texts))
            if PEERS.exists():
                chunks = Path(found[-1]["chunks_file"])
                found += await _run_peers(bench, texts, chunks)
        if not PEERS.exists():
            notes.append("The others are left out: `make bench` installs them into .bench/venv.")
    rows = [row for name in _names(found) if (row := _best(found, name))]
    return Section("ingest", "Ingestion, same texts, same PostgreSQL", rows, [*notes, *_rate(rows)])


async def _run_ours(bench: Bench, texts: Path) -> dict[str, Any]:
    database = "bench_ingest"
    await _recreate(bench.url, database)
    url = with_database(bench.url, database)
    found = await _run([sys.executable, "-m", "tests.bench.ours", url, str(texts)])
    await _drop(bench.url, database)
    return found


async def _run_peers(bench: Bench, texts: Path, chunks: Path) -> list[dict[str, Any]]:
    model = str(find_files().weights.parent)
    found = []
    for peer, *kind, file in (
        ("langchain_peer", "tutorial", texts),
        ("langchain_peer", "same-chunks", chunks),
        ("raglite_peer", texts),
    ):
        await _recreate(bench.url, "bench_peer")
        url = with_database(bench.url, "bench_peer")
        module = [str(PEERS), "-m", f"tests.bench.{peer}"]
        found.append(await _run([*module, *map(str, kind), url, model, str(file)]))
        await _drop(bench.url, "bench_peer")
    return found


def _names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["name"] for one in found for row in one["rows"]))


def _best(found: Sequence[Mapping[str, Any]], name: str) -> Row:
    rows = [row for one in found for row in one["rows"] if row["name"] == name]
    best = max(rows, key=lambda row: row["chunks"] / row["seconds"])
    return {
        "what": name,
        "chunks": int(best["chunks"]),
        "seconds": round(best["seconds"], 2),
        "chunks/s": round(best["chunks"] / best["seconds"], 1),
        "per CPU second": round(best["chunks"] / best["cpu"], 1),
        "characters/s": round(best["characters"] / best["seconds"]),
        "memory MB": round(best.get("memory", 0)),
        "of it after a quarter": round(best.get("early", 0)),
    }


def _rate(rows: Sequence[Row]) -> list[str]:
    """Our rates against each of the others'."""
    first = rows[0]
    notes = []
    for row in rows[1:]:
        clock, work = (float(first[k]) / float(row[k]) for k in ("chunks/s", "per CPU second"))
        notes.append(
            f"{first['what']}: {clock:.2f} × {row['what']}, {work:.2f} × for the CPU spent"
        )
    return notes


async def _run(command: Sequence[str]) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise ContenderFailed(errors.decode(errors="replace").strip()[-2000:])
    result: dict[str, Any] = json.loads(output.decode().splitlines()[-1])
    return result


async def _recreate(url: str, database: str) -> None:
    await _drop(url, database)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        await admin.execute(f"CREATE DATABASE {database}")


async def _drop(url: str, database: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        await admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
