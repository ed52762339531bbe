"""Ingestion beside the model's own rate, LangChain's tutorial store and RAGLite, in turns.

Every contender is a process of its own on the same texts and the same PostgreSQL; the best of its
turns counts, so that the ratios hold on a machine that others use too; for the same reason there is
a rate for each second of CPU that the contender itself spent, on all cores and without the server.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from retrieval.inference.minilm_weights import find_files
from tests.bench.corpora import pick_documents
from tests.bench.peers import NOT_INSTALLED, PYTHON, provide_database, run_contender
from tests.bench.report import Row, Section
from tests.bench.stores import Bench

RAGLITE = (
    "RAGLite is given our model's vectors and splits sentences by punctuation: its own models come "
    "from a hub, and are slower."
)

WARM = "The sync and the bare model are warm: both have worked before their clock starts."


async def measure_ingestion(
    bench: Bench, documents: int, turns: int, contenders: Sequence[str]
) -> Section:
    """One row for each contender, with the ratios to it."""
    picked = pick_documents(bench.sets, documents)
    notes = [f"{len(picked)} documents, best of {turns} turns each", WARM]
    if "raglite" in contenders:
        notes.append(RAGLITE)
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        texts = Path(folder) / "documents.jsonl"
        lines = [json.dumps({"title": d.title, "text": d.text}) for d in picked]
        texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found: list[dict[str, Any]] = []
        for _ in range(turns):
            found.append(await _run_ours(bench, texts))
            chunks = Path(found[-1]["chunks_file"])
            found += await _run_peers(bench, contenders, texts, chunks)
    if not contenders:
        notes.append(NOT_INSTALLED)
    rows = [row for name in _names(found) if (row := _best(found, name))]
    return Section("ingest", "Ingestion, same texts, same PostgreSQL", rows, [*notes, *_rate(rows)])


async def _run_ours(bench: Bench, texts: Path) -> dict[str, Any]:
    async with provide_database(bench.url, "bench_ingest") as url:
        return await run_contender(sys.executable, "-m", "tests.bench.ours", url, texts)


async def _run_peers(
    bench: Bench, contenders: Sequence[str], texts: Path, chunks: Path
) -> list[dict[str, Any]]:
    model = find_files().weights.parent
    found = []
    for peer, *kind, file in (
        ("langchain", "tutorial", texts),
        ("langchain", "same-chunks", chunks),
        ("raglite", texts),
    ):
        if peer in contenders:
            async with provide_database(bench.url, "bench_peer") as url:
                module = PYTHON, "-m", f"tests.bench.{peer}_peer"
                found.append(await run_contender(*module, *kind, url, model, file))
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
