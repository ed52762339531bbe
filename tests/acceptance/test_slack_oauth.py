"""The shipped program where workspaces install the app themselves, in two processes."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.homes import press_home, see_home
from tests.acceptance.program import PATIENCE, Bot, Shell, serving, wait_until
from tests.emulators.slack import Driver, SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "What is the PIN of the printer?"
SECOND = "T0SECOND001"
GRID = "E0GRID00001"
STORED_OF_GRID: tuple[LiteralString, ...] = (
    "SELECT 1 FROM inbox WHERE payload->'place'->>'workspace' LIKE 'T0%%TH001'",
    "SELECT 1 FROM outbox WHERE place->>'workspace' LIKE 'T0%%TH001'",
    "SELECT 1 FROM answer_record WHERE thread LIKE '%%:T0%%TH001:%%'",
    "SELECT 1 FROM allowance WHERE name LIKE '%%:T0%%TH001:%%'",
)


@dataclass
class Site:
    """Slack with the app uninstalled everywhere, and two processes that serve it."""

    slack: SlackEmulator
    bots: list[Bot]
    shell: Shell
    database_url: str
    teams: dict[str, Driver] = field(default_factory=dict)

    async def install(self, driver: Driver, **options: Any) -> dict[str, Any]:
        """Begun at one process, finished at the other."""
        begun, finished = (bot.facts["http"] for bot in self.bots)
        return await driver.install(
            f"{begun}/slack/install", f"{finished}/slack/oauth_redirect", **options
        )

    async def deliver_to(self, number: int) -> None:
        await self.slack.driver.set_request_url(f"{self.bots[number].facts['http']}/slack/events")

    async def ask(self, driver: Driver, person: str) -> str:
        asked = await driver.mention(person, "help", QUESTION)
        replies = await driver.wait_for_reply(
            "help", asked["ts"], containing="4711", timeout=PATIENCE
        )
        return str(replies[-1]["blocks"])

    async def ask_by_shortcut(self, driver: Driver, person: str) -> str:
        """What "Answer this" says of a message, to that person alone."""
        said = await driver.post(person, "help", QUESTION)
        whispers = driver._backend.workspace.channel("help").ephemerals
        before = len(whispers)
        used = await driver.shortcut(person, "answer_this", "help", said["ts"])
        assert used["acked"], used
        await driver.wait_for(lambda: len(whispers) > before, PATIENCE)
        return str(whispers[before].blocks)

    async def select(self, query: LiteralString, *values: str) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self.database_url) as connection:
            return await (await connection.execute(query, values)).fetchall()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    slack = SlackEmulator()
    slack.app.installed = False
    async with slack:
        shell = Shell(
            tmp_path_factory.mktemp("site"),
            DATABASE_URL=module_url,
            SLACK_CLIENT_ID=slack.app.client_id,
            SLACK_CLIENT_SECRET=slack.app.client_secret,
            SLACK_SIGNING_SECRET=slack.signing_secret,
            FOOTNOTE_SLACK_API_URL=slack.api_url,
            FOOTNOTE_PORT="0",
        )
        async with serving(shell) as first, serving(shell) as second:
            yield Site(slack, [first, second], shell, module_url)


async def test_a_person_who_changes_their_mind_installs_nothing(site: Site) -> None:
    page = await site.install(site.slack.driver, agree=False)
    assert page["status"] == 200
    assert "access_denied" in page["text"]
    assert await site.select("SELECT * FROM slack_installation") == []


async def test_two_workspaces_install_ask_and_one_leaves(site: Site) -> None:
    slack = site.slack
    other = slack.add_workspace(SECOND, "Second Works")
    for driver in (slack.driver, other):
        page = await site.install(driver)
        assert page["status"] == 200, page
    tokens = {slack.app.bot_token, other._backend.app.bot_token}
    ((sealed,),) = await site.select("SELECT string_agg(secrets::text, '') FROM slack_installation")
    assert not any(token in sealed for token in tokens)

    # Each process serves both, whichever of them did the installation.
    for number in (0, 1):
        await site.deliver_to(number)
        assert "4711" in await site.ask(other, "emil")
        assert "4711" in await site.ask(slack.driver, "bruno")
    assert "4711" in await site.ask_by_shortcut(other, "emil")
    await other.open_home("emil")
    await see_home(other, "emil", "handbook")
    assert (await press_home(other, "emil", "Deutsch"))["acked"]
    await see_home(other, "emil", "Was ich weiß")

    await other.uninstall()

    async def is_unlinked() -> bool:
        left = await site.select("SELECT workspace_id FROM workspace WHERE unlinked_at IS NOT NULL")
        return left == [(SECOND,)]

    await wait_until(is_unlinked)
    assert await site.select("SELECT installation_id FROM slack_installation") == [(slack.team_id,)]
    assert "4711" in await site.ask(slack.driver, "bruno")
    ack = await other.command("emil", "help", "/ask", QUESTION)
    assert "not installed" in ack["body"]["text"]

    # Installed again, it goes on.
    await site.install(other)
    assert "4711" in await site.ask(other, "emil")


async def test_an_organisation_installs_once_for_all_its_workspaces(site: Site) -> None:
    north, south = (
        site.slack.add_workspace(f"T0{name.upper()}001", f"{name} Works", organisation=GRID)
        for name in ("North", "South")
    )
    north._backend.org_wide = True
    page = await site.install(north)
    assert page["status"] == 200, page
    installed = await site.select(
        "SELECT installation_id FROM slack_installation WHERE enterprise_id = %s", GRID
    )
    assert installed == [(GRID,)]
    for number, driver in ((0, south), (1, north)):
        await site.deliver_to(number)
        # The first that is heard of a workspace may be that somebody opens the Home tab.
        await driver.open_home("emil")
        await see_home(driver, "emil", "handbook")
        assert "4711" in await site.ask(driver, "emil")
        assert "4711" in await site.ask_by_shortcut(driver, "emil")
    served = await site.select("SELECT workspace_id FROM workspace WHERE organisation = %s", GRID)
    assert sorted(served) == [("T0NORTH001",), ("T0SOUTH001",)]

    # All that is stored of them is forgotten at a word, and nothing of others.
    kept = "SELECT count(*) FROM inbox WHERE payload->'place'->>'workspace' NOT LIKE 'T0%%TH001'"
    before = await site.select(kept)
    for query in STORED_OF_GRID:
        assert await site.select(query), query
    forgot = await site.shell.run("forget", "--workspace", f"slack:{GRID}")
    assert forgot.code == 0, forgot.errors
    told = sorted(re.findall(r"slack:(\w+)", forgot.output))
    assert told == [GRID, "T0NORTH001", "T0SOUTH001"]
    for query in STORED_OF_GRID:
        assert await site.select(query) == []
    assert await site.select(kept) == before


async def test_a_page_that_is_brought_back_twice_or_by_another_browser_is_refused(
    site: Site,
) -> None:
    page = await site.install(site.slack.driver)
    for headers, status in (({"Cookie": page["cookie"]}, 401), ({}, 400)):
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(page["url"], headers=headers) as again,
        ):
            assert again.status == status
