"""Questions to begin with."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.model import ChannelKind, ChannelSettings, Person, Place, Platform, Standing
from bot.prompts import FRESH_SECONDS, SourcePrompts, make_question
from bot.scopes import Scopes
from retrieval.model import EVERYONE, PUBLIC, TenantId, Topic
from tests.fakes.intake import InMemoryWorkspaces
from tests.fakes.messenger import InMemoryDirectory

PANE = Place(Platform.SLACK, "T1", "D1", ChannelKind.DIRECT)
ADA = Person("U1")


@pytest.mark.parametrize(
    ("topic", "question"),
    [
        (Topic("faq", "FAQ", "How long is the trial?"), "How long is the trial?"),
        (Topic("faq", "Why is it slow?", ""), "Why is it slow?"),
        (Topic("wiki", "Holidays", "How to book a holiday"), "How do I book a holiday?"),
        (
            Topic("wiki", "Holidays", "Carrying over"),
            "What does “Holidays” say about “Carrying over”?",
        ),
        (
            Topic("wiki", "Expenses on the road", ""),
            "What should I know about “Expenses on the road”?",
        ),
        (Topic("wiki", "Guide", "Overview"), None),
        (Topic("wiki", "4.2", ""), None),
        (Topic("wiki", "A title " * 20, ""), None),
    ],
)
def test_a_heading_becomes_a_question(topic: Topic, question: str | None) -> None:
    assert make_question(topic, "en") == question


def test_a_question_is_put_in_the_language_that_is_set() -> None:
    assert (
        make_question(Topic("wiki", "Urlaub", ""), "de") == "Was sollte ich über „Urlaub“ wissen?"
    )


class FixedTopics:
    """Topics with who may read them; counts how often it was asked."""

    def __init__(self, topics: dict[Topic, str]) -> None:
        self.topics = topics
        self.asked = 0

    async def list_topics(
        self, tenant: TenantId, readers: frozenset[str], *, without: frozenset[str]
    ) -> Sequence[Topic]:
        self.asked += 1
        return [topic for topic, reader in self.topics.items() if reader in readers]


class FixedChannels:
    def __init__(self, **settings: ChannelSettings) -> None:
        self.settings = settings

    async def read(
        self, tenant: TenantId, place: Place, person: Person | None = None
    ) -> ChannelSettings:
        return self.settings.get(place.channel, ChannelSettings())


class MembersDirectory(InMemoryDirectory):
    """Everyone is a member, and in the channel C1."""

    standing = Standing.MEMBER

    async def describe(self, place: Place, person: Person) -> Person:
        return replace(person, standing=self.standing)

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        return frozenset({"C1"})


class World:
    def __init__(self, topics: dict[Topic, str], **settings: ChannelSettings) -> None:
        self.topics = FixedTopics(topics)
        self.directory = MembersDirectory()
        self.now = 0.0
        self.prompts = SourcePrompts(
            self.topics,
            scopes=Scopes({Platform.SLACK: self.directory}),
            channels=FixedChannels(**settings),  # type: ignore[arg-type]
            workspaces=InMemoryWorkspaces((Platform.SLACK, "T1")),
            clock=lambda: self.now,
        )


async def test_questions_come_first_then_each_source_and_document_in_turn() -> None:
    pages = [Topic("wiki", f"Page number {name}", "") for name in ("one", "two", "three")]
    topics = [
        *pages,
        Topic("wiki", "Page number one", "A section of it"),
        Topic("blog", "Release notes of spring", ""),
        Topic("faq", "FAQ", "Who may ask?"),
        Topic("faq", "FAQ", "What does it cost?"),
    ]
    world = World(dict.fromkeys(topics, EVERYONE))
    suggested = await world.prompts.suggest(PANE, ADA)
    assert suggested == [
        "Who may ask?",
        "What should I know about “Release notes of spring”?",
        "What does “Page number one” say about “A section of it”?",
        "What should I know about “Page number two”?",
    ]
    assert await world.prompts.suggest(PANE, ADA) == suggested


async def test_only_what_everyone_reads_is_suggested_and_to_a_guest_what_anybody_reads() -> None:
    world = World(
        {
            Topic("wiki", "What is for all members?", ""): EVERYONE,
            Topic("site", "What is for anybody?", ""): PUBLIC,
            Topic("chat", "What is for one channel?", ""): "slack:channel:C1",
            Topic("diary", "What is for one person?", ""): "slack:user:U1",
        }
    )
    assert set(await world.prompts.suggest(PANE, ADA, "C1")) == {
        "What is for all members?",
        "What is for anybody?",
    }
    world.directory.standing = Standing.GUEST
    assert await world.prompts.suggest(PANE, ADA, "C1") == ["What is for anybody?"]


async def test_a_channel_in_view_chooses_sources_and_language_for_its_members() -> None:
    topics = {Topic("wiki", "Urlaub", ""): EVERYONE, Topic("blog", "What is new?", ""): EVERYONE}
    own = ChannelSettings(sources=frozenset({"wiki"}), language="de")
    world = World(topics, C1=own, C2=own)
    assert await world.prompts.suggest(PANE, ADA, "C1") == ["Was sollte ich über „Urlaub“ wissen?"]
    assert "What is new?" in await world.prompts.suggest(PANE, ADA, "C2")


async def test_topics_are_read_now_and_then() -> None:
    world = World({Topic("faq", "Who may ask?", ""): EVERYONE})
    for _ in range(3):
        await world.prompts.suggest(PANE, ADA)
    assert world.topics.asked == 1
    world.now = FRESH_SECONDS
    await world.prompts.suggest(PANE, ADA)
    assert world.topics.asked == 2


async def test_who_is_not_known_and_where_nobody_is_linked_gets_none() -> None:
    world = World({Topic("faq", "Who may ask?", ""): EVERYONE})
    assert await world.prompts.suggest(replace(PANE, workspace="T2"), ADA) == ()
