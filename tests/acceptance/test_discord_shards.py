"""Several processes are one bot on Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import discord
import pytest
from discord.gateway import DiscordWebSocket

from bot.platforms.discord_platform import DiscordPlatform
from tests.acceptance.program import PATIENCE, Shell, point_at_discord, serving, wait_until_quiet
from tests.acceptance.test_discord_events import Recorder, build, recorder, running
from tests.emulators.discord import DiscordEmulator
from tests.fakes.discord_records import InMemoryCursors, InMemoryShardRoster

__all__ = ["recorder"]

WINDOW = 0.2
"""Seconds that must lie between two identifies."""


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    """Several guilds, one for each of the bot's shards at least."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with DiscordEmulator(shards=2, identify_seconds=WINDOW) as emulator:
        while len(shards_of(emulator)) < 2:
            name = f"Guild {len(emulator.world.guilds)}"
            await emulator.driver.add_guild(name, "ben", channels=("general",))
            emulator.clock.advance(0.001)
        yield emulator


def shards_of(world: DiscordEmulator, count: int = 2) -> dict[int, str]:
    """A guild's name for each shard."""
    return {(guild.id >> 22) % count: guild.name for guild in world.world.guilds.values()}


@asynccontextmanager
async def one_more(
    world: DiscordEmulator, recorder: Recorder, roster: InMemoryShardRoster
) -> AsyncIterator[DiscordPlatform]:
    cursors = InMemoryCursors(linked={str(number) for number in world.world.guilds})
    platform = build(
        world,
        recorder,
        roster=roster,
        cursors=cursors,
        identify_pause=WINDOW * 1.5,
        span=timedelta(days=1),
    )
    async with running(platform):
        yield platform


async def wait_until_shared(*platforms: DiscordPlatform) -> None:
    """Wait until each process serves one shard."""
    async with asyncio.timeout(PATIENCE):
        while [len(each.client.list_open()) for each in platforms] != [1] * len(platforms):
            await asyncio.sleep(0.02)


async def ask_everywhere(world: DiscordEmulator, words: str) -> None:
    for guild in shards_of(world).values():
        await world.driver.mention("ben", f"{guild}/#general", f"{words} in {guild}?")


async def test_two_processes_share_the_shards(world: DiscordEmulator, recorder: Recorder) -> None:
    roster = InMemoryShardRoster()
    second_recorder = Recorder()
    async with one_more(world, recorder, roster) as first:
        await ask_everywhere(world, "alone")
        await recorder.wait_for_messages(2)
        async with one_more(world, second_recorder, roster) as second:
            await wait_until_shared(first, second)
            recorder.messages.clear()
            second_recorder.messages.clear()
            await ask_everywhere(world, "together")
            await recorder.wait_for_messages(1)
            await second_recorder.wait_for_messages(1)
            (mine,), (theirs,) = recorder.messages, second_recorder.messages
            assert mine.place.workspace != theirs.place.workspace
        recorder.messages.clear()
        await ask_everywhere(world, "alone again")
        await recorder.wait_for(
            lambda: sum("alone again" in message.text for message in recorder.messages) == 2
        )
    assert not world.journal.of_kind("discord.identify_early")


async def test_who_comes_second_stands_by_where_there_is_one_shard(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    world.gateway.shards = 1
    roster, second_recorder = InMemoryShardRoster(), Recorder()
    async with one_more(world, second_recorder, roster) as second:
        async with one_more(world, recorder, roster) as first:
            # Both report that all is well, and one of them receives.
            assert (first.is_receiving, second.is_receiving) == (True, True)
            assert (first.client.list_open(), second.client.list_open()) == (set(), {0})
        await ask_everywhere(world, "who")
        await second_recorder.wait_for_messages(2)
    assert recorder.messages == []


async def test_a_killed_process_leaves_its_shards_to_the_other(
    world: DiscordEmulator, synced_url: str, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(world))
    async with serving(shell) as first, serving(shell):
        await world.journal.wait_for(lambda: len(serve_each(world)) == 2, PATIENCE)
        assert {await ask(world, guild) for guild in shards_of(world).values()} == {"4711"}
        await first.kill()
        assert {await ask(world, guild) for guild in shards_of(world).values()} == {"4711"}
        await wait_until_quiet(synced_url)
    for guild in shards_of(world).values():
        said = await world.driver.messages(f"{guild}/#general")
        assert [message["author"]["bot"] for message in said] == [False, True] * 2


def serve_each(world: DiscordEmulator) -> set[int]:
    """The shards that have a session now."""
    live = [each for each in world.gateway.sessions.values() if each.connection is not None]
    return {each.shard[0] for each in live if each.shard[1] == 2}


async def ask(world: DiscordEmulator, guild: str) -> str:
    """The PIN that the answer to a question in this guild names."""
    asked = await world.driver.mention("ben", f"{guild}/#general", "What is the printer's PIN?")
    answer = await world.driver.wait_for_reply(asked, contains="4711", timeout=PATIENCE)
    return "4711" if "4711" in answer["text"] else answer["text"]
