"""An answer that Discord shows while it is made: one message that is edited."""

from collections.abc import Mapping

from bot.model import Place
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_errors import translate_errors
from bot.platforms.discord_posts import DiscordPosts, make_mark, write_body
from bot.rendering.discord import DiscordMessage, render_messages
from bot.rendering.draft import compose_draft
from bot.rendering.reply import Draft

PAUSE = 1.2
"""Seconds between two edits: a channel takes five in five seconds, those of all answers in it."""

ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


class DiscordLiveAnswer:
    """Satisfies bot.ports.LiveAnswer: a message in the place of the answer."""

    pause = PAUSE

    def __init__(self, posts: DiscordPosts, place: Place, *, key: str, draft: str | None) -> None:
        self._posts = posts
        self._place = place
        self._key = key
        self._number = draft
        self._shown: DiscordMessage | None = None

    async def show(self, draft: Draft) -> str:
        """Post the message, or edit it where it reads otherwise now."""
        content = _render(draft)
        with translate_errors():
            if self._number == "":
                after = self._place.thread
                found = await self._posts.find(self._place, self._key, after) if after else {}
                self._number = found.get(0)
            if self._number is None:
                self._number = await self._posts.post(self._place, content, self._key, 0)
            elif content != self._shown:
                mark = make_mark(self._key, 0)
                await self._posts.change(self._place.channel, self._number, content, mark=mark)
        self._shown = content
        return self._number


class DiscordLiveWhisper:
    """Satisfies bot.ports.LiveAnswer: the pending answer to an interaction, which its final answer
    finds by itself.
    """

    pause = PAUSE

    def __init__(self, client: DiscordClient, *, key: str, reply_token: Mapping[str, str]) -> None:
        self._client = client
        self._key = key
        self._reply_token = reply_token
        self._shown: DiscordMessage | None = None

    async def show(self, draft: Draft) -> None:
        """Edit the answer where it reads otherwise now."""
        content = _render(draft)
        if content != self._shown:
            body = write_body(content, mark=make_mark(self._key, 0))
            with translate_errors():
                await self._client.request(
                    "PATCH", ORIGINAL, address_answer(self._reply_token), body=body
                )
            self._shown = content


def address_answer(reply_token: Mapping[str, str]) -> dict[str, str]:
    """What stands in the paths of an interaction's answers."""
    return {
        "webhook_id": reply_token["application"],
        "webhook_token": reply_token["token"],
    }


def _render(draft: Draft) -> DiscordMessage:
    """A long draft is shown by its beginning."""
    return render_messages(compose_draft(draft))[0]
