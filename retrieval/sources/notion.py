"""The `notion` source: pages and databases that were shared with an integration.

API version 2025-09-03, https://developers.notion.com/reference. Its search is fast, but Notion
does not promise that it finds everything, so the pages are walked from those that are named.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from retrieval.errors import InvalidField, SourceRefused, SourceUnreadable
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.fields import Config, Field, FieldKind, read_config, text, texts
from retrieval.sources.http import HttpClient
from retrieval.sources.markdown import MEDIA_TYPE
from retrieval.sources.notion_blocks import BlockTree, write_page
from retrieval.sources.service import (
    Json,
    Missing,
    Params,
    Service,
    ServiceClient,
    complete,
    read_moment,
    reading_document,
)

API_URL = "https://api.notion.com"
VERSION = "2025-09-03"

_PAGE = 100
_PACE = 1 / 3
"""Seconds between requests: three a second are allowed on average."""
_ID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\Z")
_FRESH = timedelta(minutes=2)
"""Notion rounds times down to the minute, so a second change may not show in a fresh one."""

FIELDS = (
    Field(
        "pages",
        "Pages and databases",
        "Their addresses; all that lies below them is read as well.",
        kind=FieldKind.LIST,
        is_required=True,
        example="https://www.notion.so/Handbook-1f0e…",
    ),
    Field(
        "token",
        "Secret of the integration",
        "The internal integration to which the pages were connected.",
        is_required=True,
        is_secret=True,
        example="ntn_…",
    ),
)


@dataclass(frozen=True, slots=True)
class NotionSettings:
    """The ids of the pages and databases from which everything below is read."""

    roots: tuple[str, ...]
    token: str = field(repr=False)
    api_url: str = API_URL


def find_id(address: str) -> str | None:
    """The id in the address of a page or database, as a UUID; None where there is none."""
    found = _ID.search(urlsplit(address.strip().lower()).path.strip("/"))
    return "-".join(found.groups()) if found else None


def read_notion_settings(config: Config) -> NotionSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("notion", FIELDS, config)
    roots = []
    for address in texts(read, "pages"):
        root = find_id(address)
        if root is None:
            raise InvalidField("pages", f"{address} is no page of Notion. Copy its link.")
        roots.append(root)
    return NotionSettings(tuple(roots), text(read, "token"))


def check_notion_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_notion_settings(config)
    return read_config("notion", FIELDS, config)


class NotionConnector:
    """Walks pages and databases. External ids are the pages' ids."""

    def __init__(
        self,
        settings: NotionSettings,
        http: HttpClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now
        service = Service(
            name="Notion",
            url=f"{settings.api_url}/v1",
            entry="Copy the secret of the integration at notion.so/profile/integrations.",
            rights="Give the integration the capability to read content.",
            headers={"Authorization": f"Bearer {settings.token}", "Notion-Version": VERSION},
            pace=_PACE,
        )
        self._client = ServiceClient(service, http)

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every page below the roots, and they themselves. Complete, or SourceUnreadable."""
        seen: set[str] = set()
        try:
            for root in self._settings.roots:
                async for entry in self._walk_root(root):
                    # a block that is shown in several places may hold the same page
                    if entry.external_id not in seen:
                        seen.add(entry.external_id)
                        yield entry
        except Missing as error:
            raise SourceUnreadable(
                "A page was removed while Notion was read. Nothing was changed; sync again."
            ) from error

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One page with all its blocks, as Markdown."""
        with reading_document():
            page = await self._client.get(f"pages/{entry.external_id}")
            if page["in_trash"]:
                raise Missing
            blocks = [tree async for tree in self._read_blocks(entry.external_id)]
        return RawDocument(entry, write_page(page, blocks).encode(), MEDIA_TYPE)

    async def _walk_root(self, root: str) -> AsyncIterator[SourceEntry]:
        found = await self._find_root(root)
        if found["in_trash"]:
            raise SourceRefused(
                f"The page {root} is in Notion's trash. Restore it, or remove it from the source."
            )
        if found["object"] == "database":
            async for entry in self._walk_database(found):
                yield entry
            return
        yield self._describe(found)
        async for entry in self._walk_blocks(root):
            yield entry

    async def _find_root(self, root: str) -> Json:
        for path in (f"pages/{root}", f"databases/{root}"):
            try:
                found: Json = await self._client.get(path)
            except Missing:
                continue
            return found
        raise SourceRefused(
            f"Notion shows no page or database {root}. Add the integration to it: ••• ›"
            " Connections."
        )

    async def _walk_blocks(self, block_id: str) -> AsyncIterator[SourceEntry]:
        """The pages below a block, wherever in it they are shown."""
        async for block in self._list_children(block_id):
            if block["type"] == "child_page":
                yield self._describe(block)
            try:
                async for entry in self._walk_inside(block):
                    yield entry
            except Missing:
                # a view of a database, or a copy of a block, whose original is not shared with us
                continue

    async def _walk_inside(self, block: Json) -> AsyncIterator[SourceEntry]:
        if block["type"] == "child_database":
            database = await self._client.get(f"databases/{block['id']}")
            async for entry in self._walk_database(database):
                yield entry
        elif block["has_children"] and block["type"] != "table":
            async for entry in self._walk_blocks(block["id"]):
                yield entry

    async def _walk_database(self, database: Json) -> AsyncIterator[SourceEntry]:
        for source in database["data_sources"]:
            async for row in self._list_rows(source["id"]):
                yield self._describe(row)
                async for entry in self._walk_blocks(row["id"]):
                    yield entry

    async def _list_rows(self, source: str) -> AsyncIterator[Json]:
        body: Json = {"page_size": _PAGE}
        while True:
            found = await self._client.post(f"data_sources/{source}/query", body)
            for row in found["results"]:
                if row["object"] == "page" and not row["in_trash"]:
                    yield row
            if not found["has_more"]:
                return
            body["start_cursor"] = found["next_cursor"]

    async def _list_children(self, block_id: str) -> AsyncIterator[Json]:
        path = f"blocks/{block_id}/children"
        params: Params = {"page_size": _PAGE}

        def find_next(page: Json, headers: Mapping[str, str]) -> str | None:  # noqa: ARG001
            cursor = page["next_cursor"] if page["has_more"] else None
            return f"{path}?{urlencode({**params, 'start_cursor': cursor})}" if cursor else None

        async for page in self._client.get_pages(path, params, find_next):
            for block in page["results"]:
                yield block

    async def _read_blocks(self, block_id: str) -> AsyncIterator[BlockTree]:
        async for block in self._list_children(block_id):
            own = block["type"] in {"child_page", "child_database"}
            children: list[BlockTree] = []
            if block["has_children"] and not own:
                with suppress(Missing):
                    children = [tree async for tree in self._read_blocks(block["id"])]
            yield BlockTree(block, children)

    def _describe(self, page: Json) -> SourceEntry:
        """The entry of a page, or of the block that stands for it, which has the same id."""
        edited = read_moment(page["last_edited_time"])
        fresh = edited is None or self._now() - edited < _FRESH
        return SourceEntry(
            external_id=page["id"],
            url=f"https://www.notion.so/{page['id'].replace('-', '')}",
            modified_at=edited,
            fingerprint=None if fresh else page["last_edited_time"],
        )
