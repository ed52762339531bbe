"""What is taken in, and what is not."""

from bot.intake import InboxIntake
from bot.model import Acceptance, AnswerJob, CommandJob, Intent, ItemState, Person, Platform
from tests.fakes.intake import InMemoryInbox, InMemoryOutbox, InMemoryWorkspaces
from tests.fakes.messages import make_command, make_message, make_place


def make_intake() -> tuple[InboxIntake, InMemoryInbox]:
    inbox = InMemoryInbox(InMemoryOutbox())
    return InboxIntake(inbox, InMemoryWorkspaces((Platform.SLACK, "T1"))), inbox


async def test_a_question_is_queued_once() -> None:
    intake, inbox = make_intake()
    assert await intake.accept(make_message()) is Acceptance.ACCEPTED
    assert await intake.accept(make_message()) is Acceptance.DUPLICATE
    assert [type(job) for job in inbox.jobs] == [AnswerJob]


async def test_a_bare_mention_is_taken_and_an_empty_follow_up_is_not() -> None:
    intake, inbox = make_intake()
    assert await intake.accept(make_message(text=" \n")) is Acceptance.ACCEPTED
    inbox.items["slack:T1:C1:1"].state = ItemState.DONE
    empty = make_message(2, " \n", intent=Intent.FOLLOW_UP)
    assert await intake.accept(empty) is Acceptance.IGNORED
    assert len(inbox.items) == 1


async def test_an_unknown_workspace_is_ignored() -> None:
    intake, inbox = make_intake()
    place = make_place(workspace="T2")
    assert await intake.accept(make_message(place=place)) is Acceptance.IGNORED
    assert await intake.accept_command(make_command("help", place=place)) is Acceptance.IGNORED
    assert not inbox.items


async def test_a_follow_up_counts_where_something_was_answered() -> None:
    intake, inbox = make_intake()
    follow_up = make_message(2, intent=Intent.FOLLOW_UP)
    assert await intake.accept(follow_up) is Acceptance.IGNORED
    await intake.accept(make_message(1))
    inbox.items["slack:T1:C1:1"].state = ItemState.DONE
    elsewhere = make_message(3, intent=Intent.FOLLOW_UP, thread="thread2")
    assert await intake.accept(elsewhere) is Acceptance.IGNORED
    assert await intake.accept(follow_up) is Acceptance.ACCEPTED


async def test_a_command_is_queued_once() -> None:
    intake, inbox = make_intake()
    assert await intake.accept_command(make_command("help")) is Acceptance.ACCEPTED
    assert await intake.accept_command(make_command("help")) is Acceptance.DUPLICATE
    assert [type(job) for job in inbox.jobs] == [CommandJob]


async def test_an_answer_is_stopped_when_the_command_comes_in() -> None:
    intake, inbox = make_intake()
    await intake.accept(make_message())
    item = "slack:T1:C1:1"
    await intake.accept_command(make_command(f"answer stop {item}", 1, person=Person("U2")))
    assert not inbox.items[item].stopped
    await intake.accept_command(make_command("answer stop", 2))
    await intake.accept_command(make_command(f"answer stop {item}", 3))
    assert inbox.items[item].stopped
    assert [type(job) for job in inbox.jobs] == [AnswerJob, CommandJob, CommandJob, CommandJob]
