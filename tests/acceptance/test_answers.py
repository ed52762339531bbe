"""What people of both platforms do with the answers that they have."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.program import (
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until_quiet,
    write_documents,
)
from tests.acceptance.readers import (
    ReaderOnDiscord,
    ReaderOnSlack,
    Readers,
    list_commands,
    list_controls,
    list_strong,
)
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = "Within how many days must receipts be handed in?"
SALARIES = "What is the salary band of senior engineers?"
SALARIES_TEXT = (
    "# Salaries\n\nThe salary band of senior engineers is 84000 to 96000 euros a year.\n"
)
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
        await _add_closed_source(shell, slack, discord)
        async with serving(shell):
            yield Town(slack, discord, shell, module_url)


async def _add_closed_source(shell: Shell, slack: SlackEmulator, discord: DiscordEmulator) -> None:
    """One that only one person of each platform may read."""
    folder = write_documents(shell.folder / "closed", {"salaries.md": SALARIES_TEXT})
    people = (ReaderOnSlack(slack), ReaderOnDiscord(discord))
    labels = [
        part
        for each in people
        for part in ("--audience", f"{each.name}:user:{each.find_id(each.member)}")
    ]
    added = await shell.run("sources", "add", "closed", str(folder), *labels)
    assert added.code == 0, added.errors
    synced = await shell.run("sync", "closed")
    assert synced.code == 0, synced.errors


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


async def test_the_latest_answer_is_proved_by_a_command(people: Readers) -> None:
    await people.open_channel("proofs")
    nothing = await people.order(people.colleague, "proofs", "proof")
    assert "I have not answered you here of late." in nothing.text
    await people.wait_for_answers(await people.mention(CARRIED_OVER, "proofs"))
    proof = await people.order(people.member, "proofs", "proof")
    assert "Holidays › Carrying over · from today" in proof.text
    marked = "Up to five days can be carried over until 31 March."
    assert marked in list_strong(proof)
    assert "Whoever was ill for long may ask for more." in proof.text
    assert "31 March" not in str(list_strong(proof)).replace(marked, "")


async def test_a_new_conversation_does_not_know_what_was_before(people: Readers) -> None:
    asked = await people.write_directly(people.colleague, CARRIED_OVER)
    await people.wait_for_answers(asked)
    known = await people.go_on_directly(people.colleague, asked, "Until when?")
    assert "31 March" in (await people.wait_for_answers(known))[0].text
    told = await people.begin_anew(people.colleague, asked)
    assert told == "A new conversation: your next question does not know what was before."
    unknown = await people.go_on_directly(people.colleague, asked, "Until when?")
    assert "31 March" not in (await people.wait_for_answers(unknown))[0].text


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


# Changed questions


async def test_an_edited_question_revises_its_answer_in_place(people: Readers) -> None:
    asked = await people.mention(CARRIED_OVER)
    (answer,) = await people.wait_for_answers(asked)
    assert "31 March" in answer.text
    await people.edit(people.member, asked, WITHIN)
    revised = await people.wait_until_said(answer, "thirty days")
    assert "31 March" not in revised.text
    assert len(await people.wait_for_answers(asked)) == 1
    proof = await people.ask_for(people.member, "help", revised, "Show proof")
    assert "thirty days" in proof.text


async def test_a_message_that_mentions_the_bot_only_since_it_was_edited_is_a_question(
    people: Readers,
) -> None:
    said = await people.say(people.member, "help", "Has anybody seen my umbrella?")
    await people.edit(people.member, said, CARRIED_OVER)
    (answer,) = await people.wait_for_answers(said)
    assert "31 March" in answer.text


async def test_a_deleted_question_takes_its_answer_with_it(people: Readers, town: Town) -> None:
    asked = await people.mention(WITHIN)
    (answer,) = await people.wait_for_answers(asked)
    await people.delete(people.member, asked)
    await people.wait_until_gone(answer)
    await wait_until_quiet(town.url)
    told = await town.shell.run("trace", "--json", "-n", "1000")
    item = list_commands(answer)[0].split()[-1]
    assert item not in [each["reference"] for each in told.json["answers"]]


# In private


async def test_a_private_answer_is_shared_with_its_question(people: Readers) -> None:
    private = await people.ask_in_private(people.member, "general", CARRIED_OVER)
    assert "Share to channel" in list_controls(private)
    await people.ask_for(people.member, "general", private, "Share to channel")
    shared = await people.wait_for_public("general", "asked:")
    assert CARRIED_OVER in shared.text
    assert "31 March" in shared.text
    assert not shared.pings


async def test_what_only_the_asker_may_read_is_not_shared(people: Readers) -> None:
    private = await people.ask_in_private(people.member, "general", SALARIES)
    assert "84000" in private.text
    said = await people.ask_for(people.member, "general", private, "Show proof")
    assert "84000" in said.text
    await people.ask_for(people.member, "general", private, "Share to channel")
    await people.wait_for_whisper(people.member, "general", "I have posted nothing")
    assert "84000" not in await people.see(people.colleague, "general")


async def test_any_message_can_be_answered_from_its_menu_in_private(people: Readers) -> None:
    said = await people.say(people.colleague, "help", CARRIED_OVER)
    answer = await people.answer_this(people.member, said)
    assert "31 March" in answer.text
    assert "Share to channel" in list_controls(answer)


# A person


async def test_people_are_called_and_the_call_is_closed(people: Readers, town: Town) -> None:
    helper = people.find_id(people.colleague)
    group = await people.add_group("helpdesk", people.colleague)
    (answer,) = await people.wait_for_answers(await people.mention(CARRIED_OVER, "general"))
    kind = await people.ask_for(people.member, "general", answer, "I need a person")
    assert "Nobody is set" in kind.text
    await people.set_up(people.admin, "general", "hand-off", f"user:{helper} group:{group}")
    asked = await people.mention(CARRIED_OVER, "general")
    (answer,) = await people.wait_for_answers(asked)
    await people.press(people.member, "general", answer, "I need a person")
    call = await people.wait_for_call("general", asked)
    assert call.pings
    assert helper in str(call.raw)
    assert group in str(call.raw)
    assert CARRIED_OVER in call.text
    assert "Holidays" in call.text
    await people.press(people.admin, "general", call, "Resolved")
    closed = await people.wait_until_said(call, "Resolved by")
    assert list_controls(closed) == []


# What fails


async def test_a_failure_says_so_in_the_language_of_the_question_and_can_be_traced(
    town: Town,
) -> None:
    everywhere: list[Readers] = [ReaderOnSlack(town.slack), ReaderOnDiscord(town.discord)]
    question = "Wie viele Urlaubstage darf ich mitnehmen?"
    await execute(town.url, "ALTER TABLE embedding RENAME TO embedding_away")
    try:
        asked = [await people.mention(question) for people in everywhere]
        for people, each in zip(everywhere, asked, strict=True):
            (failed,) = await people.wait_for_answers(each)
            assert "Ich erreiche meine Datenbank gerade nicht." in failed.text
            (reference,) = re.findall(r"Referenz ([0-9a-f]{16})", failed.text)
            traced = await town.shell.run("trace", reference, "--json")
            assert traced.json["question"] == question
            assert "StoreUnavailable" in traced.json["error"]
    finally:
        await execute(town.url, "ALTER TABLE embedding_away RENAME TO embedding")
    again = await everywhere[0].mention(CARRIED_OVER)
    assert "31 March" in (await everywhere[0].wait_for_answers(again))[0].text


async def execute(url: str, statement: LiteralString) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)
