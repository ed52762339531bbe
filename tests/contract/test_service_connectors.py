"""What every connector to a service does when the service pages, refuses, or is in trouble."""

from collections.abc import AsyncIterator

import pytest

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.model import SourceEntry
from retrieval.sources.http import HttpClient
from tests.contract.service_benches import (
    SERVICES,
    SMALL_PAGES,
    ServiceBench,
)
from tests.contract.source_benches import Time, open_loopback_client


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def http(time: Time) -> AsyncIterator[HttpClient]:
    async with open_loopback_client(time) as client:
        yield client


@pytest.fixture(params=SERVICES)
async def bench(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ServiceBench]:
    for module, name in SMALL_PAGES:
        monkeypatch.setattr(module, name, 2)
    async with SERVICES[request.param]() as opened:
        yield opened


async def listing(bench: ServiceBench, http: HttpClient, **options: str) -> list[SourceEntry]:
    return [entry async for entry in bench.connect(http, **options).list_entries()]


async def fill(bench: ServiceBench, count: int) -> None:
    for number in range(count):
        await bench.put(f"document {number}", f"Text number {number}.")


async def test_all_pages_are_listed_and_lead_to_their_documents(
    bench: ServiceBench, http: HttpClient
) -> None:
    await fill(bench, 5)
    entries = await listing(bench, http)
    assert len({entry.external_id for entry in entries}) == len(entries) == 5
    assert all(bench.link.fullmatch(entry.url) for entry in entries)
    assert all(entry.modified_at is not None for entry in entries)
    connector = bench.connect(http)
    texts = [(await connector.fetch(entry)).content.decode() for entry in entries]
    for number in range(5):
        assert sum(f"Text number {number}." in text for text in texts) == 1


async def test_a_wrong_token_is_refused_at_once(
    bench: ServiceBench, http: HttpClient, time: Time
) -> None:
    await fill(bench, 1)
    with pytest.raises(SourceRefused, match=r"token|key") as refused:
        await listing(bench, http, token="wrong-token")
    assert "wrong-token" not in str(refused.value)
    assert time.waits == []


@pytest.mark.parametrize("status", [403, 404])
async def test_a_source_that_is_not_shown_is_refused_and_says_how_to_mend_it(
    bench: ServiceBench, http: HttpClient, status: int
) -> None:
    await fill(bench, 1)
    await bench.fail(status, listing=True)
    with pytest.raises(SourceUnreadable) as refused:
        await listing(bench, http)
    assert len(str(refused.value).split()) > 6


async def test_a_listing_that_breaks_off_is_an_error(bench: ServiceBench, http: HttpClient) -> None:
    await fill(bench, 5)
    await bench.fail(503, listing=True, after=1)
    with pytest.raises(SourceUnreadable):
        await listing(bench, http)
    await bench.heal()
    assert len(await listing(bench, http)) == 5


async def test_a_short_wait_that_is_asked_for_is_waited(
    bench: ServiceBench, http: HttpClient, time: Time
) -> None:
    await fill(bench, 3)
    await bench.fail(429, listing=True, after=1, retry_after=7)
    assert len(await listing(bench, http)) == 3
    assert max(time.waits) == 7


async def test_a_long_wait_is_left_to_the_sync(bench: ServiceBench, http: HttpClient) -> None:
    await fill(bench, 1)
    await bench.fail(429, listing=True, retry_after=600)
    with pytest.raises(SourceUnreadable) as asked:
        await listing(bench, http)
    assert asked.value.retry_after == 600


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, DocumentGone), (403, DocumentUnreadable), (503, SourceUnreadable)],
)
async def test_a_document_that_cannot_be_had_says_why(
    bench: ServiceBench, http: HttpClient, status: int, error: type[Exception]
) -> None:
    await fill(bench, 2)
    entry, *_ = await listing(bench, http)
    await bench.fail(status, listing=False)
    with pytest.raises(error) as refused:
        await bench.connect(http).fetch(entry)
    assert isinstance(refused.value, DocumentGone) == (status == 404)


async def test_a_deleted_document_is_gone(bench: ServiceBench, http: HttpClient) -> None:
    await fill(bench, 2)
    entry, *_ = await listing(bench, http)
    for number in range(2):
        await bench.remove(f"document {number}")
    with pytest.raises(DocumentGone):
        await bench.connect(http).fetch(entry)
