"""The links of an HTML page, read without building a tree of it."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from retrieval.sources.website.addresses import normalise_url

_MOST_LINKS = 20_000


@dataclass(slots=True)
class PageLinks:
    """Where a page leads, as normalised URLs in the order of the page, each once.

    `canonical` is what the page calls itself.
    """

    links: dict[str, None] = field(default_factory=dict)
    canonical: str | None = None


class _Collector:
    """What lxml tells of the page as it reads it; nothing else is kept."""

    def __init__(self, url: str) -> None:
        self.base = url
        self.found = PageLinks()
        self._seen: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        address = attributes.get("href") or attributes.get("src")
        if not address or not isinstance(tag, str):
            return
        match tag:
            case "base":
                self.base = normalise_url(address, self.base) or self.base
            case "link" if attributes.get("rel", "").lower() == "canonical":
                self.found.canonical = normalise_url(address, self.base)
            case "a" | "area" | "frame" | "iframe":
                self._add(address)

    def _add(self, address: str) -> None:
        if address in self._seen or len(self._seen) >= _MOST_LINKS:
            return
        self._seen.add(address)
        link = normalise_url(address, self.base)
        if link:
            self.found.links[link] = None

    def close(self) -> None:
        """The end of the page, which lxml wants to tell."""


def read_links(content: bytes, url: str) -> PageLinks:
    """The links of the page that was read from `url`; broken HTML is read as browsers do."""
    collector = _Collector(url)
    parser = etree.HTMLParser(
        target=cast("etree.ParserTarget", collector),
        no_network=True,
        encoding=_guess_encoding(content),
    )
    with suppress(etree.LxmlError):
        parser.feed(content)
        parser.close()
    return collector.found


def _guess_encoding(content: bytes) -> str | None:
    """UTF-8 where it is; otherwise the page itself says, and links are ASCII in most of them."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"
