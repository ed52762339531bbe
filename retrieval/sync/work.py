"""What one run of a sync works on, and how far it is."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from retrieval.model import (
    RunId,
    Source,
    StoredDocument,
    SyncCounts,
    SyncMode,
    UnreadableDocument,
)
from retrieval.ports import Progress
from retrieval.sync.patience import PatientReader
from retrieval.sync.plan import NOBODY

logger = logging.getLogger(__name__)


class Tally:
    """The counts of a run under way, and whom to tell of them."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.counts = SyncCounts()
        self.done = 0
        self.total = 0

    def add(self, **amounts: int) -> None:
        """Count documents, by what became of them."""
        sums = {name: getattr(self.counts, name) + amount for name, amount in amounts.items()}
        self.counts = replace(self.counts, **sums)

    async def finish_document(self, **amounts: int) -> None:
        """Count one document that is done, and tell."""
        self.add(**amounts)
        self.done += 1
        await self.tell()

    async def tell(self) -> None:
        """Say how far it is."""
        if self._progress is None:
            return
        try:
            await self._progress(self.counts, self.done, self.total)
        except Exception:
            # whoever watches a sync must not be able to fail it
            logger.exception("The progress of a sync could not be told")


@dataclass(frozen=True, slots=True)
class Job:
    """What every step of one run needs.

    `gone` collects the documents that were listed, but of which the source says, when they are
    fetched, that they no longer exist; `held` those that the brake kept.
    """

    source: Source
    run: RunId
    mode: SyncMode
    reader: PatientReader
    tally: Tally
    stored: Mapping[str, StoredDocument] = field(default_factory=dict)
    unreadable: Mapping[str, UnreadableDocument] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """Those of `gone` that the store holds and somebody reads."""
        return [name for name in self.gone if not self.is_new(name)]

    def is_new(self, external_id: str) -> bool:
        """Whether nobody could read the document before."""
        known = self.stored.get(external_id)
        return known is None or known.audience == NOBODY
