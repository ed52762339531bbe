"""What people of both platforms live through in channels: said to nobody, whispered, or by bots."""

from typing import Any

from bot.rendering.discord_form import REST
from tests.acceptance.admins import AdminOnDiscord, AdminOnSlack, Json
from tests.acceptance.people import Said

CHOSEN = {"mode": "threads", "visibility": "public"}
TYPED = ("sources", "hand-off")
"""The fields of the form of a channel that stand alone in Discord."""


class ResidentOnSlack(AdminOnSlack):
    """The workspace."""

    async def say(self, channel: str, text: str) -> Json:
        """The member says something to nobody in particular."""
        said = await self._driver.post(self.member, channel, text)
        for event in said["event_ids"]:
            await self._driver.wait_for_entry("event.acked", match={"event_id": event})
        return said

    def rename(self, channel: str, name: str) -> None:
        self.slack.workspace.channel(channel).name = name

    async def reply_in_thread(self, asked: Json, answer: Said, text: str) -> None:
        await self.follow_up(asked, answer, text)

    async def mention_in_thread(self, channel: str, text: str) -> Json:
        """The member asks in a thread of their own; returns where to go on in it."""
        return await self.mention(text, channel)

    async def go_on(self, asked: Json, text: str) -> None:
        """The member says more in such a thread, to nobody in particular."""
        thread = asked["thread_ts"] or asked["ts"]
        said = await self._driver.post(self.member, asked["channel"], text, thread_ts=thread)
        for event in said["event_ids"]:
            await self._driver.wait_for_entry("event.acked", match={"event_id": event})

    async def mention_in_reply(self, asked: Json, answer: Said, text: str, person: str) -> None:
        thread = answer.raw["thread_ts"]
        await self._driver.mention(person, asked["channel"], text, thread_ts=thread)

    async def count_signs(self, said: Json) -> int:
        """How often a status was shown under a message."""
        entries = self.slack.journal.of_kind("assistant.status")
        return sum(entry.data["thread_ts"] == said["ts"] for entry in entries)

    async def add_person(self, name: str, channel: str) -> str:
        """Somebody new, who is in the channel."""
        await self._driver.add_user(name)
        await self._driver.join(name, channel)
        return name

    async def add_bot(self, channel: str) -> tuple[str, str]:
        """Another bot in the channel: its name, and its id."""
        name, bot = f"robo-{channel}", f"B0ROBO{len(channel):05}"
        await self._driver.add_user(name, bot_id=bot)
        await self._driver.join(name, channel)
        return name, bot


class ResidentOnDiscord(AdminOnDiscord):
    """The guild."""

    def _read(self, words: str) -> tuple[str, dict[str, Any]]:
        match words.split():
            case ["channel", "set", setting, *value]:
                return "channel set", {"setting": setting, "value": " ".join(value)}
            case ["forget", "all"]:
                return "forget", {"everywhere": True}
            case ["channel", "reset", setting]:
                return "channel reset", {"setting": setting}
            case _:
                return super()._read(words)

    async def fill_in(self, person: str, channel: str, form: Any, values: Json) -> Said:
        """Fill in the form of a channel, whose settings share a field but for the first few."""
        shown: dict[str, Any] = {name: [values.get(name, usual)] for name, usual in CHOSEN.items()}
        shown |= {name: values[name] for name in TYPED if name in values}
        rest = [name for name in values if name not in (*CHOSEN, *TYPED)]
        shown[REST] = "\n".join(f"{name}: {values[name]}" for name in rest)
        return await super().fill_in(person, channel, form, shown)

    async def say(self, channel: str, text: str) -> Json:
        """The member says something to nobody in particular."""
        return await self._driver.post(self.member, f"#{channel}", text)

    def rename(self, channel: str, name: str) -> None:
        self.discord.world.find_channel(f"#{channel}").name = name

    async def reply_in_thread(self, asked: Json, answer: Said, text: str) -> None:
        """In Discord a reply mentions; what mentions nobody is said beside it."""
        await self._driver.post(self.member, asked["channel_id"], text)

    async def mention_in_thread(self, channel: str, text: str) -> Json:
        """The member asks in a thread of their own; returns where to go on in it."""
        thread = await self._driver.create_thread(self.member, f"#{channel}", text[:20])
        return await self._driver.mention(self.member, thread["id"], text)

    async def go_on(self, asked: Json, text: str) -> None:
        """The member says more in such a thread, to nobody in particular."""
        await self._driver.post(self.member, asked["channel_id"], text)

    async def mention_in_reply(self, asked: Json, answer: Said, text: str, person: str) -> None:
        await self._driver.mention(person, asked["channel_id"], text, reply_to=answer.raw)

    async def count_signs(self, said: Json) -> int:
        """Whether anything answers a message."""
        return len(await self._driver.replies(said))

    async def add_person(self, name: str, channel: str) -> str:
        """Somebody new in the guild, who reads its open channels."""
        await self._driver.add_user(name)
        return name

    async def add_bot(self, channel: str) -> tuple[str, str]:
        """Another bot in the channel: its name, and its id."""
        name = f"robo-{channel}"
        added = await self._driver.add_user(name, bot=True)
        return name, str(added["id"])


Residents = ResidentOnSlack | ResidentOnDiscord
