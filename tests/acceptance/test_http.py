"""The shipped program where Slack reaches it over signed HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.people import OnSlack
from tests.acceptance.program import Shell, point_at_slack, serving, wait_until
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "What is the PIN of the printer?"


@dataclass(frozen=True)
class Site:
    """The workspace, and the address of the bot's server; `database` is the bot's own."""

    slack: SlackEmulator
    address: str
    database: str

    async def ask_health(self) -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.address}/healthz") as response,
        ):
            return response.status, await response.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with SlackEmulator() as slack:
        shell = Shell(
            tmp_path_factory.mktemp("site"),
            DATABASE_URL=module_url,
            **point_at_slack(slack, http=True),
        )
        async with serving(shell) as bot:
            address = bot.facts["http"]
            await slack.driver.set_request_url(f"{address}/slack/events")
            database = psycopg.conninfo.conninfo_to_dict(module_url)["dbname"]
            yield Site(slack, address, str(database))


async def test_a_mention_is_answered(site: Site) -> None:
    people = OnSlack(site.slack)
    asked = await people.mention(QUESTION)
    (answer,) = await people.wait_for_answers(asked)
    assert "4711" in answer.text
    assert "[1]" in answer.text
    assert answer.raw["thread_ts"] == asked["ts"]


async def test_a_command_is_answered_in_private(site: Site) -> None:
    people = OnSlack(site.slack)
    answer = await people.command(people.member, "general", "ask", QUESTION)
    assert "4711" in answer.text
    assert "4711" not in await people.see(people.colleague, "general")


async def test_the_pane_suggests_questions_that_the_sources_answer(site: Site) -> None:
    driver = site.slack.driver
    await driver.open_home("bruno", tab="messages")

    async def is_there() -> bool:
        return await driver.prompts("bruno") is not None

    await wait_until(is_there)
    shown = await driver.prompts("bruno")
    assert shown is not None
    messages = [prompt["message"] for prompt in shown["prompts"]]
    assert 1 <= len(messages) <= 4
    assert "What does “Holidays” say about “Booking”?" in messages
    people = OnSlack(site.slack)
    asked = await driver.dm("bruno", "What does “Holidays” say about “Booking”?", in_view="help")
    (answer,) = await people.wait_for_answers(asked)
    assert "Absences" in answer.text


@pytest.mark.parametrize(
    "forged", [{"secret": "not-the-secret"}, {"signature": "v0=00"}, {"age": 400}]
)
async def test_a_forged_request_is_refused(site: Site, forged: dict[str, Any]) -> None:
    body = {"type": "url_verification", "challenge": "let me in", "token": "x"}
    refused = await site.slack.driver.forge(body, **forged)
    assert refused["status"] == 401
    assert "let me in" not in refused["text"]
    assert (await site.slack.driver.forge(body))["status"] == 200


async def test_health_follows_the_database(site: Site, postgres_url: str) -> None:
    assert await site.ask_health() == (200, {"status": "ok"})
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
        await admin.execute(f"ALTER DATABASE {site.database} ALLOW_CONNECTIONS false")
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [site.database],
            )
            status, body = await site.ask_health()
            assert (status, body["status"]) == (503, "unavailable")
            assert "database" in body["reason"]
        finally:
            await admin.execute(f"ALTER DATABASE {site.database} ALLOW_CONNECTIONS true")

    async def is_well() -> bool:
        return (await site.ask_health())[0] == 200

    await wait_until(is_well)
    people = OnSlack(site.slack)
    (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
    assert "4711" in answer.text
