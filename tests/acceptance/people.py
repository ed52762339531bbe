"""People of both platforms, by the same names for what they do, and what they see."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.demo.transcript import read_discord, read_slack
from bot.platforms.slack_posts import DRAFT, REPLY
from tests.acceptance.program import PATIENCE
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.emulators.slack.state import Message

SUPPRESS_EMBEDS = 1 << 2

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """A message of the bot: its words without markup, its links, and whether it pings, unfurls."""

    text: str
    links: Sequence[str]
    pings: bool
    unfurls: bool
    raw: Json

    @property
    def plain(self) -> str:
        """Its words, with what is set as code not told apart."""
        return self.text.replace("`", "")


class People(Protocol):
    """Who can write to the bot, on one platform.

    `member` is a person without rights, `admin` one who may sync; both are in the channels
    'general', 'help', and in the private channel 'leads'. `colleague` is not in 'leads'.
    What `mention`, `follow_up` and `write_directly` return is what `wait_for_answers` wants.
    """

    name: str
    member: str
    admin: str
    colleague: str

    async def mention(self, text: str, channel: str = "help", person: str = "") -> Json: ...

    async def follow_up(self, asked: Json, answer: Said, text: str) -> Json: ...

    async def write_directly(self, person: str, text: str) -> Json: ...

    async def wait_for_answers(self, asked: Json, count: int = 1) -> list[Said]: ...

    async def command(self, person: str, channel: str, name: str, text: str) -> Said:
        """Give a slash command; returns the private reply to it."""
        ...

    async def wait_for_public(self, channel: str, words: str) -> Said: ...

    async def open_channel(self, name: str) -> None: ...

    async def see(self, person: str, channel: str) -> str:
        """All that this person reads in the channel, threads included."""
        ...

    def name_message(self, asked: Json) -> str:
        """What the bot's log calls the message."""
        ...

    async def deliver_again(self, asked: Json) -> None: ...


class OnSlack:
    """The workspace."""

    name = "slack"
    member, admin, colleague = "bruno", "alma", "chen"

    def __init__(self, slack: SlackEmulator) -> None:
        self.slack = slack
        self._driver = slack.driver

    async def mention(self, text: str, channel: str = "help", person: str = "") -> Json:
        return await self._driver.mention(person or self.member, channel, text)

    async def follow_up(self, asked: Json, answer: Said, text: str) -> Json:
        """In the thread, without a mention."""
        thread = answer.raw["thread_ts"]
        told = await self._driver.post(self.member, asked["channel"], text, thread_ts=thread)
        return {**told, "after": answer.raw["ts"]}

    async def write_directly(self, person: str, text: str) -> Json:
        return await self._driver.dm(person, text)

    async def wait_for_answers(self, asked: Json, count: int = 1) -> list[Said]:
        thread = asked["thread_ts"] or asked["ts"]

        def find() -> list[Json]:
            place = self.slack.workspace.channel(asked["channel"])
            messages = self.slack.workspace.thread(place, thread)
            mine = [m for m in messages if m.user == self.slack.bot_user_id and m.ts > asked["ts"]]
            return [] if any(is_slack_draft(m) for m in mine) else mine

        await self._driver.wait_for(lambda: len(find()) >= count, PATIENCE)
        stamps = {message.ts for message in find()}
        entries = await self._driver.thread(asked["channel"], thread)
        return [read_slack_entry(entry) for entry in entries if entry["ts"] in stamps]

    async def command(self, person: str, channel: str, name: str, text: str) -> Said:
        whispers = self.slack.workspace.channel(channel).ephemerals
        before, who = len(whispers), self.slack.workspace.user(person).id
        ack = await self._driver.command(person, channel, f"/{name}", text)
        assert ack["acked"]

        def find() -> list[str]:
            mine = [each for each in whispers[before:] if each.ephemeral_for == who]
            return [each.ts for each in mine if each.ts != ack["ts"]]

        (reply,) = await self._driver.wait_for(find, PATIENCE)
        entries = await self._driver.transcript(channel, person)
        return read_slack_entry(next(entry for entry in entries if entry["ts"] == reply))

    async def wait_for_public(self, channel: str, words: str) -> Said:
        seen = await self._driver.wait_for_reply(channel, None, containing=words, timeout=PATIENCE)
        return read_slack_entry(seen[-1])

    async def open_channel(self, name: str) -> None:
        members = ["alma", "bruno", "chen", self.slack.bot_user_id]
        await self._driver.add_channel(name, members)

    async def see(self, person: str, channel: str) -> str:
        entries = await self._driver.transcript(channel, person)
        return "\n".join(line.text for line in read_slack(entries, {}))

    def name_message(self, asked: Json) -> str:
        return f"slack message slack:{self.slack.team_id}:{asked['channel']}:{asked['ts']}:"

    async def deliver_again(self, asked: Json) -> None:
        for event in asked["event_ids"]:
            await self._driver.redeliver(event)


