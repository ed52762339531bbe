"""What admins of both platforms do besides asking: forms, buttons, and commands with words."""

from collections.abc import Mapping
from typing import Any

from tests.acceptance.people import OnDiscord, OnSlack, Said, read_discord_message, read_slack_entry
from tests.acceptance.program import PATIENCE, wait_until

Json = Mapping[str, Any]


class AdminOnSlack(OnSlack):
    """The workspace."""

    async def order(self, person: str, channel: str, words: str) -> Said:
        """Give a command; returns the private reply to it."""
        name, _, text = words.partition(" ")
        return await self.command(person, channel, name, text)

    async def begin(self, person: str, channel: str, words: str) -> None:
        """Give a command whose reply is public."""
        name, _, text = words.partition(" ")
        await self._driver.command(person, channel, f"/{name}", text)

    async def open_form(self, person: str, channel: str, words: str) -> Any:
        """Give a command that opens a form."""
        await self.begin(person, channel, words)
        return (await self._driver.wait_for_view(person, timeout=PATIENCE))["view_id"]

    async def fill_in(self, person: str, channel: str, form: Any, values: Json) -> Said:
        """Fill a form in; returns what is said to the person of it."""
        whispers = self.slack.workspace.channel(channel).ephemerals
        before = len(whispers)
        result = await self._driver.submit(person, form, dict(values))
        if result["errors"]:
            words = "; ".join(result["errors"].values())
            return Said(text=words, links=(), pings=False, unfurls=False, raw={})

        def look() -> str | None:
            views = [v for v in self.slack.workspace.views.values() if v.id == form]
            told = [b for b in views[0].definition["blocks"] if b["block_id"] == "footnote_notice"]
            problem = told[0]["text"]["text"] if told and not views[0].closed else None
            return problem if problem and "Trying" not in problem else None

        await self._driver.wait_for(lambda: len(whispers) > before or look(), PATIENCE)
        if len(whispers) == before:
            return Said(text=look() or "", links=(), pings=False, unfurls=False, raw={})
        entries = await self._driver.transcript(channel, person)
        return read_slack_entry(next(e for e in entries if e["ts"] == whispers[-1].ts))

    async def press(self, person: str, channel: str, said: Said, label: str) -> None:
        """Press a button below a message."""
        (element,) = [
            element
            for block in said.raw["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element.get("text", {}).get("text") == label
        ]
        pressed = await self._driver.click(person, channel, said.raw["ts"], element["action_id"])
        assert pressed["acked"]

    async def read_again(self, channel: str, said: Said, person: str) -> Said:
        """A message as it reads now."""
        entries = await self._driver.transcript(channel, person)
        return read_slack_entry(next(e for e in entries if e["ts"] == said.raw["ts"]))

    async def wait_for_whisper(self, person: str, channel: str, words: str) -> Said:
        found = await self._driver.wait_for_ephemeral(
            channel, person, containing=words, timeout=PATIENCE
        )
        return read_slack_entry(found[-1])

    async def wait_for_word(self, person: str, channel: str, words: str) -> Said:
        """What the bot tells this person alone."""
        return await self.wait_for_whisper(person, channel, words)


class AdminOnDiscord(OnDiscord):
    """The guild."""

    def _read(self, words: str) -> tuple[str, dict[str, str]]:
        """The slash command and its options for words as they are typed in Slack."""
        match words.split():
            case ["sync", ("status" | "history" | "errors") as verb, *source]:
                return f"sync {verb}", {"source": source[0]} if source else {}
            case ["sync", "cancel", source]:
                return "sync cancel", {"source": source}
            case ["sync", source, *mode]:
                return "sync now", {"source": source} | ({"mode": mode[0]} if mode else {})
            case ["sources", "add", kind, name]:
                return "sources add", {"kind": kind, "name": name}
            case ["sources", "schedule", source, *when]:
                more = {"when": " ".join(when)} if when else {}
                return "sources schedule", {"source": source, **more}
            case ["sources", verb, source]:
                return f"sources {verb}", {"source": source}
            case ["preferences", "language", code]:
                return "preferences", {"language": code}
            case ["doc", url]:
                return "doc", {"url": url}
            case _:
                return words, {}

    async def order(self, person: str, channel: str, words: str) -> Said:
        """Give a command; returns the private reply to it."""
        command, options = self._read(words)
        begun = await self._driver.slash(person, f"#{channel}", command, options)
        view = await self._driver.wait_for_response(begun, timeout=PATIENCE)
        assert view["ephemeral"]
        return read_discord_message(view["original"])

    async def begin(self, person: str, channel: str, words: str) -> None:
        """Give a command whose reply is public."""
        command, options = self._read(words)
        await self._driver.slash(person, f"#{channel}", command, options)

    async def open_form(self, person: str, channel: str, words: str) -> Any:
        """Give a command that opens a form."""
        command, options = self._read(words)
        begun = await self._driver.slash(person, f"#{channel}", command, options)
        return await self._driver.wait_for_response(begun, ("modal",), timeout=PATIENCE)

    async def fill_in(self, person: str, channel: str, form: Any, values: Json) -> Said:
        """Fill a form in; returns what is said to the person of it."""
        sent = await self._driver.submit_modal(person, form, dict(values))
        view = await self._driver.wait_for_response(sent, timeout=PATIENCE)
        return read_discord_message(view["original"])

    async def press(self, person: str, channel: str, said: Said, label: str) -> None:
        """Press a button below a message."""
        await self._driver.click(person, said.raw, label)

    async def read_again(self, channel: str, said: Said, person: str) -> Said:
        """A message as it reads now."""
        return read_discord_message(await self._driver.message(said.raw))

    async def wait_for_whisper(self, person: str, channel: str, words: str) -> Said:
        seen = await self._driver.wait_for_message(
            f"#{channel}",
            lambda message: message["ephemeral"],
            contains=words,
            timeout=PATIENCE,
        )
        return read_discord_message(seen)

    async def wait_for_word(self, person: str, channel: str, words: str) -> Said:
        """What the bot tells this person alone: in place, or directly."""
        found: list[Json] = []

        async def is_told() -> bool:
            place = self.discord.world.find_channel(f"#{channel}")
            direct = self.discord.world.direct_channel(self.discord.world.find_user(person))
            for where in (place.id, direct.id):
                told = await self._driver.messages(str(where))
                found.extend(m for m in told if words in m["text"] and m["author"]["bot"])
            return bool(found)

        await wait_until(is_told)
        return read_discord_message(found[0])


Admins = AdminOnSlack | AdminOnDiscord
