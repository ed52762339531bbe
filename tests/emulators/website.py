"""A website on loopback, whose pages a test writes, and which can be in trouble."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Self

from aiohttp import web

BIRTH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """What the server sends for a path."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime = BIRTH


@dataclass(slots=True)
class Trouble:
    """Requests for paths like `path` get `status`, after `after` of them, and `times` in all."""

    path: str
    status: int
    after: int = 0
    times: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def strikes(self, path: str) -> bool:
        """Whether this request is one of them."""
        if not fnmatchcase(path, self.path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
            return self.times >= 0
        return True


class WebsiteEmulator:
    """An async context manager. `pages` are by path; `requests` counts (path, status) answered."""

    def __init__(self, *, conditional: bool = True) -> None:
        self.pages: dict[str, Page] = {}
        self.troubles: list[Trouble] = []
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seen_headers: list[Mapping[str, str]] = []
        self._conditional = conditional
        self._writes = 0
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("GET", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The address of the host, without a slash."""
        return f"http://127.0.0.1:{self._port}"

    def write(self, path: str, body: str | bytes, content_type: str = "", **more: object) -> None:
        """Put a page, or change it; every write is a minute after the one before."""
        self._writes += 1
        moment = BIRTH + timedelta(minutes=self._writes)
        content_type = content_type or "text/html; charset=utf-8"
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = Page(content, content_type, modified_at=moment, **more)  # type: ignore[arg-type]

    def write_article(self, path: str, title: str, text: str, *links: str) -> None:
        """Put a page with a heading, a text, and links in its navigation."""
        anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
        self.write(
            path,
            f"<!doctype html><html><head><title>{title}</title></head><body>"
            f"<nav>{anchors}</nav><main><h1>{title}</h1><p>{text}</p></main></body></html>",
        )

    def redirect(self, path: str, target: str, status: int = 301) -> None:
        """Send those who ask for `path` on to `target`."""
        self.pages[path] = Page(b"", status=status, headers={"Location": target})

    def fail(self, path: str, status: int, **more: object) -> None:
        """Be in trouble, from now on."""
        self.troubles.append(Trouble(path, status, **more))  # type: ignore[arg-type]

    async def _answer(self, request: web.Request) -> web.Response:
        response = self._choose(request)
        self.requests[request.path, response.status] += 1
        self.seen_headers.append(dict(request.headers))
        return response

    def _choose(self, request: web.Request) -> web.Response:
        for trouble in self.troubles:
            if trouble.strikes(request.path):
                return web.Response(status=trouble.status, headers=trouble.headers)
        page = self.pages.get(request.path_qs) or self.pages.get(request.path)
        if page is None:
            return web.Response(status=404, text="There is no such page.")
        headers = {**page.headers, "Content-Type": page.content_type}
        if self._conditional and page.status == 200:
            headers["ETag"] = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
            headers["Last-Modified"] = format_datetime(page.modified_at, usegmt=True)
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers)
        return web.Response(status=page.status, body=page.body, headers=headers)
