"""An answer as somebody takes it up: what was asked, how it was answered, and whether they may."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agents.model import AnswerRecord, Citation
from bot.access import is_for_asker_alone
from bot.answers.ports import Passages, Records
from bot.model import ChannelKind, Command, IncomingMessage, ItemId, Platform
from bot.ports import Channels, Directory, Inbox
from bot.rendering.phrases import choose_language
from bot.scopes import Scopes
from retrieval.model import ChunkId, TenantId


@dataclass(frozen=True, slots=True)
class Case:
    """An answer that somebody took up by `command`. `record` is None where it is forgotten.

    `language` is the one to speak to whoever took it up.
    """

    tenant: TenantId
    item: ItemId
    command: Command
    question: IncomingMessage
    record: AnswerRecord | None
    language: str

    @property
    def is_askers(self) -> bool:
        """Whether whoever asked takes it up."""
        return self.command.person.id == self.question.person.id

    @property
    def is_private(self) -> bool:
        """Whether only the asker has seen the answer."""
        return is_for_asker_alone(self.question.place, self.question.intent)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on, as far as one person may read it now; `complete`: that is all."""

    citations: tuple[Citation, ...]
    complete: bool


class Cases:
    """Opens answers for people, by the reference on a button."""

    def __init__(
        self,
        inbox: Inbox,
        records: Records,
        passages: Passages,
        directories: Mapping[Platform, Directory],
        channels: Channels,
    ) -> None:
        self._inbox = inbox
        self._records = records
        self._passages = passages
        self._channels = channels
        self._scopes = Scopes(directories)

    async def open(self, tenant: TenantId, command: Command, item: ItemId) -> Case | None:
        """The answer, for those who saw it: the asker, or everyone in its channel if it is public.

        None for everyone else, as if there were none. Raises StoreUnavailable.
        """
        question = await self._inbox.read_question(tenant, item)
        if question is None:
            return None
        record = await self._records.find(tenant, item)
        language = await self.choose_language(tenant, command, question.text)
        case = Case(tenant, item, command, question, record, language)
        return case if _may_see(case) else None

    async def choose_language(self, tenant: TenantId, command: Command, text: str) -> str:
        """The language to speak to whoever gave a command about `text`. Raises StoreUnavailable."""
        settings = await self._channels.read(tenant, command.place, command.person)
        return choose_language(settings.language, text)

    async def read_evidence(self, case: Case) -> Evidence:
        """What the answer cites that this person may read at this moment."""
        cited = case.record.citations if case.record is not None else ()
        command = case.command
        scope = await self._scopes.find_private(case.tenant, command.place, command.person)
        chunks = [ChunkId(citation.chunk) for citation in cited]
        found = await self._passages.read(chunks, scope)
        shown = []
        for citation in cited:
            passage = found.get(ChunkId(citation.chunk))
            if passage is not None:
                changed = passage.text not in citation.passage
                shown.append(replace(citation, passage=passage.text) if changed else citation)
        return Evidence(tuple(shown), len(shown) == len(cited))


def _may_see(case: Case) -> bool:
    here, there = case.command.place, case.question.place
    if here.platform != there.platform:
        return False
    if here.workspace != there.workspace:
        # Direct messages of Discord are outside of its servers; people's ids are the same there.
        direct = here.platform is Platform.DISCORD and here.channel_kind is ChannelKind.DIRECT
        return direct and case.is_askers
    if case.is_askers:
        return True
    return not case.is_private and there.channel in (here.channel, here.parent)
