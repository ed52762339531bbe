"""What is taken in, and what is not."""

from dataclasses import replace

import pytest

from agents.llm import triage
from bot.intake import InboxIntake
from bot.model import (
    Acceptance,
    AnswerJob,
    ChannelKind,
    ChannelMode,
    ChannelSettings,
    CommandJob,
    IncomingMessage,
    Intent,
    ItemId,
    ItemState,
    MessageKey,
    Person,
    Platform,
    Visibility,
)
from bot.ports import Letter
from bot.rendering.compose import compose_words
from retrieval.model import TenantId
from tests.fakes.channels import InMemoryChannels
from tests.fakes.intake import InMemoryInbox, InMemoryOutbox, InMemoryWorkspaces
from tests.fakes.messages import make_command, make_message, make_place

TENANT = TenantId("default")
QUESTION = "How many days of leave do I have?"
ROBOT = Person("UBOT", bot="B7")


class Scene:
    """The intake with everything around it in memory."""

    def __init__(
        self,
        mode: ChannelMode = ChannelMode.THREADS,
        bots: frozenset[str] = frozenset(),
        visibility: Visibility = Visibility.PUBLIC,
    ) -> None:
        self.inbox = InMemoryInbox(InMemoryOutbox())
        self.channels = InMemoryChannels(
            ChannelSettings(mode=mode, allowed_bots=bots, visibility=visibility)
        )
        workspaces = InMemoryWorkspaces((Platform.SLACK, "T1"))
        self.intake = InboxIntake(self.inbox, workspaces, self.channels, triage)
        self.accept = self.intake.accept

    async def answer(self, number: int = 1, thread: str = "thread1") -> None:
        """A question was asked in the thread and answered."""
        await self.accept(make_message(number, thread=thread))
        claim = await self.inbox.claim(TENANT, ItemId(f"slack:T1:C1:{number}"))
        assert claim is not None
        letter = Letter(TENANT, f"{claim.item}:answer", make_place(), compose_words("Twenty."))
        await self.inbox.settle(claim, [letter])


async def test_a_question_is_queued_once() -> None:
    scene = Scene()
    assert await scene.accept(make_message()) is Acceptance.ACCEPTED
    assert await scene.accept(make_message()) is Acceptance.DUPLICATE
    assert [type(job) for job in scene.inbox.jobs] == [AnswerJob]


async def test_a_bare_mention_is_taken_and_an_empty_follow_up_is_not() -> None:
    scene = Scene()
    await scene.answer()
    assert await scene.accept(make_message(2, text=" \n")) is Acceptance.ACCEPTED
    empty = make_message(3, " \n", intent=Intent.FOLLOW_UP)
    assert await scene.accept(empty) is Acceptance.IGNORED
    assert len(scene.inbox.items) == 2


async def test_an_unknown_workspace_is_ignored() -> None:
    scene = Scene()
    place = make_place(workspace="T2")
    assert await scene.accept(make_message(place=place)) is Acceptance.IGNORED
    command = make_command("help", place=place)
    assert await scene.intake.accept_command(command) is Acceptance.IGNORED
    assert not scene.inbox.items


async def test_a_follow_up_counts_where_something_was_answered() -> None:
    scene = Scene()
    follow_up = make_message(2, intent=Intent.FOLLOW_UP)
    assert await scene.accept(follow_up) is Acceptance.IGNORED
    await scene.answer()
    elsewhere = make_message(3, intent=Intent.FOLLOW_UP, thread="thread2")
    assert await scene.accept(elsewhere) is Acceptance.IGNORED
    assert await scene.accept(follow_up) is Acceptance.ACCEPTED


@pytest.mark.parametrize(
    "text", ["And for managers?", "Why?", "what about part-time staff", "explain more please"]
)
async def test_a_thread_goes_on_without_a_mention(text: str) -> None:
    scene = Scene()
    await scene.answer()
    message = make_message(2, text, intent=Intent.FOLLOW_UP)
    assert await scene.accept(message) is Acceptance.ACCEPTED


