"""Connectors for tests of what lies above them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from retrieval.model import RawDocument, Source, SourceEntry
from retrieval.sources.files import FilesConnector, read_files_settings


def open_files(source: Source) -> FilesConnector:
    """The connector of a `files` source, which needs nothing of its surroundings."""
    return FilesConnector(read_files_settings(source.config))


@dataclass
class InMemoryConnector:
    """Satisfies Connector.

    `documents` are texts by external id, or the error that reading one raises. `mishaps` are
    raised, one a call, by the next fetches of a document; `listing_mishaps` by the next listings,
    after the first entry. A document's fingerprint is its text, unless `fingerprints` says else.
    """

    documents: dict[str, str | Exception] = field(default_factory=dict)
    mishaps: dict[str, list[Exception]] = field(default_factory=dict)
    listing_mishaps: list[Exception] = field(default_factory=list)
    fingerprints: dict[str, str | None] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        for place, (name, text) in enumerate(self.documents.items()):
            if place == 1 and self.listing_mishaps:
                raise self.listing_mishaps.pop(0)
            print_ = self.fingerprints.get(name, str(text))
            yield SourceEntry(name, f"https://wiki.example.com/{name}", fingerprint=print_)

    async def fetch(self, entry: SourceEntry) -> RawDocument | None:
        self.fetched.append(entry.external_id)
        if mishaps := self.mishaps.get(entry.external_id):
            raise mishaps.pop(0)
        text = self.documents[entry.external_id]
        if isinstance(text, Exception):
            raise text
        return RawDocument(entry, text.encode(), "text/plain")
