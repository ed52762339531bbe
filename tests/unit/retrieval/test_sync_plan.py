from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import SourceUnreadable
from retrieval.model import DocumentId, SourceEntry, StoredDocument, SyncMode
from retrieval.sync.plan import DeletionBrake, SyncPlan, plan_sync

EVERYONE = frozenset({"everyone"})
STAFF = frozenset({"staff"})


def entry(name: str, fingerprint: str | None = "1", audience: frozenset[str] | None = None):
    return SourceEntry(name, "", datetime(2026, 1, 1, tzinfo=UTC), fingerprint, audience)


def stored(name: str, fingerprint: str | None = "1", audience: frozenset[str] = EVERYONE):
    return StoredDocument(name, DocumentId(1), "hash", fingerprint, audience)


def apply(plan: SyncPlan, holds: dict[str, StoredDocument]) -> dict[str, StoredDocument]:
    after = {name: document for name, document in holds.items() if name not in plan.delete}
    for found in (*plan.add, *plan.update, *plan.touch):
        audience = EVERYONE if found.audience is None else found.audience
        after[found.external_id] = stored(found.external_id, found.fingerprint, audience)
    return after


def test_each_kind_of_difference() -> None:
    listing = [entry("new"), entry("changed", "2"), entry("same"), entry("moved", "1", STAFF)]
    holds = {name: stored(name) for name in ("changed", "same", "moved", "gone")}
    plan = plan_sync(listing, holds, audience=EVERYONE)
    assert [found.external_id for found in plan.add] == ["new"]
    assert [found.external_id for found in plan.update] == ["changed"]
    assert [found.external_id for found in plan.touch] == ["moved"]
    assert [found.external_id for found in plan.unchanged] == ["same"]
    assert plan.delete == ("gone",)
    assert plan.listed == 4
    assert not plan.is_empty
    counts = plan.foresee_counts()
    assert (counts.added, counts.updated, counts.deleted, counts.unchanged) == (1, 1, 1, 2)


def test_the_audience_of_the_source_reaches_documents_without_their_own() -> None:
    plan = plan_sync([entry("a")], {"a": stored("a")}, audience=STAFF)
    assert [found.external_id for found in plan.touch] == ["a"]


def test_documents_without_fingerprint_and_full_mode_are_fetched() -> None:
    holds = {"a": stored("a", None)}
    assert plan_sync([entry("a", None)], holds, audience=EVERYONE).update
    holds = {"a": stored("a")}
    assert not plan_sync([entry("a")], holds, audience=EVERYONE).update
    assert plan_sync([entry("a")], holds, audience=EVERYONE, mode=SyncMode.FULL).update


def test_an_id_listed_twice_is_an_error() -> None:
    with pytest.raises(SourceUnreadable, match="twice"):
        plan_sync([entry("a"), entry("a")], {}, audience=EVERYONE)


@pytest.mark.parametrize(
    ("vanishing", "total", "listed", "holds"),
    [
        (0, 0, 0, False),
        (0, 10, 0, False),
        (1, 1, 0, True),
        (4, 6, 2, False),
        (5, 25, 20, False),
        (5, 24, 19, True),
        (50, 1000, 950, False),
        (51, 1000, 949, True),
    ],
)
def test_the_brake(vanishing: int, total: int, listed: int, holds: bool) -> None:
    assert DeletionBrake().holds(vanishing, total, listed) is holds


names = st.text(alphabet="abcdef", min_size=1, max_size=2)
prints = st.sampled_from(["1", "2"])
audiences = st.sampled_from([None, EVERYONE, STAFF])


@given(
    st.dictionaries(names, st.tuples(prints, audiences)),
    st.dictionaries(names, st.tuples(prints, st.sampled_from([EVERYONE, STAFF]))),
)
def test_applying_a_plan_leaves_an_empty_plan(
    listed: dict[str, tuple[str, frozenset[str] | None]],
    held: dict[str, tuple[str, frozenset[str]]],
) -> None:
    listing = [entry(name, *about) for name, about in listed.items()]
    holds = {name: stored(name, *about) for name, about in held.items()}
    plan = plan_sync(listing, holds, audience=EVERYONE)
    after = apply(plan, holds)
    assert set(after) == set(listed)
    assert plan_sync(listing, after, audience=EVERYONE).is_empty
