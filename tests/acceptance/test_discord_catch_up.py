"""What is said on Discord while nobody listens is heard later, once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.platforms.discord_platform import DiscordPlatform
from tests.acceptance.people import OnDiscord
from tests.acceptance.program import Shell, point_at_discord, serving, wait_until_quiet
from tests.acceptance.test_discord_events import (
    Recorder,
    build,
    guild_id,
    recorder,
    running,
    world,
)
from tests.emulators.discord import DiscordEmulator
from tests.fakes.discord_records import InMemoryCursors

__all__ = ["recorder", "world"]

DAY = timedelta(days=1)


def connect(
    world: DiscordEmulator, recorder: Recorder, cursors: InMemoryCursors, **options: Any
) -> DiscordPlatform:
    cursors.linked.add(guild_id(world))
    return build(world, recorder, **{"cursors": cursors, "span": DAY, **options})


async def wait_until_settled(platform: DiscordPlatform, world: DiscordEmulator) -> None:
    """Wait until nothing that was said before is unread."""
    assert platform.catch_up is not None
    positions = platform.catch_up.positions

    async def is_settled() -> bool:
        return positions._settled >= {"@me", guild_id(world)}

    await world.driver.wait_until(is_settled)


async def test_what_was_asked_between_two_processes_is_heard(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    cursors = InMemoryCursors()
    async with running(connect(world, recorder, cursors)) as platform:
        await wait_until_settled(platform, world)
        await world.driver.mention("ben", "#general", "before?")
        await world.driver.post("ben", "@bot", "before, directly?")
        await recorder.wait_for_messages(2)
    thread = await world.driver.create_thread("ben", "#help", "new")
    await world.driver.mention("ben", "#general", "first?")
    await world.driver.post("chloe", "#general", "lunch?")
    await world.driver.mention("ben", "#general", "second?")
    await world.driver.mention("ben", thread["id"], "in a new thread?")
    await world.driver.post("ben", "@bot", "directly?")
    async with running(connect(world, recorder, cursors)):
        await recorder.wait_for_messages(6)
        texts = [message.text for message in recorder.messages[2:]]
    assert sorted(texts) == ["directly?", "first?", "in a new thread?", "second?"]
    assert texts.index("first?") < texts.index("second?")
    assert len(recorder.messages) == recorder.attempts == 6


async def test_a_session_that_is_begun_anew_misses_nothing(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with running(connect(world, recorder, InMemoryCursors())):
        await world.driver.mention("ben", "#general", "before?")
        await recorder.wait_for_messages(1)
        # The connection is gone for longer than Discord remembers sessions.
        await world.driver.abort_gateway()
        await world.driver.mention("ben", "#general", "meanwhile?")
        await world.driver.invalidate_sessions(resumable=False)
        await recorder.wait_for_messages(2)
    assert [message.text for message in recorder.messages] == ["before?", "meanwhile?"]
    assert len(world.journal.of_kind("discord.identified")) == 2


async def test_what_is_too_old_is_let_go(world: DiscordEmulator, recorder: Recorder) -> None:
    await world.driver.mention("ben", "#general", "long ago?")
    for count, span in enumerate((timedelta(0), timedelta(microseconds=1)), 1):
        async with running(connect(world, recorder, InMemoryCursors(), span=span)) as platform:
            await wait_until_settled(platform, world)
            await world.driver.mention("ben", "#general", f"now, {count}?")
            await recorder.wait_for_messages(count)
        # What was said while the first listened is older than the second asks for.
        assert [message.text for message in recorder.messages][-1] == f"now, {count}?"
    assert len(recorder.messages) == 2


async def test_quiet_channels_cost_nothing(world: DiscordEmulator, recorder: Recorder) -> None:
    cursors = InMemoryCursors()
    async with running(connect(world, recorder, cursors)) as platform:
        await wait_until_settled(platform, world)
        await world.driver.mention("ben", "#general", "before?")
        await recorder.wait_for_messages(1)
    async with running(connect(world, recorder, cursors)) as platform:
        await wait_until_settled(platform, world)
        await world.driver.mention("ben", "#help", "after?")
        await recorder.wait_for_messages(2)
    reads = [
        entry.data["path"]
        for entry in world.journal.of_kind("discord.request")
        if entry.data["method"] == "GET" and entry.data["path"].endswith("/messages")
    ]
    assert reads == []


async def test_it_goes_on_when_the_database_and_discord_let_it(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    await world.driver.mention("ben", "#general", "missed?")
    await world.driver.add_fault("error", "GET", "/channels/*/messages", status=403)
    await world.driver.mention("ben", "#help", "here too?")
    await world.driver.add_fault(
        "rate_limit", "GET", "/channels/*/messages", retry_after=0.05, scope="global"
    )
    cursors = InMemoryCursors(failures=1)
    async with running(connect(world, recorder, cursors)):
        await recorder.wait_for_messages(1)
    assert recorder.messages[0].text in ("missed?", "here too?")


async def test_a_question_asked_while_the_bot_was_down_is_answered_once(
    synced_url: str, tmp_path: Path
) -> None:
    async with DiscordEmulator() as discord:
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        people = OnDiscord(discord)
        async with serving(shell) as bot:
            await people.wait_for_answers(await people.mention("What is the PIN of the printer?"))
            await bot.kill()
        missed = await people.mention("How many days can be carried over?")
        directly = await people.write_directly("ben", "What is the PIN of the printer?")
        async with serving(shell):
            assert "five days" in (await people.wait_for_answers(missed))[0].text
        async with serving(shell):
            await wait_until_quiet(synced_url)
        (answer,) = await people.wait_for_answers(missed)
        assert "five days" in answer.text
        # Discord lists no direct messages, so one with a stranger to the bot is not found.
        assert await discord.driver.replies(directly) == []
