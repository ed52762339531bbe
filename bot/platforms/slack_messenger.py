"""Speaks in Slack: posts once for a key, edits in place, whispers."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import AppNotInstalled, DeliveryRefused
from bot.model import REPLACES, Place
from bot.platforms.slack_account import ShortWaitHandler, SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS, leaves_open, read_code, translate_errors
from bot.rendering.reply import Reply
from bot.rendering.slack import SlackMessage, render_messages
from retrieval.errors import StoreUnavailable

EVENT_TYPE = "footnote_reply"
"""The `event_type` of the metadata that carries a post's key."""

WHISPER = "whisper"
"""The id of what only one person sees: Slack lets nobody edit or find that."""

LOOK_UP_PAGES = 10
PAGE = 200
STATUS_CHARACTERS = 100

_OUTSIDE = frozenset({"not_in_channel", "channel_not_found"})
_NO_UNFURL: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}

log = logging.getLogger(__name__)


class SlackMessenger:
    """Satisfies bot.ports.Messenger.

    The id of a reply is the ts of its message, or those of its messages joined by commas. A long
    reply is several messages; each carries the key and its number in the metadata.
    """

    def __init__(self, accounts: SlackAccounts) -> None:
        self._accounts = accounts

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
    ) -> str:
        """Post once for the key. What is whispered may come twice where a retry follows a crash."""
        messages = render_messages(reply)
        with translate_errors():
            if reply.private:
                instead = REPLACES in reply_token
                return await self._whisper(place, messages, reply_token, replace=instead)
            try:
                return await self._post_all(place, messages, key, look_first=retry)
            except SlackApiError as error:
                # The command may be used where the bot is not; its own address works there too.
                if read_code(error) not in _OUTSIDE or "response_url" not in reply_token:
                    raise
            return await self._whisper(place, messages, reply_token, in_channel=True)

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        """Replace what our messages say; more or fewer of them than before are made or deleted."""
        messages = render_messages(reply)
        with translate_errors():
            if message == WHISPER:
                await self._whisper(place, messages, reply_token, replace=True, edits=True)
                return
            account = await self._accounts.find(place.workspace)
            stamps = message.split(",")
            for ts, content in zip(stamps, messages, strict=False):
                await account.client.chat_update(
                    channel=place.channel, ts=ts, text=content.text, blocks=content.blocks
                )
            if len(messages) > len(stamps):
                await self._post_rest(place, messages, stamps)
            for ts in stamps[len(messages) :]:
                await self._delete(place, ts)

    async def show_activity(self, place: Place, text: str) -> None:
        """Show a status under the thread, until the next message of ours or for two minutes."""
        if place.thread is None:
            return
        try:
            account = await self._accounts.find(place.workspace)
            await account.client.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread, status=text[:STATUS_CHARACTERS]
            )
        except (*CLIENT_ERRORS, AppNotInstalled, StoreUnavailable) as error:
            log.info("slack: no status in %s: %s", place.channel, type(error).__name__)

    async def _post_all(
        self, place: Place, messages: Sequence[SlackMessage], key: str, *, look_first: bool
    ) -> str:
        posted = await self._find(place, key) if look_first else {}
        stamps = []
        for part, content in enumerate(messages):
            ts = posted.get(part) or await self._post(place, content, key, part)
            stamps.append(ts)
        return ",".join(stamps)

    async def _post_rest(
        self, place: Place, messages: Sequence[SlackMessage], stamps: Sequence[str]
    ) -> None:
        """The messages that an edited reply has more than before; an edit may be repeated too."""
        account = await self._accounts.find(place.workspace)
        key = stamps[0]
        posted = await self._find(place, key)
        for part, content in enumerate(messages[len(stamps) :], len(stamps)):
            if part in posted:
                await account.client.chat_update(
                    channel=place.channel,
                    ts=posted[part],
                    text=content.text,
                    blocks=content.blocks,
                )
            else:
                await self._post(place, content, key, part)

    async def _post(self, place: Place, content: SlackMessage, key: str, part: int) -> str:
        """Post one message. Where it is unclear whether Slack took it, look before trying again."""
        try:
            return await self._post_now(place, content, key, part)
        except CLIENT_ERRORS as error:
            if not leaves_open(error):
                raise
        posted = await self._find(place, key)
        return posted.get(part) or await self._post_now(place, content, key, part)

    async def _post_now(self, place: Place, content: SlackMessage, key: str, part: int) -> str:
        account = await self._accounts.find(place.workspace)
        answer = await account.poster.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread,
            text=content.text,
            blocks=content.blocks,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": key, "part": part}},
            **_NO_UNFURL,
        )
        return str(answer["ts"])

    async def _find(self, place: Place, key: str) -> dict[int, str]:
        """The messages that were posted for the key: part → ts."""
        account = await self._accounts.find(place.workspace)
        identity = await account.identify()
        found: dict[int, str] = {}
        cursor: str | None = None
        for _ in range(LOOK_UP_PAGES):
            page = await _read_page(account.client, place, cursor)
            for message in page.get("messages") or ():
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                ours = message.get("bot_id") == identity.bot_id
                if ours and metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
                    found.setdefault(int(payload.get("part", 0)), message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found

    async def _delete(self, place: Place, ts: str) -> None:
        account = await self._accounts.find(place.workspace)
        try:
            await account.client.chat_delete(channel=place.channel, ts=ts)
        except SlackApiError as error:
            if read_code(error) != "message_not_found":
                raise

    async def _whisper(
        self,
        place: Place,
        messages: Sequence[SlackMessage],
        reply_token: Mapping[str, str],
        *,
        in_channel: bool = False,
        replace: bool = False,
        edits: bool = False,
    ) -> str:
        """Answer at the command's own address (five times in 30 minutes), else to the person.

        What is to be seen by all, and what only brings a message up to date, is not said twice.
        """
        url = reply_token.get("response_url")
        for part, content in enumerate(messages):
            sent = url is not None and await self._respond(
                place, url, content, in_channel=in_channel, replace=replace and part == 0
            )
            if sent:
                continue
            if in_channel or edits or "user" not in reply_token:
                raise DeliveryRefused("The command's address for answers has expired.")
            await self._whisper_as_bot(place, reply_token["user"], content)
        return WHISPER

    async def _whisper_as_bot(self, place: Place, user: str, content: SlackMessage) -> None:
        """Say it to one person in the place, or directly where the bot is not."""
        account = await self._accounts.find(place.workspace)
        said: dict[str, Any] = {"text": content.text, "blocks": content.blocks}
        try:
            await account.poster.chat_postEphemeral(
                channel=place.channel, user=user, thread_ts=place.thread, **said
            )
        except SlackApiError as error:
            if read_code(error) not in _OUTSIDE:
                raise
            await account.poster.chat_postMessage(channel=user, **said, **_NO_UNFURL)

    async def _respond(
        self, place: Place, url: str, content: SlackMessage, *, in_channel: bool, replace: bool
    ) -> bool:
        account = await self._accounts.find(place.workspace)
        client = AsyncWebhookClient(
            url,
            session=account.client.session,
            retry_handlers=[ShortWaitHandler(max_retry_count=2)],
        )
        answer = await client.send(
            text=content.text,
            blocks=content.blocks,
            response_type="in_channel" if in_channel else "ephemeral",
            replace_original=replace,
            **_NO_UNFURL,
        )
        if answer.status_code != 200:
            log.info("slack: response_url answered %d", answer.status_code)
        return answer.status_code == 200


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
