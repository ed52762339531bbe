"""What people read, in memory: a handbook for everyone, and plans for one group."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.commands import Commands
from bot.delivery import Delivery
from bot.model import (
    IncomingMessage,
    ItemId,
    Person,
    Platform,
    Standing,
)
from bot.people.preferences import PreferenceVerbs
from bot.reading.offers import Offers
from bot.reading.shelf import Shelf
from bot.reading.verbs import build_lesser_verbs, build_reading_verbs
from bot.rights import Rights
from bot.scopes import Scopes
from retrieval.model import AccessScope, ChunkId, ReadableSource, TenantId
from tests.fakes.answers import InMemoryRecords
from tests.fakes.channels import InMemoryChannels, make_guide
from tests.fakes.intake import InMemoryAudit, InMemoryInbox, InMemoryOutbox
from tests.fakes.messages import make_command
from tests.fakes.messenger import InMemoryDirectory, InMemoryMessenger
from tests.fakes.passage_search import InMemoryPassageSearch, make_passage

TENANT = TenantId("default")
LEADER = Person("ULEAD", "Lea", frozenset({"SLEADS"}), standing=Standing.MEMBER)
MEMBER = Person("U1", "Anna", standing=Standing.MEMBER)
STRANGER = Person("UGUEST", "Gil", standing=Standing.GUEST)

HANDBOOK = make_passage(1, "Leave", "Twenty days of leave a year.", heading_path=("Days",))
PLANS = make_passage(2, "Plans", "Layoffs of leave staff are planned in May.", source="plans")
NOW = datetime(2026, 1, 31, tzinfo=UTC)


class InMemoryShelves:
    """Satisfies Catalog over passages, one a document; `states` are of sources by name."""

    def __init__(self, library: InMemoryPassageSearch, **states: Mapping[str, bool]) -> None:
        self._library = library
        self.states = states

    async def list_readable(self, scope: AccessScope) -> Sequence[ReadableSource]:
        read_at = NOW - timedelta(hours=3)
        names = sorted(await self._library.list_sources(scope))
        return [ReadableSource(name, 1, read_at, **self.states.get(name, {})) for name in names]


class ReadingScene:
    """People's reading with everything around it."""

    def __init__(self) -> None:
        self.messenger = InMemoryMessenger()
        self.outbox = InMemoryOutbox()
        self.records = InMemoryRecords()
        self.inbox = InMemoryInbox(self.outbox)
        self.library = InMemoryPassageSearch(
            [HANDBOOK, PLANS], {ChunkId(2): frozenset({"slack:group:SLEADS"})}
        )
        directories = {Platform.SLACK: InMemoryDirectory(LEADER, MEMBER, STRANGER)}
        scopes = Scopes(directories)
        self.shelf = Shelf(self.library, InMemoryShelves(self.library), scopes)
        self.channels = InMemoryChannels()
        self.preferences = self.channels.preferences
        delivery = Delivery(self.outbox, {Platform.SLACK: self.messenger})
        self.offers = Offers(
            library=self.library,
            scopes=scopes,
            channels=self.channels,
            delivery=delivery,
            inbox=self.inbox,
            preferences=self.preferences,
            records=self.records,
        )
        audit = InMemoryAudit()
        chosen = PreferenceVerbs(self.preferences, self.channels)
        self.commands = Commands(
            inbox=self.inbox,
            delivery=delivery,
            rights=Rights(audit, directories),
            audit=audit,
            verbs={},
            channels=self.channels,
            guide=make_guide(self.channels),
            people={
                **build_reading_verbs(self.shelf, self.channels, lambda: NOW),
                "preferences": chosen.perform,
                "offers": chosen.choose_offers,
            },
            lesser=build_lesser_verbs(self.shelf, self.channels, lambda: NOW),
        )
        self._count = 0

    async def command(self, words: str, person: Person = MEMBER) -> str:
        """Give a command; what is said to the person."""
        self._count += 1
        command = make_command(words, self._count, person=person)
        await self.inbox.put_command(TENANT, command)
        await self.commands.perform(TENANT, ItemId(command.event))
        posted = self.messenger.posts[-1]
        assert posted.reply.private
        return posted.text

    async def offer(self, question: IncomingMessage, outcome: str = "answered") -> list[str]:
        """The offers made after a question was answered, or ended in another way."""
        if outcome:
            self.records.put(ItemId(question.message), question, outcome)
        await self.offers.make(TENANT, ItemId(question.message), question)
        return [posted.text for posted in self.messenger.posts]
