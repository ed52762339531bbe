"""/channel: how the bot is set up there; /preferences and /forget: what is a person's own."""

from typing import Any

import discord
from discord import app_commands

from bot.channels.fields import FIELDS
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_receiver import CHOICE_CHARACTERS, DiscordReceiver
from bot.rendering.phrases import LANGUAGES, personal
from bot.rendering.preferences import AUTOMATIC

Interaction = discord.Interaction[DiscordClient]

_LANGUAGES = [
    app_commands.Choice(name=personal.AUTOMATIC.en, value=AUTOMATIC),
    *(app_commands.Choice(name=name, value=code) for code, name in LANGUAGES.items()),
]
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

    @set_.autocomplete("value")
    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        values = await _suggest_values(receiver, interaction, typed)
        return [app_commands.Choice(name=value, value=value) for value in values]

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


async def _suggest_values(
    receiver: DiscordReceiver, interaction: Interaction, typed: str
) -> list[str]:
    """What the chosen setting may be set to, as far as there is a list of it."""
    field = FIELDS.get(getattr(interaction.namespace, "setting", None) or "")
    if field is None:
        return []
    if field.name != "sources":
        known = [choice.value for choice in field.choices]
        return [value for value in known if value.startswith(typed.lower())]
    # Several are separated by commas: the last is completed.
    earlier, comma, begun = typed.rpartition(",")
    names = await receiver.suggest_sources(interaction, begun.strip(), every=False)
    chosen = [name.strip() for name in earlier.split(",")] if comma else []
    whole = [", ".join([*chosen, name]) for name in names if name not in chosen]
    return [value for value in whole if len(value) <= CHOICE_CHARACTERS]


def build_preferences(receiver: DiscordReceiver) -> app_commands.Command[Any, Any, None]:
    """The command."""

    @app_commands.command(name="preferences", description="Your settings, for you alone")
    @app_commands.describe(
        language="The language of answers to you",
        offers="Whether to tell you when only you may read what would say more",
    )
    @app_commands.choices(language=_LANGUAGES)
    async def preferences(
        interaction: Interaction, language: str = "", offers: bool | None = None
    ) -> None:
        words = ("language", language) if language else ()
        if offers is not None:
            words = (*words, "offers", "on" if offers else "off")
        await receiver.receive_command(interaction, "preferences", words)

    return preferences


def build_forget(receiver: DiscordReceiver) -> app_commands.Command[Any, Any, None]:
    """The command."""

    @app_commands.command(name="forget", description="Delete what I remember of you here")
    @app_commands.describe(everywhere="Of all your conversations, not only those of this channel")
    async def forget(interaction: Interaction, everywhere: bool = False) -> None:
        await receiver.receive_command(interaction, "forget", ("all",) if everywhere else ())

    return forget
