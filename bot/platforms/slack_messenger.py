"""Speaks in Slack: posts once for a key, edits in place, whispers."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import AppNotInstalled, DeliveryRefused
from bot.model import REPLACES, ChannelKind, Place
from bot.platforms.slack_account import ShortWaitHandler, SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS, read_code, translate_errors
from bot.platforms.slack_live import STREAM, EditBudget, SlackLiveAnswer
from bot.platforms.slack_posts import NO_UNFURL, SlackPosts, make_metadata
from bot.rendering.reply import Reply
from bot.rendering.slack import SlackMessage, render_messages
from retrieval.errors import StoreUnavailable

WHISPER = "whisper"
"""The id of what only one person sees: Slack lets nobody edit or find that."""

STATUS_CHARACTERS = 100

_OUTSIDE = frozenset({"not_in_channel", "channel_not_found"})

log = logging.getLogger(__name__)


class SlackMessenger:
    """Satisfies bot.ports.Messenger.

    The id of a reply is the ts of its message, or those of its messages joined by commas. A long
    reply is several messages; each carries the key and its number in the metadata.
    """

    says_activity = True

    def __init__(self, accounts: SlackAccounts) -> None:
        self._accounts = accounts
        self._posts = SlackPosts(accounts)
        self._budget = EditBudget()

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
        draft: str | None = None,
    ) -> str:
        """Post once for the key. What is whispered may come twice where a retry follows a crash."""
        messages = render_messages(reply)
        with translate_errors():
            if reply.private and not _is_heard_by_one(place, reply_token):
                instead = REPLACES in reply_token
                return await self._whisper(place, messages, reply_token, replace=instead)
            try:
                return await self._post_all(place, messages, key, draft=draft, look_first=retry)
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
            stamps = message.split(",")
            for ts, content in zip(stamps, messages, strict=False):
                await self._posts.update(place, ts, content)
            if len(messages) > len(stamps):
                await self._post_rest(place, messages, stamps)
            for ts in stamps[len(messages) :]:
                await self._posts.delete(place, ts)

    async def remove_twins(self, place: Place, message: str, *, key: str) -> int:
        """Delete other messages for the key, drafts too; what was whispered is left alone."""
        if message == WHISPER:
            return 0
        standing = message.split(",")
        with translate_errors():
            posted = await self._posts.list_all(place, key)
            twins = [found.ts for _, found in posted if found.ts not in standing]
            for ts in twins:
                await self._posts.delete(place, ts)
        return len(twins)

    async def delete(
        self,
        place: Place,
        message: str,
        *,
        reply_token: Mapping[str, str],  # noqa: ARG002 - nobody can take a whisper back
    ) -> None:
        """Take our messages back; what only one person sees stays."""
        if message == WHISPER:
            return
        try:
            with translate_errors():
                for ts in message.removeprefix(STREAM).split(","):
                    await self._posts.delete(place, ts)
        except DeliveryRefused as error:
            log.info("slack: a message stays in %s: %s", place.channel, error)

    async def show_activity(self, place: Place, text: str) -> None:
        """Show a status under the thread, until the next message of ours or for two minutes."""
        if place.thread is None:
            return
        try:
            account = await self._accounts.find(place.workspace)
            await account.client.assistant_threads_setStatus(
                channel_id=place.channel,
                thread_ts=place.thread,
                status=text[:STATUS_CHARACTERS],
                loading_messages=[f"{text[:STATUS_CHARACTERS]}…"],
            )
        except (*CLIENT_ERRORS, AppNotInstalled, StoreUnavailable) as error:
            log.info("slack: no status in %s: %s", place.channel, type(error).__name__)

    def open_answer(
        self,
        place: Place,
        *,
        key: str,
        reply_token: Mapping[str, str],
        private: bool,
        draft: str | None,
    ) -> SlackLiveAnswer | None:
        """A stream in the thread; what is whispered cannot be seen in the making."""
        if private or place.thread is None:
            return None
        return SlackLiveAnswer(
            self._accounts,
            self._posts,
            self._budget,
            place,
            key=key,
            reader=reply_token.get("user", ""),
            draft=draft,
        )

    async def _post_all(
        self,
        place: Place,
        messages: Sequence[SlackMessage],
        key: str,
        *,
        draft: str | None,
        look_first: bool,
    ) -> str:
        posted = await self._posts.find(place, key) if look_first else {}
        if draft is None and 0 in posted and posted[0].is_draft:
            draft = f"{STREAM}{posted[0].ts}"
        stamps = []
        for part, content in enumerate(messages):
            if part == 0 and draft is not None:
                ts = await self._replace_draft(place, draft, content, key)
            elif part in posted:
                ts = posted[part].ts
            else:
                ts = await self._posts.post(place, content, key, part)
            stamps.append(ts)
        return ",".join(stamps)

    async def _replace_draft(
        self, place: Place, draft: str, content: SlackMessage, key: str
    ) -> str:
        ts = draft.removeprefix(STREAM)
        if draft != ts:
            await self._posts.end_stream(place, ts, key)
        await self._posts.update(place, ts, content, make_metadata(key, 0))
        return ts

    async def _post_rest(
        self, place: Place, messages: Sequence[SlackMessage], stamps: Sequence[str]
    ) -> None:
        """The messages that an edited reply has more than before; an edit may be repeated too."""
        key = stamps[0]
        posted = await self._posts.find(place, key)
        for part, content in enumerate(messages[len(stamps) :], len(stamps)):
            if part in posted:
                await self._posts.update(place, posted[part].ts, content)
            else:
                await self._posts.post(place, content, key, part)

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
        if place.channel_kind is ChannelKind.DIRECT:
            channel, thread = place.channel or user, place.thread
            await account.poster.chat_postMessage(
                channel=channel, thread_ts=thread, **said, **NO_UNFURL
            )
            return
        try:
            await account.poster.chat_postEphemeral(
                channel=place.channel, user=user, thread_ts=place.thread, **said
            )
        except SlackApiError as error:
            if read_code(error) not in _OUTSIDE:
                raise
            await account.poster.chat_postMessage(channel=user, **said, **NO_UNFURL)

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
            **NO_UNFURL,
        )
        if answer.status_code != 200:
            log.info("slack: response_url answered %d", answer.status_code)
        return answer.status_code == 200


def _is_heard_by_one(place: Place, reply_token: Mapping[str, str]) -> bool:
    """Whether what is posted here is private anyway, stays, and is known again by its key.

    The answer to a command is said at the command's own address all the same.
    """
    direct = place.channel_kind is ChannelKind.DIRECT and place.channel != ""
    return direct and "response_url" not in reply_token