@pytest.mark.parametrize(
    "text", ["thanks!", "ok, great", "I'll tell my manager tomorrow", "👍", "Ben, you were right"]
)
async def test_people_may_talk_to_each_other_in_a_thread(text: str) -> None:
    scene = Scene()
    await scene.answer()
    message = make_message(2, text, intent=Intent.FOLLOW_UP)
    assert await scene.accept(message) is Acceptance.IGNORED


async def test_where_only_mentions_count_a_thread_does_not_go_on() -> None:
    scene = Scene(ChannelMode.MENTIONS)
    await scene.answer()
    follow_up = make_message(2, "And for managers?", intent=Intent.FOLLOW_UP)
    assert await scene.accept(follow_up) is Acceptance.IGNORED
    assert await scene.accept(make_message(3)) is Acceptance.ACCEPTED


@pytest.mark.parametrize("mode", ChannelMode)
async def test_a_question_to_nobody_counts_in_auto_channels_alone(mode: ChannelMode) -> None:
    scene = Scene(mode)
    taken = await scene.accept(make_message(1, QUESTION, intent=Intent.OVERHEARD))
    expected = Acceptance.ACCEPTED if mode is ChannelMode.AUTO else Acceptance.IGNORED
    assert taken is expected


@pytest.mark.parametrize(
    "text",
    ["lunch menu friday", "good morning everyone", "I'm off to the dentist", "deploy done ✅"],
)
async def test_chatter_does_not_fill_the_inbox(text: str) -> None:
    scene = Scene(ChannelMode.AUTO)
    message = make_message(1, text, intent=Intent.OVERHEARD)
    assert await scene.accept(message) is Acceptance.IGNORED
    assert not scene.inbox.items


@pytest.mark.parametrize(
    ("bots", "taken"),
    [
        (frozenset(), Acceptance.IGNORED),
        (frozenset({"B8"}), Acceptance.IGNORED),
        (frozenset({"B7"}), Acceptance.ACCEPTED),
        (frozenset({"UBOT"}), Acceptance.ACCEPTED),
    ],
)
async def test_other_bots_are_heard_where_they_are_allowed(
    bots: frozenset[str], taken: Acceptance
) -> None:
    scene = Scene(bots=bots)
    assert await scene.accept(make_message(person=ROBOT)) is taken


@pytest.mark.parametrize("intent", [Intent.FOLLOW_UP, Intent.OVERHEARD, Intent.DIRECT])
async def test_a_bot_that_does_not_mention_ours_is_not_heard(intent: Intent) -> None:
    scene = Scene(ChannelMode.AUTO, bots=frozenset({"B7"}))
    await scene.answer()
    message = make_message(2, QUESTION, person=ROBOT, intent=intent)
    assert await scene.accept(message) is Acceptance.IGNORED


async def test_a_bot_is_not_answered_where_it_answers_ours() -> None:
    scene = Scene(bots=frozenset({"B7"}))
    await scene.answer()
    assert await scene.accept(make_message(2, person=ROBOT)) is Acceptance.IGNORED
    assert await scene.accept(make_message(3, person=ROBOT, thread="t2")) is Acceptance.ACCEPTED


async def test_a_command_is_queued_once() -> None:
    scene = Scene()
    assert await scene.intake.accept_command(make_command("help")) is Acceptance.ACCEPTED
    assert await scene.intake.accept_command(make_command("help")) is Acceptance.DUPLICATE
    assert [type(job) for job in scene.inbox.jobs] == [CommandJob]


async def test_an_answer_is_stopped_when_the_command_comes_in() -> None:
    scene = Scene()
    intake, inbox = scene.intake, scene.inbox
    await intake.accept(make_message())
    item = "slack:T1:C1:1"
    await intake.accept_command(make_command(f"answer stop {item}", 1, person=Person("U2")))
    assert not inbox.items[item].stopped
    await intake.accept_command(make_command("answer stop", 2))
    await intake.accept_command(make_command(f"answer stop {item}", 3))
    assert inbox.items[item].stopped
    assert [type(job) for job in inbox.jobs] == [AnswerJob, CommandJob, CommandJob, CommandJob]


