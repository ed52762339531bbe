"""What people of both platforms live through with the shipped program."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.people import OnDiscord, OnSlack, People
from tests.acceptance.program import (
    Bot,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until_quiet,
    write_documents,
)
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARRIED_OVER = "How many days of holiday can be carried over?"
SALARIES = "What is the salary band of senior engineers?"
SALARIES_TEXT = (
    "# Salaries\n\nThe salary band of senior engineers is 84000 to 96000 euros a year.\n"
)
DRILLS_TEXT = (
    "# Fire drills\n\nA fire drill is announced with @everyone, @here and <!channel> by "
    "<@U0ALMA00001> one hour before it begins.\n"
)


@dataclass(frozen=True)
class Town:
    """Both platforms and the bot on them. `gates` is a source that no sync has read yet."""

    slack: SlackEmulator
    discord: DiscordEmulator
    bot: Bot
    url: str
    gates: Path

    async def count_runs(self) -> int:
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            cursor = await connection.execute("SELECT count(*) FROM sync_run")
            return int((await cursor.fetchone() or [0])[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    gates = write_documents(folder / "gates", {"slack.txt": "Nothing yet.\n"})
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        shell = Shell(
            folder, DATABASE_URL=module_url, **point_at_slack(slack), **point_at_discord(discord)
        )
        await asyncio.gather(
            shell.run("sources", "add", "gates", str(gates)),
            _add_closed_source(shell, await discord.driver.directory()),
        )
        async with serving(shell) as bot:
            yield Town(slack, discord, bot, module_url, gates)


async def _add_closed_source(shell: Shell, directory: dict[str, Any]) -> None:
    """One that only the channel 'leads' may read, and one person when nobody else reads along."""
    folder = write_documents(
        shell.folder / "closed", {"salaries.md": SALARIES_TEXT, "drills.md": DRILLS_TEXT}
    )
    (guild,) = directory["guilds"].values()
    audience = [
        "slack:channel:C0LEADS0001",
        "slack:user:U0BRUNO0001",
        f"discord:channel:{guild['channels']['leads']}",
        f"discord:user:{directory['users']['ben']}",
    ]
    labels = [part for label in audience for part in ("--audience", label)]
    added = await shell.run("sources", "add", "closed", str(folder), *labels)
    assert added.code == 0, added.errors
    synced = await shell.run("sync", "closed")
    assert synced.code == 0, synced.errors


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> People:
    return OnSlack(town.slack) if request.param == "slack" else OnDiscord(town.discord)


# Questions


async def test_a_mention_is_answered_in_its_place_with_its_source(people: People) -> None:
    asked = await people.mention(CARRIED_OVER)
    (answer,) = await people.wait_for_answers(asked)
    assert "31 March" in answer.text
    assert "[1]" in answer.text
    assert "Holidays" in answer.text
    assert "Carrying over" in answer.text
    assert any(
        link.startswith("https://wiki.example.com/handbook/holidays.md") for link in answer.links
    )
    assert not answer.pings
    assert not answer.unfurls
    if people.name == "slack":
        assert answer.raw["thread_ts"] == asked["ts"]
    else:
        assert answer.raw["message_reference"]["message_id"] == asked["id"]


async def test_a_follow_up_knows_what_was_said_before(people: People) -> None:
    asked = await people.mention(CARRIED_OVER)
    (answer,) = await people.wait_for_answers(asked)
    then = await people.follow_up(asked, answer, "Until when?")
    (second,) = await people.wait_for_answers(then)
    assert "31 March" in second.text
    assert "[1]" in second.text


async def test_what_the_documents_do_not_answer_is_told_so(people: People) -> None:
    asked = await people.mention("What does the canteen serve on Friday?")
    (answer,) = await people.wait_for_answers(asked)
    said, *_ = answer.text.splitlines()
    assert re.search(r"\bnot\b|n't|nothing", said)
    assert "[1]" not in said


async def test_a_greeting_is_returned_without_a_search(people: People) -> None:
    asked = await people.mention("Hello!")
    (answer,) = await people.wait_for_answers(asked)
    assert answer.text
    assert "[1]" not in answer.text
    assert not answer.links


async def test_a_mention_without_words_gets_help(people: People) -> None:
    asked = await people.mention("")
    (answer,) = await people.wait_for_answers(asked)
    assert "question" in answer.text
    assert "/ask" in answer.text


async def test_an_event_that_comes_again_is_answered_once(town: Town, people: People) -> None:
    asked = await people.mention("What is the PIN of the printer?")
    for _ in range(3):
        await people.deliver_again(asked)
    # On Slack each mention comes as two events, app_mention and message, and each comes four times.
    again = 7 if people.name == "slack" else 3
    await town.bot.wait_for_log(people.name_message(asked), "duplicate", count=again)
    await wait_until_quiet(town.url)
    (answer,) = await people.wait_for_answers(asked)
    assert "4711" in answer.text


async def test_a_direct_message_needs_no_mention(people: People) -> None:
    asked = await people.write_directly(people.colleague, "What is the PIN of the printer?")
    (answer,) = await people.wait_for_answers(asked)
    assert "4711" in answer.text
    assert "[1]" in answer.text


async def test_ask_answers_the_asker_alone(people: People) -> None:
    await people.open_channel("lobby")
    answer = await people.command(people.member, "lobby", "ask", "What is the PIN of the printer?")
    assert "4711" in answer.text
    assert "[1]" in answer.text
    assert "4711" in await people.see(people.member, "lobby")
    assert "4711" not in await people.see(people.colleague, "lobby")


# Who may read what


async def test_a_closed_source_is_used_where_all_may_read_it_and_nowhere_else(
    people: People,
) -> None:
    inside = await people.mention(SALARIES, "leads", people.admin)
    elsewhere = await people.mention(SALARIES, "help", people.member)
    alone = await people.write_directly(people.member, SALARIES)
    stranger = await people.write_directly(people.colleague, SALARIES)
    assert "84000" in (await people.wait_for_answers(inside))[0].text
    assert "84000" in (await people.wait_for_answers(alone))[0].text
    for asked in (elsewhere, stranger):
        (answer,) = await people.wait_for_answers(asked)
        assert "84000" not in answer.text
        assert "Salaries" not in answer.text


async def test_a_document_cannot_ping_anybody(people: People) -> None:
    asked = await people.mention("How is a fire drill announced?", "leads", people.admin)
    (answer,) = await people.wait_for_answers(asked)
    assert "everyone" in answer.text
    assert "U0ALMA00001" in answer.text
    assert not answer.pings


# Admins


async def test_others_may_not_sync(town: Town, people: People) -> None:
    runs = await town.count_runs()
    refusal = await people.command(people.member, "general", "sync", "handbook")
    assert "admin" in refusal.text
    await wait_until_quiet(town.url)
    assert await town.count_runs() == runs


async def test_an_admin_syncs_and_the_new_text_is_the_answer(town: Town, people: People) -> None:
    document = town.gates / f"{people.name}.md"
    for number, done in ((1122, r"[12] added"), (3344, "1 updated")):
        channel = f"gates-{number}"
        await people.open_channel(channel)
        document.write_text(f"The code of the {people.name} gate is {number}.\n", encoding="utf-8")
        await _sync(people, channel, "gates")
        report = await people.wait_for_public(channel, "is done")
        assert re.search(done, report.text)
        assert "0 deleted" in report.text
        assert "0 failed" in report.text
        await wait_until_quiet(town.url)
        (answer,) = await people.wait_for_answers(
            await people.mention(f"What is the code of the {people.name} gate?", channel)
        )
        assert str(number) in answer.text
    assert "1122" not in answer.text


async def _sync(people: People, channel: str, source: str) -> None:
    """What comes back is public, so there is no private reply to wait for."""
    if isinstance(people, OnSlack):
        await people.slack.driver.command(people.admin, channel, "/sync", source)
    elif isinstance(people, OnDiscord):
        options = {"source": source}
        await people.discord.driver.slash(people.admin, f"#{channel}", "sync now", options)


async def test_a_source_that_does_not_exist_is_told_with_those_that_do(people: People) -> None:
    refusal = await people.command(people.admin, "general", "sync", "handbok")
    assert "handbok" in refusal.text
    for name in ("closed", "gates", "handbook"):
        assert name in refusal.text
