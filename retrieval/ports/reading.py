"""What a sync reads from: sources, what was heard of them, and the formats of documents."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from retrieval.model import ChatMessage, ParsedDocument, RawDocument, Reading, SourceEntry


class Connector(Protocol):
    """Reads one source. One file per kind in retrieval/sources.

    What went wrong decides what a sync does. SourceRefused (401, no such folder) ends it at once.
    SourceUnreadable (5xx, 429, no answer) has it wait, `retry_after` seconds where the source said
    so, and try again a few times. DocumentUnreadable (403, too large, no format that is read) is
    recorded for that document. DocumentGone (404, 410) counts as a deletion at the source. Nothing
    else deletes than DocumentGone and a document's lack in a complete listing.
    """

    def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every document of the source. Complete, or raises SourceUnreadable."""
        ...

    async def fetch(self, entry: SourceEntry) -> RawDocument | None:
        """One document; None where it has not changed since `entry.known`.

        Raises SourceUnreadable, or DocumentUnreadable for this one alone.
        """
        ...


class Transcript(Protocol):
    """What was said in the channels of one source, written down. Raises StoreUnavailable."""

    async def open(self, channel: str, workspace: str) -> Reading:
        """Write a channel down from now on, as its events tell; how far it was read before that.

        Where its events were not heard for a while, it is to be read anew.
        """
        ...

    async def put(
        self,
        channel: str,
        reading: int,
        messages: Sequence[ChatMessage],
        *,
        down_to: str | None = None,
    ) -> None:
        """Add what a reading saw. A later version that events told of stands, as does a deletion.

        `down_to` is the message down to which the reading has come with them.
        """
        ...

    async def keep_thread(self, channel: str, reading: int, thread: str) -> None:
        """Note that a reading saw a thread as it is written down."""
        ...

    async def finish(self, channel: str, reading: int) -> None:
        """End a reading: what it did not see, and was there when it began, is gone."""
        ...

    async def list_outline(self, channel: str) -> Sequence[ChatMessage]:
        """Every message that is there, in the order of time, without its text."""
        ...

    async def count_replies(self, channel: str, thread: str) -> tuple[int, str] | None:
        """How many replies to a message are written down, and the ts of the last.

        None where it is to be read without regard to what is written down.
        """
        ...

    async def list_thread(self, channel: str, thread: str) -> Sequence[ChatMessage]:
        """A message with the replies to it, in the order of time."""
        ...

    async def list_loose(self, channel: str, first: str, last: str) -> Sequence[ChatMessage]:
        """What people said outside threads from one ts to another, in the order of time."""
        ...


class Parser(Protocol):
    """Turns fetched bytes into text with structure. Raises DocumentUnreadable."""

    async def parse(self, raw: RawDocument) -> ParsedDocument: ...
