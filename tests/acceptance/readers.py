"""What readers of both platforms do with an answer that they have."""

import re
from typing import Any

from tests.acceptance.admins import AdminOnDiscord, AdminOnSlack, Json
from tests.acceptance.people import Said, read_discord_message, read_slack_entry, walk
from tests.acceptance.program import PATIENCE

EPHEMERAL = 1 << 6


class ReaderOnSlack(AdminOnSlack):
    """The workspace."""

    async def rate_up(self, person: str, channel: str, said: Said) -> Said:
        """Thumbs up; returns what is said of it."""
        return await self._whisper_after(person, channel, said, "rating", "positive")

    async def rate_down(self, person: str, channel: str, said: Said) -> Any:
        """Thumbs down; returns the form that opens."""
        ts = said.raw["ts"]
        pressed = await self._driver.click(person, channel, ts, "rating", "negative")
        assert pressed["acked"]
        return (await self._driver.wait_for_view(person, timeout=PATIENCE))["view_id"]

    async def ask_for(self, person: str, channel: str, said: Said, label: str) -> Said:
        """Press a button or choose from the menu; returns what is said to the person."""
        for block in said.raw["blocks"]:
            for element in block["elements"] if block["type"] == "actions" else ():
                if element.get("text", {}).get("text") == label:
                    return await self._whisper_after(
                        person, channel, said, element["action_id"], None
                    )
                for option in element.get("options", ()):
                    if option["text"]["text"] == label:
                        return await self._whisper_after(
                            person, channel, said, element["action_id"], option["value"]
                        )
        raise LookupError(label)

    async def set_up(self, person: str, channel: str, name: str, value: str) -> Said:
        """Set something of a channel."""
        return await self.command(person, channel, "channel", f"set {name} {value}")

    def find_id(self, person: str) -> str:
        return self.slack.workspace.user(person).id

    async def add_group(self, name: str, person: str) -> str:
        """A user group with this person in it; its id."""
        return str((await self._driver.set_usergroup(name, [person]))["id"])

    async def wait_for_call(self, channel: str, asked: Json) -> Said:
        """The message that calls people to the answer of a question."""
        _, call = await self.wait_for_answers(asked, 2)
        return call

    async def ask_in_private(self, person: str, channel: str, question: str) -> Said:
        return await self.command(person, channel, "ask", question)

    async def answer_this(self, person: str, asked: Json) -> Said:
        """Have a message answered from its menu; returns the private answer."""
        whispers = self.slack.workspace.channel(asked["channel"]).ephemerals
        before = len(whispers)
        used = await self._driver.shortcut(person, "answer_this", asked["channel"], asked["ts"])
        assert used["acked"]
        await self._driver.wait_for(lambda: len(whispers) > before, PATIENCE)
        entries = await self._driver.transcript(asked["channel"], person)
        return read_slack_entry(next(e for e in entries if e["ts"] == whispers[before].ts))

    async def go_on_directly(self, person: str, asked: Json, words: str) -> Json:
        """Write on in a direct conversation: below the message that it began with."""
        thread = asked["thread_ts"] or asked["ts"]
        return await self._driver.dm(person, words, thread_ts=thread)

    async def begin_anew(self, person: str, asked: Json) -> str:
        """Say that a new conversation begins; Slack knows no commands in threads."""
        said = await self.go_on_directly(person, asked, "new")
        return (await self.wait_for_answers(said))[0].text

    async def say(self, person: str, channel: str, words: str) -> Json:
        """Write something that is for no bot."""
        return await self._driver.post(person, channel, words)

    async def edit(self, person: str, asked: Json, words: str) -> None:
        text = f"<@{self.slack.bot_user_id}> {words}"
        await self._driver.edit(person, asked["channel"], asked["ts"], text)

    async def delete(self, person: str, asked: Json) -> None:
        await self._driver.delete(person, asked["channel"], asked["ts"])

    async def wait_until_said(self, said: Said, words: str) -> Said:
        """Wait until a message reads so."""
        channel, ts = said.raw["channel"], said.raw["ts"]

        def reads() -> bool:
            message = self.slack.workspace.channel(channel).messages.get(ts)
            return message is not None and words in str(message.blocks)

        await self._driver.wait_for(reads, PATIENCE)
        entries = await self._driver.thread(channel, said.raw["thread_ts"])
        return read_slack_entry(next(e for e in entries if e["ts"] == ts))

    async def wait_until_gone(self, said: Said) -> None:
        messages = self.slack.workspace.channel(said.raw["channel"]).messages
        await self._driver.wait_for(lambda: said.raw["ts"] not in messages, PATIENCE)

    async def _whisper_after(
        self, person: str, channel: str, said: Said, action: str, value: str | None
    ) -> Said:
        whispers = self.slack.workspace.channel(channel).ephemerals
        before = len(whispers)
        pressed = await self._driver.click(person, channel, said.raw["ts"], action, value)
        assert pressed["acked"]
        await self._driver.wait_for(lambda: len(whispers) > before, PATIENCE)
        entries = await self._driver.transcript(channel, person)
        return read_slack_entry(next(e for e in entries if e["ts"] == whispers[before].ts))


