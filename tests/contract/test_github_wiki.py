"""The wiki of a repository on GitHub, over git's own server and the API on loopback."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrieval.errors import DocumentGone, SourceRefused, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.parsing.formats import parse_content
from retrieval.ports import Connector
from retrieval.sources.http import HttpClient
from retrieval.sources.registry import check_config, connect_kind
from retrieval.sources.surroundings import Surroundings
from tests.contract.source_benches import LOOPBACK, WikiBench, open_loopback_client
from tests.emulators.services.github import TOKEN


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[WikiBench]:
    async with WikiBench(tmp_path) as opened:
        yield opened


async def listing(connector: Connector) -> list[SourceEntry]:
    return [entry async for entry in connector.list_entries()]


async def test_pages_are_read_with_links_to_their_headings(
    bench: WikiBench, http: HttpClient
) -> None:
    await bench.put("Home", "# Welcome")
    await bench.put("guides/Set-up", "## On Linux\n\nRun the installer.")
    for frame in ("_Sidebar", "_Header", "_Footer"):
        await bench.put(frame, "Navigation.")
    connector = bench.connect(http)
    entries = {entry.external_id: entry for entry in await listing(connector)}
    assert set(entries) == {"wiki/Home.md", "wiki/guides/Set-up.md"}
    page = entries["wiki/guides/Set-up.md"]
    assert page.url == f"{bench.server.url}/acme/app/wiki/Set-up"
    raw = await connector.fetch(page)
    assert raw is not None
    assert raw.entry == page
    document = parse_content(raw.content, raw.media_type, raw.name or page.external_id)
    assert [block.anchor for block in document.blocks if block.level] == ["on-linux"]


async def test_a_wiki_is_read_beside_the_issues(bench: WikiBench, http: HttpClient) -> None:
    await bench.put("Home", "# Welcome")
    bench.server.open_topic("issue", "Crash", "It crashes.")
    config = {"repository": "acme/app", "token": TOKEN, "api_url": bench.server.url}
    for contents, ids in [("issues, wiki", ["issues/1", "wiki/Home.md"]), ("", ["issues/1"])]:
        checked = check_config("github", {**config, "contents": contents})
        surroundings = Surroundings(http, bench.cache, LOOPBACK)
        found = await listing(connect_kind("github", checked, surroundings))
        assert [entry.external_id for entry in found] == ids


async def test_a_renamed_repository_is_found_under_its_new_name(
    bench: WikiBench, http: HttpClient
) -> None:
    await bench.put("Home", "# Welcome")
    bench.server.fail(200, "/repos/acme/app", body={"full_name": "acme/new", "has_wiki": True})
    with pytest.raises(SourceRefused, match="acme/new"):
        await listing(bench.connect(http))
    assert "/acme/new.wiki.git/info/refs" in bench.wiki.paths


@pytest.mark.parametrize("token", ["wrong-canary", ""])
async def test_a_token_that_is_not_right_is_refused_and_never_shown(
    bench: WikiBench, http: HttpClient, token: str
) -> None:
    await bench.put("Home", "# Welcome")
    bench.server.private = False
    bench.server.token = token
    with pytest.raises(SourceRefused, match="read access to the repository's contents") as refused:
        await listing(bench.connect(http, token=token))
    assert "canary" not in str(refused.value)


async def test_the_token_is_not_kept_in_the_copy(bench: WikiBench, http: HttpClient) -> None:
    await bench.put("Home", "# Welcome")
    assert len(await listing(bench.connect(http))) == 1
    kept = [path.read_bytes() for path in bench.cache.rglob("*") if path.is_file()]
    assert kept
    assert not any(TOKEN.encode() in content for content in kept)


async def test_a_wiki_without_a_page_is_no_empty_source(bench: WikiBench, http: HttpClient) -> None:
    bench.server.wiki = None
    with pytest.raises(SourceRefused, match="Write its first page"):
        await listing(bench.connect(http))
    bench.server.has_wiki = False
    with pytest.raises(SourceRefused, match="switched off"):
        await listing(bench.connect(http))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_wiki_in_trouble_is_an_error_that_may_pass(
    bench: WikiBench, http: HttpClient, status: int
) -> None:
    await bench.put("Home", "# Welcome")
    bench.server.open_topic("issue", "Crash", "It crashes.")
    bench.wiki.status = status
    with pytest.raises(SourceUnreadable) as failed:
        await listing(bench.connect(http))
    assert not isinstance(failed.value, SourceRefused)


async def test_a_page_that_was_deleted_is_gone(bench: WikiBench, http: HttpClient) -> None:
    await bench.put("Home", "# Welcome")
    await bench.put("Old", "# Old")
    _, old = await listing(bench.connect(http))
    await bench.remove("Old")
    assert [e.external_id for e in await listing(bench.connect(http))] == ["wiki/Home.md"]
    with pytest.raises(DocumentGone):
        await bench.connect(http).fetch(old)
