"""Discord's threads and forums: one for each question where a channel wants that."""

from pathlib import Path
from typing import Any

import pytest

from bot.model import ChannelKind, ChannelSettings, Intent, Place, Platform, Visibility
from bot.platforms.discord_platform import DiscordPlatform
from bot.rendering.reply import Paragraph, Reply, Text
from bot.storage.channels import PostgresChannelStore
from retrieval.model import TenantId
from retrieval.postgres.pool import open_pool
from tests.acceptance.people import OnDiscord, read_discord_message
from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    serving,
    wait_until_quiet,
)
from tests.acceptance.test_discord_events import (
    Recorder,
    build,
    channel_id,
    guild_id,
    recorder,
    running,
    world,
)
from tests.emulators.discord import DiscordEmulator
from tests.fakes.channels import InMemoryChannels

__all__ = ["recorder", "world"]

OWN = ChannelSettings(thread_per_question=True)


def connect(world: DiscordEmulator, recorder: Recorder, settings: ChannelSettings) -> Any:
    return running(build(world, recorder, channels=InMemoryChannels(settings)))


async def answer(platform: DiscordPlatform, place: Place, *, retry: bool = False) -> None:
    reply = Reply((Paragraph((Text("Four weeks."),)),))
    await platform.messenger.post(place, reply, key="k1", reply_token={}, retry=retry)


