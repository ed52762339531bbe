"""The `slack` source with the bot's own account: read from a transcript that events keep.

Slack lets some apps read 15 messages a minute, so a channel is read through the API once, as fast
as Slack allows, and by its events from then on. A reading that is interrupted goes on where it
stood. What was not heard, because no process listened, is read again.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from retrieval.model import ChatMessage, RawDocument, Reading, SourceEntry
from retrieval.ports import Transcript
from retrieval.sources.conversations import (
    FRESH,
    LONGEST,
    Message,
    find_version,
    split_conversations,
    write_conversation,
)
from retrieval.sources.markdown import MEDIA_TYPE
from retrieval.sources.service import Json, Missing, complete, reading_document
from retrieval.sources.slack_reader import Channel, SlackReader, is_human, read_ts


class TranscriptConnector:
    """Lists and reads the same documents as SlackConnector, under the same ids."""

    def __init__(
        self,
        channels: Sequence[str],
        reader: SlackReader,
        transcript: Transcript,
        *,
        since: datetime | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channels = channels
        self._reader = reader
        self._transcript = transcript
        self._since = since.timestamp() if since else 0.0
        self._now = now

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every thread and conversation of the channels. Complete, or SourceUnreadable."""
        for channel_id in self._channels:
            channel = await self._reader.find_channel(channel_id)
            await self._fill(channel)
            outline = await self._transcript.list_outline(channel_id)
            # as numbers: the seconds of a day long ago have fewer digits
            listed = (message for message in outline if float(message.thread) >= self._since)
            for ts, messages in _split(listed):
                yield _describe(channel, ts, messages)

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One thread or conversation, as Markdown."""
        channel_id, _, ts = entry.external_id.partition("/")
        with reading_document():
            channel = await self._reader.find_channel(channel_id)
            messages = await self._read_conversation(channel_id, ts)
            shown = [await self._reader.name_people(channel, message) for message in messages]
        return RawDocument(entry, write_conversation(channel.place, shown), MEDIA_TYPE)

    async def _read_conversation(self, channel_id: str, ts: str) -> list[Message]:
        thread = await self._transcript.list_thread(channel_id, ts)
        if any(message.ts != ts for message in thread):
            return _keep(thread)
        latest = f"{float(ts) + LONGEST.total_seconds():.6f}"
        loose = await self._transcript.list_loose(channel_id, ts, latest)
        if not loose or loose[0].ts != ts:
            raise Missing
        return next(split_conversations(map(_as_message, loose)))

    # Reading through the API

    async def _fill(self, channel: Channel) -> None:
        """Read what the transcript lacks."""
        reading = await self._transcript.open(channel.id, channel.workspace)
        if reading.is_complete:
            return
        window = {"oldest": f"{self._since:.6f}"} if self._since else {}
        if reading.down_to is not None:
            window["latest"] = reading.down_to
        async for page in self._reader.read_history_pages(channel, **window):
            await self._write_page(channel, reading, page)
        await self._transcript.finish(channel.id, reading.number)

    async def _write_page(self, channel: Channel, reading: Reading, page: Sequence[Json]) -> None:
        """Write messages down, newest first, each thread with its replies in one go."""
        seen: list[ChatMessage] = []
        for message in page:
            seen.append(read_message(message))
            if not message.get("reply_count"):
                continue
            if await self._is_known(channel, message):
                await self._transcript.keep_thread(channel.id, reading.number, message["ts"])
            else:
                seen += map(read_message, await self._reader.read_thread(channel, message["ts"]))
            # a thread may cost a minute, so what was read so far is kept
            await self._transcript.put(channel.id, reading.number, seen, down_to=message["ts"])
            seen = []
        if seen:
            await self._transcript.put(channel.id, reading.number, seen, down_to=page[-1]["ts"])

    async def _is_known(self, channel: Channel, parent: Json) -> bool:
        """Whether a thread is written down already, as far as a listing of it can tell."""
        latest = parent.get("latest_reply") or ""
        if not latest or self._now() - read_ts(latest) < FRESH:
            return False
        known = await self._transcript.count_replies(channel.id, parent["ts"])
        return known == (parent["reply_count"], latest)


def _split(outline: Iterable[ChatMessage]) -> Iterator[tuple[str, list[Message]]]:
    """Threads, then the conversations of what was said outside of them, each with its first ts."""
    threads: dict[str, list[ChatMessage]] = {}
    for message in outline:
        threads.setdefault(message.thread, []).append(message)
    loose: list[Message] = []
    for ts, messages in threads.items():
        if any(message.ts != ts for message in messages):
            if any(message.is_human for message in messages):
                yield ts, _keep(messages)
        elif messages[0].is_human:
            loose.append(_as_message(messages[0]))
    loose.sort(key=lambda message: message.id)
    for conversation in split_conversations(loose):
        yield conversation[0].id, conversation


def _keep(thread: Sequence[ChatMessage]) -> list[Message]:
    """What belongs into the document of a thread: what people wrote, and what began it."""
    return [
        _as_message(message)
        for message in thread
        if message.is_human or message.ts == message.thread
    ]


def _describe(channel: Channel, ts: str, messages: Sequence[Message]) -> SourceEntry:
    return SourceEntry(
        external_id=f"{channel.id}/{ts}",
        url=channel.link(ts),
        modified_at=messages[-1].moment,
        fingerprint=find_version(messages),
        audience=channel.audience,
    )


def _as_message(message: ChatMessage) -> Message:
    return Message(
        id=message.ts,
        author=message.author,
        moment=read_ts(message.ts),
        text=message.text,
        edited=message.edited,
    )


def read_message(message: Mapping[str, Any]) -> ChatMessage:
    """A message of the Web API, or of an event. What bots reply is noted without its words."""
    ts = message["ts"]
    thread = message.get("thread_ts") or ts
    human = is_human(message)
    return ChatMessage(
        ts=ts,
        thread=thread,
        author=message.get("user") or message.get("username") or "bot",
        text=(message.get("text") or "") if human or thread == ts else "",
        edited=(message.get("edited") or {}).get("ts", ""),
        is_human=human,
        is_deleted=message.get("subtype") == "tombstone",
    )
