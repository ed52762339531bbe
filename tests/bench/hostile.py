"""What hostile files cost, read as a sync reads them: from a folder, by the child process."""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import psutil

from retrieval.errors import DocumentUnreadable
from retrieval.model import SourceEntry
from retrieval.parsing.process import ProcessParser
from retrieval.sources.files import SIZE_LIMIT, FilesConnector, FilesSettings
from tests.bench.report import Section
from tests.fakes.hostile import HOSTILE, PLACED

SECONDS = 25.0

WRITE = """
import sys
from pathlib import Path
from tests.fakes.hostile import write_hostile
write_hostile(Path(sys.argv[1]), frozenset(sys.argv[2:]))
"""


async def measure_hostile() -> Section:
    """One row a file; what this process, the parent, grew by is told without the file itself."""
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        root.mkdir()
        async with ProcessParser(workers=1) as parser:
            for name in (*HOSTILE, *PLACED):
                # made by another process, so that making it does not count as our memory
                await _run(sys.executable, "-c", WRITE, str(root), name)
                rows.append(await _measure(parser, root, name))
                (root / name).unlink()
    slowest = max(float(row["seconds"]) for row in rows)
    grown = max(float(row["parent MB"]) for row in rows)
    return Section(
        "hostile",
        "Hostile files",
        rows,
        (
            f"slowest {slowest:.1f} s (at most {SECONDS:g} s are promised)",
            f"the parent's memory grew by {grown:.0f} MB at most, besides the file itself",
        ),
    )


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[-1]} could not be made")


async def _measure(parser: ProcessParser, root: Path, name: str) -> dict[str, str | float | int]:
    connector = FilesConnector(FilesSettings(root))
    entries = {entry.external_id: entry async for entry in connector.list_entries()}
    entry = entries.get(name, SourceEntry(name, ""))
    size = (root / name).lstat().st_size
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    try:
        raw = await connector.fetch(entry)
        verdict = f"read: {len((await parser.parse(raw)).text):,} characters"
    except DocumentUnreadable as error:
        verdict = str(error)
    elapsed = time.perf_counter() - started
    # a file that is read lies in memory while it is parsed
    read = size if size < SIZE_LIMIT else 0
    grown = psutil.Process().memory_info().rss - before - read
    return {
        "file": name,
        "size MB": round(size / 2**20, 1),
        "seconds": round(elapsed, 1),
        "parent MB": round(max(0, grown) / 2**20, 1),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "verdict": verdict[:80],
    }
