"""Answers that people take up, with everything around them in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from agents.model import AnswerRecord, Citation, Usage
from bot.answers.calls import Callers
from bot.answers.cases import Cases
from bot.answers.model import Call, Feedback
from bot.answers.rating import RatingDesk
from bot.answers.verbs import build_people_verbs
from bot.answers.withdrawals import Beginnings, Withdrawals
from bot.commands import Commands
from bot.delivery import Delivery
from bot.model import ChannelSettings, Command, IncomingMessage, ItemId, Person, Place, Platform
from bot.ports import Letter
from bot.rendering.compose import compose_words
from bot.rendering.plain import render_plain
from bot.rights import Rights
from retrieval.model import (
    AccessScope,
    ChunkId,
    DocumentId,
    Passage,
    Span,
    TenantId,
)
from tests.fakes.assistant import ScriptedAssistant
from tests.fakes.channels import InMemoryChannels, make_guide
from tests.fakes.intake import InMemoryAudit, InMemoryInbox, InMemoryOutbox, InMemoryWorkspaces
from tests.fakes.messages import make_command, make_message, make_place
from tests.fakes.messenger import InMemoryDirectory, InMemoryMessenger

TENANT = TenantId("default")
AT = datetime(2026, 11, 20, tzinfo=UTC)


def make_citation(n: int = 1, text: str = "Everyone has twenty days.", chunk: int = 7) -> Citation:
    return Citation(
        n=n,
        title="Handbook",
        url="https://docs.example/handbook",
        section="Leave",
        passage=text,
        quote=text,
        source="handbook",
        age_days=3,
        chunk=chunk,
    )


class InMemoryPassages:
    """Satisfies Passages: texts by chunk, each with the labels of those who may read it."""

    def __init__(self) -> None:
        self.texts: dict[int, tuple[str, frozenset[str]]] = {}

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        found = {chunk: self.texts[chunk] for chunk in chunks if chunk in self.texts}
        return {
            chunk: _make_passage(chunk, text)
            for chunk, (text, readers) in found.items()
            if readers & scope.readers
        }


def _make_passage(chunk: ChunkId, text: str) -> Passage:
    return Passage(
        chunk=chunk,
        document=DocumentId(1),
        source="handbook",
        title="Handbook",
        url="",
        text=text,
        span=Span(0, len(text)),
        heading_path=(),
        page=None,
        ordinal=0,
        modified_at=None,
        synced_at=AT,
        score=1.0,
    )


class InMemoryRecords:
    """Satisfies Records, and keeps what hangs on them; what is forgotten has no record."""

    def __init__(self) -> None:
        self.records: dict[str, AnswerRecord] = {}
        self.votes: dict[tuple[str, str], Feedback] = {}
        self.calls: dict[str, Call] = {}
        self.resolved: dict[str, str] = {}

    def put(
        self,
        item: ItemId,
        question: IncomingMessage,
        outcome: str,
        citations: tuple[Citation, ...] = (),
    ) -> None:
        """Note how a question ended."""
        self.records[item] = AnswerRecord(
            reference=item,
            tenant=TENANT,
            thread=question.thread,
            question=question.text,
            outcome=outcome,
            model="",
            trace=(),
            timings_ms={},
            usage=Usage(),
            error="",
            at=AT,
            answer="Twenty days [1].",
            citations=citations,
        )

    async def find(self, tenant: TenantId, reference: str) -> AnswerRecord | None:
        return self.records.get(reference)


class InMemoryVotes:
    """Satisfies Votes."""

    def __init__(self, records: InMemoryRecords) -> None:
        self._records = records

    async def put(self, tenant: TenantId, feedback: Feedback) -> bool:
        if feedback.item not in self._records.records:
            return False
        self._records.votes[feedback.item, feedback.person] = feedback
        return True


class InMemoryCalls:
    """Satisfies Calls."""

    def __init__(self, records: InMemoryRecords) -> None:
        self._records = records

    async def put(self, tenant: TenantId, call: Call) -> str | None:
        if call.item not in self._records.records:
            return None
        return self._records.calls.setdefault(call.item, call).letter

    async def resolve(self, tenant: TenantId, item: ItemId, person: str) -> str | None:
        if item not in self._records.calls:
            return None
        self._records.resolved.setdefault(item, person)
        return self._records.calls[item].letter


class AnswerScene:
    """People's verbs on answers that were given."""

    def __init__(self, *people: Person, settings: ChannelSettings | None = None) -> None:
        self.messenger = InMemoryMessenger()
        self.outbox = InMemoryOutbox()
        self.inbox = InMemoryInbox(self.outbox)
        self.records = InMemoryRecords()
        self.passages = InMemoryPassages()
        self.audit = InMemoryAudit()
        self.assistant = ScriptedAssistant()
        votes = InMemoryVotes(self.records)
        directories = {Platform.SLACK: InMemoryDirectory(*people)}
        platforms = (Platform.SLACK, Platform.DISCORD)
        self.delivery = Delivery(self.outbox, dict.fromkeys(platforms, self.messenger))
        delivery = self.delivery
        self.channels = InMemoryChannels(settings or ChannelSettings())
        cases = Cases(self.inbox, self.records, self.passages, directories, self.channels)
        workspaces = InMemoryWorkspaces((Platform.SLACK, "T1"))
        self.desk = RatingDesk(cases, votes, workspaces)
        self.commands = Commands(
            inbox=self.inbox,
            delivery=delivery,
            rights=Rights(self.audit, directories),
            audit=self.audit,
            verbs={},
            channels=self.channels,
            guide=make_guide(InMemoryChannels()),
            people=build_people_verbs(
                cases=cases,
                inbox=self.inbox,
                votes=votes,
                callers=Callers(
                    InMemoryCalls(self.records),
                    self.channels,
                    delivery,
                ),
                withdrawals=Withdrawals(self.inbox, delivery, self.assistant),
                beginnings=Beginnings(self.assistant),
            ),
        )
        self._presses = 0

    async def put_answer(
        self,
        message: IncomingMessage | None = None,
        *citations: Citation,
        outcome: str = "answered",
        readers: frozenset[str] = frozenset({"everyone"}),
    ) -> ItemId:
        """A question that was answered; what it cites may be read by `readers`."""
        message = message or make_message()
        cited = citations or (make_citation(),)
        item = ItemId(message.message)
        await self.inbox.put_question(TENANT, message)
        claim = await self.inbox.claim(TENANT, item)
        assert claim is not None
        await self.inbox.settle(claim, [])
        self.records.put(item, message, outcome, cited if outcome == "answered" else ())
        for citation in cited:
            self.passages.texts[citation.chunk] = (citation.passage, readers)
        return item

    async def post_answer(self, item: ItemId, words: str) -> None:
        """Have the answer to a question posted."""
        letter = Letter(TENANT, f"{item}:answer", make_place(), compose_words(words))
        await self.delivery.send(letter)

    def make_press(
        self, words: str, person: Person | None = None, place: Place | None = None
    ) -> Command:
        self._presses += 1
        command = make_command(words, self._presses, place=place)
        return replace(command, person=person) if person else command

    async def press(
        self, words: str, person: Person | None = None, place: Place | None = None
    ) -> str:
        """Give the command of a button; what is said last, buttons included."""
        command = self.make_press(words, person, place)
        await self.inbox.put_command(TENANT, command)
        before = len(self.messenger.posts)
        assert await self.commands.perform(TENANT, ItemId(command.event)) is None
        said = self.messenger.posts[before:]
        return render_plain(said[-1].reply) if said else ""
