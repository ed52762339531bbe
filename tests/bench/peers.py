"""What Footnote is measured beside: processes in an environment and with databases of their own."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from tests.bench.stores import REPOSITORY, with_database

CONTENDERS = ("langchain", "raglite")
PYTHON = REPOSITORY / ".bench/venv/bin/python"
NOT_INSTALLED = "The peers are left out: `make bench` installs them into .bench/venv."


class ContenderFailed(Exception):
    """A contender ended with an error. The text is the end of what it said."""


def choose_contenders(wanted: Sequence[str] = CONTENDERS) -> tuple[str, ...]:
    """Those of the contenders that can be asked: all that are wanted, or none."""
    return tuple(name for name in CONTENDERS if name in wanted) if PYTHON.exists() else ()


async def run_contender(*command: object) -> dict[str, Any]:
    """The JSON that a process prints last. Raises ContenderFailed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise ContenderFailed(errors.decode(errors="replace").strip()[-2000:])
    result: dict[str, Any] = json.loads(output.decode().splitlines()[-1])
    return result


@asynccontextmanager
async def provide_database(url: str, name: str) -> AsyncIterator[str]:
    """The URL of an empty database of that name, which is dropped at the end."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        await admin.execute(drop)
        await admin.execute(f"CREATE DATABASE {name}")
        try:
            yield with_database(url, name)
        finally:
            await admin.execute(drop)
