"""Reads from a source with patience: waits as long as it asks, tries again, gives up in time."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from retrieval.errors import DocumentUnreadable, SourceRefused, SourceUnreadable
from retrieval.model import RawDocument, SourceEntry
from retrieval.ports import Connector

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is put up with.

    A listing or a document is tried `attempts` times. Between them lie as many seconds as the
    source asks for, but never more than `longest`; where it asks for none, `first`, then twice as
    many each time; and up to a tenth more, so that several readers do not come back in step. After
    `documents` in a row that could not be had, the source itself counts as unreadable.
    """

    attempts: int = 3
    first: float = 1.0
    longest: float = 120.0
    documents: int = 5


class PatientReader:
    """Lists and fetches through a connector. Several tasks may share one: they wait together."""

    def __init__(
        self,
        connector: Connector,
        patience: Patience | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connector = connector
        self._patience = patience or Patience()
        self._sleep = sleep
        self._clock = clock
        self._quiet_until = 0.0
        self._lost_in_a_row = 0

    async def list_entries(self) -> list[SourceEntry]:
        """The complete listing. Raises SourceUnreadable."""
        for attempt in range(1, self._patience.attempts):
            try:
                return await self._list_once()
            except SourceUnreadable as error:
                await self._wait(error, attempt)
        return await self._list_once()

    async def _list_once(self) -> list[SourceEntry]:
        listing = self._connector.list_entries()
        try:
            return [entry async for entry in listing]
        finally:
            if isinstance(listing, AsyncGenerator):
                await listing.aclose()

    async def fetch(self, entry: SourceEntry) -> RawDocument | None:
        """One document; None where it is unchanged.

        Raises DocumentUnreadable, and SourceUnreadable when there is no sense in going on.
        """
        try:
            raw = await self._fetch_patiently(entry)
        except SourceRefused:
            raise
        except SourceUnreadable as error:
            self._lost_in_a_row += 1
            if self._lost_in_a_row >= self._patience.documents:
                raise
            raise DocumentUnreadable(str(error)) from error
        self._lost_in_a_row = 0
        return raw

    async def _fetch_patiently(self, entry: SourceEntry) -> RawDocument | None:
        for attempt in range(1, self._patience.attempts):
            try:
                return await self._fetch_once(entry)
            except SourceUnreadable as error:
                await self._wait(error, attempt)
        return await self._fetch_once(entry)

    async def _fetch_once(self, entry: SourceEntry) -> RawDocument | None:
        # while one of the readers waits as the source asked, the others do not ask either
        await self._keep_quiet()
        return await self._connector.fetch(entry)

    async def _keep_quiet(self) -> None:
        while (left := self._quiet_until - self._clock()) > 0:
            await self._sleep(left)

    async def _wait(self, error: SourceUnreadable, attempt: int) -> None:
        patience = self._patience
        seconds = error.retry_after
        if isinstance(error, SourceRefused) or (seconds or 0.0) > patience.longest:
            raise error
        if seconds is None:
            seconds = min(patience.first * 2 ** (attempt - 1), patience.longest)
        until = self._clock() + seconds * random.uniform(1.0, 1.1)  # noqa: S311 - no secret
        self._quiet_until = max(self._quiet_until, until)
        await self._keep_quiet()
