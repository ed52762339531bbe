"""An answer is seen while a chat model writes it; and whatever may happen meanwhile."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.rendering.phrases import making
from tests.acceptance.people import Said
from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until_quiet,
)
from tests.acceptance.readers import list_controls
from tests.acceptance.watchers import WatcherOnDiscord, WatcherOnSlack, Watchers
from tests.emulators.chat_model import ChatModelServer, Fault, Reply, Rule, Script
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "What is the PIN of the printer?"
PLAN = {"decision": "search", "reason": "a question", "reply": "", "queries": ["printer PIN"]}
VERDICT = {"verdict": "enough", "reason": "it is there", "queries": []}
ANSWER = (
    "The printer on the second floor is called Gutenberg [1]. See https://evil.example/login "
    "<!channel> @everyone. The PIN of the printer on the second floor is 4711 [1]."
)
THINK = (
    Rule(schema="PlanOutput", reply=Reply(data=PLAN)),
    Rule(schema="JudgeOutput", reply=Reply(data=VERDICT)),
)
OF_ALL = (
    "Book a holiday in the calendar named Absences",
    "Up to five days can be carried over until 31 March",
    "Hand in receipts within thirty days",
    "The printer on the second floor is called Gutenberg",
)
FIRST_WORDS, LAST_WORDS = "second floor is called", "4711"
PIECES = 5
"""Pieces of a stream after which the model falls silent: some of the first sentence."""


def write(*, pause: float = 0.0) -> Script:
    """A model that writes the answer."""
    return Script([*THINK, Rule(schema="", reply=Reply(ANSWER, pause=pause))])


def write_and_stall() -> Script:
    """A model that falls silent in the middle of the answer."""
    stall = Fault("stall", after=PIECES)
    return Script([*THINK, Rule(schema="", reply=Reply(ANSWER), fault=stall)])


@dataclass
class Town:
    """Both platforms, the bot on them, and the model that it asks."""

    slack: SlackEmulator
    discord: DiscordEmulator
    model: ChatModelServer
    shell: Shell


def choose_model(model: ChatModelServer) -> dict[str, str]:
    return {
        "FOOTNOTE_CHAT_MODEL": "openai:scripted",
        "OPENAI_API_KEY": "test",
        "OPENAI_BASE_URL": model.openai_url,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        ChatModelServer(write()) as model,
    ):
        reached = point_at_slack(slack) | point_at_discord(discord) | choose_model(model)
        shell = Shell(tmp_path_factory.mktemp("town"), DATABASE_URL=module_url, **reached)
        async with serving(shell):
            yield Town(slack, discord, model, shell)


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> Watchers:
    if request.param == "slack":
        return WatcherOnSlack(town.slack)
    return WatcherOnDiscord(town.discord)


def check_answer(answer: Said, draft: Said) -> None:
    """The answer is checked and stands where the draft was."""
    assert LAST_WORDS in answer.text
    assert "[1]" in answer.text
    assert "printer" in answer.text
    assert "Stop" not in list_controls(answer)
    assert name_message(answer) == name_message(draft)


def name_message(said: Said) -> object:
    return said.raw.get("ts") or said.raw["id"]


async def test_steps_then_text_then_the_checked_answer_in_one_message(
    town: Town, people: Watchers
) -> None:
    town.model.script = write(pause=0.25)
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, FIRST_WORDS)
    assert LAST_WORDS not in draft.text
    assert "[1]" not in draft.text
    assert not draft.pings
    assert not draft.unfurls
    assert "evil" not in str(draft.raw)
    assert "Stop" in list_controls(draft)
    (answer,) = await people.wait_for_answers(asked)
    check_answer(answer, draft)
    assert "evil" not in str(answer.raw)


async def test_the_steps_are_seen_while_the_model_thinks(town: Town, people: Watchers) -> None:
    slow = Rule(schema="", reply=Reply(ANSWER), delay=1.5)
    town.model.script = Script([*THINK, slow])
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, making.SEARCHING.en)
    (answer,) = await people.wait_for_answers(asked)
    check_answer(answer, draft)


async def test_many_sources_are_opened_on_demand_and_one_is_read(
    town: Town, people: Watchers
) -> None:
    plan = PLAN | {"queries": ["printer PIN", "book a holiday", "carry over", "receipts meals"]}
    # Each sentence names all; those that do not hold it are struck out.
    answer = Reply("".join(f"{sentence} [1][2][3][4]. " for sentence in OF_ALL))
    rules = [Rule(schema="PlanOutput", reply=Reply(data=plan)), THINK[1]]
    town.model.script = Script([*rules, Rule(schema="", reply=answer)])
    (answered,) = await people.wait_for_answers(await people.mention("What should I know?"))
    assert "All 4 sources" in list_controls(answered)
    assert answered.text.count("from today") == 3
    listed = await people.ask_for(people.colleague, "help", answered, "All 4 sources")
    for source in ("Holidays", "› Booking", "› Carrying over", "Expenses", "printer.txt"):
        assert source in listed.text
    assert listed.text.count("from today") == 4
    (expenses,) = [choice for choice in list_controls(listed) if "Expenses" in choice]
    passage = await people.ask_for(people.colleague, "help", listed, expenses)
    assert "Hand in receipts within thirty days." in passage.text
    assert "Gutenberg" not in passage.text


async def test_an_answer_is_stopped_and_the_model_is_left(town: Town, people: Watchers) -> None:
    town.model.script = write_and_stall()
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, FIRST_WORDS)
    before = sum(entry.kind == "left" for entry in town.model.journal.entries)
    assert await people.stop(asked, draft) == making.STOPPING.en
    (answer,) = await people.wait_for_answers(asked)
    assert FIRST_WORDS in answer.text
    assert making.STOPPED.en in answer.text
    assert "Stop" not in list_controls(answer)
    assert name_message(answer) == name_message(draft)

    def is_left() -> bool:
        return sum(entry.kind == "left" for entry in town.model.journal.entries) > before

    await town.model.journal.wait_for(is_left, PATIENCE)
    (record, *_) = json.loads((await town.shell.run("trace", "--json")).output)["answers"]
    assert record["outcome"] == "stopped"
    assert FIRST_WORDS in record["answer"]
    assert [line.split(":")[0] for line in record["trace"]] == ["brain", "plan", "search", "judge"]
    assert record["usage"]["calls"] == 3
    town.model.script = write()
    channel = asked.get("channel") or asked["channel_id"]
    await people.ask_for(people.member, channel, answer, "Ask again")
    *_, again = await people.wait_for_answers(asked, 2)
    assert LAST_WORDS in again.text


async def test_only_who_asked_may_stop(town: Town, people: Watchers) -> None:
    town.model.script = write_and_stall()
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, FIRST_WORDS)
    channel = asked.get("channel") or asked["channel_id"]
    said = await people.ask_for(people.colleague, channel, draft, "Stop")
    assert said.text == making.NOT_TO_STOP.en
    await people.stop(asked, draft)
    await people.wait_for_answers(asked)


async def test_slacks_own_stop_stops(town: Town) -> None:
    people = WatcherOnSlack(town.slack)
    town.model.script = write(pause=0.4)
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, FIRST_WORDS)
    await town.slack.driver.stop_stream("bruno", "help", draft.raw["ts"])
    (answer,) = await people.wait_for_answers(asked)
    assert making.STOPPED.en in answer.text
    assert LAST_WORDS not in answer.text


async def test_a_stream_that_slack_ended_goes_on_as_edits(town: Town) -> None:
    people = WatcherOnSlack(town.slack)
    town.model.script = write(pause=0.4)
    asked = await people.mention(QUESTION)
    draft = await people.wait_for_draft(asked, FIRST_WORDS)
    await town.slack.driver.advance(310)
    await people.wait_for_draft(asked, making.STILL_WRITING.en)
    (answer,) = await people.wait_for_answers(asked)
    check_answer(answer, draft)


async def test_where_slack_knows_no_streaming_a_message_is_edited(town: Town) -> None:
    people = WatcherOnSlack(town.slack)
    town.model.script = write(pause=0.3)
    town.slack.app.streaming = False
    try:
        asked = await people.mention(QUESTION)
        draft = await people.wait_for_draft(asked, FIRST_WORDS)
        assert "Stop" in list_controls(draft)
        (answer,) = await people.wait_for_answers(asked)
    finally:
        town.slack.app.streaming = True
    check_answer(answer, draft)


async def test_drafts_that_slack_does_not_take_do_not_hold_up_the_answer(town: Town) -> None:
    people = WatcherOnSlack(town.slack)
    town.model.script = write(pause=0.2)
    await town.slack.driver.fault("chat.appendStream", "rate_limited", retry_after=60, times=None)
    try:
        (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
    finally:
        await town.slack.driver.clear_faults()
    assert LAST_WORDS in answer.text


async def test_drafts_that_discord_does_not_take_do_not_hold_up_the_answer(town: Town) -> None:
    people = WatcherOnDiscord(town.discord)
    town.model.script = write(pause=0.3)
    await town.discord.driver.add_fault(
        "rate_limit", "PATCH", "/channels/*/messages/*", retry_after=60, times=1
    )
    (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
    assert LAST_WORDS in answer.text


async def test_a_bot_that_is_killed_while_it_writes_leaves_one_whole_answer(
    synced_url: str, tmp_path: Path
) -> None:
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        ChatModelServer(write_and_stall()) as model,
    ):
        reached = point_at_slack(slack) | point_at_discord(discord) | choose_model(model)
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **reached)
        everywhere = (WatcherOnSlack(slack), WatcherOnDiscord(discord))
        async with serving(shell) as bot:
            asked = [await people.mention(QUESTION) for people in everywhere]
            drafts = [
                await people.wait_for_draft(question, FIRST_WORDS)
                for people, question in zip(everywhere, asked, strict=True)
            ]
            await bot.kill()
        model.script = write()
        async with serving(shell):
            await wait_until_quiet(synced_url)
            for people, question, draft in zip(everywhere, asked, drafts, strict=True):
                (answer,) = await people.wait_for_answers(question)
                check_answer(answer, draft)
