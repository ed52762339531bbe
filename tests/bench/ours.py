"""Our side of the ingestion benchmark: `python -m tests.bench.ours DATABASE_URL DOCUMENTS.jsonl`.

Syncs the documents as files, as `footnote sync` does, then runs the bare model over the very texts
that were embedded. Both are warm: the first documents, as a source of their own, go ahead of the
clock, and so do the first texts. Prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bot.settings import Settings
from bot.wiring import TENANT, open_footnote
from retrieval.evaluation.runner import read_peak_memory
from retrieval.inference.minilm import MiniLm
from retrieval.model import EVERYONE, SyncCounts, SyncMode

PAGE = 4096
WARMING = 40
"""Documents, and texts, that go ahead: enough for every core to have its share."""


class MemoryLog:
    """Remembers the resident size (MB) after the first quarter of a sync."""

    def __init__(self) -> None:
        self.early = 0.0

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None:
        if not self.early and done * 4 >= total:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.early = pages * PAGE / 2**20


async def main(url: str, documents: Path) -> None:
    lines = documents.read_text(encoding="utf-8").splitlines()
    folders = {"warming": documents.parent / "warming", "bench": documents.parent / "files"}
    write_files(lines[:WARMING], folders["warming"])
    write_files(lines, folders["bench"])
    memory = MemoryLog()
    async with open_footnote(Settings(DATABASE_URL=url)) as opened:
        warming, source = [
            await opened.knowledge.add(
                TENANT, name, "files", {"path": str(folder)}, frozenset({EVERYONE})
            )
            for name, folder in folders.items()
        ]
        await opened.knowledge.run(warming, SyncMode.INCREMENTAL)
        start, spent = time.perf_counter(), time.process_time()
        run = await opened.knowledge.run(source, SyncMode.INCREMENTAL, progress=memory)
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
    peak = read_peak_memory()
    texts = await read_texts(url, "bench")
    chunks_file = documents.parent / "chunks.jsonl"
    written = [json.dumps({"title": "", "text": text}) for text in texts]
    chunks_file.write_text("\n".join(written) + "\n", encoding="utf-8")
    characters = sum(map(len, texts))
    model = MiniLm()
    model.embed(texts[:WARMING])
    start, bare_spent = time.perf_counter(), time.process_time()
    model.embed(texts)
    bare, bare_spent = time.perf_counter() - start, time.process_time() - bare_spent
    rows = [
        {
            "name": "Footnote, sync",
            "chunks": run.counts.chunks,
            "characters": characters,
            "seconds": seconds,
            "cpu": spent,
            "memory": peak,
            "early": memory.early,
        },
        {
            "name": "the bare model, same texts",
            "chunks": len(texts),
            "characters": characters,
            "seconds": bare,
            "cpu": bare_spent,
        },
    ]
    print(json.dumps({"rows": rows, "chunks_file": str(chunks_file)}))


def write_files(lines: Sequence[str], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for number, line in enumerate(lines):
        document = json.loads(line)
        text = f"# {document['title'] or number}\n\n{document['text']}\n"
        (folder / f"{number:06}.md").write_text(text, encoding="utf-8")


async def read_texts(url: str, source: str) -> list[str]:
    """What was embedded for each chunk of a source."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT d.title || E'\\n' || c.body FROM chunk AS c"
            " JOIN document AS d USING (tenant_id, document_id)"
            " JOIN source AS s ON s.source_id = d.source_id WHERE s.name = %s ORDER BY chunk_id",
            [source],
        )
        return [row[0] for row in await cursor.fetchall()]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
