"""/channel: how the bot is set up in a channel."""

import discord
from discord import app_commands

from bot.channels.fields import FIELDS
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_receiver import DiscordReceiver

Interaction = discord.Interaction[DiscordClient]

_SETTINGS = [app_commands.Choice(name=field.label, value=name) for name, field in FIELDS.items()]


def build_channel(receiver: DiscordReceiver) -> app_commands.Group:
    """The group of commands."""
    group = app_commands.Group(name="channel", description="The bot in this channel (admins)")

    @app_commands.command(name="show", description="How this channel is set up")
    async def show(interaction: Interaction) -> None:
        await receiver.receive_command(interaction, "channel", ("show",))

    @app_commands.command(name="set", description="Change how this channel is set up")
    @app_commands.describe(setting="Left out: a form shows all", value="Left out: nothing")
    @app_commands.choices(setting=_SETTINGS)
    async def set_(interaction: Interaction, setting: str = "", value: str = "") -> None:
        words = (setting, *value.split()) if setting else ()
        await receiver.receive_command(interaction, "channel", ("set", *words))

    @app_commands.command(name="reset", description="Set this channel back to what is usual")
    @app_commands.describe(setting="Left out: everything")
    @app_commands.choices(setting=_SETTINGS)
    async def reset(interaction: Interaction, setting: str = "") -> None:
        words = (setting,) if setting else ()
        await receiver.receive_command(interaction, "channel", ("reset", *words))

    group.add_command(show)
    group.add_command(set_)
    group.add_command(reset)
    return group
