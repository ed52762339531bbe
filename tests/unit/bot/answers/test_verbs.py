"""What people do with answers, and that nothing is shown to those who may not read it."""

from dataclasses import replace

import pytest

from bot.answers.model import Vote
from bot.answers.withdrawals import asks_to_begin_anew
from bot.model import (
    REPLACES,
    ChannelKind,
    ChannelSettings,
    Intent,
    ItemState,
    Person,
    Place,
    Platform,
    Submission,
)
from bot.rendering.phrases import actions, making
from bot.rendering.reply import Mention, Paragraph
from tests.fakes.answers import TENANT, AnswerScene, make_citation
from tests.fakes.messages import ANNA, make_message, make_place

BEN = Person("U2", "Ben")
SECRET = "The salary is 84000."


# Who may


async def test_the_proof_shows_passages_in_private() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    said = await scene.press(f"answer proof {item}", BEN)
    assert "Everyone has twenty days." in said
    assert "Handbook › Leave" in said
    assert scene.messenger.posts[-1].reply.private
    assert not scene.audit.entries


@pytest.mark.parametrize("verb", ["proof", "sources"])
async def test_passages_that_the_presser_may_not_read_leave_no_trace(verb: str) -> None:
    scene = AnswerScene(replace(ANNA, groups=frozenset({"S1"})), BEN)
    item = await scene.put_answer(
        None, make_citation(text=SECRET), readers=frozenset({"slack:group:S1"})
    )
    assert await scene.press(f"answer {verb} {item}", BEN) == actions.NOTHING_TO_SHOW.en
    shown = await scene.press(f"answer {verb} {item}", ANNA)
    assert ("84000" in shown) == (verb == "proof")
    assert "Handbook" in shown


async def test_of_several_passages_only_those_are_shown_that_may_be_read() -> None:
    scene = AnswerScene()
    item = await scene.put_answer(None, make_citation(), make_citation(2, SECRET, 8))
    scene.passages.texts[8] = (SECRET, frozenset({"slack:user:U9"}))
    said = await scene.press(f"answer proof {item}", BEN)
    assert "twenty days" in said
    assert "84000" not in said
    assert actions.INCOMPLETE.en in said


async def test_a_passage_that_changed_since_is_shown_as_it_is_now() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    scene.passages.texts[7] = ("Everyone has thirty days.", frozenset({"everyone"}))
    said = await scene.press(f"answer proof {item}")
    assert "thirty" in said
    assert "twenty" not in said


@pytest.mark.parametrize("verb", ["proof", "sources", "good", "again", "person", "share"])
async def test_what_was_answered_in_private_is_for_the_asker_alone(verb: str) -> None:
    scene = AnswerScene(settings=ChannelSettings(hand_off=("user:U7",)))
    item = await scene.put_answer(make_message(intent=Intent.ASK))
    assert await scene.press(f"answer {verb} {item}", BEN) == actions.NO_SUCH_ANSWER.en
    assert len(scene.inbox.jobs) == 2
    assert not scene.records.votes


async def test_an_answer_of_another_channel_or_workspace_is_not_found() -> None:
    scene = AnswerScene()
    elsewhere = make_message(place=make_place(channel="C2"))
    item = await scene.put_answer(elsewhere)
    assert await scene.press(f"answer proof {item}", BEN) == actions.NO_SUCH_ANSWER.en
    assert "twenty days" in await scene.press(f"answer proof {item}", ANNA)
    abroad = make_message(2, place=make_place(workspace="T2"))
    item = await scene.put_answer(abroad)
    assert await scene.press(f"answer proof {item}", ANNA) == actions.NO_SUCH_ANSWER.en


async def test_what_no_answer_has_is_told() -> None:
    scene = AnswerScene()
    assert await scene.press("answer proof 0000") == actions.NO_SUCH_ANSWER.en
    assert "I don't know" in await scene.press("answer sing 0000")


async def test_proof_without_a_reference_is_that_of_ones_latest_answer_here() -> None:
    scene = AnswerScene()
    assert await scene.press("proof") == actions.NO_ANSWER_YET.en
    await scene.put_answer()
    await scene.put_answer(make_message(2), make_citation(text="A dog may come.", chunk=9))
    assert "A dog may come." in await scene.press("proof")
    assert await scene.press("proof", BEN) == actions.NO_ANSWER_YET.en


# Thumbs


