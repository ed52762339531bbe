"""Commands and syncs, as people see them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.admin.sync_orders import name_run
from bot.errors import DeliveryFailed, DeliveryRefused, NotPermitted, RateLimited
from bot.model import (
    ChannelKind,
    ItemId,
    ItemState,
    Person,
    Platform,
    ScheduledSyncJob,
    SourceOverview,
    SyncJob,
)
from bot.rendering.apology import APOLOGIES
from bot.syncing import MOST_EDITS, PATIENCE
from retrieval.errors import SourceUnreadable, StoreUnavailable, SyncInProgress
from retrieval.model import RunId, SyncCounts, SyncMode, SyncState, TenantId
from tests.fakes.admin_scene import TENANT, Scene
from tests.fakes.assistant import make_run
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messages import make_command, make_place
from tests.fakes.messenger import InMemoryDirectory

REFUSED = "Sorry, that is for admins. Ask one of them, or ask me a question."
DISCORD = make_place(Platform.DISCORD, thread=None, workspace="G1")


@pytest.mark.parametrize("words", ["sync handbook", "sync status", "sources list", "sync", "drop"])
async def test_everyone_else_is_refused_politely(words: str) -> None:
    scene = Scene(admin=False)
    assert await scene.say(words) == REFUSED
    (posted,) = scene.messenger.posts
    assert posted.reply.private
    assert posted.reply_token == {"token": "abc"}
    assert scene.outcomes == [(words, "refused")]
    assert not [job for job in scene.inbox.jobs if isinstance(job, SyncJob)]


async def test_refusals_and_failures_speak_the_language_of_the_channel() -> None:
    for words, told in [
        ("sync handbook", APOLOGIES[NotPermitted].words.de),
        ("forget much", "`/forget much` kenne ich nicht"),
    ]:
        scene = Scene(admin=False)
        await scene.book.change(TENANT, make_place(), {"language": "de"})
        assert told in await scene.say(words)


async def test_help_is_for_everyone() -> None:
    assert "/sync" not in await Scene(admin=False).say("help")
    assert "`/footnote help`: shows this" in await Scene(admin=False).say("help")
    assert "/sync" in await Scene(admin=True).say("help")


@pytest.mark.parametrize(
    ("person", "place", "refused"),
    [
        (Person("9", may_manage=True), DISCORD, False),
        (Person("9", may_manage=False), DISCORD, True),
        (
            Person("9", may_manage=True),
            make_place(Platform.DISCORD, kind=ChannelKind.DIRECT, workspace="@me"),
            True,
        ),
        (
            Person("9", may_manage=True),
            make_place(channel="D1", kind=ChannelKind.DIRECT),  # in Slack, of a workspace
            False,
        ),
    ],
)
async def test_who_manages_the_server_is_an_admin_there(
    person: Person, place: object, refused: bool
) -> None:
    scene = Scene(directory=InMemoryDirectory(person))
    await scene.give(make_command("sources list", person=Person("9"), place=place))  # type: ignore[arg-type]
    assert (scene.messenger.posts[0].text == REFUSED) is refused


async def test_a_claim_to_manage_is_not_believed_without_the_platform() -> None:
    scene = Scene(directory=InMemoryDirectory(fault=DeliveryFailed()))
    boaster = Person("9", may_manage=True)
    await scene.give(make_command("sources list", person=boaster, place=DISCORD))
    assert scene.messenger.posts[0].text == REFUSED


async def test_an_admin_s_id_counts_on_its_own_platform_only() -> None:
    scene = Scene()
    await scene.give(make_command("sync status", person=Person("U1"), place=DISCORD))
    assert scene.messenger.posts[0].text == REFUSED


async def test_an_admin_made_in_chat_is_one() -> None:
    scene = Scene(admin=False)
    scene.audit.admins.add((Platform.SLACK, "U1"))
    assert "handbook" in await scene.say("sources list")


async def test_a_sync_shows_its_counts_in_one_message() -> None:
    scene = Scene()
    await scene.give(make_command("sync handbook"))
    (posted,) = scene.messenger.posts
    run = name_run(ItemId("command1"), "handbook")
    assert posted.text == f"Sync of handbook starts …\n\n(Run {run})\n\n[Cancel]"
    assert posted.reply.buttons[0].command == "sync cancel handbook"
    assert not posted.reply.private
    assert await scene.run_syncs() == [None]
    assert scene.messenger.posts == [posted]
    assert posted.text == (
        "Sync of handbook is done after 5.0 s.\n\n3 listed · 2 added · 0 updated · 0 deleted · "
        f"0 unchanged · 0 skipped · 1 failed\n\n(Run {run})"
    )
    assert len(posted.history) == 2
    assert scene.outcomes == [
        ("sync handbook", "started"),
        ("sync handbook incremental", "succeeded"),
    ]


async def test_edits_keep_a_pace() -> None:
    records = [SyncCounts(listed=number) for number in range(50)]
    scene = Scene(InMemoryKnowledge(("handbook",), *records), seconds=0.2)
    await scene.give(make_command("sync handbook"))
    await scene.run_syncs()
    assert 3 <= len(scene.messenger.posts[0].history) <= 15
    assert "49 listed" in scene.messenger.posts[0].text


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("sync handbook", SyncMode.INCREMENTAL),
        ("sync handbook full", SyncMode.FULL),
        ("sync handbook dry-run", SyncMode.DRY_RUN),
    ],
)
async def test_modes_of_a_sync(words: str, mode: SyncMode) -> None:
    scene = Scene()
    await scene.give(make_command(words))
    await scene.run_syncs()
    assert scene.sources.synced == [("handbook", mode)]


async def test_all_syncs_each_source_with_a_message_of_its_own() -> None:
    scene = Scene(InMemoryKnowledge(("handbook", "wiki")))
    await scene.give(make_command("sync all full"))
    await scene.run_syncs()
    assert [name for name, _ in scene.sources.synced] == ["handbook", "wiki"]
    assert [posted.text.split(" is ")[0] for posted in scene.messenger.posts] == [
        "Full sync of handbook",
        "Full sync of wiki",
    ]


async def test_a_second_sync_is_refused_politely() -> None:
    scene = Scene(syncing=("handbook",))
    assert "Being synced already: handbook." in await scene.say("sync handbook")
    assert scene.outcomes == [("sync handbook", "busy")]
    assert not await scene.run_syncs()


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("sync wiki", "There is no source called wiki. The sources are: handbook."),
        ("sync handbook backwards", "backwards is no way to sync"),
        ("sync", "I don't know `/sync`."),
        ("sync a b c", "I don't know `/sync a b c`."),
        ("sources drop handbook", "I don't know `/sources drop handbook`."),
    ],
)
async def test_what_is_not_understood_is_told(words: str, reply: str) -> None:
    scene = Scene()
    assert reply in await scene.say(words)
    assert scene.outcomes == [(words, "invalid")]


async def test_status_and_sources() -> None:
    status = await Scene(InMemoryKnowledge(("handbook", "wiki"))).say("sync status")
    assert "handbook: is done after" not in status
    assert "handbook: is done, begun 2 hours ago; 3 listed" in status
    assert "wiki: never synced" in status
    listing = await Scene(InMemoryKnowledge(("handbook", "wiki"))).say("sources list")
    assert (
        "handbook (website) `https://handbook.example`: 3 documents · read 2 hours ago" in listing
    )


async def test_a_failing_source_is_told_with_its_reason() -> None:
    scene = Scene(InMemoryKnowledge(("handbook",), SourceUnreadable("The folder /docs is gone.")))
    await scene.give(make_command("sync handbook"))
    await scene.run_syncs()
    text = scene.messenger.posts[0].text
    assert "Sync of handbook did not work." in text
    assert "The folder /docs is gone." in text
    assert "Reference command1" in text
    assert scene.outcomes[-1] == ("sync handbook incremental", "failed")


async def test_a_run_under_way_is_waited_for_and_then_told() -> None:
    scene = Scene(InMemoryKnowledge(("handbook",), SyncInProgress()))
    await scene.give(make_command("sync handbook"))
    await scene.run_syncs()
    assert len(scene.slept) == PATIENCE
    assert "being synced already" in scene.messenger.posts[0].text


async def test_the_end_is_shown_in_spite_of_a_rate_limit() -> None:
    scene = Scene(InMemoryKnowledge(("handbook",), SyncCounts(listed=1)))
    await scene.give(make_command("sync handbook"))
    scene.messenger.faults.extend([RateLimited(retry_after=5.0), DeliveryFailed()])
    await scene.run_syncs()
    assert scene.slept[0] == 5.0
    assert "1 listed" in scene.messenger.posts[0].text


async def test_a_message_that_cannot_be_edited_does_not_stop_the_sync() -> None:
    scene = Scene(InMemoryKnowledge(("handbook",), SyncCounts(listed=1)))
    await scene.give(make_command("sync handbook"))
    scene.messenger.faults.extend(DeliveryFailed() for _ in range(MOST_EDITS))
    assert await scene.run_syncs() == [None]
    assert scene.outcomes[-1] == ("sync handbook incremental", "succeeded")


async def test_the_end_is_told_alone_where_the_message_cannot_be_changed_any_more() -> None:
    scene = Scene(InMemoryKnowledge(("handbook",), SyncCounts(listed=1)))
    await scene.give(make_command("sync handbook"))
    scene.messenger.faults.append(DeliveryRefused("it was deleted"))
    await scene.run_syncs()
    first, second = scene.messenger.posts
    assert "starts" in first.text
    assert "is done" in second.text
    assert second.reply.private
    assert not scene.slept


async def test_a_scheduled_sync_that_fails_is_told_once_where_the_schedule_was_set() -> None:
    class Held(InMemoryKnowledge):
        async def sync(self, *_: object, **__: object):  # type: ignore[no-untyped-def, override]
            number = len(self.runs)
            run = make_run("wiki", SyncMode.INCREMENTAL, SyncCounts(), state, RunId(f"r{number}"))
            self.runs[run.id] = replace(run, error=error, held=("a.md",) if error else ())
            yield self.runs[run.id]

    scene = Scene(Held(("wiki",)))
    job = ScheduledSyncJob(TENANT, "wiki")
    state, error = SyncState.FAILED, "12 of 20 documents are gone."
    await scene.reporter.run_scheduled(job)
    assert not scene.messenger.posts  # its schedule was set elsewhere
    await scene.give(make_command("sources schedule wiki daily"))
    state, error = SyncState.SUCCEEDED, None
    await scene.reporter.run_scheduled(job)
    state, error = SyncState.FAILED, "It is gone."
    for _ in range(2):
        await scene.reporter.run_scheduled(job)
    _, told = scene.messenger.posts
    assert "It is gone." in told.text
    assert not told.reply.private
    assert told.place.channel == "C1"
    assert [button.command for button in told.reply.buttons] == ["sync confirm r2"]


async def test_where_the_bot_may_not_post_the_admin_is_told_alone() -> None:
    scene = Scene()
    scene.messenger.faults.append(DeliveryRefused("not_in_channel"))
    await scene.give(make_command("sync handbook"))
    (posted,) = scene.messenger.posts
    assert "I may not post in this channel." in posted.text
    assert posted.reply.private
    assert not await scene.run_syncs()


async def test_a_command_given_twice_to_the_worker_is_carried_out_once() -> None:
    scene = Scene()
    item = await scene.give(make_command("sync handbook"))
    assert await scene.commands.perform(TENANT, item) is None
    assert len(scene.messenger.posts) == 1
    assert len([job for job in scene.inbox.jobs if isinstance(job, SyncJob)]) == 1


async def test_a_crash_after_the_reply_was_written_down_is_made_good() -> None:
    scene = Scene()
    command = make_command("sync handbook full")
    await scene.inbox.put_command(TENANT, command)
    scene.messenger.faults.append(RateLimited(retry_after=3.0))
    item = ItemId(command.event)
    assert await scene.commands.perform(TENANT, item) == 3.0
    assert await scene.commands.perform(TENANT, item) is None
    assert scene.inbox.items[item].state is ItemState.DONE
    assert [job.mode for job in scene.inbox.jobs if isinstance(job, SyncJob)] == [SyncMode.FULL]


async def test_a_failure_of_a_command_is_told_after_some_tries() -> None:
    class Unreachable(InMemoryKnowledge):
        async def list_overviews(self, tenant: TenantId) -> list[SourceOverview]:
            raise StoreUnavailable

    scene = Scene(Unreachable())
    command = make_command("sources list")
    await scene.inbox.put_command(TENANT, command)
    perform: Callable[[], Awaitable[float | None]] = lambda: scene.commands.perform(  # noqa: E731
        TENANT, ItemId(command.event)
    )
    assert [await perform() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, None]
    assert "I cannot reach my database" in scene.messenger.posts[0].text
    assert "Reference command1" in scene.messenger.posts[0].text


async def test_an_interrupted_sync_gives_way_with_words() -> None:
    scene = Scene()
    await scene.give(make_command("sync handbook"))
    job = next(job for job in scene.inbox.jobs if isinstance(job, SyncJob))
    await scene.reporter.abandon(job)
    assert "a later one takes its place" in scene.messenger.posts[0].text


async def test_of_two_syncs_at_the_same_time_the_second_message_gives_way() -> None:
    scene = Scene()
    await scene.give(make_command("sync handbook", 1))
    await scene.give(make_command("sync handbook", 2))
    first, second = scene.messenger.posts
    assert first.text.startswith("Sync of handbook starts …")
    assert "Being synced already: handbook." in second.text
