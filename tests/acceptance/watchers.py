"""People who watch an answer being made, on both platforms."""

from tests.acceptance.people import (
    Said,
    is_discord_draft,
    is_slack_draft,
    read_discord_message,
    read_slack_entry,
)
from tests.acceptance.program import PATIENCE
from tests.acceptance.readers import Json, ReaderOnDiscord, ReaderOnSlack


class WatcherOnSlack(ReaderOnSlack):
    """The workspace."""

    async def wait_for_draft(self, asked: Json, words: str) -> Said:
        """The answer in the making, once it shows these words."""

        def find() -> str | None:
            place = self.slack.workspace.channel(asked["channel"])
            for message in self.slack.workspace.thread(place, asked["thread_ts"] or asked["ts"]):
                mine = message.user == self.slack.bot_user_id and is_slack_draft(message)
                if mine and words in str(message.blocks):
                    return message.ts
            return None

        ts = await self._driver.wait_for(find, PATIENCE)
        entries = await self._driver.thread(asked["channel"], asked["thread_ts"] or asked["ts"])
        return read_slack_entry(next(entry for entry in entries if entry["ts"] == ts))

    async def stop(self, asked: Json, draft: Said) -> str:
        """Press the button; returns what is said to the person."""
        said = await self.ask_for(self.member, asked["channel"], draft, "Stop")
        return said.text


class WatcherOnDiscord(ReaderOnDiscord):
    """The guild."""

    async def wait_for_draft(self, asked: Json, words: str) -> Said:
        """The answer in the making, once it shows these words."""

        async def find() -> Json | None:
            for message in await self._driver.replies(asked):
                mine = message["author"]["bot"] and is_discord_draft(message)
                if mine and words in message["text"]:
                    return message
            return None

        return read_discord_message(await self._driver.wait_until(find, PATIENCE))

    async def stop(self, asked: Json, draft: Said) -> str:
        """Press the button; returns what is said to the person."""
        said = await self.ask_for(self.member, asked["channel_id"], draft, "Stop")
        return said.text


Watchers = WatcherOnSlack | WatcherOnDiscord
