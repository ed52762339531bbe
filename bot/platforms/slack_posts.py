"""Messages of ours in Slack, known again by the key that their metadata carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.model import Place
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS, leaves_open, read_code
from bot.rendering.slack import SlackMessage

REPLY = "footnote_reply"
DRAFT = "footnote_draft"
"""The `event_type` of the metadata that carries a post's key: of a reply, and of what a reply is
to take the place of.
"""

LOOK_UP_PAGES = 10
PAGE = 200
NO_UNFURL: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}

_NOT_STREAMING = frozenset({"message_not_in_streaming_state", "stopped_by_user"})


@dataclass(frozen=True, slots=True)
class Found:
    """A message of ours. `is_draft`: it shows an answer in the making."""

    ts: str
    is_draft: bool


class SlackPosts:
    """Posts, finds, changes and deletes messages."""

    def __init__(self, accounts: SlackAccounts) -> None:
        self._accounts = accounts

    async def post(
        self, place: Place, content: SlackMessage, key: str, part: int, *, kind: str = REPLY
    ) -> str:
        """Post one message. Where it is unclear whether Slack took it, look before trying again."""
        try:
            return await self._post_now(place, content, key, part, kind)
        except CLIENT_ERRORS as error:
            if not leaves_open(error):
                raise
        posted = await self.find(place, key)
        if part in posted:
            return posted[part].ts
        return await self._post_now(place, content, key, part, kind)

    async def _post_now(
        self, place: Place, content: SlackMessage, key: str, part: int, kind: str
    ) -> str:
        account = await self._accounts.find(place.workspace)
        answer = await account.poster.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread,
            text=content.text,
            blocks=content.blocks,
            metadata=make_metadata(key, part, kind),
            **NO_UNFURL,
        )
        return str(answer["ts"])

    async def update(
        self,
        place: Place,
        ts: str,
        content: SlackMessage,
        metadata: Mapping[str, Any] | None = None,
        *,
        hasty: bool = False,
    ) -> None:
        """Replace what a message says; in haste, without waiting out limits."""
        account = await self._accounts.find(place.workspace)
        client = account.drafter if hasty else account.client
        await client.chat_update(
            channel=place.channel,
            ts=ts,
            text=content.text,
            blocks=content.blocks,
            metadata=None if metadata is None else dict(metadata),
        )

    async def end_stream(self, place: Place, ts: str, key: str) -> None:
        """End a stream, so that the message can be changed; one that has ended is left alone."""
        account = await self._accounts.find(place.workspace)
        try:
            await account.client.chat_stopStream(
                channel=place.channel, ts=ts, metadata=make_metadata(key, 0, DRAFT)
            )
        except SlackApiError as error:
            if read_code(error) not in _NOT_STREAMING:
                raise

    async def find(self, place: Place, key: str) -> dict[int, Found]:
        """The messages that were posted for the key, by their part; of twins the older."""
        found: dict[int, Found] = {}
        for part, message in await self.list_all(place, key):
            if part not in found or message.ts < found[part].ts:
                found[part] = message
        return found

    async def list_all(self, place: Place, key: str) -> list[tuple[int, Found]]:
        """Every message that was posted for the key, with its part.

        A stream has no metadata before it ends; it is known by the id of its first step.
        """
        account = await self._accounts.find(place.workspace)
        identity = await account.identify()
        found: list[tuple[int, Found]] = []
        cursor: str | None = None
        for _ in range(LOOK_UP_PAGES):
            page = await _read_page(account.client, place, cursor)
            for message in page.get("messages") or ():
                part = _read_part(message, key)
                if message.get("bot_id") == identity.bot_id and part is not None:
                    metadata = message.get("metadata") or {}
                    is_draft = metadata.get("event_type") != REPLY
                    found.append((part, Found(str(message["ts"]), is_draft)))
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found

    async def delete(self, place: Place, ts: str) -> None:
        """Delete a message, unless it is gone."""
        account = await self._accounts.find(place.workspace)
        try:
            await account.client.chat_delete(channel=place.channel, ts=ts)
        except SlackApiError as error:
            if read_code(error) != "message_not_found":
                raise


def make_metadata(key: str, part: int, kind: str = REPLY) -> dict[str, Any]:
    """The metadata by which a message is known again."""
    return {"event_type": kind, "event_payload": {"key": key, "part": part}}


def name_step(key: str, number: int) -> str:
    """The id of a step of the answer that the key names."""
    return f"{key}:{number}"


def _read_part(message: Mapping[str, Any], key: str) -> int | None:
    """Which part of the key's reply a message is; None where it is none."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") in (REPLY, DRAFT):
        return int(payload.get("part", 0)) if payload.get("key") == key else None
    cards = [
        card
        for block in message.get("blocks") or ()
        for card in (block, *(block.get("tasks") or ()))
    ]
    return 0 if any(card.get("task_id") == name_step(key, 0) for card in cards) else None


async def _read_page(
    client: AsyncWebClient, place: Place, cursor: str | None
) -> AsyncSlackResponse:
    if place.thread is not None:
        return await client.conversations_replies(
            channel=place.channel,
            ts=place.thread,
            limit=PAGE,
            cursor=cursor,
            include_all_metadata=True,
        )
    return await client.conversations_history(
        channel=place.channel, limit=PAGE, cursor=cursor, include_all_metadata=True
    )