async def test_an_edited_question_is_queued_again_where_its_words_changed() -> None:
    scene = Scene()
    intake, inbox = scene.intake, scene.inbox
    await intake.accept(make_message())
    assert await intake.accept_edit(make_message()) is Acceptance.DUPLICATE
    changed = make_message(text="How many days of leave for managers?")
    assert await intake.accept_edit(changed) is Acceptance.ACCEPTED
    assert inbox.items["slack:T1:C1:1"].state is ItemState.QUEUED
    assert [type(job) for job in inbox.jobs] == [AnswerJob, AnswerJob]


async def test_an_edit_makes_a_question_only_of_what_mentions_the_bot() -> None:
    scene = Scene()
    intake, inbox = scene.intake, scene.inbox
    for intent in (Intent.FOLLOW_UP, Intent.DIRECT):
        assert await intake.accept_edit(make_message(intent=intent)) is Acceptance.IGNORED
    assert await intake.accept_edit(make_message()) is Acceptance.ACCEPTED
    assert len(inbox.items) == 1


async def test_a_deleted_question_has_its_answer_withdrawn_once() -> None:
    scene = Scene()
    intake, inbox = scene.intake, scene.inbox
    message = make_message()
    gone = (message.place, message.message)
    assert await intake.accept_deletion(*gone) is Acceptance.IGNORED
    await intake.accept(message)
    assert await intake.accept_deletion(*gone) is Acceptance.ACCEPTED
    assert await intake.accept_deletion(*gone) is Acceptance.IGNORED
    assert inbox.items["slack:T1:C1:1"].state is ItemState.DEAD
    *_, entry = inbox.items.values()
    assert entry.command is not None
    assert entry.command.words == ("withdraw", message.message)
    assert entry.command.person == message.person


async def test_changes_in_an_unknown_workspace_are_ignored() -> None:
    intake = Scene().intake
    message = make_message(place=make_place(workspace="T2"))
    assert await intake.accept_edit(message) is Acceptance.IGNORED
    assert await intake.accept_deletion(message.place, message.message) is Acceptance.IGNORED


async def take_in(scene: Scene, message: IncomingMessage) -> IncomingMessage:
    assert await scene.accept(message) is Acceptance.ACCEPTED
    kept = await scene.inbox.read_question(TENANT, ItemId(message.message))
    assert kept is not None
    return kept


async def test_where_answers_are_private_a_question_is_the_askers_own() -> None:
    scene = Scene(visibility=Visibility.PRIVATE)
    first = await take_in(scene, make_message(1, thread="x"))
    assert (first.intent, first.thread) == (Intent.ASK, "x:U1")
    ben = Person("U2", "Ben")
    other = await take_in(scene, replace(make_message(2, thread="x"), person=ben))
    assert (other.intent, other.thread) == (Intent.ASK, "x:U2")
    # a later change of the setting does not open what was said in private
    scene.channels.settings = ChannelSettings()
    third = await take_in(scene, make_message(3, thread="x"))
    assert (third.intent, third.thread) == (Intent.MENTION, "x")


async def test_there_a_person_goes_on_with_their_own_conversation_alone() -> None:
    scene = Scene(visibility=Visibility.PRIVATE)
    await scene.answer(1, thread="x")
    follow_up = make_message(2, "And for part-time staff?", intent=Intent.FOLLOW_UP, thread="x")
    ben = Person("U2", "Ben")
    stranger = replace(follow_up, person=ben, message=MessageKey("slack:T1:C1:3"), event="3")
    assert await scene.accept(stranger) is Acceptance.IGNORED
    kept = await take_in(scene, follow_up)
    assert (kept.intent, kept.thread) == (Intent.ASK, "x:U1")


async def test_what_is_private_anyway_and_what_nobody_asked_stay_as_they_are() -> None:
    scene = Scene(ChannelMode.AUTO, frozenset({"B7"}), Visibility.PRIVATE)
    direct = make_message(1, place=make_place(kind=ChannelKind.DIRECT), intent=Intent.DIRECT)
    overheard = make_message(2, QUESTION, intent=Intent.OVERHEARD)
    robot = replace(make_message(3), person=ROBOT)
    for message in (direct, overheard, robot):
        kept = await take_in(scene, message)
        assert (kept.intent, kept.thread) == (message.intent, message.thread)
