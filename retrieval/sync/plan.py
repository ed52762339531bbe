"""What a sync has to do: the difference between what a source lists and what the store holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from retrieval.errors import SourceUnreadable
from retrieval.model import (
    SourceEntry,
    StoredDocument,
    SyncCounts,
    SyncMode,
    UnreadableDocument,
)

NOBODY: frozenset[str] = frozenset()
"""The audience of a hidden document."""


@dataclass(frozen=True, slots=True)
class DeletionBrake:
    """When so many documents would vanish that an admin should have a word first.

    The brake holds when `smallest` or more vanish and these are more than `documents` or more
    than `share` of what the store holds; and whenever a source that had documents lists none.
    """

    smallest: int = 5
    documents: int = 50
    share: float = 0.2

    def holds(self, vanishing: int, stored: int, listed: int) -> bool:
        """Whether deleting `vanishing` of `stored` documents needs an admin's word."""
        if vanishing and not listed:
            return True
        return vanishing >= self.smallest and (
            vanishing > self.documents or vanishing > self.share * stored
        )


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The work of one sync, each tuple in the order of the listing.

    `add`: not stored yet. `update`: may have changed, so they are fetched and compared by hash.
    `touch`: unchanged but for who may read them, or back after they were missing. `unchanged`:
    nothing to do. `skip`: could not be read before, and unchanged. `hide`: external ids that the
    source no longer lists; nobody reads them from then on. `delete`: those that were missing
    before, and still are. `stored` counts the documents that are not hidden.
    """

    add: tuple[SourceEntry, ...] = ()
    update: tuple[SourceEntry, ...] = ()
    touch: tuple[SourceEntry, ...] = ()
    unchanged: tuple[SourceEntry, ...] = ()
    skip: tuple[SourceEntry, ...] = ()
    hide: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    stored: int = 0

    @property
    def listed(self) -> int:
        """Documents that the source lists."""
        return sum(len(part) for part in self.list_parts())

    def list_parts(self) -> tuple[tuple[SourceEntry, ...], ...]:
        """Everything that the source lists, by what is to be done with it."""
        return self.add, self.update, self.touch, self.unchanged, self.skip

    @property
    def is_empty(self) -> bool:
        """Whether the store already is in step."""
        return not (self.add or self.update or self.touch or self.hide or self.delete)

    def list_held(
        self,
        brake: DeletionBrake,
        *,
        gone: Collection[str] = (),
        confirmed: Collection[str] = (),
    ) -> tuple[str, ...]:
        """The documents that `brake` keeps from being hidden.

        `gone` are listed, but no longer there; an admin has agreed to lose those of `confirmed`.
        """
        vanishing = [name for name in (*self.hide, *gone) if name not in confirmed]
        held = brake.holds(len(vanishing), self.stored, self.listed - len(gone))
        return tuple(vanishing) if held else ()

    def foresee_counts(self) -> SyncCounts:
        """The counts of a run that finds every `update` changed and nothing unreadable."""
        return SyncCounts(
            listed=self.listed,
            added=len(self.add),
            updated=len(self.update),
            deleted=len(self.hide),
            unchanged=len(self.touch) + len(self.unchanged),
            skipped=len(self.skip),
        )


def plan_sync(
    listing: Iterable[SourceEntry],
    stored: Mapping[str, StoredDocument],
    *,
    audience: frozenset[str],
    mode: SyncMode = SyncMode.INCREMENTAL,
    unreadable: Mapping[str, UnreadableDocument] = MappingProxyType({}),
    since: datetime | None = None,
) -> SyncPlan:
    """Compare a complete listing with the store.

    `audience` is the source's own, for entries that bring none. In full mode every stored
    document is fetched anew, whatever its fingerprint says, unless it was written `since` the
    work began. Raises SourceUnreadable if an external id is listed twice, since one of the two
    documents would be lost.
    """
    sorting = _Sorting(audience, mode, unreadable, since)
    parts: dict[str, list[SourceEntry]] = {name: [] for name in _PARTS}
    seen: set[str] = set()
    for entry in listing:
        if entry.external_id in seen:
            raise SourceUnreadable(
                f"The source lists {entry.external_id!r} twice. Nothing was changed."
            )
        seen.add(entry.external_id)
        parts[sorting.choose(entry, stored.get(entry.external_id))].append(entry)
    missing = [known for name, known in stored.items() if name not in seen]
    return SyncPlan(
        add=tuple(parts["add"]),
        update=tuple(parts["update"]),
        touch=tuple(parts["touch"]),
        unchanged=tuple(parts["unchanged"]),
        skip=tuple(parts["skip"]),
        hide=tuple(known.external_id for known in missing if known.audience != NOBODY),
        delete=tuple(known.external_id for known in missing if known.audience == NOBODY),
        stored=sum(known.audience != NOBODY for known in stored.values()),
    )


_PARTS = ("add", "update", "touch", "unchanged", "skip")


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Tells which part of the plan an entry belongs to."""

    audience: frozenset[str]
    mode: SyncMode
    unreadable: Mapping[str, UnreadableDocument]
    since: datetime | None

    def choose(self, entry: SourceEntry, known: StoredDocument | None) -> str:
        broken = self.mode is not SyncMode.FULL and self._is_still_broken(entry)
        if known is None:
            return "skip" if broken else "add"
        audience = self.audience if entry.audience is None else entry.audience
        moved = audience != known.audience
        if moved and known.audience == NOBODY:
            # it may be listed still and be gone, so that only fetching it can bring it back
            return "update"
        if broken:
            return "update" if moved else "skip"
        if self._may_have_changed(entry, known):
            return "update"
        return "touch" if moved else "unchanged"

    def _is_still_broken(self, entry: SourceEntry) -> bool:
        broken = self.unreadable.get(entry.external_id)
        return (
            broken is not None
            and broken.fingerprint is not None
            and broken.fingerprint == entry.fingerprint
        )

    def _may_have_changed(self, entry: SourceEntry, known: StoredDocument) -> bool:
        if entry.fingerprint != known.fingerprint:
            return True
        if self.since and known.synced_at and known.synced_at >= self.since:
            return False
        return entry.fingerprint is None or self.mode is SyncMode.FULL
