"""CPU time of this process and of the database's: what a figure is worth on a busy machine."""

import os
import time
from pathlib import Path

from retrieval.postgres.pool import Pool


async def read_effort(pool: Pool) -> float:
    """CPU milliseconds spent so far by this process and by the backends of the pool's database.

    Backends on another machine, or without /proc, count as nothing.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        )
        backends = [row[0] for row in await cursor.fetchall()]
    return time.process_time() * 1000 + sum(_read_process(pid) for pid in backends)


def _read_process(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
