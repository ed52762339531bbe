"""The `confluence` source: the pages of a space in Confluence Cloud.

REST API version 2, https://developer.atlassian.com/cloud/confluence/rest/v2/.
"""

import base64
import re
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from html import escape, unescape
from itertools import count
from urllib.parse import quote, urlsplit

from retrieval.errors import SourceRefused
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.fields import Config, Field, check_web_address, read_config, text
from retrieval.sources.http import HttpClient
from retrieval.sources.service import (
    Json,
    Missing,
    Service,
    ServiceClient,
    complete,
    read_moment,
    reading_document,
)

_PAGE = 250
_HEADING = re.compile(r"<h([1-6])\b([^>]*)>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_HEADING_ID = re.compile(r"""\sid=("[^"]*"|'[^']*')""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")

FIELDS = (
    Field(
        "site",
        "Site",
        "The address of your Confluence Cloud.",
        is_required=True,
        example="https://acme.atlassian.net",
    ),
    Field("space", "Space", "The key of the space.", is_required=True, example="ENG"),
    Field(
        "email",
        "Account",
        "The mail address of the account that made the token.",
        is_required=True,
        example="footnote@acme.com",
    ),
    Field("token", "API token", "Made at id.atlassian.com.", is_required=True, is_secret=True),
    Field(
        "api_url",
        "Address of the API",
        "For tokens with scopes: https://api.atlassian.com/ex/confluence/ and the cloud id.",
        example="https://api.atlassian.com/ex/confluence/1f0e…",
    ),
)


@dataclass(frozen=True, slots=True)
class ConfluenceSettings:
    """The site (https://acme.atlassian.net), a space's key, and whose token reads it.

    Tokens with scopes are taken at `api_url` only, https://api.atlassian.com/ex/confluence/ID.
    """

    site: str
    space: str
    email: str
    token: str = field(repr=False)
    api_url: str = ""


def read_confluence_settings(config: Config) -> ConfluenceSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("confluence", FIELDS, config)
    site = check_web_address("site", text(read, "site")).rstrip("/")
    return ConfluenceSettings(
        site=site.removesuffix("/wiki"),
        space=text(read, "space"),
        email=text(read, "email"),
        token=text(read, "token"),
        api_url=check_web_address("api_url", text(read, "api_url")).rstrip("/"),
    )


def check_confluence_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_confluence_settings(config)
    return read_config("confluence", FIELDS, config)


class ConfluenceConnector:
    """Lists and reads a space's current pages. External ids are the pages' ids."""

    def __init__(self, settings: ConfluenceSettings, http: HttpClient) -> None:
        self._settings = settings
        secret = base64.b64encode(f"{settings.email}:{settings.token}".encode()).decode()
        service = Service(
            name="Confluence",
            url=f"{settings.api_url or settings.site}/wiki/api/v2",
            entry="Make an API token at id.atlassian.com (Security), and give the address of the"
            " account that made it.",
            rights=f"Let the account view the space {settings.space}.",
            headers={"Authorization": f"Basic {secret}", "Accept": "application/json"},
        )
        self._client = ServiceClient(service, http)

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every current page that the account may see. Complete, or SourceUnreadable."""
        path = f"spaces/{await self._find_space()}/pages"
        try:
            async for page in self._client.get_pages(
                path, {"status": "current", "limit": _PAGE}, partial(_find_next, path)
            ):
                for item in page["results"]:
                    yield self._describe(item)
        except Missing as error:
            raise self._no_space() from error

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One page as Confluence renders it, macros included."""
        with reading_document():
            page = await self._client.get(f"pages/{entry.external_id}", {"body-format": "view"})
            return RawDocument(entry, write_page(page), "text/html")

    async def _find_space(self) -> str:
        try:
            found = await self._client.get("spaces", {"keys": self._settings.space})
        except Missing as error:
            raise SourceRefused(
                f"There is no Confluence at {self._settings.site}. Correct the source's site."
            ) from error
        for space in found["results"]:
            return str(space["id"])
        raise self._no_space()

    def _no_space(self) -> SourceRefused:
        return SourceRefused(
            f"Confluence shows no space {self._settings.space}. Correct its key, or let the account"
            " view the space."
        )

    def _describe(self, page: Json) -> SourceEntry:
        url = f"{self._settings.site}/wiki{page['_links']['webui']}"
        version = page["version"]
        return SourceEntry(
            external_id=str(page["id"]),
            url=url,
            modified_at=read_moment(version["createdAt"]),
            # a page that is renamed gets a new version; one that is moved, a new address only
            fingerprint=f"{version['number']}-{zlib.crc32(url.encode()):08x}",
        )


def write_page(page: Json) -> bytes:
    """A page as an HTML document: its title, and its body as rendered for reading."""
    title = escape(page["title"])
    body = _name_headings(page["body"]["view"]["value"])
    return (
        f'<html><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1>\n{body}\n</main></body></html>"
    ).encode()


def _name_headings(body: str) -> str:
    """The body with the ids that its headings have where people read it.

    They are made of the heading's words; what `view` gives are those of the old editor.
    """
    taken: set[str] = set()

    def name(heading: re.Match[str]) -> str:
        level, attributes, words = heading.groups()
        base = re.sub(r"\s", "-", unescape(_TAG.sub("", words)).strip())
        known = (base if number == 0 else f"{base}.{number}" for number in count())
        anchor = next(each for each in known if each not in taken)
        taken.add(anchor)
        attributes = _HEADING_ID.sub("", attributes)
        return f'<h{level}{attributes} id="{quote(anchor)}">{words}</h{level}>'

    return _HEADING.sub(name, body)


def _find_next(path: str, page: Json, headers: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """The next page's address: its path leaves out what stands before it for tokens with scopes."""
    following = page["_links"].get("next")
    return f"{path}?{urlsplit(following).query}" if following else None