async def test_a_question_gets_a_thread_that_is_named_after_it(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with connect(world, recorder, OWN) as platform:
        said = await world.driver.mention("ben", "#general", "How long is my notice period?")
        (question,) = await recorder.wait_for_messages(1)
        home, channel = guild_id(world), channel_id(world, "#general")
        assert question.place == Place(
            Platform.DISCORD, home, said["id"], ChannelKind.PUBLIC, said["id"], channel
        )
        assert question.message == f"discord:{home}:{channel}:{said['id']}"
        thread = world.world.channels[int(said["id"])]
        assert (thread.name, str(thread.parent_id)) == ("How long is my notice period?", channel)
        for retry in (False, True):
            await answer(platform, question.place, retry=retry)
        found = [m["text"] for m in await world.driver.replies(said) if m["author"]["bot"]]
        assert found == ["Four weeks."]
        await world.driver.post("ben", said["id"], "And in the trial?")
        _, follow_up = await recorder.wait_for_messages(2)
    assert (follow_up.intent, follow_up.thread) == (Intent.FOLLOW_UP, question.thread)
    assert follow_up.place.channel == question.place.channel


async def test_a_question_that_comes_twice_has_one_thread(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with connect(world, recorder, OWN):
        said = await world.driver.mention("ben", "#general", "How long?")
        await world.driver.redeliver(said)
        await recorder.wait_for(lambda: recorder.attempts == 2)
    assert len(recorder.messages) == len(world.journal.of_kind("discord.thread")) == 1


@pytest.mark.parametrize(
    "settings",
    [
        ChannelSettings(),
        ChannelSettings(thread_per_question=True, visibility=Visibility.PRIVATE),
    ],
)
async def test_no_thread_is_opened_unless_the_channel_wants_it(
    world: DiscordEmulator, recorder: Recorder, settings: ChannelSettings
) -> None:
    async with connect(world, recorder, settings):
        said = await world.driver.mention("ben", "#general", "How long?")
        (question,) = await recorder.wait_for_messages(1)
    assert (question.place.channel, question.place.thread) == (
        channel_id(world, "#general"),
        said["id"],
    )
    assert world.journal.of_kind("discord.thread") == []


async def test_a_bare_mention_and_a_reply_get_no_thread(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with connect(world, recorder, ChannelSettings()):
        asked = await world.driver.mention("ben", "#general", "How long?")
        await recorder.wait_for_messages(1)
    async with connect(world, recorder, OWN):
        await world.driver.mention("ben", "#general", "")
        await world.driver.mention("chloe", "#general", "And for me?", reply_to=asked)
        await recorder.wait_for_messages(3)
    assert world.journal.of_kind("discord.thread") == []


async def test_without_the_right_to_open_threads_it_replies(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    await world.driver.set_overwrite("#general", "@everyone", deny=("create_public_threads",))
    await world.driver.set_overwrite("#general", "Footnote", deny=("create_public_threads",))
    async with connect(world, recorder, OWN) as platform:
        said = await world.driver.mention("ben", "#general", "How long?")
        (question,) = await recorder.wait_for_messages(1)
        await answer(platform, question.place)
        (reply,) = await world.driver.replies(said)
    assert reply["text"] == "Four weeks."
    assert reply["message_reference"]["message_id"] == said["id"]


async def test_a_new_post_is_overheard_with_its_title_and_followed(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    async with connect(world, recorder, ChannelSettings()):
        post = await world.driver.create_post("ben", "#questions", "Notice", "How long is it?")
        await world.driver.post("chloe", post["id"], "And in the trial?")
        asked = await world.driver.create_post("ben", "#questions", "Who knows?", "@Footnote")
        await recorder.wait_for_messages(2)
    (first,), (second, third) = recorder.overheard, recorder.messages
    assert (first.intent, first.text) == (Intent.OVERHEARD, "Notice\n\nHow long is it?")
    assert (second.intent, second.text) == (Intent.FOLLOW_UP, "And in the trial?")
    assert (third.intent, third.text) == (Intent.MENTION, "Who knows?")
    assert first.thread == second.thread == f"discord:{guild_id(world)}:{post['id']}"
    assert first.place.parent == channel_id(world, "#questions")
    assert third.place.channel == asked["id"]


async def test_a_mention_in_a_forum_post_is_answered_there_and_followed(
    synced_url: str, tmp_path: Path
) -> None:
    async with DiscordEmulator() as discord:
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        people = OnDiscord(discord)
        async with serving(shell):
            post = await discord.driver.create_post(
                "ben", "#questions", "Printer", "@Footnote What is the PIN of the printer?"
            )
            assert "4711" in (await people.wait_for_answers(post["message"]))[0].text
            after = await discord.driver.post(
                "chloe", post["id"], "What is the printer on the second floor called?"
            )
            seen = await discord.driver.wait_for_reply(
                after, contains="Gutenberg", timeout=PATIENCE
            )
            assert "Gutenberg" in read_discord_message(seen).text


async def test_a_forum_that_answers_by_itself_answers_each_post_once(
    synced_url: str, tmp_path: Path
) -> None:
    async with DiscordEmulator() as discord:
        home, forum = guild_id(discord), channel_id(discord, "#questions")
        place = Place(Platform.DISCORD, home, forum, ChannelKind.PUBLIC)
        async with open_pool(synced_url, size=1) as pool:
            store = PostgresChannelStore(pool)
            await store.change(TenantId("default"), place, {"mode": "auto"})
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        people = OnDiscord(discord)
        async with serving(shell):
            post = await discord.driver.create_post(
                "ben", "#questions", "Printer", "What is the PIN of the printer?"
            )
            assert "4711" in (await people.wait_for_answers(post["message"]))[0].text
            unfounded = await discord.driver.create_post(
                "ben", "#questions", "Canteen", "What does the canteen serve on Friday?"
            )
            await discord.driver.post("chloe", post["id"], "Thanks a lot!")
            last = await discord.driver.mention("ben", "#help", "What is the PIN of the printer?")
            await people.wait_for_answers(last)
            await wait_until_quiet(synced_url)
            assert len(await people.wait_for_answers(post["message"])) == 1
        assert await discord.driver.replies(unfounded["message"]) == []


async def test_a_channel_is_told_to_open_threads_and_does(synced_url: str, tmp_path: Path) -> None:
    async with DiscordEmulator() as discord:
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        people = OnDiscord(discord)
        async with serving(shell):
            begun = await discord.driver.slash(
                "ada",
                "#help",
                "channel set",
                {"setting": "threads", "value": "yes"},
            )
            await discord.driver.wait_for_response(begun, timeout=PATIENCE)
            asked = await people.mention("What is the PIN of the printer?")
            (answer,) = await people.wait_for_answers(asked)
            assert "4711" in answer.text
            assert answer.raw["channel_id"] == asked["id"]
            followed = await discord.driver.post(
                "ben", asked["id"], "What is the printer on the second floor called?"
            )
            seen = await discord.driver.wait_for_reply(
                followed, contains="Gutenberg", timeout=PATIENCE
            )
            assert "Gutenberg" in seen["text"]
