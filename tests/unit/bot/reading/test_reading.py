"""What people find, and what they are offered, is what they may read."""

from dataclasses import replace

import pytest

from bot.answers.cases import Case
from bot.errors import DeliveryRefused
from bot.model import ChannelSettings, Claim, Intent, ItemId, ItemState, Preferences
from bot.reading.suggestions import ReadableNames
from bot.rendering.findings import ANSWER_ME, SEARCH_USAGE
from tests.fakes.intake import InMemoryWorkspaces
from tests.fakes.messages import make_command, make_message, make_place
from tests.fakes.reading import LEADER, MEMBER, STRANGER, TENANT, ReadingScene


@pytest.fixture
def scene() -> ReadingScene:
    return ReadingScene()


async def test_a_search_shows_title_section_age_and_a_line(scene: ReadingScene) -> None:
    shown = await scene.command("search days of leave")
    assert "Leave › Days" in shown
    assert "Twenty days of leave a year." in shown
    assert "weeks old" in shown
    assert "Plans" not in shown


async def test_who_may_read_more_finds_more(scene: ReadingScene) -> None:
    assert "Layoffs" in await scene.command("search leave", LEADER)
    only = await scene.command("search in:handbook leave", LEADER)
    assert "Twenty" in only
    assert "Layoffs" not in only


async def test_who_may_read_nothing_finds_nothing(scene: ReadingScene) -> None:
    shown = await scene.command("search leave", STRANGER)
    assert shown.startswith("I found nothing about “leave”")
    assert "handbook" not in await scene.command("sources", STRANGER)


@pytest.mark.parametrize("words", ["search", "search in:handbook", "search in:a in:b leave"])
async def test_a_search_without_words_is_told_how(scene: ReadingScene, words: str) -> None:
    assert await scene.command(words) == SEARCH_USAGE.en


async def test_people_who_manage_nothing_see_the_sources_that_they_may_read(
    scene: ReadingScene,
) -> None:
    shown = await scene.command("sources list")
    assert "handbook" in shown
    assert "plans" not in shown
    assert "plans" in await scene.command("sources", LEADER)
    assert "admin" in await scene.command("sources remove handbook")


async def test_names_are_suggested_to_those_who_may_read_them(scene: ReadingScene) -> None:
    place = make_place()
    names = ReadableNames(scene.shelf, InMemoryWorkspaces((place.platform, place.workspace)))
    assert await names.list_for(place, MEMBER) == ["handbook"]
    assert await names.list_for(place, LEADER) == ["handbook", "plans"]
    assert await names.list_for(make_place(workspace="T9"), LEADER) == ()


async def test_the_asker_is_offered_what_the_channel_may_not_read(scene: ReadingScene) -> None:
    question = make_message(text="When are layoffs of leave staff planned?", person=LEADER)
    (offer,) = await scene.offer(question)
    assert "Plans" not in offer
    assert "May" not in offer
    (posted,) = scene.messenger.posts
    assert posted.reply.private
    assert posted.reply_token == {"user": LEADER.id}
    button, refusal = posted.reply.buttons
    assert refusal.command == "preferences offers off"
    assert (button.label, button.command) == (ANSWER_ME.en, f"answer private {question.message}")
    assert await scene.offer(question) == [offer]


async def test_an_offer_speaks_the_language_that_is_set_for_the_channel(
    scene: ReadingScene,
) -> None:
    scene.channels.settings = ChannelSettings(language="de")
    await scene.offer(make_message(text="When are layoffs of leave staff planned?", person=LEADER))
    (posted,) = scene.messenger.posts
    assert posted.reply.buttons[0].label == ANSWER_ME.say("de")


@pytest.mark.parametrize(
    "change",
    [
        {"person": MEMBER},
        {"intent": Intent.ASK},
        {"text": "Who feeds the office cat?"},
        {"text": ""},
    ],
)
async def test_nothing_is_offered_where_there_is_nothing_more(
    scene: ReadingScene, change: dict[str, object]
) -> None:
    question = make_message(text="When are layoffs of leave staff planned?", person=LEADER)
    assert await scene.offer(replace(question, **change)) == []


@pytest.mark.parametrize("outcome", ["", "stopped", "failed", "declined", "clarify", "chat"])
async def test_nothing_is_offered_where_nothing_was_left_out(
    scene: ReadingScene, outcome: str
) -> None:
    question = make_message(text="When are layoffs of leave staff planned?", person=LEADER)
    assert await scene.offer(question, outcome) == []
    assert scene.library.calls == []
    assert len(await scene.offer(question, "unknown")) == 1


async def test_nothing_is_offered_to_those_who_do_not_want_it(scene: ReadingScene) -> None:
    scene.preferences.chosen[LEADER.id] = Preferences(offers=False)
    assert await scene.offer(make_message(text="Layoffs of leave staff?", person=LEADER)) == []
    assert scene.library.calls == []  # nor is anything looked for


async def test_an_offer_speaks_the_language_that_its_asker_chose(scene: ReadingScene) -> None:
    scene.preferences.chosen[LEADER.id] = Preferences(language="de")
    (offer,) = await scene.offer(
        make_message(text="When are layoffs of leave staff planned?", person=LEADER)
    )
    assert "Soll ich dir allein antworten?" in offer


async def test_an_offer_that_cannot_be_made_is_let_go(scene: ReadingScene) -> None:
    scene.messenger.faults.append(DeliveryRefused("no direct messages"))
    assert await scene.offer(make_message(text="Layoffs of leave staff?", person=LEADER)) == []


async def test_an_offer_that_is_taken_is_a_private_question_of_its_own(
    scene: ReadingScene,
) -> None:
    question = make_message(text="Layoffs?", person=LEADER)
    command = make_command("answer private q1", person=LEADER)
    claim = Claim(TENANT, ItemId("c1"), "o", 1, ItemState.WORKING, command=command)
    verdict = await scene.offers.accept(
        claim, Case(TENANT, ItemId("q1"), command, question, None, "en")
    )
    assert not verdict.replies
    (asked,) = [each.question for each in scene.inbox.items.values()]
    assert asked is not None
    assert (asked.intent, asked.text, asked.person) == (Intent.ASK, "Layoffs?", LEADER)
    assert asked.thread != question.thread
    assert asked.reply_token == command.reply_token
