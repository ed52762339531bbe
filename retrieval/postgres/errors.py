"""Translates what the database driver raises, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from retrieval.errors import StoreUnavailable


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Raise StoreUnavailable, with how to mend it, for anything the driver raises."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise StoreUnavailable(
            "The database lacks tables of this version. Run `footnote migrate`."
        ) from error
    except (PoolTimeout, PoolClosed, TooManyRequests) as error:
        raise StoreUnavailable(
            "No connection to the database became free in time. Check that it answers, or lower "
            "the load."
        ) from error
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StoreUnavailable(f"The database refused a request: {reason}.") from error
