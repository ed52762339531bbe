"""Speaks in Discord: posts once for a key, edits in place, whispers."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.errors import BotError, DeliveryRefused
from bot.model import REPLACES, ChannelKind, Place
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import (
    CLIENT_ERRORS,
    NETWORK_ERRORS,
    NO_HISTORY,
    UNKNOWN_MESSAGE,
    is_expired,
    translate_errors,
)
from bot.rendering.discord import DiscordMessage, render_messages
from bot.rendering.reply import Reply

WHISPER = "whisper"
DIRECT_MESSAGE = "direct"
"""The first parts of ids of replies that are not in the place: 'whisper:1,2', 'direct:9:1,2'."""

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 15
NONCE_CHARACTERS = 25
LOOK_BACK = 100
MOST_PARTS = 50
"""Messages of one reply that are looked for; an answer has one, seldom two."""
TRIES = 3

_MESSAGES = "/channels/{channel_id}/messages"
_ANSWERS = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = f"{_ANSWERS}/messages/@original"

Json = Mapping[str, Any]

log = logging.getLogger(__name__)


class DiscordMessenger:
    """Satisfies bot.ports.Messenger.

    The id of a reply is that of its message, or those of its messages joined by commas. What is
    posted carries a nonce made of the key, by which Discord knows it again for some minutes, and a
    mark made of the key, by which a later retry finds it among the messages after the question.
    """

    def __init__(self, client: DiscordClient) -> None:
        self._client = client

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = False,
    ) -> str:
        """Post once for the key. What is whispered may come twice where a retry follows a crash."""
        messages = render_messages(reply)
        with translate_errors():
            if reply.private and "token" in reply_token:
                return await self._whisper(messages, key, reply_token)
            if reply.private and place.channel_kind is not ChannelKind.DIRECT:
                return await self._write_directly(messages, key, reply_token)
            after = place.thread or reply_token.get("interaction")
            posted = await self._find(place, key, after) if retry and after else {}
            ids = []
            for part, content in enumerate(messages):
                ids.append(posted.get(part) or await self._post(place, content, key, part))
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
                await self._client.request(
                    "PATCH",
                    f"{_MESSAGES}/{{message_id}}",
                    {"channel_id": channel, "message_id": number},
                    body=_write(content),
                )
            for part, content in enumerate(messages[len(ids) :], len(ids)):
                await self._send(channel, content, ids[0], part)
            for number in ids[len(messages) :]:
                await self._delete(channel, number)

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

    async def _post(self, place: Place, content: DiscordMessage, key: str, part: int) -> str:
        """Post one message as a reply, or plainly where the bot may not look back."""
        # What a thread was opened from is not in it, and what begins a post needs no reply.
        replies = (
            place.thread not in (None, place.channel)
            and place.channel_kind is not ChannelKind.DIRECT
        )
        try:
            return await self._send(
                place.channel, content, key, part, reply_to=place.thread if replies else None
            )
        except discord.HTTPException as error:
            if error.code != NO_HISTORY or not replies:
                raise
        return await self._send(place.channel, content, key, part)

    async def _send(
        self,
        channel: str,
        content: DiscordMessage,
        key: str,
        part: int,
        *,
        reply_to: str | None = None,
    ) -> str:
        body = _write(content, mark=make_mark(key, part))
        body |= {"nonce": make_nonce(key, part), "enforce_nonce": True}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        for attempt in range(1, TRIES + 1):
            try:
                answer = await self._client.request(
                    "POST", _MESSAGES, {"channel_id": channel}, body=body
                )
                return str(answer["id"])
            except NETWORK_ERRORS:
                # The nonce makes it safe to send again what may have arrived.
                if attempt == TRIES:
                    raise
                await asyncio.sleep(0.2 * attempt)
        raise AssertionError("unreachable")

    async def _find(self, place: Place, key: str, after: str) -> dict[int, str]:
        """What an earlier attempt posted for the key: part → id."""
        page = await self._client.request(
            "GET",
            _MESSAGES,
            {"channel_id": place.channel},
            query={"after": after, "limit": str(LOOK_BACK)},
        )
        own = str(self._client.user.id) if self._client.user else ""
        parts = {make_mark(key, part): part for part in range(MOST_PARTS)}
        found: dict[int, str] = {}
        for message in sorted(page, key=lambda entry: int(entry["id"])):
            part = parts.get(_read_mark(message))
            if message["author"]["id"] == own and part is not None:
                found.setdefault(part, str(message["id"]))
        return found

    async def _delete(self, channel: str, number: str) -> None:
        try:
            await self._client.request(
                "DELETE",
                f"{_MESSAGES}/{{message_id}}",
                {"channel_id": channel, "message_id": number},
            )
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise

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
            await self._send(str(channel["id"]), content, key, part)
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
        if original and (instead or _is_pending(original) or _read_mark(original) == mark):
            body = _write(content, mark=mark)
            answer = await self._client.request(
                "PATCH", _ORIGINAL, _address(reply_token), body=body
            )
            return str(answer["id"])
        return await self._follow_up(content, reply_token)

    async def _follow_up(self, content: DiscordMessage, reply_token: Mapping[str, str]) -> str:
        body = _write(content, flags=EPHEMERAL)
        answer = await self._client.request("POST", _ANSWERS, _address(reply_token), body=body)
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
        address = _address(reply_token)
        try:
            for number, content in zip(ids, messages, strict=False):
                body = _write(content)
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

    async def _close_pending(self, reply_token: Mapping[str, str]) -> None:
        """Remove the 'thinking…' of an interaction that was answered by a post; best effort."""
        if "token" not in reply_token:
            return
        try:
            original = await self._read_original(reply_token)
            if original and _is_pending(original):
                await self._client.request("DELETE", _ORIGINAL, _address(reply_token))
        except CLIENT_ERRORS as error:
            log.info("discord: an interaction stays open: %s", type(error).__name__)

    async def _read_original(self, reply_token: Mapping[str, str]) -> Json | None:
        try:
            found: Json = await self._client.request("GET", _ORIGINAL, _address(reply_token))
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return None
        return found


def make_nonce(key: str, part: int) -> str:
    """The nonce of a message: 25 characters that follow from the letter's key alone."""
    return base64.b32encode(_digest(key, part)).decode().lower()[:NONCE_CHARACTERS]


def make_mark(key: str, part: int) -> int:
    """The id of a message's first component, which Discord keeps: 31 bits that follow likewise."""
    return int.from_bytes(_digest(key, part)[:4]) >> 1 or 1


def _digest(key: str, part: int) -> bytes:
    return hashlib.sha256(f"{key}\0{part}".encode()).digest()


def _write(content: DiscordMessage, *, mark: int | None = None, flags: int = 0) -> dict[str, Any]:
    first, *others = content.components
    return {
        "components": [first if mark is None else first | {"id": mark}, *others],
        "flags": COMPONENTS_V2 | SUPPRESS_EMBEDS | flags,
        "allowed_mentions": {
            "parse": [],
            "users": [call.id for call in content.calls if call.kind == "person"],
            "roles": [call.id for call in content.calls if call.kind == "group"],
            "replied_user": False,
        },
    }


def _address(reply_token: Mapping[str, str]) -> dict[str, str]:
    return {
        "webhook_id": reply_token["application"],
        "webhook_token": reply_token["token"],
    }


def _is_pending(message: Json) -> bool:
    return bool(int(message.get("flags") or 0) & LOADING)


def _read_mark(message: Json) -> int:
    """The mark of a message, 0 where it has none."""
    parts = message.get("components") or ()
    return int(parts[0].get("id") or 0) if parts else 0
