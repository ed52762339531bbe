"""Whether a process can do its work."""

import asyncio

from bot.serving.platforms import Connections
from bot.storage.database import Pool, connect
from bot.worker_process import WorkerProcess
from retrieval.errors import StoreUnavailable

HEALTH_SECONDS = 3.0
"""How long the database may take to answer before it counts as down."""


async def find_fault(
    pool: Pool, platforms: Connections, worker: WorkerProcess | None = None
) -> str:
    """Why this process cannot do its work now; empty when it can."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS), connect(pool) as connection:
            await connection.execute("SELECT 1")
    except (StoreUnavailable, TimeoutError):
        return "the database does not answer"
    cut_off = [name.title() for name, each in platforms.items() if not each.is_receiving]
    if cut_off:
        return f"not connected to {', '.join(cut_off)}"
    return "no questions are answered" if worker is not None and not worker.is_ready else ""
