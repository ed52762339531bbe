"""The sources of connectors, each with somebody who writes there."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import quote

from retrieval.ports import Connector
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.files import FilesConnector, FilesSettings
from retrieval.sources.http import Clock, HttpClient, open_http_client
from retrieval.sources.registry import check_config, connect_kind
from retrieval.sources.surroundings import Surroundings
from tests.emulators.git import GitEmulator
from tests.emulators.services.github import TOKEN, GitHubServer
from tests.emulators.website import WebsiteEmulator

LOOPBACK = AddressPolicy.parse(["127.0.0.1"])


class Time:
    """A clock that a wait moves; `waits` in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def open_loopback_client(time: Time | None = None) -> AsyncIterator[HttpClient]:
    """The client of the connectors, allowed to read from this machine, whose waits take no time."""
    time = time or Time()
    clock = Clock(now=lambda: time.seconds, sleep=time.sleep)
    async with open_http_client(LOOPBACK, clock=clock) as client:
        yield client


class SourceBench(Protocol):
    """A source on this machine; leaving it takes it down."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    def connect(self, http: HttpClient) -> Connector: ...

    async def put(self, name: str, text: str) -> None:
        """Write a document, or write it anew."""
        ...

    async def remove(self, name: str) -> None: ...


class FilesBench:
    """A folder."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"

    async def __aenter__(self) -> Self:
        self.root.mkdir()
        return self

    async def __aexit__(self, *_: object) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def connect(self, http: HttpClient) -> Connector:
        return FilesConnector(FilesSettings(self.root, url_base="https://docs.example.com/base"))

    async def put(self, name: str, text: str) -> None:
        (self.root / f"{name}.md").write_text(text, encoding="utf-8")

    async def remove(self, name: str) -> None:
        (self.root / f"{name}.md").unlink()


class WebsiteBench:
    """Pages below /docs/, to which its front page links, or which its sitemap names."""

    def __init__(self, directory: Path, *, how: str) -> None:
        self.site = WebsiteEmulator()
        self._cache = directory / "cache"
        self._how = how
        self._names: list[str] = []

    async def __aenter__(self) -> Self:
        await self.site.__aenter__()
        self._write_front()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.site.__aexit__()

    def connect(self, http: HttpClient) -> Connector:
        config = {"url": f"{self.site.url}/docs/", "how": self._how, "include": "docs/pages/*"}
        surroundings = Surroundings(http, self._cache, LOOPBACK)
        return connect_kind("website", check_config("website", config), surroundings)

    async def put(self, name: str, text: str) -> None:
        if name not in self._names:
            self._names.append(name)
        self.site.write_article(self._path(name), name, escape(text))
        self._write_front()

    async def remove(self, name: str) -> None:
        self._names.remove(name)
        del self.site.pages[self._path(name)]
        self._write_front()

    def _path(self, name: str) -> str:
        return f"/docs/pages/{name}"

    def _write_front(self) -> None:
        links = [quote(self._path(name)) for name in self._names]
        self.site.write_article("/docs/", "Welcome", "Read on.", *links)
        entries = "".join(
            f"<url><loc>{self.site.url}{quote(path)}</loc>"
            f"<lastmod>{page.modified_at.isoformat()}</lastmod></url>"
            for path, page in self.site.pages.items()
            if path.startswith("/docs/pages/")
        )
        namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
        self.site.write(
            "/docs/sitemap.xml",
            f'<urlset xmlns="{namespace}">{entries}</urlset>',
            "application/xml",
        )


class GitBench:
    """Files in a repository."""

    def __init__(self, directory: Path) -> None:
        self.server = GitEmulator(directory / "server")
        self._cache = directory / "cache"

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.__aexit__()

    def connect(self, http: HttpClient) -> Connector:
        surroundings = Surroundings(http, self._cache, LOOPBACK)
        return connect_kind("git", check_config("git", {"url": self.server.url}), surroundings)

    async def put(self, name: str, text: str) -> None:
        await self.server.write(f"{name}.md", text)

    async def remove(self, name: str) -> None:
        await self.server.remove(f"{name}.md")


class WikiBench:
    """Pages of the wiki of a private repository on GitHub."""

    def __init__(self, directory: Path) -> None:
        self.server = GitHubServer()
        self.server.private = True
        self.server.wiki = self.wiki = GitEmulator(
            directory / "server", name="acme/app.wiki", token=TOKEN
        )
        self.cache = directory / "cache"

    async def __aenter__(self) -> Self:
        await self.server.start()
        await self.wiki.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wiki.__aexit__()
        await self.server.stop()

    def connect(self, http: HttpClient, *, token: str = TOKEN) -> Connector:
        config = {
            "repository": "acme/app",
            "contents": "wiki",
            "token": token,
            "api_url": self.server.url,
        }
        surroundings = Surroundings(http, self.cache, LOOPBACK)
        return connect_kind("github", check_config("github", config), surroundings)

    async def put(self, name: str, text: str) -> None:
        await self.wiki.write(f"{name}.md", text)

    async def remove(self, name: str) -> None:
        await self.wiki.remove(f"{name}.md")


BENCHES: dict[str, Callable[[Path], SourceBench]] = {
    "files": FilesBench,
    "git": GitBench,
    "github-wiki": WikiBench,
    "website-crawl": lambda directory: WebsiteBench(directory, how="crawl"),
    "website-sitemap": lambda directory: WebsiteBench(directory, how="sitemap"),
}
