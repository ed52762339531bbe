"""Our side of the ingestion benchmark: `python -m tests.bench.ours DATABASE_URL DOCUMENTS.jsonl`.

Syncs the documents as files, as `footnote sync` does, then runs the bare model over the very texts
that were embedded. Prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import psycopg

from bot.settings import Settings
from bot.wiring import TENANT, open_footnote
from retrieval.evaluation.runner import read_peak_memory
from retrieval.inference.minilm import MiniLm
from retrieval.model import EVERYONE, SyncCounts, SyncMode

PAGE = 4096


class MemoryLog:
    """Remembers the resident size (MB) after the first quarter of a sync."""

    def __init__(self) -> None:
        self.early = 0.0

    async def __call__(self, counts: SyncCounts, done: int, total: int) -> None:
        if not self.early and done * 4 >= total:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.early = pages * PAGE / 2**20


async def main(url: str, documents: Path) -> None:
    folder = documents.parent / "files"
    write_files(documents, folder)
    memory = MemoryLog()
    async with open_footnote(Settings(DATABASE_URL=url)) as opened:
        source = await opened.knowledge.add(
            TENANT, "bench", "files", {"path": str(folder)}, frozenset({EVERYONE})
        )
        start, spent = time.perf_counter(), time.process_time()
        run = await opened.knowledge.run(source, SyncMode.INCREMENTAL, progress=memory)
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
    peak = read_peak_memory()
    texts = await read_texts(url)
    chunks_file = documents.parent / "chunks.jsonl"
    lines = [json.dumps({"title": "", "text": text}) for text in texts]
    chunks_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    characters = sum(map(len, texts))
    model = MiniLm()
    model.embed(texts[:4])
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


def write_files(documents: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for number, line in enumerate(documents.read_text(encoding="utf-8").splitlines()):
        document = json.loads(line)
        text = f"# {document['title'] or number}\n\n{document['text']}\n"
        (folder / f"{number:06}.md").write_text(text, encoding="utf-8")


async def read_texts(url: str) -> list[str]:
    """What was embedded for each chunk."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT d.title || E'\\n' || c.body FROM chunk AS c"
            " JOIN document AS d USING (tenant_id, document_id) ORDER BY chunk_id"
        )
        return [row[0] for row in await cursor.fetchall()]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