async def test_the_last_vote_of_each_person_counts() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    await scene.press(f"answer bad {item}")
    assert await scene.press(f"answer good {item}") == actions.THANKS.en
    await scene.press(f"answer bad {item}", BEN)
    votes = {person: vote.vote for (_, person), vote in scene.records.votes.items()}
    assert votes == {"U1": Vote.GOOD, "U2": Vote.BAD}


async def test_a_thumb_down_counts_before_its_reason_is_given() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    press = scene.make_press(f"answer bad {item}")
    form = await scene.desk.open(press)
    assert form is not None
    assert scene.records.votes[item, "U1"].vote is Vote.BAD
    values = {"reason": "outdated", "comment": "It changed."}
    said = await scene.desk.submit(Submission(press, values))
    assert said.blocks == (Paragraph(said.blocks[0].children),)
    kept = scene.records.votes[item, "U1"]
    assert (kept.reason, kept.comment) == ("outdated", "It changed.")


async def test_who_may_not_see_the_answer_gets_no_form() -> None:
    scene = AnswerScene()
    item = await scene.put_answer(make_message(intent=Intent.ASK))
    press = scene.make_press(f"answer bad {item}", BEN)
    assert await scene.desk.open(press) is None
    assert await scene.desk.open(scene.make_press(f"answer good {item}")) is None
    assert not scene.records.votes


async def test_a_vote_on_what_is_forgotten_is_told_so() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    scene.records.records.clear()
    assert await scene.press(f"answer good {item}") == actions.FORGOTTEN.en


# Once more


@pytest.mark.parametrize(
    "intent", [Intent.MENTION, Intent.FOLLOW_UP, Intent.OVERHEARD, Intent.SHARE]
)
async def test_asked_again_the_question_is_put_where_it_was_asked(intent: Intent) -> None:
    scene = AnswerScene()
    item = await scene.put_answer(make_message(intent=intent))
    assert await scene.press(f"answer again {item}", BEN) == actions.ASKED_AGAIN.en
    *_, entry = scene.inbox.items.values()
    again = entry.question
    assert again is not None
    assert (again.text, again.person, again.again) == ("How many days of leave?", BEN, item)
    assert again.place == make_place()
    assert again.thread == "thread1"
    assert again.intent is Intent.MENTION


async def test_a_private_answer_is_shared_by_asking_for_everyone() -> None:
    scene = AnswerScene()
    item = await scene.put_answer(make_message(intent=Intent.ASK))
    assert await scene.press(f"answer share {item}") == actions.SHARING.en
    *_, entry = scene.inbox.items.values()
    shared = entry.question
    assert shared is not None
    assert shared.intent is Intent.SHARE
    # What was said in private is not part of its conversation.
    assert shared.thread != "thread1"


async def test_what_is_asked_directly_is_not_shared() -> None:
    scene = AnswerScene()
    direct = make_place(kind=ChannelKind.DIRECT)
    item = await scene.put_answer(make_message(intent=Intent.DIRECT, place=direct))
    before = len(scene.inbox.items)
    await scene.press(f"answer share {item}")
    assert len(scene.inbox.items) == before + 1  # the press itself


async def test_the_private_message_stays_when_its_button_is_pressed() -> None:
    scene = AnswerScene()
    item = await scene.put_answer(make_message(intent=Intent.ASK))
    press = scene.make_press(f"answer proof {item}")
    press = replace(press, reply_token={**press.reply_token, REPLACES: "yes"})
    await scene.inbox.put_command(TENANT, press)
    await scene.commands.perform(TENANT, press.event)
    assert REPLACES not in scene.messenger.posts[-1].reply_token


# A person


async def test_nobody_set_is_told_kindly() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    assert await scene.press(f"answer person {item}") == actions.NOBODY_SET.en


async def test_people_are_called_once_with_the_question_and_what_was_found() -> None:
    settings = ChannelSettings(hand_off=("user:U7", "group:S2"))
    scene = AnswerScene(settings=settings)
    item = await scene.put_answer()
    said = await scene.press(f"answer person {item}")
    call = scene.messenger.posts[-1]
    assert not call.reply.private
    opening = call.reply.blocks[0]
    assert isinstance(opening, Paragraph)
    mentions = [inline for inline in opening.children if isinstance(inline, Mention)]
    assert mentions == [Mention("person", "U7"), Mention("group", "S2")]
    assert "How many days of leave?" in said
    assert "Handbook" in said
    assert await scene.press(f"answer person {item}", BEN) == actions.CALLED_ALREADY.en
    said = await scene.press(f"answer resolved {item}", BEN)
    assert said == "Resolved by Ben."
    assert "Resolved by Ben." in call.text
    assert not call.reply.buttons
    assert scene.records.resolved[item] == "U2"


