"""A channel of Slack as a source: answers follow what is said, edited and deleted there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.people import OnSlack
from tests.acceptance.program import PATIENCE, Shell, as_address, point_at_slack, serving
from tests.emulators.slack import SlackEmulator

QUESTION = "When does the canteen open?"


async def test_answers_follow_what_is_said_in_a_channel(database_url: str, tmp_path: Path) -> None:
    async with SlackEmulator() as slack:
        shell = Shell(
            tmp_path,
            DATABASE_URL=as_address(database_url),
            FOOTNOTE_PRIVATE_HOSTS="127.0.0.1",
            **point_at_slack(slack),
        )
        driver, people = slack.driver, OnSlack(slack)

        async def take_down(done: Mapping[str, Any]) -> None:
            for event in done["event_ids"]:
                await driver.wait_for_entry(
                    "event.acked", match={"event_id": event}, timeout=PATIENCE
                )

        async def sync() -> dict[str, int]:
            synced = await shell.run("sync", "canteen", "--json")
            assert synced.code == 0, synced.errors
            counts: dict[str, int] = synced.json["counts"]
            return counts

        async def answer() -> str:
            (said,) = await people.wait_for_answers(await people.mention(QUESTION))
            return said.text

        async with serving(shell):
            general = slack.workspace.channel("general").id
            await driver.post("bruno", "general", "The printer has new toner.")
            added = await shell.run("sources", "add", "canteen", "--slack", general)
            assert added.code == 0, added.errors
            assert (await sync())["added"] == 1
            before = count_readings(slack)

            said = await driver.post("alma", "general", "The canteen opens at 11:30.")
            await take_down(said)
            assert (await sync())["updated"] == 1
            assert "11:30" in await answer()

            edited = await driver.edit("alma", general, said["ts"], "The canteen opens at 12:15.")
            await take_down(edited)
            assert (await sync())["updated"] == 1
            text = await answer()
            assert "12:15" in text
            assert "11:30" not in text

            await take_down(await driver.delete("alma", general, said["ts"]))
            assert (await sync())["updated"] == 1
            assert "12:15" not in await answer()
            assert count_readings(slack) == before


def count_readings(slack: SlackEmulator) -> int:
    """How often the channel was read through the API."""
    return sum(
        entry.data["method"] == "conversations.history"
        and entry.data["args"]["channel"] == slack.workspace.channel("general").id
        for entry in slack.journal.entries
        if entry.kind == "api.called"
    )
