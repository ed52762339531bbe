"""Confluence Cloud's REST API, version 2, for one space."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from .server import ServiceServer, stamp

EMAIL = "reader@acme.example"
TOKEN = "ATATT-emulated"
SPACE_ID = "98306"


@dataclass(slots=True)
class Page:
    """A page; `body` is HTML, as the representation `view` renders it."""

    id: str
    title: str
    body: str
    created_at: datetime
    changed_at: datetime
    version: int = 1
    status: str = "current"
    parent: str | None = None


class ConfluenceServer(ServiceServer):
    """The site with the space `ENG`; `most` bounds every page of a listing."""

    def __init__(self, *, most: int = 2) -> None:
        super().__init__()
        self.most = most
        self.pages: dict[str, Page] = {}
        self._next_id = 131072

    # what people do

    def create(self, title: str, body: str, **more: Any) -> Page:
        """Write a new page."""
        self._next_id += 1
        moment = self.next_moment()
        page = Page(str(self._next_id), title, body, moment, moment, **more)
        self.pages[page.id] = page
        return page

    def edit(self, page: Page, body: str) -> None:
        """Publish a new version of a page."""
        page.body = body
        page.version += 1
        page.changed_at = self.next_moment()

    def trash(self, page: Page) -> None:
        """Move a page to the trash."""
        page.status = "trashed"

    # the API

    def routes(self) -> list[web.RouteDef]:
        base = "/wiki/api/v2"
        return [
            web.get(base + "/spaces", self._spaces),
            web.get(base + "/spaces/{space}/pages", self._list_pages),
            web.get(base + "/pages/{page}", self._page),
        ]

    def refuse(self, status: int, message: str) -> dict[str, Any]:
        titles = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
        error = {"status": status, "code": titles.get(status, "ERROR").upper().replace(" ", "_")}
        return {"errors": [error | {"title": titles.get(status, message), "detail": None}]}

    def _enter(self, request: web.Request) -> None:
        expected = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise web.HTTPUnauthorized

    async def _spaces(self, request: web.Request) -> web.Response:
        self._enter(request)
        space = {
            "id": SPACE_ID,
            "key": "ENG",
            "name": "Engineering",
            "type": "global",
            "status": "current",
            "homepageId": None,
            "_links": {"webui": "/spaces/ENG"},
        }
        wanted = request.query.get("keys", "ENG").split(",")
        found = [space] if "ENG" in wanted else []
        return web.json_response({"results": found, "_links": {"base": f"{self.url}/wiki"}})

    async def _list_pages(self, request: web.Request) -> web.Response:
        self._enter(request)
        if request.match_info["space"] != SPACE_ID:
            raise web.HTTPNotFound
        wanted = request.query.get("status", "current,archived").split(",")
        found = [page for page in self.pages.values() if page.status in wanted]
        start = int(request.query.get("cursor") or 0)
        size = min(self.most, int(request.query.get("limit", 25)))
        links = {"base": f"{self.url}/wiki"}
        headers = {}
        if start + size < len(found):
            following = request.url.update_query(cursor=start + size).relative()
            links["next"] = str(following)
            headers["Link"] = f'<{following}>; rel="next"'
        results = [self._json(page) for page in found[start : start + size]]
        return web.json_response({"results": results, "_links": links}, headers=headers)

    async def _page(self, request: web.Request) -> web.Response:
        self._enter(request)
        page = self.pages.get(request.match_info["page"])
        if page is None or page.status == "trashed":
            raise web.HTTPNotFound
        body = self._json(page)
        if request.query.get("body-format") == "view":
            body["body"] = {"view": {"representation": "view", "value": page.body}}
        return web.json_response(body)

    def _json(self, page: Page) -> dict[str, Any]:
        path = f"/spaces/ENG/pages/{page.id}/{quote(page.title.replace(' ', '+'), safe='+')}"
        return {
            "id": page.id,
            "status": page.status,
            "title": page.title,
            "spaceId": SPACE_ID,
            "parentId": page.parent,
            "parentType": "page" if page.parent else None,
            "authorId": "557058:emulated",
            "createdAt": stamp(page.created_at),
            "version": {
                "createdAt": stamp(page.changed_at),
                "message": "",
                "number": page.version,
                "minorEdit": False,
                "authorId": "557058:emulated",
            },
            "body": {},
            "_links": {"webui": path, "editui": f"/pages/resumedraft.action?draftId={page.id}"},
        }
