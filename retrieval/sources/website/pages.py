"""Reads the pages of one site: politely, by its robots.txt, and only what has changed."""

import asyncio
from dataclasses import replace
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from protego import Protego

from retrieval.errors import DocumentUnreadable, SourceRefused
from retrieval.sources.http import HttpAnswer, HttpClient
from retrieval.sources.media_types import MEDIA_TYPES, guess_media_type
from retrieval.sources.website.addresses import Site, normalise_url
from retrieval.sources.website.page_cache import CachedPage, PageCache

ROBOT = "Footnote"
"""The name that robots.txt may address us by."""
PACE_SECONDS = 0.1
LONGEST_PACE_SECONDS = 10.0
_ROBOTS_LIMIT = 500 * 1024
_VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_SAME = {"application/xhtml+xml": "text/html", "text/x-markdown": "text/markdown"}
_WANTED = frozenset(MEDIA_TYPES.values()) | _VAGUE | frozenset(_SAME)


class Absent(Enum):
    """Why there is no page at an address, where that is no fault."""

    GONE = "gone"
    MOVED = "moved away"
    OTHER = "no document"


class PageReader:
    """Reads pages of `site` through a cache."""

    def __init__(
        self, http: HttpClient, site: Site, cache: PageCache, *, authorization: str = ""
    ) -> None:
        self.site = site
        self._http = http
        self._cache = cache
        self._headers = {"Authorization": authorization} if authorization else {}
        self._robots: Protego | None = None

    async def read_robots(self) -> Protego:
        """The rules of robots.txt (RFC 9309). Raises SourceUnreadable if they cannot be had."""
        if self._robots is None:
            answer = await self._http.get(f"{self.site.root}/robots.txt", headers=self._headers)
            rules = answer.content[:_ROBOTS_LIMIT] if answer.status < 300 else b""
            self._robots = Protego.parse(rules.decode("utf-8", "replace"))
        return self._robots

    async def may_read(self, url: str) -> bool:
        """Whether robots.txt lets us read a page."""
        return (await self.read_robots()).can_fetch(url, ROBOT)

    async def get(self, url: str) -> HttpAnswer:
        """Any file that the site names, whose host need not be its own. Raises SourceUnreadable."""
        own = urlsplit(url).netloc == urlsplit(self.site.start).netloc
        headers = self._headers if own else {}
        return await self._http.get(url, headers=headers, pace=await self._find_pace())

    async def _find_pace(self) -> float:
        asked = (await self.read_robots()).crawl_delay(ROBOT) or 0.0
        return min(max(float(asked), PACE_SECONDS), LONGEST_PACE_SECONDS)

    async def load(self, url: str) -> CachedPage | None:
        """The page as it was last read."""
        return await asyncio.to_thread(self._cache.load, url)

    async def read(self, url: str) -> CachedPage | Absent:
        """The page at a URL, where redirects inside the site led.

        Raises DocumentUnreadable for this page alone, SourceUnreadable if the site does not answer.
        """
        known = await self.load(url)
        answer = await self._http.get(
            url,
            headers={**self._headers, **(known.conditions if known else {})},
            pace=await self._find_pace(),
            media_types=_WANTED,
            follow=self._is_inside,
        )
        if answer.status == 304 and known:
            return known
        if answer.status in {404, 410}:
            return Absent.GONE
        if 300 <= answer.status < 400:
            return self._judge_redirect(answer)
        answer.expect_document()
        page = _make_page(answer)
        if page is None:
            return Absent.OTHER
        await asyncio.to_thread(self._cache.save, page)
        return page

    def _is_inside(self, url: str) -> bool:
        target = normalise_url(url)
        return target is not None and self.site.contains(target)

    def _judge_redirect(self, answer: HttpAnswer) -> Absent:
        target = urlsplit(answer.headers.get("location", ""))
        if answer.status in {301, 308} and answer.is_permanent:
            return Absent.MOVED
        raise DocumentUnreadable(
            f"It sends readers on to {target.netloc or self.site.root}{target.path}, as pages do"
            " that ask for a login."
        )

    async def find_site(self) -> Site:
        """The site where its start really is: servers like to add www., https or a slash.

        Raises SourceRefused if that is another site.
        """
        start = self.site.start
        answer = await self._http.get(start, headers=self._headers, media_types=())
        answer.expect_listing()
        found, asked = urlsplit(normalise_url(answer.url) or ""), urlsplit(start)
        if found.path.rstrip("/") != asked.path.rstrip("/"):
            # a front page that leads to another one is still the address of the site
            found = found._replace(path=asked.path, query=asked.query)
        moved = replace(self.site, start=found.geturl())
        target = normalise_url(answer.url)
        if _bare_host(found) != _bare_host(asked) or not target or not moved.contains(target):
            raise SourceRefused(
                f"{start} leads to {answer.url}. If that is the site that is meant, give that"
                " address."
            )
        self.site, self._robots = moved, None
        return moved


def _bare_host(parts: SplitResult) -> str:
    port = parts.port if parts.port not in {80, 443} else None
    return f"{(parts.hostname or '').removeprefix('www.')}:{port}"


def _make_page(answer: HttpAnswer) -> CachedPage | None:
    """The page of an answer; None if it is of no type that is read."""
    url = normalise_url(answer.url)
    media_type = _SAME.get(answer.media_type, answer.media_type)
    if media_type in _VAGUE:
        media_type = guess_media_type(urlsplit(answer.url).path) or ""
    if url is None or media_type not in MEDIA_TYPES.values():
        return None
    return CachedPage(
        url=url,
        media_type=media_type,
        content=_recode(answer),
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
    )


def _recode(answer: HttpAnswer) -> bytes:
    """Text in UTF-8 where the server says what it is in, which the page itself may not repeat."""
    _, _, charset = answer.headers.get("content-type", "").lower().partition("charset=")
    charset = charset.split(";")[0].strip(" \"'")
    if not charset or charset in {"utf-8", "utf8"} or not answer.media_type.startswith("text/"):
        return answer.content
    try:
        return answer.content.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        return answer.content
