"""From a question in the inbox to a reply on the platform."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from agents.errors import AgentError, BudgetExceeded, ModelUnavailable
from agents.model import Answer, Outcome, Usage
from bot.asked import MOST_CLAIMS
from bot.conversation import Conversation
from bot.delivery import MOST_ATTEMPTS, Delivery
from bot.errors import DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import (
    Bounds,
    ChannelKind,
    ChannelSettings,
    IncomingMessage,
    Intent,
    ItemId,
    ItemState,
    Person,
    Platform,
    Standing,
    Visibility,
)
from bot.rendering.apology import APOLOGIES, UNEXPECTED
from bot.rendering.phrases import making
from retrieval.errors import RetrievalError, SearchTimedOut
from retrieval.model import TenantId
from tests.fakes.assistant import ScriptedAssistant, make_answer
from tests.fakes.channels import InMemoryChannels, make_guide, make_limits
from tests.fakes.intake import InMemoryInbox, InMemoryOutbox
from tests.fakes.messages import make_message, make_place
from tests.fakes.messenger import InMemoryDirectory, InMemoryMessenger

TENANT = TenantId("default")


class Scene:
    """A conversation with everything around it in memory."""

    def __init__(
        self,
        *script: Answer | Exception,
        gate: asyncio.Event | None = None,
        limit: float = 30.0,
        draft: str = "",
        bounds: Bounds | None = None,
    ) -> None:
        self.assistant = ScriptedAssistant(*script, gate=gate, draft=draft)
        self.messenger = InMemoryMessenger()
        self.outbox = InMemoryOutbox()
        self.inbox = InMemoryInbox(self.outbox)
        self.channels = InMemoryChannels(ChannelSettings(persona="kind"))
        known = Person("U1", "Anna", frozenset({"S1"}), standing=Standing.MEMBER)
        self.directory = InMemoryDirectory(known)
        self.conversation = Conversation(
            inbox=self.inbox,
            delivery=Delivery(self.outbox, {Platform.SLACK: self.messenger}),
            assistant=self.assistant,
            directories={Platform.SLACK: self.directory},
            channels=self.channels,
            limits=make_limits(bounds),
            guide=make_guide(self.channels),
            limit=limit,
        )

    async def ask(self, message: IncomingMessage | None = None) -> ItemId:
        message = message or make_message()
        await self.inbox.put_question(TENANT, message)
        return ItemId(message.message)

    async def answer(self, item: ItemId) -> float | None:
        return await self.conversation.answer(TENANT, item)

    def state(self, item: ItemId) -> ItemState:
        return self.inbox.items[item].state


async def test_a_question_is_answered_in_its_place() -> None:
    scene = Scene()
    item = await scene.ask()
    assert await scene.answer(item) is None
    (posted,) = scene.messenger.posts
    assert posted.place == make_place()
    assert posted.text.startswith("Twenty days [1].\n")
    assert [line.title for line in posted.reply.sources] == ["Handbook"]
    assert not posted.reply.private
    assert scene.state(item) is ItemState.DONE


async def test_a_bare_mention_gets_help_that_all_can_see() -> None:
    scene = Scene()
    item = await scene.ask(make_message(text=""))
    assert await scene.answer(item) is None
    (posted,) = scene.messenger.posts
    assert "question" in posted.text
    assert not posted.reply.private
    assert not scene.assistant.questions
    assert scene.state(item) is ItemState.DONE


async def test_the_agent_is_told_who_asks_what_where() -> None:
    scene = Scene()
    await scene.answer(await scene.ask())
    (question,) = scene.assistant.questions
    assert question.text == "How many days of leave?"
    assert question.thread == "default:thread1"
    assert question.settings.persona == "kind"
    assert question.scope.tenant == "default"


async def test_a_channel_says_how_it_is_answered() -> None:
    scene = Scene()
    scene.channels.settings = ChannelSettings(
        sources=frozenset({"handbook"}), language="de", remit="leave", freshness_days=30
    )
    await scene.answer(await scene.ask())
    (question,) = scene.assistant.questions
    assert question.scope.sources == {"handbook"}
    assert (question.settings.language, question.settings.remit) == ("de", "leave")
    assert question.settings.freshness_days == 30


@pytest.mark.parametrize(("in_view", "language"), [("C2", "de"), ("C3", "")])
async def test_beside_a_channel_its_members_are_answered_in_its_way(
    in_view: str, language: str
) -> None:
    scene = Scene()
    scene.channels.own = dict.fromkeys(
        ("C2", "C3"), ChannelSettings(language="de", sources=frozenset({"handbook"}))
    )
    scene.directory.channels = {"U1": frozenset({"C2"})}
    pane = make_place(channel="D1", kind=ChannelKind.DIRECT)
    message = make_message(intent=Intent.DIRECT, place=pane)
    await scene.answer(await scene.ask(replace(message, in_view=in_view)))
    (question,) = scene.assistant.questions
    assert question.settings.language == language
    assert question.settings.persona == "kind"
    assert question.scope.sources is None


async def test_where_answers_are_private_the_asker_alone_sees_them() -> None:
    scene = Scene()
    scene.channels.settings = ChannelSettings(visibility=Visibility.PRIVATE)
    await scene.answer(await scene.ask())
    assert scene.messenger.posts[0].reply.private
    assert scene.assistant.questions[0].scope.readers == {"everyone", "public", "slack:channel:C1"}


async def test_what_was_overheard_is_answered_where_that_is_well_founded() -> None:
    scene = Scene()
    item = await scene.ask(make_message(intent=Intent.OVERHEARD))
    assert await scene.answer(item) is None
    (posted,) = scene.messenger.posts
    assert posted.text.startswith("Twenty days [1].")
    assert not scene.messenger.activities


@pytest.mark.parametrize(
    "outcome",
    [
        Answer("I don't know.", Outcome.UNKNOWN),
        Answer("What do you mean?", Outcome.CLARIFY),
        Answer("Twenty days.", Outcome.ANSWERED),
        replace(make_answer(), notices=("Sources [1] and [2] give different figures.",)),
        ModelUnavailable(),
        KeyError("a bug"),
    ],
)
async def test_what_was_overheard_is_passed_over_in_silence_otherwise(
    outcome: Answer | Exception,
) -> None:
    scene = Scene(outcome)
    item = await scene.ask(make_message(intent=Intent.OVERHEARD))
    for _ in range(MOST_CLAIMS):
        await scene.answer(item)
    assert scene.state(item) is ItemState.DONE
    assert not scene.messenger.posts
    assert not scene.messenger.activities
    assert not scene.outbox.entries


async def test_one_question_too_many_is_told_in_private_with_the_time_to_wait() -> None:
    scene = Scene(bounds=Bounds(person=1))
    await scene.answer(await scene.ask(make_message(1)))
    item = await scene.ask(make_message(2, "Wie viele Tage Urlaub habe ich?"))
    await scene.answer(item)
    told = scene.messenger.posts[1]
    assert told.reply.private
    assert "Sekunden noch einmal" in told.text
    assert scene.state(item) is ItemState.DONE
    assert told.key == f"{item}:refusal"
    assert len(scene.assistant.questions) == 1


async def test_a_retry_and_a_bare_mention_are_not_counted() -> None:
    scene = Scene(ModelUnavailable(), make_answer(), bounds=Bounds(person=1))
    await scene.answer(await scene.ask(make_message(1, "")))
    item = await scene.ask(make_message(2))
    assert await scene.answer(item) == 1.0
    await scene.answer(item)
    assert scene.messenger.posts[1].text.startswith("Twenty days")


@pytest.mark.parametrize(
    "message",
    [make_message(2, intent=Intent.OVERHEARD), make_message(2, person=Person("U1", bot="B1"))],
)
async def test_neither_chatter_nor_bots_are_told_of_limits(message: IncomingMessage) -> None:
    scene = Scene(bounds=Bounds(person=1))
    await scene.answer(await scene.ask(make_message(1)))
    item = await scene.ask(message)
    await scene.answer(item)
    assert len(scene.messenger.posts) == 1
    assert scene.state(item) is ItemState.DONE


async def test_when_the_money_of_the_day_is_spent_the_agent_is_frugal() -> None:
    paid = replace(make_answer(), usage=Usage(cost=0.6))
    scene = Scene(paid, bounds=Bounds(channel_cost=1.0))
    for number in (1, 2, 3):
        await scene.answer(await scene.ask(make_message(number)))
    assert [q.settings.frugal for q in scene.assistant.questions] == [False, False, True]


async def test_a_public_answer_uses_what_the_whole_channel_may_read() -> None:
    scene = Scene()
    await scene.answer(await scene.ask())
    assert scene.assistant.questions[0].scope.readers == {
        "everyone",
        "public",
        "slack:channel:C1",
    }


@pytest.mark.parametrize("intent", [Intent.ASK, Intent.DIRECT])
async def test_an_answer_for_one_uses_what_the_asker_may_read(intent: Intent) -> None:
    scene = Scene()
    kind = ChannelKind.DIRECT if intent is Intent.DIRECT else ChannelKind.PUBLIC
    await scene.answer(await scene.ask(make_message(intent=intent, place=make_place(kind=kind))))
    assert scene.assistant.questions[0].scope.readers == {
        "everyone",
        "public",
        "slack:channel:C1",
        "slack:user:U1",
        "slack:group:S1",
    }
    (posted,) = scene.messenger.posts
    assert posted.reply.private == (intent is Intent.ASK)


async def test_activity_is_shown_and_ends_before_the_answer() -> None:
    gate = asyncio.Event()
    scene = Scene(gate=gate)
    answering = asyncio.create_task(scene.answer(await scene.ask()))
    async with asyncio.timeout(5):
        while "Searching the sources: leave" not in scene.messenger.activities:
            await asyncio.sleep(0)
    gate.set()
    await answering
    assert len(scene.messenger.posts) == 1


async def test_a_second_run_of_the_job_says_nothing() -> None:
    scene = Scene()
    item = await scene.ask()
    await scene.answer(item)
    assert await scene.answer(item) is None
    assert len(scene.messenger.posts) == 1
    assert len(scene.assistant.questions) == 1


async def test_a_lost_acknowledgement_does_not_double_the_answer() -> None:
    scene = Scene()
    scene.messenger.lost_acks.append(DeliveryFailed("the connection broke"))
    item = await scene.ask()
    wait = await scene.answer(item)
    assert wait is not None
    assert await scene.answer(item) is None
    assert len(scene.messenger.posts) == 1
    assert len(scene.assistant.questions) == 1
    assert scene.state(item) is ItemState.DONE


async def test_of_two_attempts_one_wins() -> None:
    gate = asyncio.Event()
    scene = Scene(gate=gate)
    item = await scene.ask()
    attempts = [asyncio.create_task(scene.answer(item)) for _ in range(2)]
    async with asyncio.timeout(5):
        while len(scene.assistant.questions) < 2:
            await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*attempts)
    assert len(scene.messenger.posts) == 1
    assert scene.state(item) is ItemState.DONE


async def test_a_rate_limit_is_waited_for() -> None:
    scene = Scene()
    scene.messenger.faults.append(RateLimited(retry_after=9.0))
    item = await scene.ask()
    assert await scene.answer(item) == 9.0
    assert await scene.answer(item) is None
    assert len(scene.messenger.posts) == 1


async def test_a_refused_delivery_ends_the_question() -> None:
    scene = Scene()
    scene.messenger.faults.append(DeliveryRefused("channel_not_found"))
    item = await scene.ask()
    assert await scene.answer(item) is None
    assert scene.state(item) is ItemState.DEAD
    assert scene.inbox.items[item].error == "channel_not_found"


async def test_delivery_is_given_up_in_the_end() -> None:
    scene = Scene()
    scene.messenger.faults.extend(RuntimeError("bug") for _ in range(MOST_ATTEMPTS))
    item = await scene.ask()
    waits = [await scene.answer(item) for _ in range(MOST_ATTEMPTS)]
    assert None not in waits[:-1]
    assert waits[-1] is None
    assert scene.state(item) is ItemState.DEAD
    assert len(scene.assistant.questions) == 1


async def test_a_passing_failure_is_tried_again() -> None:
    scene = Scene(ModelUnavailable(), make_answer())
    item = await scene.ask()
    assert await scene.answer(item) == 1.0
    assert not scene.messenger.posts
    assert await scene.answer(item) is None
    assert scene.messenger.posts[0].text.startswith("Twenty days")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelUnavailable(), APOLOGIES[ModelUnavailable].words.en),
        (BudgetExceeded(), APOLOGIES[BudgetExceeded].words.en),
        (SearchTimedOut(), APOLOGIES[RetrievalError].words.en),
        (KeyError("secret detail"), UNEXPECTED.words.en),
    ],
)
async def test_a_lasting_failure_is_told_with_its_reference(error: Exception, words: str) -> None:
    scene = Scene(error)
    item = await scene.ask(make_message(intent=Intent.ASK))
    for _ in range(MOST_CLAIMS):
        await scene.answer(item)
    (posted,) = scene.messenger.posts
    assert posted.text == f"{words}\n\n(Reference {item})"
    assert posted.reply.private
    assert scene.state(item) is ItemState.DONE


async def test_a_question_outlives_the_death_of_many_workers() -> None:
    scene = Scene()
    item = await scene.ask()
    for _ in range(MOST_CLAIMS - 1):
        await scene.inbox.claim(TENANT, item)
    assert await scene.answer(item) is None
    assert scene.messenger.posts[0].text.startswith("Twenty days")


async def test_a_question_that_kills_its_worker_is_given_up_with_words() -> None:
    scene = Scene()
    item = await scene.ask()
    for _ in range(MOST_CLAIMS):
        await scene.inbox.claim(TENANT, item)
    assert await scene.answer(item) is None
    assert not scene.assistant.questions
    assert UNEXPECTED.words.en in scene.messenger.posts[0].text


async def test_an_answer_that_takes_too_long_ends_in_words() -> None:
    scene = Scene(gate=asyncio.Event(), limit=0.01)
    await scene.answer(await scene.ask())
    assert APOLOGIES[BudgetExceeded].words.en in scene.messenger.posts[0].text
    assert scene.assistant.cancelled == 1
    ((_, _, error),) = scene.assistant.broken_off
    assert isinstance(error, BudgetExceeded)


async def test_an_agent_without_a_last_word_is_a_failure() -> None:
    class Silent(ScriptedAssistant):
        async def answer(self, question, trail):  # type: ignore[no-untyped-def]
            self.questions.append(question)
            return
            yield

    scene = Scene()
    scene.conversation._assistant = Silent()
    item = await scene.ask()
    for _ in range(APOLOGIES[AgentError].tries):
        await scene.answer(item)
    assert APOLOGIES[AgentError].words.en in scene.messenger.posts[0].text


async def test_a_shutdown_hands_the_question_back() -> None:
    scene = Scene(gate=asyncio.Event())
    item = await scene.ask()
    answering = asyncio.create_task(scene.answer(item))
    await scene.assistant.started.wait()
    answering.cancel()
    with suppress(asyncio.CancelledError):
        await answering
    assert answering.cancelled()
    assert scene.inbox.items[item].attempts == 0
    assert not scene.messenger.posts


async def test_what_is_unknown_is_said_with_what_was_sought() -> None:
    scene = Scene(Answer("I don't know.", Outcome.UNKNOWN, searches=("leave",)))
    await scene.answer(await scene.ask())
    assert scene.messenger.posts[0].text.startswith("I don't know.")


async def test_an_answer_that_is_stopped_keeps_what_was_written() -> None:
    scene = Scene(gate=asyncio.Event(), draft="Perhaps twenty [1]")
    item = await scene.ask()
    answering = asyncio.create_task(scene.answer(item))
    async with asyncio.timeout(10):
        while not scene.messenger.posts or "Perhaps" not in scene.messenger.posts[0].text:
            await asyncio.sleep(0.01)
        assert await scene.inbox.ask_to_stop(TENANT, item, "U1")
        assert await answering is None
    assert scene.assistant.cancelled == 1
    (posted,) = scene.messenger.posts
    assert "Perhaps twenty" in posted.text
    assert making.STOPPED.en in posted.text
    assert [button.command for button in posted.reply.buttons] == [f"answer again {item}"]
    ((broken_off, trail, error),) = scene.assistant.broken_off
    assert (broken_off, trail.text, error) == (item, "Perhaps twenty [1]", None)
    assert not posted.is_draft
    assert scene.state(item) is ItemState.DONE


async def test_what_a_stopped_answer_used_is_charged() -> None:
    scene = Scene(gate=asyncio.Event(), draft="Perhaps", bounds=Bounds(channel_cost=0.4))
    item = await scene.ask()
    answering = asyncio.create_task(scene.answer(item))
    async with asyncio.timeout(10):
        await scene.assistant.started.wait()
        assert await scene.inbox.ask_to_stop(TENANT, item, "U1")
        await answering
        following = asyncio.create_task(scene.answer(await scene.ask(make_message(2))))
        while len(scene.assistant.questions) < 2:
            await asyncio.sleep(0.01)
    following.cancel()
    await asyncio.wait([following])
    assert [question.settings.frugal for question in scene.assistant.questions] == [False, True]


async def test_a_question_that_is_stopped_before_its_turn_is_not_worked_on() -> None:
    scene = Scene()
    item = await scene.ask()
    assert not await scene.inbox.ask_to_stop(TENANT, item, "U2")
    assert await scene.inbox.ask_to_stop(TENANT, item, "U1")
    await scene.answer(item)
    assert not scene.assistant.questions
    assert making.STOPPED_EARLY.en in scene.messenger.posts[0].text
    assert [broken_off for broken_off, *_ in scene.assistant.broken_off] == [item]


async def test_an_attempt_that_was_taken_over_says_nothing_more() -> None:
    gate = asyncio.Event()
    scene = Scene(gate=gate, draft="Perhaps")
    item = await scene.ask()
    first = asyncio.create_task(scene.answer(item))
    async with asyncio.timeout(10):
        while not scene.messenger.posts:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(scene.answer(item))
        await first
        assert scene.assistant.cancelled == 1
        gate.set()
        await second
    (posted,) = scene.messenger.posts
    assert posted.text.startswith("Twenty days")
    assert not posted.is_draft


async def test_an_answer_takes_the_place_of_what_was_seen_of_it() -> None:
    gate = asyncio.Event()
    scene = Scene(ModelUnavailable(), gate=gate, draft="Perhaps")
    item = await scene.ask()
    answering = asyncio.create_task(scene.answer(item))
    async with asyncio.timeout(10):
        while not scene.messenger.posts:
            await asyncio.sleep(0.01)
    gate.set()
    assert await answering is not None
    assert scene.messenger.posts[0].is_draft
    while await scene.answer(item) is not None:
        pass
    (posted,) = scene.messenger.posts
    assert APOLOGIES[ModelUnavailable].words.en in posted.text
    assert not posted.is_draft
