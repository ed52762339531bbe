"""What a sync has to do: the difference between what a source lists and what the store holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retrieval.errors import SourceUnreadable
from retrieval.model import SourceEntry, StoredDocument, SyncCounts, SyncMode


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
    `touch`: unchanged but for who may read them. `unchanged`: nothing to do. `delete`: external
    ids that the store holds and the source no longer lists.
    """

    add: tuple[SourceEntry, ...] = ()
    update: tuple[SourceEntry, ...] = ()
    touch: tuple[SourceEntry, ...] = ()
    unchanged: tuple[SourceEntry, ...] = ()
    delete: tuple[str, ...] = ()
    stored: int = 0

    @property
    def listed(self) -> int:
        """Documents that the source lists."""
        return len(self.add) + len(self.update) + len(self.touch) + len(self.unchanged)

    @property
    def is_empty(self) -> bool:
        """Whether the store already is in step."""
        return not (self.add or self.update or self.touch or self.delete)

    def is_held_by(self, brake: DeletionBrake) -> bool:
        """Whether `brake` keeps the deletions of this plan from being done."""
        return brake.holds(len(self.delete), self.stored, self.listed)

    def foresee_counts(self) -> SyncCounts:
        """The counts of a run that finds every `update` changed and nothing unreadable."""
        return SyncCounts(
            listed=self.listed,
            added=len(self.add),
            updated=len(self.update),
            deleted=len(self.delete),
            unchanged=len(self.touch) + len(self.unchanged),
        )


def plan_sync(
    listing: Iterable[SourceEntry],
    stored: Mapping[str, StoredDocument],
    *,
    audience: frozenset[str],
    mode: SyncMode = SyncMode.INCREMENTAL,
) -> SyncPlan:
    """Compare a complete listing with the store.

    `audience` is the source's own, for entries that bring none. In full mode every stored
    document is fetched anew, whatever its fingerprint says. Raises SourceUnreadable if an
    external id is listed twice, since one of the two documents would be lost.
    """
    add, update, touch, unchanged = [], [], [], []
    seen: set[str] = set()
    for entry in listing:
        if entry.external_id in seen:
            raise SourceUnreadable(
                f"The source lists {entry.external_id!r} twice. Nothing was changed."
            )
        seen.add(entry.external_id)
        known = stored.get(entry.external_id)
        if known is None:
            add.append(entry)
        elif mode is SyncMode.FULL or _may_have_changed(entry, known):
            update.append(entry)
        elif (audience if entry.audience is None else entry.audience) != known.audience:
            touch.append(entry)
        else:
            unchanged.append(entry)
    return SyncPlan(
        add=tuple(add),
        update=tuple(update),
        touch=tuple(touch),
        unchanged=tuple(unchanged),
        delete=tuple(external_id for external_id in stored if external_id not in seen),
        stored=len(stored),
    )


def _may_have_changed(entry: SourceEntry, known: StoredDocument) -> bool:
    return entry.fingerprint is None or entry.fingerprint != known.fingerprint
