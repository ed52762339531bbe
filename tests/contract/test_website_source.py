"""The website connector against a site on loopback."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    InvalidSource,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.model import RawDocument, SourceEntry
from retrieval.parsing.formats import parse_content
from retrieval.ports import Connector
from retrieval.sources.http import HttpClient
from retrieval.sources.registry import check_config, connect_kind
from retrieval.sources.surroundings import Surroundings
from tests.contract.source_benches import LOOPBACK, Time, open_loopback_client
from tests.emulators.website import WebsiteEmulator


class World:
    """A site, and a connector that reads what lies below /docs/."""

    def __init__(self, site: WebsiteEmulator, http: HttpClient, cache: Path, time: Time) -> None:
        self.site = site
        self.http = http
        self.cache = cache
        self.time = time

    def connect(self, **config: object) -> Connector:
        config = {"url": f"{self.site.url}/docs/", **config}
        surroundings = Surroundings(self.http, self.cache, LOOPBACK)
        return connect_kind("website", check_config("website", config), surroundings)

    async def listing(self, **config: object) -> dict[str, SourceEntry]:
        found = [entry async for entry in self.connect(**config).list_entries()]
        return {entry.external_id.removeprefix(self.site.url): entry for entry in found}

    async def read(self, path: str, **config: object) -> RawDocument:
        connector = self.connect(**config)
        found = {entry.external_id: entry async for entry in connector.list_entries()}
        raw = await connector.fetch(found[f"{self.site.url}{path}"])
        assert raw is not None
        return raw


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    time = Time()
    async with WebsiteEmulator() as site, open_loopback_client(time) as http:
        site.write_article("/docs/", "Welcome", "Hello.", "a", "/docs/b", "c/d", "/blog/x")
        site.write_article("/docs/a", "A", "About a.", "/docs/", "b")
        site.write_article("/docs/b", "B", "About b.")
        site.write_article("/docs/c/d", "D", "About d.", "../e")
        site.write_article("/docs/e", "E", "About e.")
        site.write_article("/blog/x", "X", "Elsewhere.")
        yield World(site, http, tmp_path / "cache", time)


EVERYTHING = {"/docs/", "/docs/a", "/docs/b", "/docs/c/d", "/docs/e"}


def sitemap(site: WebsiteEmulator, *entries: str) -> str:
    body = "".join(f"<url><loc>{site.url}{entry}</loc></url>" for entry in entries)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</urlset>'


# Crawling


async def test_links_are_followed_below_the_address(world: World) -> None:
    assert set(await world.listing()) == EVERYTHING
    assert (await world.read("/docs/c/d")).content.count(b"About d.") == 1


async def test_pages_are_read_again_only_if_they_changed(world: World) -> None:
    before = await world.listing()
    world.site.requests.clear()
    world.site.write_article("/docs/b", "B", "Changed.")
    after = await world.listing()
    changed = {path for path in after if after[path].fingerprint != before[path].fingerprint}
    assert changed == {"/docs/b"}
    assert world.site.requests["/docs/b", 200] == 1
    for path in EVERYTHING - {"/docs/b", "/docs/"}:
        assert (world.site.requests[path, 200], world.site.requests[path, 304]) == (0, 1)


async def test_fetching_asks_for_nothing_that_was_just_read(world: World) -> None:
    connector = world.connect()
    entries = [entry async for entry in connector.list_entries()]
    world.site.requests.clear()
    for entry in entries:
        await connector.fetch(entry)
    assert world.site.requests.total() == 0


async def test_how_far_links_are_followed_can_be_said(world: World) -> None:
    assert set(await world.listing(depth=1)) == EVERYTHING - {"/docs/e"}


async def test_patterns_choose_pages_and_excluded_ones_are_not_asked_for(world: World) -> None:
    chosen = await world.listing(include="docs/c/*, docs/e", exclude="/docs/b")
    assert set(chosen) == {"/docs/c/d", "/docs/e"}
    assert not any(path == "/docs/b" for path, _ in world.site.requests)


async def test_a_site_with_too_many_pages_is_an_error_and_not_a_part(world: World) -> None:
    with pytest.raises(SourceRefused, match="more than 3 pages.*include"):
        await world.listing(pages=3)
    assert len(await world.listing(pages=5)) == 5


async def test_one_page_has_one_name(world: World) -> None:
    canonical = '<link rel="canonical" href="/docs/b">'
    world.site.write_article(
        "/docs/",
        "W",
        "Hello.",
        "b?utm_source=x",
        "b/?print=1",
        "b#part",
        "old",
        "/docs/./a",
        "B%61",
    )
    world.site.write("/docs/b", f"<html>{canonical}<h1>B</h1><p>Text.</p></html>")
    world.site.pages["/docs/b/"] = world.site.pages["/docs/b"]
    world.site.redirect("/docs/old", "/docs/a")
    assert set(await world.listing()) == {"/docs/", "/docs/a", "/docs/b"}


async def test_a_canonical_address_that_every_page_names_is_not_believed(world: World) -> None:
    for path in EVERYTHING:
        page = world.site.pages[path].body.decode()
        world.site.write(path, page.replace("<head>", '<head><link rel=canonical href="/docs/">'))
    assert set(await world.listing()) == EVERYTHING


async def test_what_is_no_document_is_left_out(world: World) -> None:
    world.site.write_article("/docs/", "W", "Hi.", "x.png", "dead", "feed", "paper.pdf", "notes")
    world.site.write("/docs/feed", "<rss/>", "application/rss+xml")
    world.site.write("/docs/paper.pdf", b"%PDF-1.7", "application/octet-stream")
    world.site.write("/docs/notes", "Plain.", "text/plain")
    assert set(await world.listing()) == {"/docs/", "/docs/paper.pdf", "/docs/notes"}
    assert (await world.read("/docs/paper.pdf")).media_type == "application/pdf"
    assert not any(path == "/docs/x.png" for path, _ in world.site.requests)


async def test_a_page_in_an_old_encoding_is_read_by_what_the_server_says(world: World) -> None:
    page = "<html><body><p>Größe</p></body></html>".encode("cp1252")
    world.site.write("/docs/b", page, "text/html; charset=windows-1252")
    assert "Größe" in (await world.read("/docs/b")).content.decode()


# Politeness


async def test_robots_are_heard(world: World) -> None:
    rules = "User-agent: *\nDisallow: /docs/c/\nCrawl-delay: 2\n"
    world.site.write("/robots.txt", rules, "text/plain")
    assert set(await world.listing()) == {"/docs/", "/docs/a", "/docs/b"}
    # the front page was asked for before the rules were known
    assert world.time.seconds >= 2 * 2


async def test_robots_may_address_us_and_forbid_everything(world: World) -> None:
    world.site.write("/robots.txt", "User-agent: footnote\nDisallow: /\n", "text/plain")
    with pytest.raises(SourceRefused, match=r"robots\.txt"):
        await world.listing()


async def test_without_known_rules_nothing_is_read(world: World) -> None:
    world.site.fail("/robots.txt", 503)
    with pytest.raises(SourceUnreadable):
        await world.listing()


async def test_requests_keep_their_distance_and_say_who_asks(world: World) -> None:
    await world.listing()
    assert world.time.seconds >= 0.1 * (len(EVERYTHING) - 1)
    assert all("Footnote" in headers["User-Agent"] for headers in world.site.seen_headers)


# Trouble


@pytest.mark.parametrize("status", [500, 503])
async def test_a_page_that_fails_in_the_first_crawl_makes_it_an_error(
    world: World, status: int
) -> None:
    world.site.fail("/docs/c/d", status)
    with pytest.raises(SourceUnreadable):
        await world.listing()


@pytest.mark.parametrize("status", [403, 500])
async def test_a_page_that_fails_later_hides_neither_itself_nor_what_it_leads_to(
    world: World, status: int
) -> None:
    before = await world.listing()
    world.site.fail("/docs/c/d", status)
    connector = world.connect()
    found = {entry.external_id: entry async for entry in connector.list_entries()}
    assert {path.removeprefix(world.site.url) for path in found} == EVERYTHING
    lost = found[f"{world.site.url}/docs/c/d"]
    assert lost.fingerprint != before["/docs/c/d"].fingerprint
    with pytest.raises(DocumentUnreadable, match=str(status)) as refused:
        await connector.fetch(lost)
    assert not isinstance(refused.value, DocumentGone)


async def test_a_site_that_refuses_half_of_its_pages_loses_none(world: World) -> None:
    links = [f"page{number}" for number in range(20)]
    world.site.write_article("/docs/", "W", "Hi.", *links)
    for link in links:
        world.site.write_article(f"/docs/{link}", link, f"Text of {link}.")
    assert len(await world.listing()) == 21
    world.site.fail("/docs/page1?", 403)
    assert len(await world.listing()) == 21


async def test_a_site_that_goes_down_during_the_crawl_is_an_error(world: World) -> None:
    links = [f"page{number}" for number in range(20)]
    world.site.write_article("/docs/", "W", "Hi.", *links)
    for link in links:
        world.site.write_article(f"/docs/{link}", link, f"Text of {link}.")
    await world.listing()
    world.site.fail("/docs/page*", 500, after=5)
    with pytest.raises(SourceUnreadable):
        await world.listing()


async def test_an_empty_front_page_lists_nothing_but_itself_and_no_page_is_an_error(
    world: World,
) -> None:
    world.site.write("/docs/", b"")
    assert set(await world.listing()) == {"/docs/"}
    world.site.write("/docs/", b"picture", "image/png")
    with pytest.raises(SourceRefused, match="no page"):
        await world.listing()


async def test_a_busy_site_is_waited_for(world: World) -> None:
    world.site.fail("/docs/b", 429, times=1, headers={"Retry-After": "30"})
    assert set(await world.listing()) == EVERYTHING
    assert 30 in world.time.waits
    world.site.fail("/docs/*", 429, headers={"Retry-After": "900"})
    with pytest.raises(SourceUnreadable) as asked:
        await world.listing()
    assert asked.value.retry_after == 900


async def test_what_is_gone_is_gone_and_what_moved_away_as_well(world: World) -> None:
    connector = world.connect()
    found = {entry.external_id: entry async for entry in connector.list_entries()}
    fresh = world.connect()
    world.site.write("/docs/a", b"", status=410)
    del world.site.pages["/docs/b"]
    world.site.redirect("/docs/e", "https://elsewhere.example/e", 301)
    for path in ("/docs/a", "/docs/b", "/docs/e"):
        with pytest.raises(DocumentGone):
            await fresh.fetch(found[f"{world.site.url}{path}"])
    assert set(await world.listing()) == {"/docs/", "/docs/c/d"}


async def test_a_login_in_front_of_a_page_does_not_delete_it(world: World) -> None:
    await world.listing()
    world.site.redirect("/docs/b", "/login", 302)
    connector = world.connect()
    found = {entry.external_id: entry async for entry in connector.list_entries()}
    with pytest.raises(DocumentUnreadable, match="login"):
        await connector.fetch(found[f"{world.site.url}/docs/b"])


async def test_a_front_page_that_leads_to_another_site_is_refused(world: World) -> None:
    world.site.redirect("/docs/", "/elsewhere/", 302)
    world.site.write_article("/elsewhere/", "E", "Text.")
    with pytest.raises(SourceRefused, match="leads to"):
        await world.listing()


async def test_an_address_without_its_slash_is_the_same_site(world: World) -> None:
    world.site.redirect("/docs", "/docs/")
    assert set(await world.listing(url=f"{world.site.url}/docs")) == EVERYTHING


async def test_a_redirect_into_the_private_network_is_not_followed(world: World) -> None:
    world.site.redirect("/docs/b", "http://127.0.0.2/secret", 302)
    world.site.redirect("/docs/e", "http://169.254.169.254/latest/meta-data", 301)
    assert set(await world.listing()) == EVERYTHING - {"/docs/e"}
    world.site.redirect("/docs/", "http://169.254.169.254/", 302)
    with pytest.raises(SourceRefused, match="private"):
        await world.listing()


async def test_damage_in_the_cache_costs_a_request_and_no_more(world: World) -> None:
    before = await world.listing()
    for path in world.cache.rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert await world.listing() == before


async def test_pages_that_are_no_more_leave_the_cache(world: World) -> None:
    await world.listing()
    kept = sum(1 for path in world.cache.rglob("*") if path.is_file())
    world.site.write_article("/docs/", "Welcome", "Hello.")
    await world.listing()
    assert kept - sum(1 for path in world.cache.rglob("*") if path.is_file()) == 4


async def test_a_key_goes_to_the_site_alone(world: World) -> None:
    world.site.redirect("/docs/b", "http://127.0.0.2/", 302)
    await world.listing(authorization="Bearer canary")
    assert all(headers["Authorization"] == "Bearer canary" for headers in world.site.seen_headers)


# Sitemaps


async def test_a_sitemap_is_preferred_and_saves_requests(world: World) -> None:
    world.site.write(
        "/sitemap.xml", sitemap(world.site, "/docs/a", "/docs/b", "/blog/x"), "text/xml"
    )
    assert set(await world.listing()) == {"/docs/a", "/docs/b"}
    assert not any(path == "/docs/a" for path, _ in world.site.requests)
    assert set(await world.listing(how="crawl")) == EVERYTHING


async def test_sitemaps_are_found_by_robots_by_index_and_packed(world: World) -> None:
    site = world.site
    index = "".join(
        f"<sitemap><loc>{site.url}/maps/{name}</loc></sitemap>"
        for name in ("one.xml.gz", "two.txt")
    )
    site.write("/robots.txt", f"Sitemap: {site.url}/maps/index.xml", "text/plain")
    site.write("/maps/index.xml", f"<sitemapindex>{index}</sitemapindex>", "text/xml")
    packed = gzip.compress(sitemap(site, "/docs/a").encode())
    site.write("/maps/one.xml.gz", packed, "application/gzip")
    site.write("/maps/two.txt", f"{site.url}/docs/b\n{site.url}/docs/a\n", "text/plain")
    assert set(await world.listing()) == {"/docs/a", "/docs/b"}
    del site.pages["/robots.txt"]
    found = await world.listing(url=f"{site.url}/maps/index.xml")
    assert set(found) == {"/docs/a", "/docs/b"}


async def test_the_time_of_a_sitemap_tells_what_changed(world: World) -> None:
    entry = f"<loc>{world.site.url}/docs/a</loc><lastmod>2026-05-01</lastmod>"
    world.site.write("/sitemap.xml", f"<urlset><url>{entry}</url></urlset>", "text/xml")
    (found,) = (await world.listing()).values()
    assert found.fingerprint == "2026-05-01"
    assert found.modified_at == datetime(2026, 5, 1, tzinfo=UTC)


async def test_a_page_without_a_time_is_asked_for_if_it_changed(world: World) -> None:
    world.site.write("/sitemap.xml", sitemap(world.site, "/docs/a"), "text/xml")
    for _ in range(2):
        raw = await world.read("/docs/a")
        assert raw.entry.fingerprint is None
        assert b"About a." in raw.content
    assert (world.site.requests["/docs/a", 200], world.site.requests["/docs/a", 304]) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        "<urlset><url><loc>http://x.example/",
        "<urlset><url></urlset>",
        "<html><body>Sorry</body></html>",
        "Sorry, come back later.",
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
        + "]><urlset><url><loc>&m;</loc></url></urlset>",
        b"\x1f\x8b garbage",
        gzip.compress(b"<urlset></urlset>", mtime=0)[:-5],
    ],
)
async def test_a_broken_sitemap_is_an_error_and_never_a_part(
    world: World, content: str | bytes
) -> None:
    world.site.write("/robots.txt", f"Sitemap: {world.site.url}/map.xml", "text/plain")
    world.site.write("/map.xml", content, "text/xml")
    with pytest.raises(SourceUnreadable):
        await world.listing()


@pytest.mark.parametrize("status", [404, 500])
async def test_a_sitemap_that_is_named_and_missing_is_an_error(world: World, status: int) -> None:
    world.site.write("/robots.txt", f"Sitemap: {world.site.url}/map.xml", "text/plain")
    world.site.fail("/map.xml", status)
    with pytest.raises(SourceUnreadable):
        await world.listing()


async def test_a_sitemap_that_is_asked_for_must_be_there(world: World) -> None:
    with pytest.raises(SourceRefused, match="no sitemap"):
        await world.listing(how="sitemap")
    # many servers answer every address with a page
    world.site.write("/sitemap.xml", "<html><body>Not here</body></html>")
    assert set(await world.listing()) == EVERYTHING


# Settings


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"url": ""}, "needs url"),
        ({"url": "ftp://x.example"}, "https://"),
        ({"url": "https://u:secret@x.example"}, "password"),
        ({"url": "https://x.example", "pages": 0}, "pages"),
        ({"url": "https://x.example", "how": "magic"}, "how"),
    ],
)
def test_bad_settings_are_refused(config: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSource, match=words):
        check_config("website", config)


async def test_headings_of_a_page_can_be_linked_to(world: World) -> None:
    body = '<main><h1>B</h1><h2 id="set-up">Set up</h2><p>Do this.</p></main>'
    world.site.write("/docs/b", f"<html><body>{body}</body></html>")
    raw = await world.read("/docs/b")
    parsed = parse_content(raw.content, raw.media_type, raw.entry.external_id)
    assert [block.anchor for block in parsed.blocks if block.level == 2] == ["set-up"]
