"""Notion's API, version 2025-09-03: pages, blocks, databases and their data sources."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from .server import ServiceServer

TOKEN = "ntn_emulated"
VERSION = "2025-09-03"


@dataclass(slots=True)
class Block:
    """A block, a page or a database; pages and databases are blocks of their parent."""

    id: str
    type: str
    content: dict[str, Any]
    edited_at: datetime
    children: list["Block"] = field(default_factory=list)
    trashed: bool = False
    properties: dict[str, Any] = field(default_factory=dict)


class NotionServer(ServiceServer):
    """A workspace; `root` is a page shared with the integration. `most` bounds every page."""

    def __init__(self, *, most: int = 2) -> None:
        super().__init__()
        self.most = most
        self.blocks: dict[str, Block] = {}
        self._number = 0
        self.root = self.add_page(None, "Team space", [])

    # what people do

    def add_block(self, parent: Block, kind: str, text: str = "", **content: Any) -> Block:
        """Append a block to a page or a block."""
        content = ({"rich_text": rich_text(text)} if text else {}) | content
        block = self._keep(Block(self._id(), kind, content, self._now()))
        parent.children.append(block)
        return block

    def add_page(
        self, parent: Block | None, title: str, paragraphs: list[str], **properties: Any
    ) -> Block:
        """Make a page, at the top or below another block or database."""
        now = self._now()
        page = self._keep(Block(self._id(), "child_page", {"title": title}, now))
        page.properties = properties
        for text in paragraphs:
            self.add_block(page, "paragraph", text)
        if parent is not None:
            parent.children.append(page)
        return page

    def add_database(self, parent: Block, title: str) -> Block:
        """Make a database with one data source; its children are its rows."""
        database = self._keep(Block(self._id(), "child_database", {"title": title}, self._now()))
        parent.children.append(database)
        return database

    def rewrite(self, page: Block, paragraphs: list[str]) -> None:
        """Replace what a page says."""
        kept = [block for block in page.children if block.type in ("child_page", "child_database")]
        page.children = kept
        for text in paragraphs:
            self.add_block(page, "paragraph", text)
        page.edited_at = self._now()

    def trash(self, page: Block) -> None:
        """Move a page to the trash."""
        page.trashed = True
        for block in self.blocks.values():
            if page in block.children:
                block.children.remove(page)

    def _id(self) -> str:
        self._number += 1
        return str(uuid.UUID(int=0x1F0E_0000_0000_4000_8000_0000_0000_0000 + self._number))

    def _now(self) -> datetime:
        return self.next_moment()

    def _keep(self, block: Block) -> Block:
        self.blocks[block.id] = block
        return block

    # the API

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/pages/{id}", self._page),
            web.get("/v1/blocks/{id}/children", self._children),
            web.get("/v1/databases/{id}", self._database),
            web.post("/v1/data_sources/{id}/query", self._query),
        ]

    def refuse(self, status: int, message: str) -> dict[str, Any]:
        codes = {
            400: "validation_error",
            401: "unauthorized",
            403: "restricted_resource",
            404: "object_not_found",
            429: "rate_limited",
            500: "internal_server_error",
            503: "service_unavailable",
        }
        words = {
            401: "API token is invalid.",
            404: "Could not find object. Make sure it is shared.",
        }
        return {
            "object": "error",
            "status": status,
            "code": codes.get(status, "internal_server_error"),
            "message": words.get(status, message),
            "request_id": "0a1b2c3d",
        }

    def _enter(self, request: web.Request) -> Block:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        if request.headers.get("Notion-Version") != VERSION:
            raise web.HTTPBadRequest(reason="Notion-Version header should be defined")
        try:
            wanted = str(uuid.UUID(request.match_info["id"]))
        except ValueError:
            raise web.HTTPBadRequest(reason="path failed validation: not a valid uuid") from None
        if wanted not in self.blocks:
            raise web.HTTPNotFound
        return self.blocks[wanted]

    async def _page(self, request: web.Request) -> web.Response:
        block = self._enter(request)
        if block.type != "child_page":
            raise web.HTTPNotFound
        return web.json_response(self._page_json(block))

    async def _children(self, request: web.Request) -> web.Response:
        block = self._enter(request)
        size = int(request.query.get("page_size", 100))
        found = [self._block_json(child) for child in block.children]
        return self._list(found, request.query.get("start_cursor"), size)

    async def _database(self, request: web.Request) -> web.Response:
        block = self._enter(request)
        if block.type != "child_database":
            raise web.HTTPNotFound
        return web.json_response(
            {
                "object": "database",
                "id": block.id,
                "title": rich_text(block.content["title"]),
                "in_trash": block.trashed,
                "is_inline": False,
                "data_sources": [{"id": self._source(block), "name": block.content["title"]}],
                "last_edited_time": stamp(block.edited_at),
                "url": f"https://www.notion.so/{block.id.replace('-', '')}",
            }
        )

    async def _query(self, request: web.Request) -> web.Response:
        wanted = str(uuid.UUID(request.match_info["id"]))
        for block in self.blocks.values():
            if block.type == "child_database" and self._source(block) == wanted:
                request.match_info["id"] = block.id
                self._enter(request)
                asked = await request.json()
                rows = [self._page_json(row) for row in block.children if not row.trashed]
                return self._list(rows, asked.get("start_cursor"), asked.get("page_size", 100))
        raise web.HTTPNotFound

    def _source(self, database: Block) -> str:
        return str(uuid.UUID(int=uuid.UUID(database.id).int + (1 << 64)))

    def _list(self, items: list[Any], cursor: str | None, size: int) -> web.Response:
        start = int(uuid.UUID(cursor)) if cursor else 0
        end = start + min(size, self.most)
        more = end < len(items)
        return web.json_response(
            {
                "object": "list",
                "results": items[start:end],
                "next_cursor": str(uuid.UUID(int=end)) if more else None,
                "has_more": more,
            }
        )

    def _page_json(self, page: Block) -> dict[str, Any]:
        title = {"id": "title", "type": "title", "title": rich_text(page.content["title"])}
        properties = {name: {"id": name[:4], **value} for name, value in page.properties.items()}
        return {
            "object": "page",
            "id": page.id,
            "created_time": stamp(page.edited_at),
            "last_edited_time": stamp(page.edited_at),
            "in_trash": page.trashed,
            "archived": page.trashed,
            "properties": {"Name" if properties else "title": title, **properties},
            "url": f"https://www.notion.so/{page.id.replace('-', '')}",
            "public_url": None,
        }

    def _block_json(self, block: Block) -> dict[str, Any]:
        return {
            "object": "block",
            "id": block.id,
            "created_time": stamp(block.edited_at),
            "last_edited_time": stamp(block.edited_at),
            "has_children": bool(block.children),
            "in_trash": block.trashed,
            "type": block.type,
            block.type: block.content,
        }


def stamp(moment: datetime) -> str:
    """A moment as Notion writes it: rounded down to the minute."""
    return moment.replace(second=0, microsecond=0).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def rich_text(text: str, *, code: bool = False) -> list[dict[str, Any]]:
    """Text as one run of rich text."""
    annotations = {
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "code": code,
        "color": "default",
    }
    return [
        {
            "type": "text",
            "text": {"content": text, "link": None},
            "annotations": annotations,
            "plain_text": text,
            "href": None,
        }
    ]
