"""The slash commands: what Discord shows, and how they reach the receiver."""

import logging
from typing import Any

import discord
from discord import app_commands

from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_receiver import DiscordReceiver
from retrieval.model import SyncMode

QUESTION_CHARACTERS = 2_000

_MODES = [
    app_commands.Choice(name="what changed", value=SyncMode.INCREMENTAL.value),
    app_commands.Choice(name="everything anew", value=SyncMode.FULL.value),
    app_commands.Choice(name="only show what would change", value=SyncMode.DRY_RUN.value),
]

log = logging.getLogger(__name__)


class DiscordCommands(app_commands.CommandTree[DiscordClient]):
    """The tree of commands. Discord shows /sync to all; who may use it is checked when it runs."""

    def __init__(self, client: DiscordClient, receiver: DiscordReceiver) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            fallback_to_global=True,
        )
        for command in _build_commands(receiver):
            self.add_command(command)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        log.error("discord: interaction %s failed", interaction.id, exc_info=error)

    async def register(self) -> bool:
        """Tell Discord our commands where it knows others; whether that was so.

        A failure leaves those that it knows: people can ask by mention, and the next start tries
        again.
        """
        wanted = [command.to_dict(self) for command in self.get_commands()]
        try:
            known = await self.client.request(
                "GET",
                "/applications/{application_id}/commands",
                {"application_id": str(self.client.application_id)},
            )
            if _is_same(wanted, known):
                return False
            await self.sync()
        except CLIENT_ERRORS:
            log.exception("discord: the slash commands could not be registered")
            return False
        log.info("discord: %d slash commands registered", len(wanted))
        return True


def _build_commands(
    receiver: DiscordReceiver,
) -> list[app_commands.Command[Any, Any, None]]:
    @app_commands.command(name="ask", description="Ask; only you see the answer")
    @app_commands.describe(question="What do you want to know?")
    async def ask(
        interaction: discord.Interaction[DiscordClient],
        question: app_commands.Range[str, 1, QUESTION_CHARACTERS],
    ) -> None:
        await receiver.receive_question(interaction, question)

    @app_commands.command(
        name="sync", description="Read a source again, or see how the syncs stand (admins)"
    )
    @app_commands.describe(
        source="The source; left out: how the syncs stand", mode="Left out: what changed"
    )
    @app_commands.choices(mode=_MODES)
    async def sync(
        interaction: discord.Interaction[DiscordClient],
        source: str | None = None,
        mode: app_commands.Choice[str] | None = None,
    ) -> None:
        words = (source or "status",)
        if mode is not None and mode.value != SyncMode.INCREMENTAL.value:
            words = (*((source,) if source else ()), mode.value)
        await receiver.receive_command(interaction, "sync", words)

    @sync.autocomplete("source")
    async def suggest(
        interaction: discord.Interaction[DiscordClient], typed: str
    ) -> list[app_commands.Choice[str]]:
        names = await receiver.suggest_sources(interaction, typed)
        return [app_commands.Choice(name=name, value=name) for name in names]

    @app_commands.command(name="sources", description="Which sources there are (admins)")
    async def sources(interaction: discord.Interaction[DiscordClient]) -> None:
        await receiver.receive_command(interaction, "sources", ())

    @app_commands.command(name="help", description="What you can ask and do here")
    async def help_(interaction: discord.Interaction[DiscordClient]) -> None:
        await receiver.receive_command(interaction, "help", ())

    return [ask, sync, sources, help_]


def _is_same(wanted: list[dict[str, Any]], known: list[dict[str, Any]]) -> bool:
    by_name = {command["name"]: command for command in known}
    return by_name.keys() == {command["name"] for command in wanted} and all(
        _covers(by_name[command["name"]], command) for command in wanted
    )


def _covers(known: Any, wanted: Any) -> bool:
    """Whether what Discord has says all that we want; it leaves out defaults and adds its own."""
    if isinstance(wanted, dict):
        return isinstance(known or {}, dict) and all(
            _covers((known or {}).get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        if all(isinstance(value, int) for value in wanted):
            return sorted(known or []) == sorted(wanted)
        return len(known or []) == len(wanted) and all(map(_covers, known or [], wanted))
    return bool((known or None) == (wanted or None))
