"""A source that asks to be left alone for a while, or has bad moments."""

import asyncio

import pytest

from retrieval.errors import DocumentUnreadable, SourceRefused, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.sync.patience import Patience, PatientReader
from tests.fakes.sources import InMemoryConnector

BUSY = SourceUnreadable("503")


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def read(connector: InMemoryConnector, clock: Clock, **options: int) -> PatientReader:
    return PatientReader(connector, Patience(**options), sleep=clock.sleep, clock=clock)


def entry(name: str) -> SourceEntry:
    return SourceEntry(name, "")


async def test_a_document_is_tried_again_with_growing_pauses() -> None:
    clock = Clock()
    connector = InMemoryConnector({"a": "Text."}, {"a": [BUSY, BUSY]})
    raw = await read(connector, clock).fetch(entry("a"))
    assert raw is not None
    assert raw.content == b"Text."
    assert 1.0 <= clock.slept[0] <= 1.1
    assert 2.0 <= clock.slept[1] <= 2.2


async def test_the_source_says_how_long_to_wait_and_the_others_wait_too() -> None:
    clock = Clock()
    busy = SourceUnreadable("429", retry_after=30.0)
    connector = InMemoryConnector({"a": "A", "b": "B"}, {"a": [busy]})
    reader = read(connector, clock)
    first = asyncio.create_task(reader.fetch(entry("a")))
    await asyncio.sleep(0)
    await reader.fetch(entry("b"))
    await first
    assert connector.fetched[0] == "a"
    assert clock.now >= 130.0
    assert sum(clock.slept) < 2 * 33.0


async def test_nobody_waits_for_hours() -> None:
    clock = Clock()
    connector = InMemoryConnector({}, {"a": [SourceUnreadable("429", retry_after=3600.0)]})
    with pytest.raises(DocumentUnreadable, match="429"):
        await read(connector, clock).fetch(entry("a"))
    assert clock.slept == []


async def test_one_document_that_cannot_be_had_does_not_end_the_sync_but_many_do() -> None:
    clock = Clock()
    connector = InMemoryConnector({"good": "Text."}, {name: [BUSY] * 9 for name in "abc"})
    reader = read(connector, clock, attempts=2, documents=3)
    for name in ("a", "b", "good", "a", "b"):
        if name == "good":
            assert await reader.fetch(entry(name))
        else:
            with pytest.raises(DocumentUnreadable, match="503"):
                await reader.fetch(entry(name))
    with pytest.raises(SourceUnreadable, match="503"):
        await reader.fetch(entry("c"))


async def test_a_refusal_is_not_repeated() -> None:
    clock = Clock()
    connector = InMemoryConnector({"a": "A", "b": "B"}, {"a": [SourceRefused("401")]})
    with pytest.raises(SourceRefused):
        await read(connector, clock).fetch(entry("a"))
    connector.listing_mishaps.append(SourceRefused("401"))
    with pytest.raises(SourceRefused):
        await read(connector, clock).list_entries()
    assert clock.slept == []


async def test_a_listing_that_breaks_off_begins_anew_and_is_whole_or_an_error() -> None:
    clock = Clock()
    connector = InMemoryConnector({"a": "A", "b": "B"}, listing_mishaps=[BUSY])
    listed = await read(connector, clock).list_entries()
    assert [found.external_id for found in listed] == ["a", "b"]
    connector.listing_mishaps.extend([BUSY] * 3)
    with pytest.raises(SourceUnreadable):
        await read(connector, clock).list_entries()
