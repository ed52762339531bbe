"""The slash commands: what Discord shows, and how they reach the receiver."""

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any, Protocol

import discord
from discord import app_commands

from bot.platforms.discord_channel_commands import (
    build_channel,
    build_forget,
    build_preferences,
)
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_receiver import DiscordReceiver
from bot.rendering.form import Choice
from retrieval.errors import StoreUnavailable
from retrieval.model import SyncMode

QUESTION_CHARACTERS = 2_000

_MODES = [
    app_commands.Choice(name="what changed", value=SyncMode.INCREMENTAL.value),
    app_commands.Choice(name="everything anew", value=SyncMode.FULL.value),
    app_commands.Choice(name="only show what would change", value=SyncMode.DRY_RUN.value),
]

Interaction = discord.Interaction[DiscordClient]
AnyCommand = app_commands.Command[Any, Any, None] | app_commands.ContextMenu | app_commands.Group

log = logging.getLogger(__name__)


class CommandDigests(Protocol):
    """Remembers which commands Discord was told of. Raises StoreUnavailable."""

    async def read(self, application: str) -> str | None:
        """The digest of the commands that Discord was told of last."""
        ...

    async def write(self, application: str, digest: str) -> None: ...


_ANYWHERE = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
_FOR_ONESELF = app_commands.allowed_installs(guilds=True, users=True)
"""For commands that people may bring along to where the bot is not."""


class DiscordCommands(app_commands.CommandTree[DiscordClient]):
    """The tree of commands. Discord shows all to all; who may use one is checked when it runs."""

    def __init__(
        self,
        client: DiscordClient,
        receiver: DiscordReceiver,
        kinds: Sequence[Choice] = (),
        digests: CommandDigests | None = None,
    ) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            fallback_to_global=True,
        )
        self._digests = digests
        for command in _build_commands(receiver, kinds):
            self.add_command(command)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        log.error("discord: interaction %s failed", interaction.id, exc_info=error)

    async def register(self) -> bool:
        """Tell Discord our commands unless it knows them; whether it had to be told.

        What it was told last is remembered, so that a start asks Discord only where our commands
        changed. A failure leaves those that it knows: people can ask by mention, and the next start
        tries again.
        """
        wanted = [command.to_dict(self) for command in self.get_commands()]
        application, digest = str(self.client.application_id), _digest(wanted)
        try:
            if self._digests is not None and await self._digests.read(application) == digest:
                return False
            told = await self._tell(wanted)
            if self._digests is not None:
                await self._digests.write(application, digest)
        except (*CLIENT_ERRORS, StoreUnavailable):
            log.exception("discord: the slash commands could not be registered")
            return False
        return told

    async def _tell(self, wanted: list[dict[str, Any]]) -> bool:
        known = await self.client.request(
            "GET",
            "/applications/{application_id}/commands",
            {"application_id": str(self.client.application_id)},
        )
        if _is_same(wanted, known):
            return False
        await self.sync()
        log.info("discord: %d slash commands registered", len(wanted))
        return True


