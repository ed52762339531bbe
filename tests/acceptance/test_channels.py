"""How channels are set up, and what that changes, on both platforms, with the shipped program."""

import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.people import Said
from tests.acceptance.program import (
    Bot,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until,
    write_documents,
)
from tests.acceptance.residents import ResidentOnDiscord, ResidentOnSlack, Residents
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARRIED_OVER = "How many days of holiday can be carried over?"
UNKNOWN = "What does the canteen serve on Friday?"
OPENING_HOURS = "# Shop\n\n## Opening hours\n\nThe shop opens at nine on weekdays.\n"
PERSON_LIMIT = 40
"""More than anybody asks here but the newcomer in the story of the limit."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Town:
    """Both platforms and the bot on them, which may read every message."""

    slack: SlackEmulator
    discord: DiscordEmulator
    bot: Bot
    shell: Shell
    url: str

    async def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        await discord.driver.set_privileged_intents(["message_content"])
        shell = Shell(
            tmp_path_factory.mktemp("town"),
            DATABASE_URL=module_url,
            FOOTNOTE_PERSON_QUESTIONS=str(PERSON_LIMIT),
            **point_at_slack(slack),
            **point_at_discord(discord),
        )
        await _add_old_source(shell)
        async with serving(shell) as bot:
            yield Town(slack, discord, bot, shell, module_url)


async def _add_old_source(shell: Shell) -> None:
    """A source whose one document has not changed for a hundred days."""
    folder = write_documents(shell.folder / "shop", {"hours.md": OPENING_HOURS})
    then = time.time() - timedelta(days=100).total_seconds()
    os.utime(folder / "hours.md", (then, then))
    added = await shell.run("sources", "add", "shop", str(folder))
    assert added.code == 0, added.errors
    assert (await shell.run("sync", "shop")).code == 0


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> Residents:
    on_slack = request.param == "slack"
    return ResidentOnSlack(town.slack) if on_slack else ResidentOnDiscord(town.discord)


async def set_up(people: Residents, channel: str, **values: str) -> Said:
    """Open a channel and set it up by the form; returns what the admin is told."""
    await people.open_channel(channel)
    form = await people.open_form(people.admin, channel, "channel set")
    return await people.fill_in(people.admin, channel, form, values)


async def count_answers(people: Residents, channel: str) -> int:
    """Messages of the bot that the member reads in the channel."""
    return (await people.see(people.member, channel)).count("31 March")


# Settings


async def test_a_form_sets_a_channel_up_and_says_what_changed(
    people: Residents, town: Town
) -> None:
    told = await set_up(people, "by-form", mode="mentions", language="de")
    assert "mode: threads → mentions" in told.plain
    assert "language: nothing → de" in told.plain
    shown = await people.order(people.admin, "by-form", "channel show")
    assert "mode (what is answered): mentions · set here" in shown.plain
    ((outcome, detail),) = await town.read(
        "SELECT outcome, detail FROM audit WHERE command = 'channel set' AND platform = %s "
        "AND detail LIKE '%%nothing → de'",
        people.name,
    )
    assert (outcome, detail) == ("changed", "mode: threads → mentions; language: nothing → de")


async def test_what_is_wrong_in_the_form_is_shown_and_nothing_is_set(people: Residents) -> None:
    await people.open_channel("wrong-form")
    form = await people.open_form(people.admin, "wrong-form", "channel set")
    told = await people.fill_in(
        people.admin, "wrong-form", form, {"mode": "auto", "sources": "hanbook"}
    )
    assert "There is no source named hanbook. The sources are: handbook, shop." in told.plain
    shown = await people.order(people.admin, "wrong-form", "channel show")
    assert "mode (what is answered): threads · as usual" in shown.plain


async def test_a_typed_setting_and_its_undoing(people: Residents) -> None:
    await people.open_channel("typed")
    told = await people.order(people.admin, "typed", "channel set remit questions about leave")
    assert "remit: nothing → questions about leave" in told.plain
    told = await people.order(people.admin, "typed", "channel reset remit")
    assert "remit: questions about leave → nothing" in told.plain


async def test_others_may_not_set_a_channel_up(people: Residents) -> None:
    told = await people.order(people.member, "help", "channel show")
    assert "for admins" in told.plain


async def test_help_says_what_works_here(people: Residents) -> None:
    await set_up(people, "helpful", mode="mentions")
    told = await people.order(people.member, "helpful", "help")
    assert "In this channel I answer when I am mentioned." in told.plain
    assert "Everyone here may read these sources: handbook, shop." in told.plain
    assert "/forget" in told.plain
    assert "/channel" not in told.plain


async def test_a_channel_keeps_its_language_and_visibility_under_another_name(
    people: Residents,
) -> None:
    await set_up(people, "former", language="de", visibility="private")
    people.rename("former", "latter")
    await people.mention(CARRIED_OVER, "latter")
    told = await people.wait_for_word(people.member, "latter", "31 March")
    assert "von heute" in told.text
    assert "31 March" not in await people.see(people.colleague, "latter")


async def test_a_channel_answers_from_its_sources_and_says_where_they_are_old(
    people: Residents,
) -> None:
    await set_up(people, "shop-talk", sources="shop", freshness="30")
    (answer,) = await people.wait_for_answers(
        await people.mention("When does the shop open on weekdays?", "shop-talk")
    )
    assert "nine" in answer.text
    assert "is 100 days old" in answer.text
    (answer,) = await people.wait_for_answers(await people.mention(CARRIED_OVER, "shop-talk"))
    assert "31 March" not in answer.text


# Modes


async def test_where_people_talk_to_each_other_in_a_thread_the_bot_is_silent(
    people: Residents,
) -> None:
    await people.open_channel("thready")
    asked = await people.mention(CARRIED_OVER, "thready")
    (answer,) = await people.wait_for_answers(asked)
    await people.reply_in_thread(asked, answer, "Thanks, see you at lunch!")
    await people.reply_in_thread(asked, answer, "I told you so")
    # Whatever was said before this was heard when this is answered.
    again = await people.mention(CARRIED_OVER, "thready", people.colleague)
    await people.wait_for_answers(again)
    assert await count_answers(people, "thready") == 2
    assert len(await people.wait_for_answers(asked)) == 1


async def test_a_question_to_nobody_is_answered_in_auto_channels_where_it_is_known(
    people: Residents, town: Town
) -> None:
    told = await set_up(people, "auto", mode="auto")
    assert "Message Content" not in told.plain
    await people.say("auto", "I'm off to lunch")
    unknown = await people.say("auto", UNKNOWN)
    known = await people.say("auto", CARRIED_OVER)
    (answer,) = await people.wait_for_answers(known)
    assert "31 March" in answer.text
    assert "[1]" in answer.text

    async def is_passed_over() -> bool:
        rows = await town.read(
            "SELECT state FROM inbox WHERE platform = %s AND payload->>'text' = %s",
            people.name,
            UNKNOWN,
        )
        return rows == [("done",)]

    await wait_until(is_passed_over)
    seen = await people.see(people.member, "auto")
    assert "I don't know" not in seen
    assert seen.count("31 March") == 1
    assert await people.count_signs(unknown) == 0
    chatter = await town.read("SELECT 1 FROM inbox WHERE payload->>'text' LIKE '%%lunch'")
    assert chatter == []


async def test_elsewhere_a_question_to_nobody_is_left_alone(people: Residents) -> None:
    await people.say("general", CARRIED_OVER)
    asked = await people.mention("Who confirms a holiday?", "general")
    await people.wait_for_answers(asked)
    assert await count_answers(people, "general") == 0


async def test_where_only_mentions_count_a_thread_does_not_go_on(people: Residents) -> None:
    await set_up(people, "strict", mode="mentions")
    asked = await people.mention(CARRIED_OVER, "strict")
    (answer,) = await people.wait_for_answers(asked)
    await people.reply_in_thread(asked, answer, "And until when?")
    again = await people.mention(CARRIED_OVER, "strict", people.colleague)
    await people.wait_for_answers(again)
    assert await count_answers(people, "strict") == 2


# Limits


async def test_over_the_limit_a_private_word_says_when_to_ask_again(people: Residents) -> None:
    await people.open_channel("busy")
    newcomer = await people.add_person("newcomer", "busy")
    for _ in range(2 * PERSON_LIMIT):
        await people.mention("Thanks a lot!", "busy", newcomer)
    told = await people.wait_for_word(newcomer, "busy", "I was asked a lot just now")
    assert "Please ask again in " in told.plain
    assert "asked a lot" not in await people.see(people.member, "busy")


async def test_the_budget_of_a_day_ends_with_the_day(people: Residents) -> None:
    await set_up(people, "thrifty", budget="1")
    await people.wait_for_answers(await people.mention(CARRIED_OVER, "thrifty"))
    await people.mention(CARRIED_OVER, "thrifty")
    await people.wait_for_word(people.member, "thrifty", "Please ask again in ")
    assert await count_answers(people, "thrifty") == 1


async def test_who_is_turned_away_in_a_thread_is_not_taken_to_go_on_there(
    people: Residents, town: Town
) -> None:
    await set_up(people, "rationed", budget="1")
    first = await people.mention_in_thread("rationed", CARRIED_OVER)
    await people.wait_for_answers(first)
    refused = await people.mention_in_thread("rationed", "Who confirms a holiday?")
    await people.wait_for_word(people.member, "rationed", "Please ask again in ")
    for thread, words in ((first, "And until when?"), (refused, "And who else does?")):
        await people.go_on(thread, words)
    # Whatever was said before this was heard when this is answered.
    await people.wait_for_answers(await people.mention(CARRIED_OVER, "general"))
    rows = await town.read(
        "SELECT payload->>'text' FROM inbox WHERE platform = %s AND payload->>'text' LIKE 'And %%'"
        " AND coalesce(payload->'place'->>'parent', payload->'place'->>'channel') IN ("
        "SELECT channel FROM channel WHERE settings->>'budget' = '1')",
        people.name,
    )
    assert rows == [("And until when?",)]


# Other bots


async def test_a_bot_that_nobody_allowed_is_ignored(people: Residents) -> None:
    await people.open_channel("humans")
    robot, _ = await people.add_bot("humans")
    await people.mention(CARRIED_OVER, "humans", robot)
    await people.wait_for_answers(await people.mention("Who confirms a holiday?", "humans"))
    assert await count_answers(people, "humans") == 0


async def test_an_allowed_bot_is_answered_once_and_never_where_it_answers_ours(
    people: Residents, town: Town
) -> None:
    await people.open_channel("robots")
    robot, robot_id = await people.add_bot("robots")
    told = await people.order(people.admin, "robots", f"channel set bots {robot_id}")
    assert f"bots: nothing → {robot_id}" in told.plain
    asked = await people.mention(CARRIED_OVER, "robots", robot)
    (answer,) = await people.wait_for_answers(asked)
    for _ in range(3):
        await people.mention_in_reply(asked, answer, CARRIED_OVER, robot)
    # Whatever the bot has heard before this was heard when this is answered.
    await people.wait_for_answers(await people.mention("Who confirms a holiday?", "robots"))
    assert await count_answers(people, "robots") == 1
    ((questions,),) = await town.read(
        "SELECT count(*) FROM inbox WHERE platform = %s AND payload->'person'->>'bot' <> ''",
        people.name,
    )
    assert questions == 1


# What is a person's own


async def test_answers_come_in_the_language_that_a_person_chose(people: Residents) -> None:
    await people.open_channel("polyglot")
    await set_up(people, "in-french", language="fr")

    async def ask(channel: str = "polyglot", person: str = "") -> str:
        asked = await people.mention(CARRIED_OVER, channel, person)
        (answer, *_) = await people.wait_for_answers(asked)
        return answer.plain

    told = await people.order(people.member, "polyglot", "preferences language de")
    assert "Sprache der Antworten: Deutsch" in told.plain
    assert "Aus den Quellen zitiert" in await ask()
    assert "Quoted from the sources" in await ask(person=people.colleague)
    assert "Cité des sources" in await ask("in-french")
    await people.press(people.member, "polyglot", told, "Automatisch (die der Frage)")
    await people.wait_for_whisper(people.member, "polyglot", "Language of answers")
    assert "Quoted from the sources" in await ask()


# Forgetting


async def test_a_person_has_their_conversations_forgotten(people: Residents, town: Town) -> None:
    question = "Who confirms a holiday that is to be forgotten?"
    asked = "SELECT 1 FROM inbox WHERE platform = %s AND payload->>'text' = %s"
    await people.open_channel("forgetful")
    await people.wait_for_answers(await people.mention(question, "forgetful"))
    assert await town.read(asked, people.name, question) == [(1,)]
    told = await people.order(people.member, "forgetful", "forget")
    assert "Forget what I remember of your conversations in this channel (1)?" in told.plain
    await people.press(people.member, "forgetful", told, "Forget them")
    await people.wait_for_word(people.member, "forgetful", "Forgotten: 1 of your conversations.")
    assert await town.read(asked, people.name, question) == []


async def test_with_all_conversations_a_persons_searches_are_forgotten(
    people: Residents, town: Town
) -> None:
    words = f"calendar absences {people.name}"
    found = await people.command(people.member, "help", "search", words)
    assert "Booking" in found.text
    stored = (
        "SELECT 1 FROM inbox WHERE payload::text LIKE %s UNION ALL "
        "SELECT 1 FROM outbox WHERE reply::text LIKE %s UNION ALL "
        "SELECT 1 FROM audit WHERE command LIKE %s"
    )
    values = [f"%absences%{people.name}%"] * 3
    assert await town.read(stored, *values)
    told = await people.order(people.member, "help", "forget all")
    assert "all your conversations" in told.plain
    await people.press(people.member, "help", told, "Forget them")
    await people.wait_for_word(people.member, "help", "Forgotten: ")
    assert await town.read(stored, *values) == []


async def test_the_command_line_shows_and_sets_a_channel(town: Town) -> None:
    where = ("slack", town.slack.team_id, "C0HELP00001")
    outcome = await town.shell.run("channel", "set", *where, "language", "fr", "--json")
    assert outcome.json["changed"] == [{"setting": "language", "before": "nothing", "after": "fr"}]
    outcome = await town.shell.run("channel", "show", *where, "--json")
    assert outcome.json["settings"]["language"] == "fr"
    outcome = await town.shell.run("channel", "set", *where, "sources", "nowhere")
    assert (outcome.code, "There is no source named nowhere." in outcome.errors) == (1, True)
    outcome = await town.shell.run("channel", "reset", *where, "--json")
    assert outcome.json["changed"] == [{"setting": "language", "before": "fr", "after": "nothing"}]