class OnDiscord:
    """The guild."""

    name = "discord"
    member, admin, colleague = "ben", "ada", "chloe"

    def __init__(self, discord: DiscordEmulator) -> None:
        self.discord = discord
        self._driver = discord.driver

    async def mention(self, text: str, channel: str = "help", person: str = "") -> Json:
        return await self._driver.mention(person or self.member, f"#{channel}", text)

    async def follow_up(self, asked: Json, answer: Said, text: str) -> Json:
        """By a reply to the answer, which mentions its author."""
        channel = asked["channel_id"]
        return await self._driver.post(self.member, channel, text, reply_to=answer.raw)

    async def write_directly(self, person: str, text: str) -> Json:
        return await self._driver.post(person, "@bot", text)

    async def wait_for_answers(self, asked: Json, count: int = 1) -> list[Said]:
        async def find() -> list[Json] | None:
            found = [m for m in await self._driver.replies(asked) if m["author"]["bot"]]
            if any(is_discord_draft(m) for m in found):
                return None
            return found if len(found) >= count else None

        return [read_discord_message(m) for m in await self._driver.wait_until(find, PATIENCE)]

    async def command(self, person: str, channel: str, name: str, text: str) -> Said:
        name, key = {
            "ask": ("ask", "question"),
            "search": ("search", "words"),
            "sources": ("sources list", ""),
            "sync": ("sync now", "source"),
        }[name]
        options = {key: text} if key else {}
        begun = await self._driver.slash(person, f"#{channel}", name, options)
        return await self.wait_for_private(begun)

    async def wait_for_private(self, begun: Json) -> Said:
        """What the person of an interaction alone reads in the end."""

        async def find() -> Json | None:
            view = await self._driver.wait_for_response(begun, timeout=PATIENCE)
            assert view["ephemeral"]
            said: Json = view["original"]
            in_the_making = is_discord_draft(said) or said["text"].endswith("…_")
            return None if in_the_making else said

        return read_discord_message(await self._driver.wait_until(find, PATIENCE))

    async def wait_for_public(self, channel: str, words: str) -> Said:
        return read_discord_message(
            await self._driver.wait_for_message(f"#{channel}", contains=words, timeout=PATIENCE)
        )

    async def open_channel(self, name: str) -> None:
        await self._driver.add_channel(name)

    async def see(self, person: str, channel: str) -> str:
        entries = await self._driver.transcript(f"#{channel}")
        lines = read_discord(entries, {})
        mine = (None, person, person.title())
        return "\n".join(line.text for line in lines if line.only_for in mine)

    def name_message(self, asked: Json) -> str:
        return f"discord message {asked['id']}:"

    async def deliver_again(self, asked: Json) -> None:
        await self._driver.redeliver(asked)


def is_slack_draft(message: Message) -> bool:
    """Whether a message shows an answer in the making."""
    kind = (message.metadata or {}).get("event_type")
    return kind == DRAFT or (message.stream is not None and kind != REPLY)


def is_discord_draft(message: Json) -> bool:
    """Whether a message shows an answer in the making: it can be stopped."""
    return "do:answer stop" in json.dumps(message["components"])


def read_slack_entry(entry: Json) -> Said:
    (line, *_) = read_slack([entry], {})
    parts = list(walk(entry["blocks"]))
    spoken = [entry["text"], *(p["text"] for p in parts if p.get("type") == "mrkdwn")]
    return Said(
        text=line.text,
        links=[part["url"] for part in parts if "url" in part],
        pings=any(p.get("type") in ("user", "usergroup", "broadcast") for p in parts)
        or any(sign in text for text in spoken for sign in ("<@", "<!")),
        unfurls=bool(entry["unfurl_links"] or entry["unfurl_media"]),
        raw=entry,
    )


def walk(value: Any) -> Iterator[Json]:
    """Every mapping within a payload."""
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from walk(part)


def read_discord_message(message: Json) -> Said:
    (line,) = read_discord([{"author": "", "text": message["text"]}], {})
    return Said(
        text=line.text,
        links=re.findall(r"https?://[^)>\s]+", message["text"]),
        pings=bool(message["mentions"] or message["mention_roles"] or message["mention_everyone"]),
        unfurls=not message["flags"] & SUPPRESS_EMBEDS,
        raw=message,
    )
