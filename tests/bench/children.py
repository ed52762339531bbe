"""Modules that run in processes of their own, each beside a bench that talks to it by lines."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Child:
    """A module that runs; `greeting` is its first line, with which it said that it is ready."""

    greeting: str
    _orders: asyncio.StreamWriter
    _answers: asyncio.StreamReader
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, line: str) -> str:
        """The line with which it answers this one."""
        async with self._turn:
            self._orders.write(line.encode() + b"\n")
            await self._orders.drain()
            return (await self._answers.readline()).decode().strip()


@asynccontextmanager
async def open_child(
    module: str, *, folder: Path = REPOSITORY, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Run `python -m module`, which ends with its standard input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        greeting = (await process.stdout.readline()).decode().strip()
        yield Child(greeting, process.stdin, process.stdout)
    finally:
        process.stdin.close()
        await process.wait()
