"""What lies between those who prepare documents and those who write them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.model import Chunk, Document

LAST = 32
"""Fewer chunks than that are not worth a batch of their own at the end."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document ready to be embedded; `is_new` if nobody could read it before."""

    document: Document
    chunks: Sequence[Chunk]
    is_new: bool


class WaitingRoom:
    """Documents in the order in which they came, bounded by how many chunks they have.

    Chunks rather than documents, which differ a thousandfold: so memory is bounded, and yet there
    is a full batch at hand where documents are short.
    """

    def __init__(self, most_chunks: int) -> None:
        self._most = most_chunks
        self._waiting: deque[PreparedDocument] = deque()
        self._chunks = 0
        self._closed = False
        self._changed = asyncio.Condition()

    async def put(self, item: PreparedDocument) -> None:
        """Add a document, once there is room. A document of any size fits where there is some."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._chunks < self._most)
            self._waiting.append(item)
            self._chunks += len(item.chunks)
            self._changed.notify_all()

    async def take(self, chunks: int) -> list[PreparedDocument]:
        """Documents that together reach `chunks`, or as many as there are, waiting for the first.

        Once nothing more will come, half of what is left, so that little is to be written when the
        last is embedded. None at the end: when the room is closed and empty.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                chunks = min(chunks, max(self._chunks // 2, LAST))
            taken: list[PreparedDocument] = []
            count = 0
            while self._waiting and count < chunks:
                taken.append(self._waiting.popleft())
                count += len(taken[-1].chunks)
            self._chunks -= count
            self._changed.notify_all()
            return taken

    async def close(self) -> None:
        """Nothing more will come."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()