async def test_of_a_private_answer_only_the_question_is_told() -> None:
    scene = AnswerScene(settings=ChannelSettings(hand_off=("user:U7",)))
    item = await scene.put_answer(make_message(intent=Intent.ASK), make_citation(text=SECRET))
    said = await scene.press(f"answer person {item}")
    assert "How many days of leave?" in said
    assert "84000" not in said
    assert "Handbook" not in said


# Stopping


async def test_who_asked_may_stop_and_nobody_else() -> None:
    scene = AnswerScene()
    message = make_message()
    await scene.inbox.put_question(TENANT, message)
    item = message.message
    assert await scene.press(f"answer stop {item}", BEN) == making.NOT_TO_STOP.en
    assert not scene.inbox.items[item].stopped
    assert await scene.press(f"answer stop {item}", ANNA) == making.STOPPING.en
    assert scene.inbox.items[item].stopped
    assert not scene.audit.entries


async def test_what_is_finished_cannot_be_stopped() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    assert await scene.press(f"answer stop {item}", ANNA) == making.NOT_TO_STOP.en


# Letting go


async def test_what_was_asked_and_answered_is_withdrawn_for_the_asker_alone() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    await scene.post_answer(item, "Twenty days.")
    assert await scene.press(f"answer withdraw {item}", BEN) == actions.ASKERS_ALONE.en
    assert "Twenty days." in [posted.text for posted in scene.messenger.posts]
    assert await scene.press(f"answer withdraw {item}") == ""
    assert "Twenty days." not in [posted.text for posted in scene.messenger.posts]
    assert scene.assistant.withdrawn == [item]
    entry = scene.inbox.items[item]
    assert entry.state is ItemState.DEAD
    assert entry.question is not None
    assert entry.question.text == ""


async def test_the_message_that_called_people_goes_with_the_question() -> None:
    scene = AnswerScene(settings=ChannelSettings(hand_off=("user:U7",)))
    item = await scene.put_answer()
    other = await scene.put_answer(make_message(2, "Where is the car park?"))
    await scene.press(f"answer person {item}")
    await scene.press(f"answer person {other}")
    await scene.press(f"answer withdraw {item}")
    said = " ".join(posted.text for posted in scene.messenger.posts)
    assert "How many days of leave?" not in said
    assert "Where is the car park?" in said


async def test_what_was_withdrawn_is_neither_answered_nor_revised_any_more() -> None:
    scene = AnswerScene()
    item = await scene.put_answer()
    await scene.press(f"answer withdraw {item}")
    assert await scene.inbox.claim(TENANT, item) is None
    assert not await scene.inbox.revise_question(TENANT, item, "Another?")


@pytest.mark.parametrize(
    ("place", "thread"),
    [
        (
            make_place(Platform.DISCORD, "D1", ChannelKind.DIRECT, None, "@me"),
            "default:discord:@me:D1",
        ),
        (
            replace(make_place(Platform.DISCORD, "9", workspace="G1"), parent="8"),
            "default:discord:G1:9",
        ),
        (make_place(Platform.DISCORD, "8", workspace="G1"), None),
        (make_place(kind=ChannelKind.DIRECT), None),
    ],
)
async def test_new_begins_the_conversation_of_the_place_anew(
    place: Place, thread: str | None
) -> None:
    scene = AnswerScene()
    await scene.press("new", place=place)
    # that of the thread, and the person's own beside it
    assert scene.assistant.begun_anew == ([thread, f"{thread}:U1"] if thread else [])


@pytest.mark.parametrize(
    ("words", "kind", "asks"),
    [
        ("New conversation!", ChannelKind.DIRECT, True),
        ("neues  Gespräch", ChannelKind.DIRECT, True),
        ("new", ChannelKind.PUBLIC, False),
        ("What is new?", ChannelKind.DIRECT, False),
    ],
)
def test_the_word_for_a_new_conversation(words: str, kind: ChannelKind, asks: bool) -> None:
    assert asks_to_begin_anew(make_message(text=words, place=make_place(kind=kind))) is asks
