"""What admins command in chat, and what the audit log keeps of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.model import SyncJob
from bot.rendering.reply import Button
from retrieval.errors import SourceUnreadable
from retrieval.model import (
    EVERYONE,
    ChunkReport,
    DocumentReport,
    RunId,
    SourceTrial,
    SyncCounts,
    SyncFailure,
    SyncMode,
    SyncState,
)
from tests.fakes.admin_scene import Scene
from tests.fakes.assistant import make_run
from tests.fakes.knowledge import NEXT, InMemoryKnowledge, make_overview
from tests.fakes.messages import make_command

HELD = replace(
    make_run("wiki", SyncMode.INCREMENTAL, SyncCounts(listed=1), SyncState.FAILED, RunId("run7")),
    held=("a.md", "b.md"),
    error="2 of 3 documents are gone from the source, unusually many, so none was deleted.",
)
BROKEN = replace(
    make_run("wiki", SyncMode.FULL, SyncCounts(listed=9, failed=7), SyncState.SUCCEEDED),
    failures=tuple(SyncFailure(f"{n}.pdf", "It is encrypted.") for n in range(7)),
)


async def ask(scene: Scene, words: str) -> tuple[str, list[str]]:
    """What the one reply says, and the commands of its buttons."""
    await scene.give(make_command(words))
    (posted,) = scene.messenger.posts
    assert posted.reply.private
    return posted.text, [button.command for button in posted.reply.buttons]


def log(scene: Scene) -> tuple[str, str, str]:
    """What the audit log keeps of the one command."""
    (entry,) = scene.audit.entries
    assert (entry.person.id, entry.place.channel) == ("U1", "C1")
    return entry.command, entry.outcome, entry.detail


# Sources


async def test_there_is_a_button_where_there_are_no_sources() -> None:
    text, buttons = await ask(Scene(InMemoryKnowledge(())), "sources")
    assert "There are no sources yet." in text
    assert buttons == ["sources add"]


async def test_the_list_shows_what_matters_of_each() -> None:
    scene = Scene(InMemoryKnowledge(("a", "b", "c")))
    closed = make_overview("b", documents=1)
    scene.sources.overviews["b"] = replace(
        closed, audience=("slack:channel:C1",), paused=True, schedule="0 3 * * *, UTC"
    )
    scene.sources.overviews["c"] = replace(
        make_overview("c"), last_sync=None, schedule="0 17 * * *, UTC", next_sync=NEXT
    )
    text, _ = await ask(scene, "sources list")
    assert text.splitlines() == [
        "- a (website) `https://a.example`: 3 documents · read 2 hours ago",
        (
            "- b (website) `https://b.example`: 1 document · read 2 hours ago · "
            "schedule 0 3 * * *, UTC · paused · for slack:channel:C1"
        ),
        (
            "- c (website) `https://c.example`: 3 documents · never synced · "
            "schedule 0 17 * * *, UTC · next in 3 hours"
        ),
    ]


async def test_a_removal_is_asked_about_with_the_count_and_then_done() -> None:
    scene = Scene()
    text, buttons = await ask(scene, "sources remove handbook")
    assert "Remove handbook and the 3 documents" in text
    assert log(scene) == ("sources remove handbook", "asked", "")
    assert "handbook" in scene.sources.overviews
    confirmed = Scene(scene.sources)
    text, _ = await ask(confirmed, buttons[0])
    assert text == "handbook is removed, with the 3 documents that were read from it."
    assert log(confirmed) == ("sources remove handbook yes", "removed", "3 documents → none")
    assert not scene.sources.overviews


async def test_a_test_shows_what_was_found() -> None:
    scene = Scene()
    scene.sources.trial = SourceTrial(50, complete=False, examples=("a.md",), problem="b: empty")
    text, _ = await ask(scene, "sources test handbook")
    assert "handbook can be read: more than 50 documents are listed." in text
    assert "`a.md`" in text
    assert "! b: empty" in text
    assert log(scene)[1] == "readable"


async def test_a_source_that_is_down_is_told_with_its_reason() -> None:
    scene = Scene()
    scene.sources.trial = SourceUnreadable("It answers 503.")
    text, _ = await ask(scene, "sources test handbook")
    assert text == "handbook cannot be read: It answers 503."
    assert log(scene)[1:] == ("unreadable", "It answers 503.")


async def test_pause_and_resume() -> None:
    scene = Scene()
    scene.sources.overviews["handbook"] = replace(
        make_overview("handbook"), schedule="0 17 * * *, UTC", next_sync=NEXT
    )
    assert "is paused" in (await ask(scene, "sources pause handbook"))[0]
    assert log(scene)[1:] == ("paused", "active → paused")
    again = Scene(scene.sources)
    assert "paused already" in (await ask(again, "sources pause handbook"))[0]
    assert log(again)[1:] == ("unchanged", "")
    resumed = Scene(scene.sources)
    text, _ = await ask(resumed, "sources resume handbook")
    assert text == "handbook goes on. It is read in 3 hours."
    assert log(resumed)[1:] == ("resumed", "paused → active")


@pytest.mark.parametrize(
    ("typed", "schedule"),
    [
        ("hourly", "0 * * * *, UTC"),
        ("daily zone=Europe/Zurich", "0 3 * * *, Europe/Zurich"),
        ("0 6 * * 1-5", "0 6 * * 1-5, UTC"),
        (
            "*/5 * * * * window=22:00-06:00",
            "*/5 * * * *, UTC, between 22:00 and 06:00",
        ),
    ],
)
async def test_a_schedule(typed: str, schedule: str) -> None:
    scene = Scene()
    text, _ = await ask(scene, f"sources schedule handbook {typed}")
    assert text == f"handbook is read by itself: {schedule}. The next time is in 3 hours."
    assert log(scene)[1:] == ("scheduled", f"none → {schedule}")


async def test_a_schedule_ends() -> None:
    scene = Scene()
    scene.sources.overviews["handbook"] = replace(make_overview("handbook"), schedule="x")
    text, _ = await ask(scene, "sources schedule handbook off")
    assert text == "handbook is not read by itself any more."
    assert log(scene)[1:] == ("scheduled", "x → none")


async def test_a_schedule_of_a_paused_source_says_so() -> None:
    scene = Scene()
    scene.sources.overviews["handbook"] = replace(make_overview("handbook"), paused=True)
    assert "It is paused, though" in (await ask(scene, "sources schedule handbook daily"))[0]


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("sources schedule handbook fortnightly", "is no cron expression"),
        ("sources schedule handbook daily zone=Mars", "no time zone 'Mars'"),
        ("sources schedule handbook daily window=late", "is no window"),
        ("sources schedule wiki daily", "There is no source named 'wiki'."),
        ("sources pause wiki", "There is no source named 'wiki'."),
        ("sources remove wiki yes", "There is no source named 'wiki'."),
        ("sources add flowers", "website: a website"),
        ("sources remove handbook no", "I don't know"),
        ("sync status wiki", "There is no source named 'wiki'."),
        ("sync errors run9", "There is no run run9."),
        ("sync confirm run9", "There is no run run9."),
        ("sync cancel wiki", "There is no source named 'wiki'."),
        ("doc", "I don't know"),
        ("doc a b", "I don't know"),
        ("audit everything", "I don't know"),
        ("audit 0", "I don't know"),
    ],
)
async def test_what_cannot_be_done_is_told(words: str, reply: str) -> None:
    scene = Scene()
    assert reply in (await ask(scene, words))[0]
    assert log(scene)[1:] == ("invalid", "")


# Syncs


async def test_a_sync_that_runs_is_cancelled() -> None:
    scene = Scene()
    scene.sources.running_sources.add("handbook")
    text, _ = await ask(scene, "sync cancel handbook")
    assert "is being cancelled" in text
    assert log(scene)[1:] == ("cancelled", "run run1: running → cancelled")


async def test_a_sync_that_waits_is_taken_out_and_its_message_says_so() -> None:
    scene = Scene()
    await scene.give(make_command("sync handbook", 1))
    (job,) = [job for job in scene.inbox.jobs if isinstance(job, SyncJob)]
    scene.jobs.waiting["handbook"] = job
    await scene.give(make_command("sync cancel handbook", 2))
    first, second = scene.messenger.posts
    assert first.text == "The sync of handbook was cancelled."
    assert not first.reply.buttons
    assert second.text == "The sync of handbook will not begin."


async def test_where_nothing_runs_there_is_nothing_to_cancel() -> None:
    scene = Scene()
    assert (await ask(scene, "sync cancel handbook"))[0] == "No sync of handbook is under way."
    assert log(scene)[1] == "idle"


async def test_what_the_brake_held_is_let_go_by_a_button() -> None:
    scene = Scene(InMemoryKnowledge(("wiki",)))
    scene.sources.runs["run7"] = HELD
    text, buttons = await ask(scene, "sync errors run7")
    assert "- `a.md`\n- `b.md`" in text
    assert buttons == ["sync confirm run7"]
    scene = Scene(scene.sources)
    await scene.give(make_command("sync confirm run7"))
    assert scene.messenger.posts[0].text.startswith("Sync of wiki starts …")
    assert log(scene)[1:] == ("started", "2 deletions held by run run7 → confirmed")
    await scene.run_syncs()
    assert scene.sources.synced == [("wiki", SyncMode.INCREMENTAL)]
    assert scene.sources.confirmed == [RunId("run7")]


async def test_a_long_list_of_what_was_held_is_behind_a_button() -> None:
    many = replace(HELD, held=tuple(f"{n}.md" for n in range(60)))

    class Held(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            yield many

    scene = Scene(Held(("wiki",)))
    scene.sources.runs["run7"] = many
    await scene.give(make_command("sync wiki"))
    await scene.run_syncs()
    (posted,) = scene.messenger.posts
    assert "and 45 more" in posted.text
    commands = [button.command for button in posted.reply.buttons]
    assert commands == ["sync confirm run7", "sync errors run7"]
    scene = Scene(scene.sources)
    text, _ = await ask(scene, "sync errors run7")
    assert "- `59.md`" in text


async def test_a_run_that_held_nothing_has_nothing_to_confirm() -> None:
    scene = Scene(InMemoryKnowledge(("wiki",)))
    scene.sources.runs["run1"] = BROKEN
    assert "did not hold back any deletion" in (await ask(scene, "sync confirm run1"))[0]


async def test_the_message_of_a_held_sync_has_the_list_and_the_button() -> None:
    class Held(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            yield HELD

    scene = Scene(Held(("wiki",)))
    await scene.give(make_command("sync wiki"))
    await scene.run_syncs()
    (posted,) = scene.messenger.posts
    assert posted.text.startswith("! 2 of 3 documents are gone from the source")
    assert "Sync of wiki failed after 5.0 s." in posted.text
    assert "- `a.md`\n- `b.md`" in posted.text
    assert posted.reply.buttons == (Button("Delete them", "sync confirm run7", "danger"),)


async def test_a_dry_run_has_no_record_to_confirm() -> None:
    class Held(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            yield replace(HELD, id=RunId("dry-run"), mode=SyncMode.DRY_RUN)

    scene = Scene(Held(("wiki",)))
    await scene.give(make_command("sync wiki dry-run"))
    assert "Run" not in scene.messenger.posts[0].reply.footer
    await scene.run_syncs()
    assert not scene.messenger.posts[0].reply.buttons


async def test_a_sync_under_way_tells_how_far_it_is() -> None:
    class Slow(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            run = make_run("wiki", SyncMode.FULL, SyncCounts(listed=90), SyncState.RUNNING)
            yield replace(
                run, started_at=datetime(2026, 11, 20, 13, 59, tzinfo=UTC), done=30, total=90
            )
            yield make_run("wiki", SyncMode.FULL, SyncCounts(listed=90), SyncState.SUCCEEDED)

    scene = Scene(Slow(("wiki",)))
    await scene.give(make_command("sync wiki full"))
    await scene.run_syncs()
    (_, running) = scene.messenger.posts[0].history
    assert [button.label for button in running.buttons] == ["Cancel"]
    text = str(running.blocks)
    assert "30 of 90 done · 0.5 a second · about 2 minutes left" in text


async def test_status_offers_to_let_go_what_is_held() -> None:
    scene = Scene(InMemoryKnowledge(("wiki",)))
    scene.sources.runs["run7"] = HELD
    text, buttons = await ask(scene, "sync status")
    assert "wiki: failed, begun 2 hours ago; 1 listed" in text
    assert buttons == ["sync confirm run7"]


async def test_history() -> None:
    scene = Scene(InMemoryKnowledge(("wiki",)))
    assert (await ask(scene, "sync history"))[0] == "Nothing was synced yet."
    scene = Scene(scene.sources)
    scene.sources.runs |= {"run1": BROKEN, "run7": HELD}
    text, _ = await ask(scene, "sync history wiki")
    latest, first = text.splitlines()
    assert latest.startswith(
        "- `run7` Sync of wiki failed after 5.0 s, begun 2 hours ago: 1 listed"
    )
    assert first.startswith("- `run1` Full sync of wiki is done after 5.0 s")


async def test_errors_of_a_run_and_of_sources_as_they_stand() -> None:
    scene = Scene(InMemoryKnowledge(("wiki",)))
    scene.sources.runs["run1"] = BROKEN
    text, _ = await ask(scene, "sync errors run1")
    assert text.count("It is encrypted.") == 7
    scene = Scene(scene.sources)
    scene.sources.unreadable["wiki"] = [SyncFailure("x.pdf", "It is damaged.")]
    text, _ = await ask(scene, "sync errors")
    assert text == "wiki: 1 document cannot be read\n\n- `x.pdf`: It is damaged."
    text, _ = await ask(Scene(InMemoryKnowledge()), "sync errors handbook")
    assert text == "Everything that is listed can be read."


async def test_many_failures_are_behind_a_button() -> None:
    class Broken(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            yield BROKEN

    scene = Scene(Broken(("wiki",)))
    await scene.give(make_command("sync wiki"))
    await scene.run_syncs()
    (posted,) = scene.messenger.posts
    assert "and 2 more" in posted.text
    assert [button.command for button in posted.reply.buttons] == ["sync errors run1"]


async def test_paused_sources_are_left_out_of_all() -> None:
    scene = Scene(InMemoryKnowledge(("a", "b")))
    scene.sources.overviews["a"] = replace(make_overview("a"), paused=True)
    await scene.give(make_command("sync all"))
    await scene.run_syncs()
    assert [name for name, _ in scene.sources.synced] == ["b"]


async def test_now_is_a_word_that_may_be_left_out() -> None:
    scene = Scene()
    await scene.give(make_command("sync now handbook full"))
    await scene.run_syncs()
    assert scene.sources.synced == [("handbook", SyncMode.FULL)]


# Documents and the audit log


async def test_a_document_is_described() -> None:
    scene = Scene()
    scene.sources.documents = [
        DocumentReport(
            source="handbook",
            external_id="leave.md",
            url="https://handbook.example/leave",
            title="Leave",
            audience=frozenset({EVERYONE}),
            modified_at=datetime(2026, 11, 18, 14, 0, tzinfo=UTC),
            synced_at=datetime(2026, 11, 20, 13, 0, tzinfo=UTC),
            version=3,
            chunks=(ChunkReport(0, "Carrying over", 31, "Up to five days can be carried over."),),
        )
    ]
    text, _ = await ask(scene, "doc <https://handbook.example/leave>")
    assert text.splitlines() == [
        "Leave is indexed.",
        "",
        "- Address: `https://handbook.example/leave`",
        "- Source: handbook; there it is `leave.md`",
        "- Read 1 hour ago, version 3",
        "- Changed 2 days ago",
        "- For everyone",
        "",
        "1 passage:",
        "",
        "- Carrying over, 31 tokens: Up to five days can be carried over.",
    ]
    hidden = replace(scene.sources.documents[0], audience=frozenset())
    scene = Scene()
    scene.sources.documents = [hidden]
    assert "is hidden, as it was missing" in (await ask(scene, f"doc {hidden.url}"))[0]


async def test_an_unknown_document_is_told() -> None:
    scene = Scene()
    assert "There is no document of that address." in (await ask(scene, "doc https://x.example"))[0]
    assert log(scene)[1] == "unknown"


async def test_the_audit_log_is_shown_the_latest_first() -> None:
    scene = Scene()
    await scene.give(make_command("sources pause handbook", 1))
    await scene.give(make_command("audit", 2))
    text = scene.messenger.posts[1].text
    assert "slack U1 in C1: `/sources pause handbook` → paused (active → paused)" in text
    assert (await ask(Scene(), "audit 5"))[0] == "Nothing was commanded yet."


async def test_a_run_bears_the_id_that_was_announced() -> None:
    scene = Scene()
    await scene.give(make_command("sync handbook"))
    (posted,) = scene.messenger.posts
    announced = posted.reply.footer
    await scene.run_syncs()
    assert posted.reply.footer == announced
