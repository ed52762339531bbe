"""Hears what was said while nobody listened.

Discord replays what a connection missed for about a minute; a session that is begun anew gets
nothing of what was before. So there is a cursor for each channel: the message up to which it was
heard. It is written after what was asked is in the inbox, never before, so what lies behind the
cursor may be heard twice, which the inbox notices, but not be missed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import discord

from bot.cancellation import heed_cancellation, is_cancelled
from bot.platforms.discord_errors import CLIENT_ERRORS
from bot.platforms.discord_events import DIRECT, read_workspace
from retrieval.errors import StoreUnavailable

MOST_CHANNELS = 10_000
"""Cursors of one server that are read."""
DIRECT_SPAN = timedelta(days=7)
MOST_DIRECT = 200
"""Direct messages are looked for with those who wrote last; Discord lists none of them."""
AT_ONCE = 4
"""Channels that are read at the same time."""
LONGEST_PAUSE = 60.0
FLUSH = 5.0
"""Seconds between two notes of the cursors."""

Channel = tuple[str, int]
"""A workspace and a channel of it."""

Hear = Callable[[discord.Message], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]
Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

log = logging.getLogger(__name__)


class Cursors(Protocol):
    """Remembers up to which message channels were heard. Raises StoreUnavailable."""

    async def list_cursors(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Mapping[int, int]:
        """Channel → message, of the channels heard since then, those heard last first."""
        ...

    async def advance(self, positions: Mapping[Channel, int]) -> None:
        """Note (workspace, channel) → message; no cursor goes back."""
        ...


@dataclass(slots=True)
class Heard:
    """Up to which message a channel was heard: below whatever is still at hand."""

    latest: int = 0
    at_hand: set[int] = field(default_factory=set)

    @property
    def position(self) -> int:
        """Every message up to this one is taken care of."""
        return min(self.latest, min(self.at_hand) - 1) if self.at_hand else self.latest


class Positions:
    """The positions of all channels that this process hears.

    A workspace counts once it is settled: what was said before is heard too.
    """

    def __init__(self) -> None:
        self._channels: dict[Channel, Heard] = {}
        self._settled: set[str] = set()
        self._noted: dict[Channel, int] = {}

    def begin(self, channel: Channel, message: int) -> None:
        """A message is at hand."""
        heard = self._channels.setdefault(channel, Heard())
        heard.latest = max(heard.latest, message)
        heard.at_hand.add(message)

    def end(self, channel: Channel, message: int) -> None:
        """A message is taken care of."""
        if heard := self._channels.get(channel):
            heard.at_hand.discard(message)

    def unsettle(self, is_concerned: Callable[[str], bool]) -> None:
        """Something may have been missed in these workspaces."""
        self._settled = {each for each in self._settled if not is_concerned(each)}

    def settle(self, workspace: str) -> None:
        """Nothing is missed in this workspace any more."""
        self._settled.add(workspace)

    def list_news(self) -> dict[Channel, int]:
        """What is to be noted."""
        return {
            channel: heard.position
            for channel, heard in self._channels.items()
            if channel[0] in self._settled and heard.position > self._noted.get(channel, 0)
        }

    def note(self, positions: Mapping[Channel, int]) -> None:
        """These were noted; channels in which nothing is at hand are let go of."""
        for channel, position in positions.items():
            heard = self._channels[channel]
            if heard.at_hand or heard.position > position:
                self._noted[channel] = position
            else:
                del self._channels[channel]
                self._noted.pop(channel, None)


class CatchUp:
    """Reads what was said in the channels since their cursors, the oldest first.

    Nothing is heard that is older than `span`.
    """

    def __init__(
        self,
        cursors: Cursors,
        *,
        span: timedelta,
        pause: Pause = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cursors = cursors
        self._span = span
        self._pause = pause
        self._now = now
        self._reading = asyncio.Semaphore(AT_ONCE)
        self.positions = Positions()

    async def read_guild(self, guild: discord.Guild, hear: Hear) -> None:
        """Hear what was missed in a guild; never raises."""
        workspace = read_workspace(guild.id)
        joined = guild.me.joined_at if guild.me is not None else None
        floor = _find_floor(max(filter(None, (self._now() - self._span, joined))))

        async def read() -> None:
            known = await self._list_cursors(workspace, self._span, MOST_CHANNELS)
            missed = (
                (channel, after)
                for channel in _list_readable(guild)
                if (after := max(known.get(channel.id, 0), floor)) < (channel.last_message_id or 0)
            )
            async with asyncio.TaskGroup() as group:
                for channel, after in missed:
                    group.create_task(self._read_channel(channel, after, hear))

        await self._persist(workspace, read)

    async def read_direct(self, client: discord.Client, hear: Hear) -> None:
        """Hear what was missed in direct messages; never raises."""
        floor = _find_floor(self._now() - self._span)

        async def read() -> None:
            known = await self._list_cursors(DIRECT, DIRECT_SPAN, MOST_DIRECT)
            async with asyncio.TaskGroup() as group:
                for channel, message in known.items():
                    group.create_task(self._read_direct(client, channel, max(message, floor), hear))

        await self._persist(DIRECT, read)

    async def _list_cursors(self, workspace: str, span: timedelta, limit: int) -> Mapping[int, int]:
        since = self._now() - span
        known = await self._cursors.list_cursors(workspace, since=since, limit=limit)
        heed_cancellation()
        return known

    async def _persist(self, workspace: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read until it was read whole, and note no position of the workspace before."""
        seconds = 1.0
        while self._span:
            try:
                await read()
            except (ExceptionGroup, StoreUnavailable, *CLIENT_ERRORS) as error:
                log.warning("discord: what was missed in %s is unread yet: %r", workspace, error)
                await self._pause(seconds)
                seconds = min(seconds * 2, LONGEST_PAUSE)
            else:
                break
        self.positions.settle(workspace)

    async def _read_direct(
        self, client: discord.Client, channel: int, after: int, hear: Hear
    ) -> None:
        try:
            found = await client.fetch_channel(channel)
        except (discord.NotFound, discord.Forbidden):
            return
        if isinstance(found, discord.DMChannel):
            await self._read_channel(found, after, hear)

    async def _read_channel(
        self, channel: Readable | discord.DMChannel, after: int, hear: Hear
    ) -> None:
        async with self._reading:
            with suppress(discord.NotFound, discord.Forbidden):
                while True:
                    try:
                        async for message in channel.history(
                            limit=None, after=discord.Object(after), oldest_first=True
                        ):
                            await hear(message)
                            after = message.id
                    except discord.RateLimited as error:
                        await self._pause(error.retry_after)
                    else:
                        break
        log.info("discord: channel %s is read, whatever was missed there", channel.id)

    # Cursors

    async def keep_cursors(self) -> None:
        """Note the cursors now and then, until cancelled."""
        while not is_cancelled():
            await self._pause(FLUSH)
            await self.note_cursors()

    async def note_cursors(self) -> None:
        """Note the cursors; what cannot be noted is noted next time."""
        news = self.positions.list_news()
        if not news:
            return
        try:
            await self._cursors.advance(news)
        except StoreUnavailable as error:
            log.warning("discord: the cursors could not be noted: %s", error)
        else:
            self.positions.note(news)


def _find_floor(at: datetime) -> int:
    return discord.utils.time_snowflake(at)


def _list_readable(guild: discord.Guild) -> Iterator[Readable]:
    channels: list[Readable] = [
        *guild.text_channels,
        *guild.voice_channels,
        *guild.stage_channels,
        *(thread for thread in guild.threads if thread.parent is not None),
    ]
    for channel in channels:
        allowed = channel.permissions_for(guild.me)
        if allowed.view_channel and allowed.read_message_history:
            yield channel