def _digest(commands: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def _build_commands(receiver: DiscordReceiver, kinds: Sequence[Choice]) -> list[AnyCommand]:
    return [
        *_build_people(receiver),
        build_preferences(receiver),
        build_forget(receiver),
        _build_sync(receiver),
        _build_sources(receiver, kinds),
        build_channel(receiver),
        _build_doc(receiver),
        _bare(receiver, "audit", "Who commanded what of late (admins)"),
    ]


def _build_people(receiver: DiscordReceiver) -> list[AnyCommand]:
    @_ANYWHERE
    @_FOR_ONESELF
    @app_commands.command(name="ask", description="Ask; only you see the answer")
    @app_commands.describe(
        question="What do you want to know?", file="A file or an image that the question is about"
    )
    async def ask(
        interaction: Interaction,
        question: app_commands.Range[str, 1, QUESTION_CHARACTERS],
        file: discord.Attachment | None = None,
    ) -> None:
        await receiver.receive_question(interaction, question, file)

    @app_commands.command(name="search", description="Search what you may read; only you see it")
    @app_commands.describe(words="What to look for", source="Left out: every source you may read")
    async def search(
        interaction: Interaction,
        words: app_commands.Range[str, 1, QUESTION_CHARACTERS],
        source: str | None = None,
    ) -> None:
        place = (f"in:{source}",) if source else ()
        await receiver.receive_command(interaction, "search", (*place, *words.split()))

    @app_commands.context_menu(name="Answer this")
    async def answer_this(interaction: Interaction, message: discord.Message) -> None:
        await receiver.receive_target(interaction, message)

    help_ = _bare(receiver, "help", "What you can ask and do here")
    return [
        ask,
        _complete_readable(search, receiver),
        answer_this,
        _bare(receiver, "proof", "The passages behind your latest answer here"),
        _bare(receiver, "new", "Begin a new conversation"),
        _ANYWHERE(_FOR_ONESELF(help_)),
    ]


def _bare(
    receiver: DiscordReceiver, name: str, description: str
) -> app_commands.Command[Any, Any, None]:
    """A command that takes nothing."""

    @app_commands.command(name=name, description=description)
    async def act(interaction: Interaction) -> None:
        await receiver.receive_command(interaction, name, ())

    return act


def _build_doc(receiver: DiscordReceiver) -> app_commands.Command[Any, Any, None]:
    @app_commands.command(name="doc", description="What is known of a document (admins)")
    @app_commands.describe(url="The document's address, as answers link to it")
    async def doc(interaction: Interaction, url: str) -> None:
        await receiver.receive_command(interaction, "doc", (url,))

    return doc


def _build_sync(receiver: DiscordReceiver) -> app_commands.Group:
    group = app_commands.Group(name="sync", description="Read sources again (admins)")

    @app_commands.command(name="now", description="Read a source again")
    @app_commands.describe(source="The source, or all", mode="Left out: what changed")
    @app_commands.choices(mode=_MODES)
    async def now(
        interaction: Interaction, source: str, mode: app_commands.Choice[str] | None = None
    ) -> None:
        ways = () if mode is None or mode.value == SyncMode.INCREMENTAL.value else (mode.value,)
        await receiver.receive_command(interaction, "sync", (source, *ways))

    group.add_command(_complete(now, receiver, every=True))
    group.add_command(_on_any_source(receiver, "sync", "status", "How the syncs stand"))
    group.add_command(_on_source(receiver, "sync", "cancel", "Stop a sync"))
    group.add_command(_on_any_source(receiver, "sync", "history", "The latest syncs"))
    group.add_command(_on_any_source(receiver, "sync", "errors", "What could not be read"))
    return group


def _build_sources(receiver: DiscordReceiver, kinds: Sequence[Choice]) -> app_commands.Group:
    group = app_commands.Group(name="sources", description="Where answers come from")

    @app_commands.command(name="list", description="Which sources you may read")
    async def list_(interaction: Interaction) -> None:
        await receiver.receive_command(interaction, "sources", ("list",))

    @app_commands.command(name="add", description="Add a source; a form asks for its settings")
    @app_commands.describe(kind="What kind of source", name="Its name, such as team-handbook")
    @app_commands.choices(
        kind=[app_commands.Choice(name=kind.label, value=kind.value) for kind in kinds]
    )
    async def add(interaction: Interaction, kind: str, name: str) -> None:
        await receiver.receive_command(interaction, "sources", ("add", kind, *name.split()))

    @app_commands.command(name="schedule", description="When a source is read by itself")
    @app_commands.describe(
        source="The source", when="hourly, daily, weekly, off, or cron; left out: a form asks"
    )
    async def schedule(interaction: Interaction, source: str, when: str = "") -> None:
        await receiver.receive_command(interaction, "sources", ("schedule", source, *when.split()))

    group.add_command(list_)
    group.add_command(add)
    group.add_command(_on_source(receiver, "sources", "remove", "Remove a source with all it gave"))
    group.add_command(_on_source(receiver, "sources", "test", "Try whether a source can be read"))
    group.add_command(_on_source(receiver, "sources", "pause", "Stop the schedule of a source"))
    group.add_command(_on_source(receiver, "sources", "resume", "Go on with a paused source"))
    group.add_command(_complete(schedule, receiver))
    return group


def _on_source(
    receiver: DiscordReceiver, name: str, verb: str, description: str
) -> app_commands.Command[Any, Any, None]:
    @app_commands.command(name=verb, description=description)
    @app_commands.describe(source="The source")
    async def act(interaction: Interaction, source: str) -> None:
        await receiver.receive_command(interaction, name, (verb, source))

    return _complete(act, receiver)


def _on_any_source(
    receiver: DiscordReceiver, name: str, verb: str, description: str
) -> app_commands.Command[Any, Any, None]:
    @app_commands.command(name=verb, description=description)
    @app_commands.describe(source="Left out: every source")
    async def act(interaction: Interaction, source: str | None = None) -> None:
        await receiver.receive_command(interaction, name, (verb, *((source,) if source else ())))

    return _complete(act, receiver)


def _complete(
    command: app_commands.Command[Any, Any, None], receiver: DiscordReceiver, *, every: bool = False
) -> app_commands.Command[Any, Any, None]:
    """The command with suggestions for its option `source`; `every` suggests 'all' too."""

    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        names = await receiver.suggest_sources(interaction, typed, every=every)
        return [app_commands.Choice(name=name, value=name) for name in names]

    command.autocomplete("source")(suggest)
    return command


def _complete_readable(
    command: app_commands.Command[Any, Any, None], receiver: DiscordReceiver
) -> app_commands.Command[Any, Any, None]:
    """The command with suggestions of what this person may read for its option `source`."""

    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        names = await receiver.suggest_readable(interaction, typed)
        return [app_commands.Choice(name=name, value=name) for name in names]

    command.autocomplete("source")(suggest)
    return command


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
