"""Speaks in Discord: posts once for a key, edits in place, whispers."""

import logging
from collections.abc import Mapping, Sequence

import discord

from bot.errors import BotError, DeliveryRefused
from bot.model import REPLACES, ChannelKind, Place
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import (
    CLIENT_ERRORS,
    UNKNOWN_MESSAGE,
    is_expired,
    translate_errors,
)
from bot.platforms.discord_live import (
    ORIGINAL,
    DiscordLiveAnswer,
    DiscordLiveWhisper,
    address_answer,
)
from bot.platforms.discord_posts import (
    EPHEMERAL,
    LOADING,
    DiscordPosts,
    Json,
    make_mark,
    read_mark,
    write_body,
)
from bot.ports import LiveAnswer
from bot.rendering.discord import DiscordMessage, render_messages
from bot.rendering.reply import Reply

WHISPER = "whisper"
DIRECT_MESSAGE = "direct"
"""The first parts of ids of replies that are not in the place: 'whisper:1,2', 'direct:9:1,2'."""

_ANSWERS = "/webhooks/{webhook_id}/{webhook_token}"

log = logging.getLogger(__name__)


class DiscordMessenger:
    """Satisfies bot.ports.Messenger.

    The id of a reply is that of its message, or those of its messages joined by commas.
    """

    says_activity = False

    def __init__(self, client: DiscordClient) -> None:
        self._client = client
        self._posts = DiscordPosts(client)

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = False,
        draft: str | None = None,
    ) -> str:
        """Post once for the key. What is whispered may come twice where a retry follows a crash."""
        messages = render_messages(reply)
        with translate_errors():
            if reply.private and "token" in reply_token:
                return await self._whisper(messages, key, reply_token)
            if reply.private and place.channel_kind is not ChannelKind.DIRECT:
                return await self._write_directly(messages, key, reply_token)
            after = place.thread or reply_token.get("interaction")
            posted = await self._posts.find(place, key, after) if retry and after else {}
            ids = []
            for part, content in enumerate(messages):
                number = posted.get(part)
                if part == 0 and (number := draft or number) is not None:
                    # It may show how the answer came about, and saying it again does no harm.
                    mark = make_mark(key, part)
                    await self._posts.change(place.channel, number, content, mark=mark)
                ids.append(number or await self._posts.post(place, content, key, part))
            await self._close_pending(reply_token)
        return ",".join(ids)

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        """Replace what our messages say; more or fewer of them than before are made or deleted."""
        messages = render_messages(reply)
        kind, _, rest = message.rpartition(":")
        with translate_errors():
            if kind == WHISPER:
                await self._edit_whisper(rest.split(","), messages, reply_token)
                return
            channel = kind.partition(":")[2] or place.channel
            ids = rest.split(",")
            for number, content in zip(ids, messages, strict=False):
                await self._posts.change(channel, number, content)
            for part, content in enumerate(messages[len(ids) :], len(ids)):
                await self._posts.send(channel, content, ids[0], part)
            for number in ids[len(messages) :]:
                await self._posts.delete(channel, number)

    async def remove_twins(self, place: Place, message: str, *, key: str) -> int:
        """Delete what carries the key's marks besides; what is not in the place is left alone."""
        if place.thread is None or ":" in message:
            return 0
        standing = message.split(",")
        with translate_errors():
            posted = await self._posts.list_all(place, key, place.thread)
            twins = [number for _, number in posted if number not in standing]
            for number in twins:
                await self._posts.delete(place.channel, number)
        return len(twins)

    async def delete(self, place: Place, message: str, *, reply_token: Mapping[str, str]) -> None:
        """Take our messages back; what only one person sees, while its interaction lasts."""
        kind, _, rest = message.rpartition(":")
        try:
            with translate_errors():
                if kind == WHISPER:
                    await self._delete_whisper(rest.split(","), reply_token)
                    return
                for number in rest.split(","):
                    await self._posts.delete(kind.partition(":")[2] or place.channel, number)
        except DeliveryRefused as error:
            log.info("discord: a message stays in %s: %s", place.channel, error)

    async def show_activity(
        self,
        place: Place,
        text: str,  # noqa: ARG002 - Discord shows no words
    ) -> None:
        """Show that the bot is typing, for ten seconds; not for what is asked in private."""
        if place.thread is None:
            return
        try:
            await self._client.request(
                "POST", "/channels/{channel_id}/typing", {"channel_id": place.channel}
            )
        except (*CLIENT_ERRORS, BotError, RuntimeError) as error:
            log.info("discord: no typing in %s: %s", place.channel, type(error).__name__)

    def open_answer(
        self,
        place: Place,
        *,
        key: str,
        reply_token: Mapping[str, str],
        private: bool,
        draft: str | None,
    ) -> LiveAnswer | None:
        """A message that is edited: a public one, or the asker's own answer to an interaction."""
        if not private:
            return DiscordLiveAnswer(self._posts, place, key=key, draft=draft)
        if "token" in reply_token and REPLACES not in reply_token:
            return DiscordLiveWhisper(self._client, key=key, reply_token=reply_token)
        return None

    async def _write_directly(
        self, messages: Sequence[DiscordMessage], key: str, reply_token: Mapping[str, str]
    ) -> str:
        """Say it in the direct messages with the person."""
        if "user" not in reply_token:
            raise DeliveryRefused("It is not known to whom the reply is to be said.")
        channel = await self._client.request(
            "POST", "/users/@me/channels", body={"recipient_id": reply_token["user"]}
        )
        ids = [
            await self._posts.send(str(channel["id"]), content, key, part)
            for part, content in enumerate(messages)
        ]
        return f"{DIRECT_MESSAGE}:{channel['id']}:{','.join(ids)}"

    # Interactions

    async def _whisper(
        self, messages: Sequence[DiscordMessage], key: str, reply_token: Mapping[str, str]
    ) -> str:
        """Answer the interaction, which takes answers for 15 minutes; later write directly."""
        try:
            ids = [await self._fill_pending(messages[0], make_mark(key, 0), reply_token)]
            ids += [await self._follow_up(content, reply_token) for content in messages[1:]]
        except discord.HTTPException as error:
            if not is_expired(error):
                raise
            return await self._write_directly(messages, key, reply_token)
        return f"{WHISPER}:{','.join(ids)}"

    async def _fill_pending(
        self, content: DiscordMessage, mark: int, reply_token: Mapping[str, str]
    ) -> str:
        """Take the place of 'thinking…' or of the message whose button was pressed, else follow."""
        original = await self._read_original(reply_token)
        instead = REPLACES in reply_token
        if original and (instead or _is_pending(original) or read_mark(original) == mark):
            body = write_body(content, mark=mark)
            answer = await self._client.request(
                "PATCH", ORIGINAL, address_answer(reply_token), body=body
            )
            return str(answer["id"])
        return await self._follow_up(content, reply_token)

    async def _follow_up(self, content: DiscordMessage, reply_token: Mapping[str, str]) -> str:
        body = write_body(content, flags=EPHEMERAL)
        answer = await self._client.request(
            "POST", _ANSWERS, address_answer(reply_token), body=body
        )
        return str(answer["id"])

    async def _edit_whisper(
        self,
        ids: Sequence[str],
        messages: Sequence[DiscordMessage],
        reply_token: Mapping[str, str],
    ) -> None:
        if "token" not in reply_token:
            raise DeliveryRefused("What only one person sees cannot be edited any more.")
        one = f"{_ANSWERS}/messages/{{message_id}}"
        address = address_answer(reply_token)
        try:
            for number, content in zip(ids, messages, strict=False):
                body = write_body(content)
                await self._client.request(
                    "PATCH", one, address | {"message_id": number}, body=body
                )
            for content in messages[len(ids) :]:
                await self._follow_up(content, reply_token)
            for number in ids[len(messages) :]:
                await self._client.request("DELETE", one, address | {"message_id": number})
        except discord.HTTPException as error:
            if is_expired(error):
                raise DeliveryRefused("The interaction can no longer be answered.") from error
            raise

    async def _delete_whisper(self, ids: Sequence[str], reply_token: Mapping[str, str]) -> None:
        if "token" not in reply_token:
            return
        one = f"{_ANSWERS}/messages/{{message_id}}"
        for number in ids:
            try:
                address = address_answer(reply_token) | {"message_id": number}
                await self._client.request("DELETE", one, address)
            except discord.HTTPException as error:
                if not is_expired(error) and error.code != UNKNOWN_MESSAGE:
                    raise

    async def _close_pending(self, reply_token: Mapping[str, str]) -> None:
        """Remove the 'thinking…' of an interaction that was answered by a post; best effort."""
        if "token" not in reply_token:
            return
        try:
            original = await self._read_original(reply_token)
            if original and _is_pending(original):
                await self._client.request("DELETE", ORIGINAL, address_answer(reply_token))
        except CLIENT_ERRORS as error:
            log.info("discord: an interaction stays open: %s", type(error).__name__)

    async def _read_original(self, reply_token: Mapping[str, str]) -> Json | None:
        try:
            found: Json = await self._client.request("GET", ORIGINAL, address_answer(reply_token))
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return None
        return found


def _is_pending(message: Json) -> bool:
    return bool(int(message.get("flags") or 0) & LOADING)
