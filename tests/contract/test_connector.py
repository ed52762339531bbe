"""What every connector promises, whatever it reads.

A kind of source joins by adding a bench to BENCHES: something that can put, change and remove
documents at the source, and take the source down.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import DocumentUnreadable, RetrievalError, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.ports import Connector
from retrieval.sources.files import FilesConnector, FilesSettings
from retrieval.sync.plan import plan_sync


class FilesBench:
    """A folder."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.root.mkdir()

    def connect(self) -> Connector:
        settings = FilesSettings(self.root, url_base="https://docs.example.com/base")
        return FilesConnector(settings)

    def put(self, name: str, text: str) -> None:
        (self.root / f"{name}.md").write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.root / f"{name}.md").unlink()

    def take_down(self) -> None:
        shutil.rmtree(self.root)


Bench = FilesBench
BENCHES: dict[str, Callable[[Path], Bench]] = {"files": FilesBench}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return BENCHES[request.param](tmp_path)


async def listing(bench: Bench) -> list[SourceEntry]:
    return [entry async for entry in bench.connect().list_entries()]


async def test_every_document_is_listed_once_and_can_be_fetched(bench: Bench) -> None:
    bench.put("one", "First text.")
    bench.put("two", "Zweiter Text: ü.")
    entries = await listing(bench)
    assert len({entry.external_id for entry in entries}) == len(entries) == 2
    connector = bench.connect()
    raw = [await connector.fetch(entry) for entry in entries]
    contents = sorted(document.content.decode() for document in raw)
    assert contents == ["First text.", "Zweiter Text: ü."]
    assert all("/" in document.media_type for document in raw)


async def test_ids_urls_and_fingerprints_stay_while_nothing_changes(bench: Bench) -> None:
    bench.put("one", "First text.")
    bench.put("two", "Second text.")
    assert await listing(bench) == await listing(bench)


async def test_a_change_shows_in_the_fingerprint_and_nowhere_else(bench: Bench) -> None:
    bench.put("one", "First text.")
    bench.put("two", "Second text.")
    before = {entry.external_id: entry for entry in await listing(bench)}
    bench.put("one", "First text, changed.")
    after = {entry.external_id: entry for entry in await listing(bench)}
    assert before.keys() == after.keys()
    changed = [
        name
        for name, entry in after.items()
        if entry.fingerprint is None or entry.fingerprint != before[name].fingerprint
    ]
    (name,) = changed
    assert (await bench.connect().fetch(after[name])).content == b"First text, changed."
    assert after[name].url == before[name].url


async def test_modified_times_are_aware_and_links_are_links(bench: Bench) -> None:
    bench.put("a name with spaces", "Text.")
    (entry,) = await listing(bench)
    assert entry.modified_at is None or entry.modified_at.tzinfo is not None
    assert entry.url.startswith("https://")
    assert " " not in entry.url


async def test_a_removed_document_is_no_longer_listed(bench: Bench) -> None:
    bench.put("one", "First text.")
    bench.put("two", "Second text.")
    (first, _) = await listing(bench)
    bench.remove("one")
    (left,) = await listing(bench)
    assert left.external_id != first.external_id
    with pytest.raises(DocumentUnreadable):
        await bench.connect().fetch(first)


async def test_an_empty_source_lists_nothing(bench: Bench) -> None:
    assert await listing(bench) == []


async def test_a_source_that_is_down_raises_and_never_lists_a_part(bench: Bench) -> None:
    bench.put("one", "First text.")
    (entry,) = await listing(bench)
    bench.take_down()
    with pytest.raises(SourceUnreadable) as caught:
        await listing(bench)
    assert str(caught.value) != SourceUnreadable.__doc__
    with pytest.raises(RetrievalError):
        await bench.connect().fetch(entry)


async def test_a_listing_makes_a_plan(bench: Bench) -> None:
    bench.put("one", "First text.")
    plan = plan_sync(await listing(bench), {}, audience=frozenset({"everyone"}))
    assert len(plan.add) == 1
