"""The Discord emulator as the real client meets it: sessions, history, and installations."""

import asyncio

import discord
import pytest
from discord import app_commands

from tests.contract.test_discord_emulator import (
    Bot,
    ShardedBot,
    channel,
    emulator,
    happened,
    online,
)
from tests.emulators.discord import DiscordEmulator, DriverError

__all__ = ["emulator"]


async def test_history_is_read_from_a_message_on_the_oldest_first(
    emulator: DiscordEmulator,
) -> None:
    said = [await emulator.driver.mention("ben", "#general", f"{n}?") for n in range(120)]
    async with online(Bot(), emulator) as bot:
        place = channel(bot, "general")
        assert place.last_message_id == int(said[-1]["id"])
        after = discord.Object(int(said[4]["id"]))
        found = [m async for m in place.history(limit=None, after=after, oldest_first=True)]
    assert [str(message.id) for message in found] == [each["id"] for each in said[5:]]
    assert found[0].content.endswith("5?")


async def test_what_was_said_before_an_identify_is_not_told(emulator: DiscordEmulator) -> None:
    async with online(Bot(), emulator) as bot:
        await emulator.driver.abort_gateway()
        await emulator.driver.mention("ben", "#general", "meanwhile?")
        await emulator.driver.invalidate_sessions(resumable=False)
        await happened(emulator, "discord.identified", 2)
        said = await emulator.driver.mention("ben", "#general", "after?")
        async with asyncio.timeout(20):
            while not bot.heard:
                await asyncio.sleep(0.01)
    assert [str(message.id) for message in bot.heard] == [said["id"]]


async def test_shards_that_identify_too_early_are_sent_away(emulator: DiscordEmulator) -> None:
    emulator.gateway.shards, emulator.gateway.identify_seconds = 2, 3600.0
    bot = ShardedBot()
    task = asyncio.create_task(bot.start(emulator.bot_token))
    try:
        await happened(emulator, "discord.identify_early", 1)
        (entry,) = emulator.journal.of_kind("discord.identified")
        assert entry.data["shard"] == [0, 2]
        emulator.clock.advance(3600)
        await happened(emulator, "discord.identified", 2)
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


async def test_commands_are_offered_where_they_were_installed_for(
    emulator: DiscordEmulator,
) -> None:
    seen: list[tuple[bool, bool, discord.app_commands.AppCommandContext]] = []
    bot = Bot()

    @bot.tree.command(name="carried", description="Anywhere")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def carried(interaction: discord.Interaction) -> None:
        kinds = interaction.is_guild_integration(), interaction.is_user_integration()
        seen.append((*kinds, interaction.context))
        await interaction.response.send_message("here", ephemeral=True)

    @bot.tree.command(name="settled", description="At home")
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def settled(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("home", ephemeral=True)

    driver = emulator.driver
    await driver.add_guild("Abroad", "ben", channels=("lounge",))
    await driver.remove_member("Footnote", "Abroad")
    group = (await driver.open_group("ben", "chloe"))["id"]
    async with online(bot, emulator):
        await bot.tree.sync()
        for place in ("Abroad/#lounge", group):
            with pytest.raises(DriverError, match="no command"):
                await driver.slash("ben", place, "carried")
        await driver.install("ben")
        for place in ("#general", "@bot", "Abroad/#lounge", group):
            await driver.wait_for_response(await driver.slash("ben", place, "carried"))
        for place in ("Abroad/#lounge", group):
            with pytest.raises(DriverError, match="no command"):
                await driver.slash("ben", place, "settled")
        await driver.wait_for_response(await driver.slash("ben", "@bot", "settled"))
    assert [kinds[:2] for kinds in seen] == [
        (True, True),
        (False, True),
        (False, True),
        (False, True),
    ]
    contexts = [(at.guild, at.dm_channel, at.private_channel) for *_, at in seen]
    assert contexts == [
        (True, False, False),
        (False, True, False),
        (True, False, False),
        (False, False, True),
    ]
