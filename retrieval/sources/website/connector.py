"""Lists the pages of a website by its sitemaps or by its links, and reads them."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.surroundings import Surroundings
from retrieval.sources.website.addresses import Site
from retrieval.sources.website.links import PageLinks, read_links
from retrieval.sources.website.page_cache import CachedPage, PageCache
from retrieval.sources.website.pages import Absent, PageReader
from retrieval.sources.website.settings import CRAWL, SITEMAP, WebsiteSettings
from retrieval.sources.website.sitemap import SitemapPage, read_sitemap

AT_ONCE = 4
"""Pages that are asked for at the same time."""
_MOST_SITEMAPS = 1000
_LOST_IN_A_ROW = 5
_LINKS_LIMIT = 5 * 2**20
"""Bytes of a page that are searched for links."""


@dataclass(slots=True)
class _Crawl:
    """Where a crawl stands: what waits, what was met, and the pages that were read."""

    waiting: deque[tuple[str, int]]
    seen: set[str]
    visited: list[str] = field(default_factory=list)
    listed: int = 0
    lost_in_a_row: int = 0

    def add(self, url: str, depth: int) -> None:
        if url not in self.seen:
            self.seen.add(url)
            self.waiting.append((url, depth))


@dataclass(frozen=True, slots=True)
class _Visit:
    """What one page of a crawl gave; `page` is None where there is no document."""

    page: CachedPage | None
    links: PageLinks = field(default_factory=PageLinks)
    problem: str = ""
    is_lost: bool = False


class WebsiteConnector:
    """Reads one website. External ids are the URLs of pages."""

    def __init__(self, settings: WebsiteSettings, surroundings: Surroundings) -> None:
        self._settings = settings
        key = f"{settings.site.start}\0{settings.authorization}"
        folder = surroundings.cache / "websites" / hashlib.sha256(key.encode()).hexdigest()[:24]
        self._cache = PageCache(folder)
        self._reader = PageReader(
            surroundings.http,
            settings.site,
            self._cache,
            authorization=settings.authorization,
        )
        self._places: dict[str, str] = {}
        self._problems: dict[str, str] = {}

    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every page, from the sitemap or by following links. Complete, or SourceUnreadable."""
        site = await self._reader.find_site()
        if not await self._reader.may_read(site.start):
            raise SourceRefused(
                f"{site.root}/robots.txt does not let Footnote read {site.start}. Ask whoever runs"
                " the site to allow it."
            )
        pages = await self._list_sitemap(site) if self._settings.how != CRAWL else []
        if self._settings.how == SITEMAP and not pages:
            raise SourceRefused(f"{site.root} has no sitemap with pages below {site.start}.")
        for page in pages:
            yield SourceEntry(
                external_id=page.url,
                url=page.url,
                modified_at=page.modified_at,
                fingerprint=page.changed or None,
            )
        if not pages:
            async for entry in self._crawl(site):
                yield entry

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One page; what the crawl just read is not asked for again.

        Raises DocumentGone, DocumentUnreadable, SourceUnreadable.
        """
        name = entry.external_id
        if name in self._problems:
            raise DocumentUnreadable(self._problems[name])
        place = self._places.get(name)
        page = await self._reader.load(place) if place else None
        found = page or await self._reader.read(place or name)
        match found:
            case Absent.OTHER:
                raise DocumentUnreadable("It is of no type that Footnote reads.")
            case Absent():
                raise DocumentGone(f"{entry.url} is {found.value}.")
        modified_at = entry.modified_at or _read_time(found)
        return RawDocument(replace(entry, modified_at=modified_at), found.content, found.media_type)

    # Sitemaps

    async def _list_sitemap(self, site: Site) -> list[SitemapPage]:
        """The pages of the site's sitemaps, each once; none if there is no sitemap."""
        robots = await self._reader.read_robots()
        named = list(dict.fromkeys(robots.sitemaps))
        guesses = [f"{site.root}/sitemap.xml"]
        if site.prefix:
            guesses.insert(0, f"{site.root}{site.prefix}/sitemap.xml")
        if site.is_sitemap:
            named = [site.start]
        pages: dict[str, SitemapPage] = {}
        if named:
            await self._read_sitemaps(site, named, pages)
        else:
            for guess in guesses:
                await self._try_sitemap(site, guess, pages)
                if pages:
                    break
        return list(pages.values())

    async def _try_sitemap(self, site: Site, url: str, pages: dict[str, SitemapPage]) -> None:
        """Read a sitemap that may not exist, for which many servers send a page of their own."""
        answer = await self._reader.get(url)
        if answer.status < 300 and "html" not in answer.media_type:
            await self._read_sitemaps(site, [url], pages)

    async def _read_sitemaps(
        self, site: Site, urls: list[str], pages: dict[str, SitemapPage]
    ) -> None:
        """Read these sitemaps and those that they name. Raises SourceUnreadable, never a part."""
        waiting, seen = deque(urls), set(urls)
        while waiting:
            url = waiting.popleft()
            answer = await self._reader.get(url)
            answer.expect_listing()
            sitemap = await asyncio.to_thread(read_sitemap, answer.content, url)
            for page in sitemap.pages:
                if await self._is_document(site, page.url):
                    pages.setdefault(page.url, page)
            self._check_size(site, len(pages))
            fresh = [found for found in sitemap.sitemaps if found not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
            if len(seen) > _MOST_SITEMAPS:
                raise SourceRefused(f"{site.root} has more than {_MOST_SITEMAPS:,} sitemaps.")

    async def _is_document(self, site: Site, url: str) -> bool:
        return site.wants(url) and await self._is_inside(site, url)

    async def _is_inside(self, site: Site, url: str) -> bool:
        return site.contains(url) and site.may_be_page(url) and await self._reader.may_read(url)

    # Links

    async def _crawl(self, site: Site) -> AsyncIterator[SourceEntry]:
        """Every page that links lead to, breadth first."""
        is_first = not await asyncio.to_thread(self._cache.is_complete)
        crawl = _Crawl(deque([(site.start, 0)]), {site.start})
        while crawl.waiting:
            wave = [crawl.waiting.popleft() for _ in range(min(AT_ONCE, len(crawl.waiting)))]
            visits = await asyncio.gather(
                *(self._visit(url, may_lose=not is_first and depth > 0) for url, depth in wave)
            )
            for (url, depth), visit in zip(wave, visits, strict=True):
                self._count_losses(crawl, visit)
                for link in visit.links.links if depth < self._settings.depth else ():
                    if await self._is_inside(site, link):
                        crawl.add(link, depth + 1)
                entry = self._list_visit(site, crawl, url, visit)
                if entry is not None:
                    yield entry
            self._check_size(site, crawl.listed, len(crawl.visited))
        if not crawl.listed:
            raise SourceRefused(f"{site.start} has no page that Footnote reads.")
        await asyncio.to_thread(self._cache.complete, crawl.visited)

    async def _visit(self, url: str, *, may_lose: bool) -> _Visit:
        """Look at one page. One that cannot be read is listed with its links of the last time.

        Where there was no last time, a site that does not answer is an error: the pages that only
        this one leads to would seem to be gone.
        """
        is_lost = False
        try:
            page = await self._reader.read(url)
        except SourceRefused:
            raise
        except SourceUnreadable as error:
            if not may_lose:
                raise
            problem, is_lost = str(error), True
        except DocumentUnreadable as error:
            problem = str(error)
        else:
            if isinstance(page, Absent):
                return _Visit(None)
            return _Visit(page, await _find_links(page))
        before = await self._reader.load(url) or CachedPage(url, "", b"")
        return _Visit(before, await _find_links(before), problem, is_lost=is_lost)

    def _count_losses(self, crawl: _Crawl, visit: _Visit) -> None:
        crawl.lost_in_a_row = crawl.lost_in_a_row + 1 if visit.is_lost else 0
        if crawl.lost_in_a_row >= _LOST_IN_A_ROW:
            raise SourceUnreadable(visit.problem)

    def _list_visit(self, site: Site, crawl: _Crawl, url: str, visit: _Visit) -> SourceEntry | None:
        """The entry of a page that was visited, None if it is none or listed already."""
        page = visit.page
        if page is None:
            return None
        crawl.visited.append(page.url)
        name = site.choose_canonical(page.url, visit.links.canonical)
        if {page.url, name} - {url} & crawl.seen:
            return None
        crawl.seen.update((page.url, name))
        if not site.wants(name):
            return None
        crawl.listed += 1
        if visit.problem:
            self._problems[name] = visit.problem
            return SourceEntry(external_id=name, url=name)
        self._places[name] = page.url
        return SourceEntry(
            external_id=name,
            url=name,
            modified_at=_read_time(page),
            fingerprint=page.fingerprint,
            size=len(page.content),
        )

    def _check_size(self, site: Site, listed: int, visited: int = 0) -> None:
        most = self._settings.pages
        if listed > most or visited > 4 * most + 100:
            raise SourceRefused(
                f"There are more than {most:,} pages below {site.start}. Raise pages, or choose"
                " with include and exclude."
            )


async def _find_links(page: CachedPage) -> PageLinks:
    if page.media_type != "text/html":
        return PageLinks()
    return await asyncio.to_thread(read_links, page.content[:_LINKS_LIMIT], page.url)


def _read_time(page: CachedPage) -> datetime | None:
    try:
        moment = parsedate_to_datetime(page.last_modified)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
