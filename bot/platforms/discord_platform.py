"""Discord as one thing to wire: the account, what it says, what it hears."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.model import Platform
from bot.platforms.discord_catch_up import CatchUp, Cursors
from bot.platforms.discord_client import (
    DISCORD_API_URL,
    DISCORD_GATEWAY_URL,
    IDENTIFY_PAUSE,
    DiscordClient,
    DiscordIdentity,
)
from bot.platforms.discord_commands import CommandDigests, DiscordCommands
from bot.platforms.discord_directory import DiscordDirectory
from bot.platforms.discord_forms import DiscordForms
from bot.platforms.discord_messenger import DiscordMessenger
from bot.platforms.discord_receiver import DiscordReceiver
from bot.platforms.discord_shards import ShardLeases, ShardRoster, SoleProcess
from bot.platforms.discord_threads import QuestionThreads
from bot.platforms.freshness import FRESH_SECONDS, RightsCache
from bot.ports import (
    Channels,
    FormDesk,
    Intake,
    RightsChanges,
    SourceNames,
    Threads,
    Workspaces,
)
from bot.rendering.form import Choice
from bot.tasks import running_beside

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DiscordPlatform:
    """One Discord application in all servers that it was added to.

    `messenger` and `directory` work without `connect` and `run`. Use: `connect`, then `run` until
    cancelled, then `close`.
    """

    client: DiscordClient
    messenger: DiscordMessenger
    directory: DiscordDirectory
    receiver: DiscordReceiver
    commands: DiscordCommands
    catch_up: CatchUp | None

    async def connect(self) -> DiscordIdentity:
        """Check the token and link the servers and the direct messages; before `run`.

        Raises ConnectionRefused, whose text says how to mend it, and StoreUnavailable.
        """
        try:
            identity = await self.client.identify()
            await self.receiver.link_all({str(id_): name for id_, name in identity.guilds.items()})
        except BaseException:
            await self.client.close()
            raise
        if not identity.guilds:
            log.warning(
                "discord: the bot is in no server yet; invite it from its application's page at "
                "discord.com/developers/applications, Installation"
            )
        return identity

    async def run(self) -> None:
        """Receive until cancelled; `close` ends what is left. Raises ConnectionRefused."""
        await self.commands.register()
        if self.catch_up is None:
            await self.client.serve()
            return
        async with running_beside(self.catch_up.keep_cursors()):
            await self.client.serve()

    async def wait_until_receiving(self) -> None:
        """Return once Discord can deliver."""
        await self.client.wait_until_receiving()

    @property
    def is_receiving(self) -> bool:
        """Whether Discord can deliver now."""
        return self.client.is_receiving

    @property
    def reads_all(self) -> bool:
        """Whether what does not mention the bot is delivered with its text."""
        return self.client.intents.message_content

    async def close(self) -> None:
        """Leave the gateway and close the connections."""
        await self.receiver.close()
        await self.client.close()


@dataclass(frozen=True, slots=True)
class DiscordPorts:
    """What Discord turns to.

    Ports that are left out leave something out: `threads` finds the conversation that a reply goes
    on with, `source_names` feeds the suggestions of names, `channels` says where each question gets
    a thread of its own, a `desk` opens modals (`kinds` are those of sources), with `cursors` what
    was missed is read when a session begins, with a `roster` processes share the shards, and with
    `digests` Discord is not asked at each start which commands it knows.
    """

    intake: Intake
    workspaces: Workspaces
    threads: Threads | None = None
    source_names: SourceNames | None = None
    readable_names: SourceNames | None = None
    desk: FormDesk | None = None
    kinds: Sequence[Choice] = ()
    channels: Channels | None = None
    cursors: Cursors | None = None
    roster: ShardRoster | None = None
    digests: CommandDigests | None = None
    changes: RightsChanges | None = None


def build_discord(
    ports: DiscordPorts,
    *,
    token: str,
    span: timedelta = timedelta(0),
    shards: int = 0,
    api_url: str = DISCORD_API_URL,
    gateway_url: str = DISCORD_GATEWAY_URL,
    guild_ready_timeout: float = 2.0,
    identify_pause: float = IDENTIFY_PAUSE,
    rights_seconds: float = FRESH_SECONDS,
) -> DiscordPlatform:
    """Put the parts together; opens nothing yet.

    What was missed is read unless it is older than `span`. `shards` is how many there are; 0: as
    many as Discord recommends. Roles and channels are kept for `rights_seconds` at most, and until
    a change is counted.
    """
    client = DiscordClient(
        token,
        api_url=api_url,
        gateway_url=gateway_url,
        guild_ready_timeout=guild_ready_timeout,
        identify_pause=identify_pause,
        leases=ShardLeases(ports.roster or SoleProcess()),
        shards=shards,
    )
    messenger = DiscordMessenger(client)
    catch_up = CatchUp(ports.cursors, span=span) if ports.cursors is not None else None
    client.listener = receiver = _build_receiver(ports, messenger, catch_up)
    rights = RightsCache(Platform.DISCORD, ports.changes, seconds=rights_seconds)
    return DiscordPlatform(
        client=client,
        messenger=messenger,
        directory=DiscordDirectory(client, rights, ports.workspaces),
        receiver=receiver,
        commands=DiscordCommands(client, receiver, ports.kinds, ports.digests),
        catch_up=catch_up,
    )


def _build_receiver(
    ports: DiscordPorts, messenger: DiscordMessenger, catch_up: CatchUp | None
) -> DiscordReceiver:
    forms = question_threads = None
    if ports.desk is not None:
        forms = DiscordForms(messenger, ports.intake, ports.desk)
    if ports.channels is not None:
        question_threads = QuestionThreads(ports.channels, ports.workspaces)
    return DiscordReceiver(
        intake=ports.intake,
        workspaces=ports.workspaces,
        threads=ports.threads,
        source_names=ports.source_names,
        readable_names=ports.readable_names,
        forms=forms,
        catch_up=catch_up,
        changes=ports.changes,
        question_threads=question_threads,
    )
