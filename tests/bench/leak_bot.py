"""The bot's own parts around the real store, and nothing that knows who may read what."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime

from agents.assistant import Assistant
from agents.errors import AgentError
from agents.llm.extractive import BuiltInBrain
from agents.model import AgentEvent, Question, Trail
from bot.answers.cases import Cases
from bot.answers.verbs import AnswerVerbs
from bot.channels.guide import Guide
from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.model import Claim
from bot.people.home import HomePages
from bot.ports import Assistant as AnyAssistant
from bot.ports import Workspaces
from bot.prompts import SourcePrompts
from bot.reading.offers import Offers
from bot.reading.shelf import Shelf
from bot.reading.suggestions import ReadableNames
from bot.reading.verbs import build_lesser_verbs, build_reading_verbs
from bot.rights import AdminSuggestions, Rights
from bot.scopes import Scopes
from bot.storage.answers import PostgresAnswerRecords
from bot.storage.memory import PostgresThreadMemory
from bot.storage.preferences import PostgresPreferences
from bot.verdict import Verdict, say
from retrieval.model import TenantId
from retrieval.ports import Embedder
from retrieval.postgres.catalog import PostgresCatalog
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.pool import Pool
from retrieval.postgres.topics import PostgresTopics
from retrieval.search import PassageSearcher
from tests.bench.leak_worlds import World
from tests.fakes.channels import InMemoryChannels, make_limits
from tests.fakes.intake import InMemoryAudit, InMemoryInbox, InMemoryOutbox, InMemoryWorkspaces
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messenger import InMemoryMessenger
from tests.fakes.passage_search import InMemorySentenceScorer

AT = datetime(2026, 1, 1, tzinfo=UTC)


class FailingAssistant:
    """Satisfies Assistant: fails, and says what it was reading."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._words = " ".join(secrets)

    async def break_off(
        self, question: Question, trail: Trail, error: Exception | None = None
    ) -> None: ...

    async def answer(self, question: Question, trail: Trail) -> AsyncIterator[AgentEvent]:
        raise AgentError(f"could not make sense of {self._words}")
        yield  # type: ignore[unreachable]


class LeakBot:
    """One tenant's bot. `names` are those of its sources, and `secrets` what it may trip over."""

    def __init__(
        self,
        tenant: TenantId,
        world: World,
        pool: Pool,
        embedder: Embedder,
        *,
        names: Sequence[str],
        secrets: Sequence[str],
    ) -> None:
        self._pool = pool
        self._directories = {world.platform: world.directory}
        self._scopes = Scopes(self._directories)
        self._library = PassageSearcher(PostgresPassageIndex(pool, embedder.model), embedder)
        self._records = PostgresAnswerRecords(pool)
        self._audit = InMemoryAudit()
        self._channels = InMemoryChannels()
        self._guide = Guide(self._channels, self._library, self._scopes.find_public, lambda _: True)
        outbox = InMemoryOutbox()
        self.inbox = InMemoryInbox(outbox)
        self.messenger = InMemoryMessenger()
        self._delivery = Delivery(outbox, {world.platform: self.messenger})
        knowledge = InMemoryKnowledge(names)
        workspaces = InMemoryWorkspaces(*((world.platform, each) for each in world.workspaces))
        workspaces.linked = dict.fromkeys(workspaces.linked, tenant)
        self._shelf = Shelf(self._library, PostgresCatalog(pool), self._scopes)
        self.rights = Rights(self._audit, self._directories)
        self.suggestions = (
            ReadableNames(self._shelf, workspaces),
            AdminSuggestions(self.rights, knowledge, workspaces),
        )
        self.pages = self._build_pages(knowledge, workspaces)
        self._offers = self._build_offers()
        self.conversation = self._build_conversation(self._build_assistant(), self._offers)
        self.failing = self._build_conversation(FailingAssistant(secrets))
        self.commands = self._build_commands(" ".join(names))

    def _build_pages(self, knowledge: InMemoryKnowledge, workspaces: Workspaces) -> HomePages:
        return HomePages(
            workspaces=workspaces,
            scopes=self._scopes,
            shelf=self._shelf,
            channels=self._channels,
            preferences=PostgresPreferences(self._pool),
            prompts=SourcePrompts(
                PostgresTopics(self._pool),
                scopes=self._scopes,
                channels=self._channels,
                workspaces=workspaces,
            ),
            rights=self.rights,
            sources=knowledge,
            now=lambda: AT,
        )

    def _build_offers(self) -> Offers:
        return Offers(
            library=self._library,
            scopes=self._scopes,
            channels=self._channels,
            delivery=self._delivery,
            inbox=self.inbox,
            preferences=PostgresPreferences(self._pool),
            records=self._records,
        )

    def _build_assistant(self) -> Assistant:
        scorer = InMemorySentenceScorer()
        brain = BuiltInBrain(scorer, sources=self._library)
        return Assistant(
            brain=brain,
            fallback=brain,
            passages=self._library,
            sentences=scorer,
            memory=PostgresThreadMemory(self._pool),
            records=self._records,
        )

    def _build_conversation(
        self, assistant: AnyAssistant, offers: Offers | None = None
    ) -> Conversation:
        return Conversation(
            inbox=self.inbox,
            delivery=self._delivery,
            assistant=assistant,
            directories=self._directories,
            channels=self._channels,
            limits=make_limits(),
            guide=self._guide,
            offers=offers,
        )

    def _build_commands(self, spoken: str) -> Commands:
        cases = Cases(self.inbox, self._records, self._library, self._directories, self._channels)
        answers = AnswerVerbs(cases, self.inbox, {"private": self._offers.accept})

        async def tell_all(claim: Claim, words: Sequence[str]) -> Verdict:
            return say(claim, "shown", f"{words} {spoken}")

        return Commands(
            inbox=self.inbox,
            delivery=self._delivery,
            rights=self.rights,
            audit=self._audit,
            channels=self._channels,
            guide=self._guide,
            verbs=dict.fromkeys(("sources", "sync", "doc", "audit"), tell_all),
            people={
                **build_reading_verbs(self._shelf, self._channels, lambda: AT),
                "answer": answers.perform,
                "proof": answers.prove,
            },
            lesser=build_lesser_verbs(self._shelf, self._channels, lambda: AT),
        )
