"""What readers of both platforms do with an answer that they have."""

from typing import Any

from tests.acceptance.admins import AdminOnDiscord, AdminOnSlack, Json
from tests.acceptance.people import Said, read_discord_message, read_slack_entry
from tests.acceptance.program import PATIENCE


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
        if label in _list_options(said.raw):
            begun = await self._driver.choose(person, said.raw, [label])
        else:
            begun = await self._driver.click(person, said.raw, label)
        before = [m["id"] for m in await self._driver.messages(said.raw["channel_id"])]
        view = await self._driver.wait_for_response(begun, timeout=PATIENCE)
        if said.raw["ephemeral"]:
            # The message stays, and what is said follows it.
            return await self._wait_for_new(said.raw["channel_id"], before)
        assert view["ephemeral"]
        return read_discord_message(view["original"])

    async def _wait_for_new(self, channel: str, before: list[str]) -> Said:
        async def find() -> Json | None:
            found = await self._driver.messages(channel)
            return next((m for m in found if m["id"] not in before and m["ephemeral"]), None)

        return read_discord_message(await self._driver.wait_until(find, PATIENCE))


Readers = ReaderOnSlack | ReaderOnDiscord


def list_controls(said: Said) -> list[str]:
    """The labels of everything that can be pressed or chosen below a message."""
    if "blocks" in said.raw:
        return list(_list_slack(said.raw["blocks"]))
    return [*_list_buttons(said.raw), *_list_options(said.raw)]


def _list_slack(blocks: list[Json]) -> Any:
    for block in blocks:
        for element in block["elements"] if "actions" in block["type"] else ():
            if element["type"] == "feedback_buttons":
                yield from ("👍", "👎")
            elif element["type"] == "overflow":
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
