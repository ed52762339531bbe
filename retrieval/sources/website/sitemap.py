"""Sitemaps (https://www.sitemaps.org/protocol.html): XML, packed or not, or one URL a line."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from lxml import etree

from retrieval.errors import SourceUnreadable
from retrieval.sources.website.addresses import normalise_url

_UNPACKED_LIMIT = 50 * 2**20
"""Bytes, as the protocol has it."""
_GZIP_MARK = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class SitemapPage:
    """One page; `changed` is when it changed in the words of the sitemap, '' if it does not say."""

    url: str
    changed: str = ""

    @property
    def modified_at(self) -> datetime | None:
        """`changed` as a time, where it is one."""
        try:
            moment = datetime.fromisoformat(self.changed)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(slots=True)
class Sitemap:
    """What one file holds: pages, and further sitemaps."""

    pages: list[SitemapPage] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)


class _Collector:
    """What lxml tells of the file as it reads it; no tree is built."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._text: list[str] = []
        self._entry: dict[str, str] = {}
        self.found = Sitemap()
        self.root = ""

    def start(self, tag: str, attributes: object) -> None:  # noqa: ARG002 - the interface is lxml's
        name = etree.QName(tag).localname
        self.root = self.root or name
        self._text.clear()
        if name in {"url", "sitemap"}:
            self._entry = {}

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        name = etree.QName(tag).localname
        if name in {"loc", "lastmod"}:
            # extensions have elements of the same name further down
            self._entry.setdefault(name, "".join(self._text).strip())
        url = normalise_url(self._entry.get("loc", ""), self._base)
        if name == "url" and url:
            self.found.pages.append(SitemapPage(url, self._entry.get("lastmod", "")))
        elif name == "sitemap" and url:
            self.found.sitemaps.append(url)

    def close(self) -> None:
        """The end of the file, which lxml wants to tell."""


def read_sitemap(content: bytes, url: str) -> Sitemap:
    """What the sitemap at `url` holds. Raises SourceUnreadable unless it can be read to its end."""
    content = _unpack(content, url)
    if not content.lstrip().startswith((b"<", b"\xef\xbb\xbf<")):
        return Sitemap(pages=[SitemapPage(found) for found in _read_lines(content, url)])
    collector = _Collector(url)
    parser = etree.XMLParser(
        target=cast("etree.ParserTarget", collector),
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        parser.feed(content)
        parser.close()
    except etree.LxmlError as error:
        raise SourceUnreadable(f"The sitemap {url} is broken: {error}.") from error
    if collector.root not in {"urlset", "sitemapindex"}:
        raise SourceUnreadable(f"{url} is no sitemap: it begins with <{collector.root}>.")
    return collector.found


def _read_lines(content: bytes, url: str) -> Iterator[str]:
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip():
            found = normalise_url(line) if "://" in line else None
            if found is None:
                raise SourceUnreadable(f"{url} is no sitemap: it holds {line.strip()[:80]!r}.")
            yield found


def _unpack(content: bytes, url: str) -> bytes:
    if not content.startswith(_GZIP_MARK):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, _UNPACKED_LIMIT + 1)
    except zlib.error as error:
        raise SourceUnreadable(f"The sitemap {url} is broken: {error}.") from error
    if len(unpacked) > _UNPACKED_LIMIT or not unpacker.eof:
        raise SourceUnreadable(f"The sitemap {url} is too large, or was cut short.")
    return unpacked
