"""Messages of ours in Discord, known again by a nonce and a mark that follow from a key."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import discord

from bot.model import ChannelKind, Place
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import NETWORK_ERRORS, NO_HISTORY, UNKNOWN_MESSAGE
from bot.rendering.discord import DiscordMessage

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 2, 1 << 6, 1 << 7, 1 << 15
NONCE_CHARACTERS = 25
LOOK_BACK = 100
MOST_PARTS = 50
"""Messages of one reply that are looked for; an answer has one, seldom two."""
TRIES = 3

_MESSAGES = "/channels/{channel_id}/messages"

Json = Mapping[str, Any]


class DiscordPosts:
    """Posts, finds, changes and deletes messages.

    What is posted carries a nonce made of the key, by which Discord knows it again for some
    minutes, and a mark made of the key, by which a later retry finds it among the messages after
    the question.
    """

    def __init__(self, client: DiscordClient) -> None:
        self._client = client

    async def change(
        self, channel: str, number: str, content: DiscordMessage, *, mark: int | None = None
    ) -> None:
        """Replace what a message says."""
        await self._client.request(
            "PATCH",
            f"{_MESSAGES}/{{message_id}}",
            {"channel_id": channel, "message_id": number},
            body=write_body(content, mark=mark),
        )

    async def post(self, place: Place, content: DiscordMessage, key: str, part: int) -> str:
        """Post one message as a reply, or plainly where the bot may not look back."""
        # What a thread was opened from is not in it, and what begins a post needs no reply.
        replies = (
            place.thread not in (None, place.channel)
            and place.channel_kind is not ChannelKind.DIRECT
        )
        try:
            return await self.send(
                place.channel, content, key, part, reply_to=place.thread if replies else None
            )
        except discord.HTTPException as error:
            if error.code != NO_HISTORY or not replies:
                raise
        return await self.send(place.channel, content, key, part)

    async def send(
        self,
        channel: str,
        content: DiscordMessage,
        key: str,
        part: int,
        *,
        reply_to: str | None = None,
    ) -> str:
        """Post one message; an attempt whose end is not known is safe to repeat."""
        body = write_body(content, mark=make_mark(key, part))
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

    async def find(self, place: Place, key: str, after: str) -> dict[int, str]:
        """What an earlier attempt posted for the key: part → id, of twins the older."""
        found: dict[int, str] = {}
        for part, number in await self.list_all(place, key, after):
            found.setdefault(part, number)
        return found

    async def list_all(self, place: Place, key: str, after: str) -> list[tuple[int, str]]:
        """Every message that was posted for the key, as its part and id, oldest first."""
        page = await self._client.request(
            "GET",
            _MESSAGES,
            {"channel_id": place.channel},
            query={"after": after, "limit": str(LOOK_BACK)},
        )
        own = str(self._client.user.id) if self._client.user else ""
        parts = {make_mark(key, part): part for part in range(MOST_PARTS)}
        return [
            (parts[mark], str(message["id"]))
            for message in sorted(page, key=lambda entry: int(entry["id"]))
            if message["author"]["id"] == own and (mark := read_mark(message)) in parts
        ]

    async def delete(self, channel: str, number: str) -> None:
        """Delete a message, unless it is gone."""
        try:
            await self._client.request(
                "DELETE",
                f"{_MESSAGES}/{{message_id}}",
                {"channel_id": channel, "message_id": number},
            )
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE:
                raise


def make_nonce(key: str, part: int) -> str:
    """The nonce of a message: 25 characters that follow from the letter's key alone."""
    return base64.b32encode(_digest(key, part)).decode().lower()[:NONCE_CHARACTERS]


def make_mark(key: str, part: int) -> int:
    """The id of a message's first component, which Discord keeps: 31 bits that follow likewise."""
    return int.from_bytes(_digest(key, part)[:4]) >> 1 or 1


def _digest(key: str, part: int) -> bytes:
    return hashlib.sha256(f"{key}\0{part}".encode()).digest()


def write_body(
    content: DiscordMessage, *, mark: int | None = None, flags: int = 0
) -> dict[str, Any]:
    """A message as the API takes it: no pings but what it calls for, no previews of links."""
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


def read_mark(message: Json) -> int:
    """The mark of a message, 0 where it has none."""
    parts = message.get("components") or ()
    return int(parts[0].get("id") or 0) if parts else 0
