from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import SourceUnreadable
from retrieval.model import (
    DocumentId,
    SourceEntry,
    StoredDocument,
    SyncMode,
    UnreadableDocument,
)
from retrieval.sync.plan import NOBODY, DeletionBrake, SyncPlan, plan_sync

EVERYONE = frozenset({"everyone"})
STAFF = frozenset({"staff"})


def entry(name: str, fingerprint: str | None = "1", audience: frozenset[str] | None = None):
    return SourceEntry(name, "", datetime(2026, 1, 1, tzinfo=UTC), fingerprint, audience)


def stored(name: str, fingerprint: str | None = "1", audience: frozenset[str] = EVERYONE):
    return StoredDocument(name, DocumentId(1), "hash", fingerprint, audience)


def apply(plan: SyncPlan, holds: dict[str, StoredDocument]) -> dict[str, StoredDocument]:
    after = {name: document for name, document in holds.items() if name not in plan.delete}
    after |= {name: replace(holds[name], audience=NOBODY) for name in plan.hide}
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
    assert (plan.hide, plan.delete) == (("gone",), ())
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
    assert {name for name, document in after.items() if document.audience} == set(listed)
    # what was hidden leaves the store with the second listing that lacks it
    plan = plan_sync(listing, after, audience=EVERYONE)
    assert (plan.add, plan.update, plan.touch, plan.hide) == ((), (), (), ())
    after = apply(plan, after)
    assert set(after) == set(listed)
    assert plan_sync(listing, after, audience=EVERYONE).is_empty


def test_a_missing_document_is_hidden_then_deleted_and_fetched_when_it_comes_back() -> None:
    hidden = {"a": stored("a", audience=NOBODY), "b": stored("b")}
    plan = plan_sync([entry("b")], hidden, audience=EVERYONE)
    assert (plan.hide, plan.delete, plan.stored) == ((), ("a",), 1)
    # the listing may be wrong about it, so its unchanged fingerprint is not enough
    plan = plan_sync([entry("a"), entry("b")], hidden, audience=EVERYONE)
    assert [found.external_id for found in plan.update] == ["a"]


def test_a_broken_document_waits_until_it_changes() -> None:
    broken = {"a": UnreadableDocument("a", "1", "encrypted")}

    def plan(entry: SourceEntry, holds: dict[str, StoredDocument], mode=SyncMode.INCREMENTAL):
        return plan_sync([entry], holds, audience=EVERYONE, mode=mode, unreadable=broken)

    assert plan(entry("a"), {}).skip
    assert plan(entry("a", "2"), {}).add
    assert plan(entry("a"), {"a": stored("a", "0")}).skip
    assert plan(entry("a"), {}, SyncMode.FULL).add
    # who may read its last good text is brought up to date all the same
    assert plan(entry("a", audience=STAFF), {"a": stored("a", "0")}).update
    unsure = {"a": UnreadableDocument("a", None, "no answer")}
    assert plan_sync([entry("a")], {}, audience=EVERYONE, unreadable=unsure).add


def test_work_that_goes_on_leaves_out_what_was_written_since_it_began() -> None:
    began = datetime(2026, 1, 2, tzinfo=UTC)
    holds = {
        name: replace(stored(name, print_), synced_at=began + timedelta(seconds=seconds))
        for name, print_, seconds in (("old", "1", -1), ("new", "1", 1), ("unsure", None, 1))
    }
    listing = [entry("old"), entry("new"), entry("unsure", None)]
    plan = plan_sync(listing, holds, audience=EVERYONE, mode=SyncMode.FULL, since=began)
    assert [found.external_id for found in plan.update] == ["old"]
    plan = plan_sync([entry("new", "2")], holds, audience=EVERYONE, since=began)
    assert plan.update


def test_the_brake_counts_what_is_listed_and_gone_and_lets_go_what_was_confirmed() -> None:
    listing = [entry(str(number)) for number in range(4, 12)]
    plan = plan_sync(listing, {str(n): stored(str(n)) for n in range(12)}, audience=EVERYONE)
    brake = DeletionBrake()
    assert plan.list_held(brake) == ()
    assert plan.list_held(brake, gone=["4"]) == ("0", "1", "2", "3", "4")
    assert plan.list_held(brake, gone=["4"], confirmed={"0", "9"}) == ()
    empty = plan_sync([], {"0": stored("0")}, audience=EVERYONE)
    assert empty.list_held(brake) == ("0",)
