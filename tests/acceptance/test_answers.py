"""What people of both platforms do with the answers that they have."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.program import Shell, point_at_discord, point_at_slack, serving
from tests.acceptance.readers import ReaderOnDiscord, ReaderOnSlack, Readers, list_controls
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARRIED_OVER = "How many days of holiday can be carried over?"


@dataclass(frozen=True)
class Town:
    """Both platforms and the bot on them."""

    slack: SlackEmulator
    discord: DiscordEmulator
    shell: Shell
    url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        shell = Shell(
            folder, DATABASE_URL=module_url, **point_at_slack(slack), **point_at_discord(discord)
        )
        async with serving(shell):
            yield Town(slack, discord, shell, module_url)


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> Readers:
    if request.param == "slack":
        return ReaderOnSlack(town.slack)
    return ReaderOnDiscord(town.discord)


async def list_feedback(town: Town, people: Readers) -> list[dict[str, Any]]:
    shown = await town.shell.run("feedback", "--json")
    return [each for each in shown.json["feedback"] if each["platform"] == people.name]


async def test_an_answer_offers_what_can_be_done_with_it(people: Readers) -> None:
    (answer,) = await people.wait_for_answers(await people.mention(CARRIED_OVER))
    assert list_controls(answer) == [
        "👍",
        "👎",
        "Show proof",
        "I need a person",
        "Ask again",
    ]
    (greeting,) = await people.wait_for_answers(await people.mention("Hello!"))
    assert list_controls(greeting) == []


async def test_the_proof_shows_the_passage_with_its_sentence_to_whoever_asks(
    people: Readers,
) -> None:
    (answer,) = await people.wait_for_answers(await people.mention(CARRIED_OVER))
    proof = await people.ask_for(people.colleague, "help", answer, "Show proof")
    assert "Holidays" in proof.text
    assert "31 March" in proof.text
    assert "[1]" in proof.text


async def test_a_thumb_is_kept_and_the_last_one_counts(people: Readers, town: Town) -> None:
    (answer,) = await people.wait_for_answers(await people.mention(CARRIED_OVER))
    said = await people.rate_up(people.member, "help", answer)
    assert "Thank you" in said.text
    form = await people.rate_down(people.member, "help", answer)
    (entry,) = await list_feedback(town, people)
    assert (entry["vote"], entry["reason"]) == ("bad", "")
    values = {"reason": "outdated", "comment": "It is 30 June now."}
    chosen = values if people.name == "slack" else values | {"reason": ["outdated"]}
    thanks = await people.fill_in(people.member, "help", form, chosen)
    assert "Thank you" in thanks.text
    (entry,) = await list_feedback(town, people)
    assert (entry["vote"], entry["reason"]) == ("bad", "outdated")
    assert entry["comment"] == "It is 30 June now."
    assert entry["question"] == CARRIED_OVER
    assert "31 March" in entry["answer"]
    await people.rate_up(people.colleague, "help", answer)
    assert {each["vote"] for each in await list_feedback(town, people)} == {"good", "bad"}


async def test_asked_again_it_is_answered_again(people: Readers) -> None:
    asked = await people.mention(CARRIED_OVER)
    (answer,) = await people.wait_for_answers(asked)
    said = await people.ask_for(people.member, "help", answer, "Ask again")
    assert "again" in said.text
    _, second = await people.wait_for_answers(asked, 2)
    assert "31 March" in second.text
