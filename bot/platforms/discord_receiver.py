"""Hands over what Discord delivers.

Discord delivers a message once and wants no ack, so what the intake cannot take is kept here and
handed over again until it is taken; meanwhile the message carries a warning sign.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import discord

from bot.cancellation import is_cancelled
from bot.model import (
    REPLACES,
    Acceptance,
    Command,
    IncomingMessage,
    Intent,
    Platform,
    ThreadKey,
)
from bot.platforms.discord_catch_up import CatchUp, Hear, Positions
from bot.platforms.discord_changes import DiscordChanges
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_events import (
    DIRECT,
    ELSEWHERE,
    find_earlier,
    find_shard,
    is_click,
    is_elsewhere,
    is_from_another_bot,
    is_from_person,
    is_new_post,
    is_submission,
    read_click,
    read_command,
    read_guild_id,
    read_intent,
    read_message,
    read_person,
    read_place,
    read_question,
    read_target,
    read_workspace,
)
from bot.platforms.discord_forms import DiscordForms
from bot.platforms.discord_rights import STRUCTURE
from bot.platforms.discord_threads import QuestionThreads
from bot.platforms.lateness import is_late
from bot.ports import Intake, RightsChanges, SourceNames, Threads, Workspaces
from bot.rendering.phrases import Phrase, actions, refusals

WARNING = "⚠️"
MOST_CHOICES = 25
CHOICE_CHARACTERS = 100
LONGEST_PAUSE = 30.0
MOST_WAITING = 1_000
"""Messages that wait to be handed over again; more are left with their warning sign."""

Pause = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


class DiscordReceiver:
    """Turns events into questions and commands for the intake."""

    def __init__(
        self,
        *,
        intake: Intake,
        workspaces: Workspaces,
        threads: Threads | None = None,
        source_names: SourceNames | None = None,
        readable_names: SourceNames | None = None,
        forms: DiscordForms | None = None,
        catch_up: CatchUp | None = None,
        changes: RightsChanges | None = None,
        question_threads: QuestionThreads | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._intake = intake
        self._workspaces = workspaces
        self._threads = threads
        self._source_names = source_names
        self._readable_names = readable_names
        self._forms = forms
        self._changes = changes
        self._pause = pause
        self._linked: set[str] = set()
        self._edits = DiscordChanges(intake, self._find, pause)
        self._waiting: set[asyncio.Task[None]] = set()
        self._question_threads = question_threads
        self._catch_up = catch_up
        self._positions = catch_up.positions if catch_up is not None else Positions()
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def link(self, workspace: str, name: str) -> None:
        """Link a guild, or the direct messages, once. Raises StoreUnavailable."""
        if workspace not in self._linked:
            await self._workspaces.link(Platform.DISCORD, workspace, name)
            self._linked.add(workspace)

    async def receive_guild(self, guild: discord.Guild, bot_user: int) -> None:
        """The bot is in a guild, newly or in a new session; what it missed there is read.

        A failure to link it is made up for when its first message comes.
        """
        try:
            await self.link(str(guild.id), guild.name)
        except Exception:
            log.exception("discord: the server %s could not be linked", guild.id)
        # What happened while nothing was heard is not told.
        await self.receive_change(guild)
        if self._catch_up is not None:
            read = self._catch_up.read_guild(guild, self._hear_as(bot_user))
            self._begin_reading(str(guild.id), read)

    def receive_session(self, client: discord.Client, shard: int, shards: int) -> None:
        """A session was begun anew, so what was said before is not told."""

        def is_concerned(workspace: str) -> bool:
            return find_shard(workspace, shards) == shard

        self._positions.unsettle(is_concerned)
        if self._catch_up is not None and client.user is not None and is_concerned(DIRECT):
            read = self._catch_up.read_direct(client, self._hear_as(client.user.id))
            self._begin_reading(DIRECT, read)

    def _hear_as(self, bot_user: int) -> Hear:
        return lambda message: self.receive_message(message, bot_user)

    def _begin_reading(self, workspace: str, read: Coroutine[Any, Any, None]) -> None:
        """Read what was missed, instead of what may be read there already."""
        self._positions.unsettle(lambda each: each == workspace)
        if earlier := self._reading.get(workspace):
            earlier.cancel()
        self._reading[workspace] = asyncio.create_task(read)

    async def receive_change(self, guild: discord.Guild) -> None:
        """Roles, channels or the owner have changed; never raises.

        What cannot be noted is made up for by the bound on how long rights are remembered.
        """
        if self._changes is None:
            return
        try:
            await self._changes.note(Platform.DISCORD, str(guild.id), {STRUCTURE})
        except Exception:
            log.exception("discord: a change of rights in %s could not be noted", guild.id)

    async def receive_message(self, message: discord.Message, bot_user: int) -> None:
        """Hand a message over if something is asked in it; never raises."""
        channel = (read_workspace(read_guild_id(message)), message.channel.id)
        self._positions.begin(channel, message.id)
        intent = _find_intent(message, bot_user)
        if intent is not None:
            try:
                await self._hand_over(message, bot_user, intent)
            except Exception:
                log.exception("discord: message %s was not taken down", message.id)
                await _warn(message)
                self._keep(message, bot_user, intent)
                return
        self._positions.end(channel, message.id)

    async def _hand_over(self, message: discord.Message, bot_user: int, intent: Intent) -> None:
        await self._link_home(message.guild)
        incoming = read_message(message, bot_user, intent, await self._find(message, bot_user))
        if _is_late(message):
            incoming = replace(incoming, late=True)
        if self._question_threads is not None:
            incoming = await self._question_threads.move(message, incoming)
        acceptance = await self._intake.accept(incoming)
        log.info("discord message %s: %s", message.id, acceptance)

    async def _link_home(self, guild: discord.Guild | None) -> None:
        if guild is not None:
            await self.link(str(guild.id), guild.name)

    async def _find(self, message: discord.Message, bot_user: int) -> ThreadKey | None:
        """The conversation that a reply goes on with. Raises StoreUnavailable."""
        earlier = find_earlier(message, bot_user)
        if earlier is None or self._threads is None:
            return None
        workspace = read_workspace(message.guild.id if message.guild else None)
        tenant = await self._workspaces.resolve(Platform.DISCORD, workspace)
        if tenant is None:
            return None
        return await self._threads.find_thread(tenant, Platform.DISCORD, earlier)

    def _keep(self, message: discord.Message, bot_user: int, intent: Intent) -> None:
        if len(self._waiting) >= MOST_WAITING:
            log.error("discord: too many messages wait, so %s is left", message.id)
            return
        task = asyncio.create_task(self._try_again(message, bot_user, intent))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _try_again(self, message: discord.Message, bot_user: int, intent: Intent) -> None:
        seconds = 1.0
        while not is_cancelled():
            await self._pause(seconds)
            try:
                await self._hand_over(message, bot_user, intent)
            except Exception as error:  # noqa: BLE001 - whatever it was, it may pass
                log.warning("discord: message %s still waits: %r", message.id, error)
                seconds = min(seconds * 2, LONGEST_PAUSE)
            else:
                channel = (read_workspace(read_guild_id(message)), message.channel.id)
                self._positions.end(channel, message.id)
                await _unwarn(message, bot_user)
                return

    async def receive_edit(self, message: discord.Message, bot_user: int) -> None:
        """A message was changed; never raises."""
        await self._edits.receive_edit(message, bot_user)

    async def receive_deletion(self, guild: int | None, channel: int, message: int) -> None:
        """A message is gone; never raises."""
        await self._edits.receive_deletion(guild, channel, message)

    async def close(self) -> None:
        """Give up what still waits; it is read again by the next session."""
        await self._edits.close()
        tasks = [*self._waiting, *self._reading.values()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if self._catch_up is not None:
            await self._catch_up.note_cursors()

    async def receive_question(
        self, interaction: discord.Interaction, text: str, file: discord.Attachment | None = None
    ) -> None:
        """/ask: only the asker sees what follows."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if text.strip():
            await self._take(interaction, read_question(interaction, text, file))
        else:
            await _answer(interaction, refusals.EMPTY_QUESTION)

    async def receive_target(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        """'Answer this': as /ask with the words of a message."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        asked = read_target(interaction, message)
        if asked.text:
            await self._take(interaction, asked)
        else:
            await _answer(interaction, actions.NOTHING_TO_ANSWER)

    async def receive_command(
        self, interaction: discord.Interaction, name: str, words: tuple[str, ...]
    ) -> None:
        """Every other command. Its public replies are posted, so what waits is private."""
        command = read_command(interaction, name, words)
        if not await self._open_form(interaction, command):
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._take(interaction, command)

    async def receive_interaction(self, interaction: discord.Interaction) -> None:
        """A button was pressed or a modal filled in; what else there is comes by other ways."""
        if is_click(interaction):
            command = read_click(interaction)
            if await self._open_form(interaction, command):
                return
            if REPLACES in command.reply_token:
                await interaction.response.defer()
            else:
                await interaction.response.defer(ephemeral=True, thinking=True)
            await self._take(interaction, command)
        elif self._forms is not None and is_submission(interaction):
            await self._forms.submit(interaction)

    async def _open_form(self, interaction: discord.Interaction, command: Command) -> bool:
        """Whether the command has a form, which is now open; where that fails it is told."""
        if self._forms is None:
            return False
        try:
            return await self._forms.open(interaction, command)
        except Exception:
            log.exception("discord: no form could be opened for %s", interaction.id)
            with suppress(*CLIENT_ERRORS):
                words = refusals.NOT_TAKEN.say(_read_language(interaction))
                await interaction.response.send_message(words, ephemeral=True)
            return True

    async def _take(
        self, interaction: discord.Interaction, incoming: IncomingMessage | Command
    ) -> None:
        try:
            if not is_elsewhere(interaction):
                await self._link_home(interaction.guild)
            if isinstance(incoming, Command):
                acceptance = await self._intake.accept_command(incoming)
            else:
                acceptance = await self._intake.accept(incoming)
        except Exception:
            log.exception("discord: interaction %s was not taken down", interaction.id)
            await _answer(interaction, refusals.NOT_TAKEN)
        else:
            log.info("discord interaction %s: %s", interaction.id, acceptance)
            if acceptance is Acceptance.IGNORED:
                await _answer(interaction, refusals.NOT_HERE)

    async def suggest_sources(
        self, interaction: discord.Interaction, typed: str, *, every: bool
    ) -> list[str]:
        """Names of sources that go on as typed, for those who may know them; never raises."""
        names = await _list_names(self._source_names, interaction)
        return _choose([name for name in names if every or name != "all"], typed)

    async def suggest_readable(self, interaction: discord.Interaction, typed: str) -> list[str]:
        """Names of sources that this person may read, and that go on as typed; never raises."""
        return _choose(await _list_names(self._readable_names, interaction), typed)

    async def link_all(self, guilds: dict[str, str]) -> None:
        """Link guilds by id and name, direct messages and other places. Raises StoreUnavailable."""
        places = {DIRECT: "Direct messages", ELSEWHERE: "Elsewhere"}
        for workspace, name in (places | guilds).items():
            await self.link(workspace, name)


async def _list_names(
    source: SourceNames | None, interaction: discord.Interaction
) -> Sequence[str]:
    if source is None:
        return ()
    try:
        return await source.list_for(read_place(interaction), read_person(interaction.user))
    except Exception:
        log.exception("discord: the sources' names could not be read")
        return ()


def _choose(names: Sequence[str], typed: str) -> list[str]:
    """What Discord takes of the names that go on as typed."""
    wanted = [name for name in names if typed.lower() in name.lower()]
    return [name for name in wanted if 0 < len(name) <= CHOICE_CHARACTERS][:MOST_CHOICES]


def _find_intent(message: discord.Message, bot_user: int) -> Intent | None:
    if not (is_from_person(message) or is_from_another_bot(message, bot_user)):
        return None
    intent = read_intent(message, bot_user)
    # Nobody in particular waits for an answer to what was said in a channel a while ago.
    stale = intent is Intent.OVERHEARD and _is_late(message) and not is_new_post(message)
    return None if stale else intent


def _is_late(message: discord.Message) -> bool:
    return is_late(message.created_at, discord.utils.utcnow())


async def _answer(interaction: discord.Interaction, words: Phrase) -> None:
    try:
        await interaction.edit_original_response(content=words.say(_read_language(interaction)))
    except CLIENT_ERRORS as error:
        log.warning("discord: interaction %s goes unanswered: %r", interaction.id, error)


def _read_language(interaction: discord.Interaction) -> str:
    """The language in which the person uses Discord."""
    return str(interaction.locale).partition("-")[0]


async def _warn(message: discord.Message) -> None:
    try:
        await message.add_reaction(WARNING)
    except CLIENT_ERRORS as error:
        log.warning("discord: no warning sign on message %s: %r", message.id, error)


async def _unwarn(message: discord.Message, bot_user: int) -> None:
    with suppress(*CLIENT_ERRORS):
        await message.remove_reaction(WARNING, discord.Object(bot_user))
