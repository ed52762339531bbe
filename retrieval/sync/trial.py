"""Tries a source before it is synced: can it be listed, and can a document be read?"""

import asyncio
from collections.abc import AsyncGenerator

from retrieval.errors import DocumentUnreadable, SourceUnreadable
from retrieval.model import SourceEntry, SourceTrial
from retrieval.ports import Connector, Parser


async def try_source(
    connector: Connector,
    parser: Parser,
    *,
    entries: int = 50,
    examples: int = 5,
    seconds: float = 20.0,
) -> SourceTrial:
    """List up to `entries` documents and read the first. Nothing is stored.

    Raises SourceUnreadable, also where the source does not answer within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            listing, complete = await _list_some(connector, entries)
            title, problem = await _read_one(connector, parser, listing)
    except TimeoutError as error:
        raise SourceUnreadable(
            f"The source did not answer within {seconds:.0f} s. Check its address, and that it is"
            " up."
        ) from error
    names = tuple(entry.external_id for entry in listing[:examples])
    return SourceTrial(len(listing), complete, names, title, problem)


async def _list_some(connector: Connector, most: int) -> tuple[list[SourceEntry], bool]:
    found: list[SourceEntry] = []
    listing = connector.list_entries()
    try:
        async for entry in listing:
            found.append(entry)
            if len(found) >= most:
                return found, False
    finally:
        if isinstance(listing, AsyncGenerator):
            await listing.aclose()
    return found, True


async def _read_one(
    connector: Connector, parser: Parser, listing: list[SourceEntry]
) -> tuple[str, str]:
    if not listing:
        return "", "It lists no document that Footnote reads."
    try:
        raw = await connector.fetch(listing[0])
        return (await parser.parse(raw)).title if raw else "", ""
    except DocumentUnreadable as error:
        return "", f"{listing[0].external_id}: {error}"
