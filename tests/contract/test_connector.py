"""What every connector promises, whatever it reads.

A kind of source joins by adding a bench to source_benches.BENCHES or service_benches.SERVICES.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from retrieval.errors import DocumentUnreadable, RetrievalError, SourceRefused, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.sources.http import HttpClient
from retrieval.sync.plan import plan_sync
from tests.contract.service_benches import SERVICES
from tests.contract.source_benches import BENCHES, SourceBench, open_loopback_client
from tests.contract.transcript_bench import TranscriptBench

TRANSCRIPT = "slack-transcript"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


@pytest.fixture(params=[*BENCHES, *SERVICES, TRANSCRIPT])
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str, template_database: str
) -> AsyncIterator[SourceBench]:
    name = request.param
    chosen: SourceBench
    if name == TRANSCRIPT:
        chosen = TranscriptBench(postgres_url, template_database)
    else:
        chosen = BENCHES[name](tmp_path) if name in BENCHES else SERVICES[name]()
    async with chosen as opened:
        yield opened


async def listing(bench: SourceBench, http: HttpClient) -> list[SourceEntry]:
    return [entry async for entry in bench.connect(http).list_entries()]


async def read(bench: SourceBench, http: HttpClient, entry: SourceEntry) -> str:
    raw = await bench.connect(http).fetch(entry)
    assert raw is not None
    assert "/" in raw.media_type
    return raw.content.decode()


async def test_every_document_is_listed_once_and_can_be_fetched(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("one", "First text.")
    await bench.put("two", "Zweiter Text: ü.")
    entries = await listing(bench, http)
    assert len({entry.external_id for entry in entries}) == len(entries) == 2
    contents = [await read(bench, http, entry) for entry in entries]
    for text in ("First text.", "Zweiter Text: ü."):
        assert sum(text in content for content in contents) == 1


async def test_what_is_fetched_after_a_listing_is_what_is_fetched_alone(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("one", "First text.")
    await bench.put("two", "Second text.")
    connector = bench.connect(http)
    for entry in [entry async for entry in connector.list_entries()]:
        assert await connector.fetch(entry) == await bench.connect(http).fetch(entry)


async def test_ids_urls_and_fingerprints_stay_while_nothing_changes(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("one", "First text.")
    await bench.put("two", "Second text.")
    assert await listing(bench, http) == await listing(bench, http)


async def test_a_change_shows_in_the_fingerprint_and_nowhere_else(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("one", "First text.")
    await bench.put("two", "Second text.")
    before = {entry.external_id: entry for entry in await listing(bench, http)}
    await bench.put("one", "First text, changed.")
    after = {entry.external_id: entry for entry in await listing(bench, http)}
    assert before.keys() == after.keys()
    (name,) = [
        name
        for name, entry in after.items()
        if entry.fingerprint is None or entry.fingerprint != before[name].fingerprint
    ]
    assert "First text, changed." in await read(bench, http, after[name])
    assert after[name].url == before[name].url


async def test_modified_times_are_aware_and_links_are_links(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("a name with spaces", "Text.")
    (entry,) = await listing(bench, http)
    assert entry.modified_at is None or entry.modified_at.tzinfo is not None
    assert entry.url.startswith(("https://", "http://127.0.0.1:"))
    assert " " not in entry.url


async def test_a_removed_document_is_no_longer_listed(bench: SourceBench, http: HttpClient) -> None:
    await bench.put("one", "First text.")
    before = await listing(bench, http)
    await bench.put("two", "Second text.")
    await bench.remove("one")
    (left,) = await listing(bench, http)
    assert left.external_id not in {entry.external_id for entry in before}
    with pytest.raises(DocumentUnreadable):
        await bench.connect(http).fetch(before[0])


async def test_an_empty_source_lists_nothing(bench: SourceBench, http: HttpClient) -> None:
    # or refuses, where a source without any document can only be a mistake
    with suppress(SourceRefused):
        assert await listing(bench, http) == []


async def test_a_source_that_is_down_raises_and_never_lists_a_part(
    bench: SourceBench, http: HttpClient
) -> None:
    await bench.put("one", "First text.")
    (entry,) = await listing(bench, http)
    await bench.__aexit__(None, None, None)
    with pytest.raises(SourceUnreadable) as caught:
        await listing(bench, http)
    assert str(caught.value) != SourceUnreadable.__doc__
    with pytest.raises(RetrievalError):
        await bench.connect(http).fetch(entry)


async def test_a_listing_makes_a_plan(bench: SourceBench, http: HttpClient) -> None:
    await bench.put("one", "First text.")
    plan = plan_sync(await listing(bench, http), {}, audience=frozenset({"everyone"}))
    assert len(plan.add) == 1