class ReaderOnDiscord(AdminOnDiscord):
    """The guild."""

    async def rate_up(self, person: str, channel: str, said: Said) -> Said:
        """Thumbs up; returns what is said of it."""
        return await self.ask_for(person, channel, said, "👍")

    async def rate_down(self, person: str, channel: str, said: Said) -> Any:
        """Thumbs down; returns the form that opens."""
        begun = await self._driver.click(person, said.raw, "👎")
        return await self._driver.wait_for_response(begun, ("modal",), timeout=PATIENCE)

    async def ask_for(self, person: str, channel: str, said: Said, label: str) -> Said:
        """Press a button or choose from the menu; returns what is said to the person."""
        before = [m["id"] for m in await self._driver.messages(said.raw["channel_id"])]
        if label in _list_options(said.raw):
            begun = await self._driver.choose(person, said.raw, [label])
        else:
            begun = await self._driver.click(person, said.raw, label)
        view = await self._driver.wait_for_response(begun, timeout=PATIENCE)
        if said.raw["flags"] & EPHEMERAL:
            # The message stays, and what is said follows it.
            return await self._wait_for_new(said.raw["channel_id"], before)
        assert view["ephemeral"]
        return read_discord_message(view["original"])

    async def set_up(self, person: str, channel: str, name: str, value: str) -> Said:
        """Set something of a channel."""
        options = {"setting": name, "value": value}
        begun = await self._driver.slash(person, f"#{channel}", "channel set", options)
        view = await self._driver.wait_for_response(begun, timeout=PATIENCE)
        return read_discord_message(view["original"])

    async def add_group(self, name: str, person: str) -> str:
        """A role that this person has; its id."""
        await self._driver.add_role(name)
        await self._driver.set_roles(person, [name])
        (guild,) = (await self._driver.directory())["guilds"].values()
        return str(guild["roles"][name])

    def find_id(self, person: str) -> str:
        return str(self.discord.world.find_user(person).id)

    async def wait_for_call(self, channel: str, asked: Json) -> Said:
        """The message that calls people to the answer of a question."""
        seen = await self._driver.wait_for_message(
            f"#{channel}", contains="asks for a person", timeout=PATIENCE
        )
        return read_discord_message(seen)

    async def ask_in_private(self, person: str, channel: str, question: str) -> Said:
        return await self.command(person, channel, "ask", question)

    async def answer_this(self, person: str, asked: Json) -> Said:
        """Have a message answered from its menu; returns the private answer."""
        begun = await self._driver.context_menu(person, "Answer this", message=asked)
        return await self.wait_for_private(begun)

    async def go_on_directly(self, person: str, asked: Json, words: str) -> Json:
        """Write on in a direct conversation."""
        return await self.write_directly(person, words)

    async def begin_anew(self, person: str, asked: Json) -> str:
        """Say that a new conversation begins."""
        begun = await self._driver.slash(person, "@bot", "new")
        return (await self.wait_for_private(begun)).text

    async def say(self, person: str, channel: str, words: str) -> Json:
        """Write something that is for no bot."""
        return await self._driver.post(person, f"#{channel}", words)

    async def edit(self, person: str, asked: Json, words: str) -> None:
        await self._driver.edit(person, asked, f"<@{self.discord.world.bot.id}> {words}")

    async def delete(self, person: str, asked: Json) -> None:
        await self._driver.delete(person, asked)

    async def wait_until_said(self, said: Said, words: str) -> Said:
        """Wait until a message reads so."""

        async def find() -> Json | None:
            seen = await self._driver.message(said.raw)
            return seen if words in seen["text"] else None

        return read_discord_message(await self._driver.wait_until(find, PATIENCE))

    async def wait_until_gone(self, said: Said) -> None:
        async def is_gone() -> bool:
            return bool((await self._driver.message(said.raw))["deleted"])

        await self._driver.wait_until(is_gone, PATIENCE)

    async def _wait_for_new(self, channel: str, before: list[str]) -> Said:
        async def find() -> Json | None:
            found = await self._driver.messages(channel)
            return next((m for m in found if m["id"] not in before and m["ephemeral"]), None)

        return read_discord_message(await self._driver.wait_until(find, PATIENCE))


Readers = ReaderOnSlack | ReaderOnDiscord


def list_strong(said: Said) -> list[str]:
    """What a message sets in bold."""
    if "blocks" in said.raw:
        parts = list(walk(said.raw["blocks"]))
        return [p["text"] for p in parts if p.get("style", {}).get("bold") and "text" in p]
    return re.findall(r"\*\*(.+?)\*\*", said.raw["text"], re.DOTALL)


def list_controls(said: Said) -> list[str]:
    """The labels of everything that can be pressed or chosen below a message."""
    if "blocks" in said.raw:
        return list(_list_slack(said.raw["blocks"]))
    return [*_list_buttons(said.raw), *_list_options(said.raw)]


def list_commands(said: Said) -> list[str]:
    """The commands of the buttons below a message."""
    if "blocks" in said.raw:
        blocks = [block for block in said.raw["blocks"] if block["type"] == "actions"]
        return [e["value"] for block in blocks for e in block["elements"] if "value" in e]
    rows = [part for part in said.raw["components"] if part["type"] == 1]
    return [item["custom_id"] for row in rows for item in row["components"] if item["type"] == 2]


def _list_slack(blocks: list[Json]) -> Any:
    for block in blocks:
        for element in block["elements"] if "actions" in block["type"] else ():
            if element["type"] == "feedback_buttons":
                yield from ("👍", "👎")
            elif "options" in element:
                yield from (option["text"]["text"] for option in element["options"])
            else:
                yield element["text"]["text"]


def _list_buttons(message: Json) -> list[str]:
    rows = [part for part in message["components"] if part["type"] == 1]
    return [item["label"] for row in rows for item in row["components"] if item["type"] == 2]


def _list_options(message: Json) -> list[str]:
    rows = [part for part in message["components"] if part["type"] == 1]
    selects = [item for row in rows for item in row["components"] if item["type"] == 3]
    return [option["label"] for select in selects for option in select["options"]]
