"""Writes down what is said in channels that are sources, as Slack's events tell.

https://docs.slack.dev/reference/events/message; which channels those are, the transcripts know.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from bot.platforms.slack_events import read_team
from bot.ports import Transcripts
from retrieval.errors import StoreUnavailable
from retrieval.model import ChatMessage
from retrieval.sources.slack_transcript import read_message

HEAR_SECONDS = 60.0
JOINED = "member_joined_channel"

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


class SlackTranscriber:
    """Takes every event of a channel to the transcripts."""

    def __init__(self, transcripts: Transcripts, *, hear_seconds: float = HEAR_SECONDS) -> None:
        self._transcripts = transcripts
        self._hear_seconds = hear_seconds

    async def note(self, payload: Payload) -> None:
        """Write a message event down where its channel is a source's. Raises StoreUnavailable."""
        event = payload["event"]
        if event.get("type") != "message" or event.get("channel_type") == "im":
            return
        message = read_change(event)
        if message is not None:
            await self._transcripts.note(read_team(payload), str(event["channel"]), message)

    async def note_return(self, payload: Payload) -> None:
        """The bot came to a channel, perhaps after it had left. Raises StoreUnavailable."""
        await self._transcripts.note_gap(read_team(payload), str(payload["event"]["channel"]))

    async def run(self, receiving: asyncio.Event) -> None:
        """Tell the transcripts, while `receiving` is set, that events come in, until cancelled."""
        while True:
            await receiving.wait()
            try:
                await self._transcripts.hear()
            except StoreUnavailable as error:
                log.warning("slack: transcripts do not know that events come in: %s", error)
            await asyncio.sleep(self._hear_seconds)


def read_change(event: Payload) -> ChatMessage | None:
    """What a message event says of a message, posted, changed or deleted; None where nothing."""
    match event.get("subtype"):
        case "message_deleted":
            ts = str(event["deleted_ts"])
            thread = (event.get("previous_message") or {}).get("thread_ts") or ts
            return ChatMessage(ts, thread, author="", text="", is_human=False, is_deleted=True)
        case "message_changed":
            return read_message(event["message"])
        case "message_replied":
            return None  # the reply has an event of its own
        case _:
            return read_message(event)
