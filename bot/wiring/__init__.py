"""The composition root: puts the parts together from the settings, and takes them down again.

Only this package and bot.serving import adapters.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psycopg

from agents.assistant import Assistant
from agents.errors import AgentError
from agents.llm.extractive import BuiltInBrain
from agents.model import Answer, Answered, Question
from agents.ports import Brain, SentenceScorer
from bot.channels.book import ChannelBook
from bot.errors import BotError
from bot.knowledge import Knowledge, SourceOpener
from bot.live_index import Index, LiveIndex
from bot.platforms.slack_installations import InstalledAccounts
from bot.queue import set_up_queue
from bot.secrets import SecretBox, open_box
from bot.settings import Settings
from bot.storage.answers import PostgresAnswerRecords
from bot.storage.channels import PostgresChannelStore
from bot.storage.directory import PostgresAudit
from bot.storage.feedback import PostgresVotes
from bot.storage.forgetting import PostgresForgetting
from bot.storage.installations import PostgresInstallations
from bot.storage.memory import PostgresThreadMemory
from bot.storage.preferences import PostgresPreferences
from bot.wiring.models import (
    build_agent_config,
    build_brain,
    build_embedder,
    build_eyes,
    build_judge,
    build_reranker,
)
from migrations.runner import MigrationRefused, hold_lock, migrate
from retrieval.config import VectorIndex, parse_pipeline
from retrieval.errors import RetrievalError
from retrieval.evaluation.datasets import UnusableDataSet
from retrieval.inference.similarity import open_scorer
from retrieval.model import EVERYONE, AccessScope, SearchResult, TenantId, WeightedQuery
from retrieval.parsing.process import ProcessParser
from retrieval.ports import Embedder, Reranker
from retrieval.postgres.embedded import run_embedded_postgres
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.postgres.outlines import PostgresOutlines
from retrieval.postgres.pool import Pool, check_reachable, open_pool
from retrieval.postgres.reindexing import (
    PostgresModelPointer,
    PostgresReindexStore,
    discard_inactive,
)
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.postgres.transcripts import PostgresTranscripts
from retrieval.search import PassageSearcher
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import open_http_client
from retrieval.sources.surroundings import Account, Surroundings
from retrieval.sync.engine import SyncEngine
from retrieval.sync.reindexing import Report, reindex

FAILURES = (BotError, RetrievalError, AgentError, MigrationRefused, UnusableDataSet)
"""What is told in one sentence and without a traceback."""

TENANT = TenantId("default")
"""The tenant of the command line, and of every workspace that is not linked to another."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Footnote:
    """The parts that every command uses, open and ready."""

    settings: Settings
    database_url: str
    pool: Pool
    knowledge: Knowledge
    parser: ProcessParser
    searcher: LiveIndex
    assistant: Assistant
    answers: PostgresAnswerRecords
    votes: PostgresVotes
    audit: PostgresAudit
    channels: ChannelBook
    installations: PostgresInstallations
    forgetting: PostgresForgetting

    async def warm_up(self) -> None:
        """Load the embedding model, so that the first question does not wait for it."""
        await self.searcher.embedder.embed_query("Is anybody there?")

    async def ask(
        self, question: str, thread: str, readers: frozenset[str], reference: str
    ) -> Answer:
        """Answer a question of the command line, in the conversation `thread`."""
        asked = Question(
            id=reference,
            text=question,
            thread=f"cli:{thread}",
            scope=_scope(readers),
            settings=self.settings.channel.answering,
        )
        async for event in self.assistant.answer(asked):
            if isinstance(event, Answered):
                return event.answer
        raise AgentError("the run ended without an answer")

    async def search(self, query: str, limit: int, readers: frozenset[str]) -> SearchResult:
        """What a search for `query` finds."""
        return await self.searcher.search([WeightedQuery(query)], _scope(readers), limit=limit)


def _scope(readers: frozenset[str]) -> AccessScope:
    return AccessScope(TENANT, readers | {EVERYONE})


def open_secrets(settings: Settings) -> SecretBox:
    """What seals the secrets of sources. Raises SettingsInvalid."""
    return open_box([key.get_secret_value() for key in settings.secret_keys], settings.data_dir)


@asynccontextmanager
async def provide_database(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database: the one that is set, or the embedded one, started.

    Raises StoreUnavailable.
    """
    if settings.database_url:
        url = settings.database_url.get_secret_value()
        await check_reachable(url)
        yield url
        return
    async with run_embedded_postgres(settings.data_dir / "postgres") as url:
        yield url


async def set_up_database(url: str) -> list[str]:
    """Bring every table up to date, ours and those of the queue.

    Returns the names of what was applied. Raises MigrationRefused.
    """
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        hold_lock(connection),
    ):
        applied = await migrate(connection)
        return applied + await set_up_queue(connection)


@asynccontextmanager
async def open_footnote(settings: Settings) -> AsyncIterator[Footnote]:
    """Everything but the platforms. Raises StoreUnavailable, MigrationRefused, EmbeddingFailed."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(provide_database(settings))
        await set_up_database(url)
        pool = await stack.enter_async_context(open_pool(url, size=settings.workers + 6))
        parser = await stack.enter_async_context(ProcessParser())
        secrets = open_secrets(settings)
        surroundings = await stack.enter_async_context(_open_surroundings(settings))
        installations = PostgresInstallations(pool, secrets)
        opener = SourceOpener(
            secrets,
            surroundings,
            transcripts=PostgresTranscripts(pool),
            slack_accounts=_find_slack_accounts(settings, installations),
        )

        async def build_index(spec: str) -> Index:
            embedder = await build_embedder(spec)
            return Index(
                spec,
                embedder,
                _build_searcher(settings, pool, embedder),
                _build_engine(settings, pool, embedder, parser, opener),
            )

        searcher = await _open_index(settings, PostgresModelPointer(pool), build_index)
        answers = PostgresAnswerRecords(pool)
        yield Footnote(
            settings=settings,
            database_url=url,
            pool=pool,
            knowledge=Knowledge(
                PostgresSourceStore(pool), searcher, parser=parser, secrets=secrets, opener=opener
            ),
            parser=parser,
            searcher=searcher,
            assistant=_build_assistant(settings, pool, searcher, answers),
            answers=answers,
            votes=PostgresVotes(pool),
            audit=PostgresAudit(pool),
            channels=ChannelBook(
                PostgresChannelStore(pool), settings.channel, PostgresPreferences(pool)
            ),
            installations=installations,
            forgetting=PostgresForgetting(pool),
        )


def _build_searcher(settings: Settings, pool: Pool, embedder: Embedder) -> PassageSearcher:
    index = VectorIndex(settings.vector_index)
    return PassageSearcher(
        PostgresPassageIndex(pool, embedder.model, index=index),
        embedder,
        pipeline=parse_pipeline("default-rerank" if settings.reranker == "none" else "default"),
        reranker=build_reranker(settings, embedder),
        analyzer=settings.analyzer,
        seconds=settings.search_seconds,
    )


def _build_engine(
    settings: Settings, pool: Pool, embedder: Embedder, parser: ProcessParser, opener: SourceOpener
) -> SyncEngine:
    index = VectorIndex(settings.vector_index)
    return SyncEngine(
        PostgresDocumentStore(pool, embedder.model, analyzer=settings.analyzer, index=index),
        PostgresSourceStore(pool),
        embedder,
        parser,
        connect=opener,
    )


def _build_assistant(
    settings: Settings, pool: Pool, searcher: LiveIndex, answers: PostgresAnswerRecords
) -> Assistant:
    scorer = open_scorer(searcher.embedder)
    built_in = BuiltInBrain(scorer, sources=searcher)
    return Assistant(
        brain=build_brain(settings, PostgresOutlines(pool)) or built_in,
        fallback=built_in,
        passages=searcher,
        sentences=scorer,
        memory=PostgresThreadMemory(pool),
        eyes=build_eyes(settings),
        judge=build_judge(settings),
        records=answers,
        config=build_agent_config(settings),
    )


async def _open_index(
    settings: Settings,
    pointer: PostgresModelPointer,
    build: Callable[[str], Awaitable[Index]],
) -> LiveIndex:
    """The index with the model in use; a new database begins with that of the settings."""
    wanted = settings.embedding_spec
    spec = await pointer.read()
    if spec is None:
        embedder = await build_embedder(wanted)
        spec = await pointer.initialise(wanted, embedder.model)
    if spec != wanted:
        _log.warning(
            "FOOTNOTE_EMBEDDING_MODEL asks for %s, but the documents are indexed with %s, which is "
            "used until `footnote reindex` has changed that.",
            wanted,
            spec,
        )
    return LiveIndex(await build(spec), pointer, build)


async def reindex_documents(footnote: Footnote, spec: str, report: Report) -> int:
    """Change the embedding model; returns how many chunks were embedded for it.

    Raises EmbeddingFailed, SettingsInvalid.
    """
    embedder = await build_embedder(spec)
    store = PostgresReindexStore(
        footnote.pool, embedder.model, index=VectorIndex(footnote.settings.vector_index)
    )
    made = await reindex(store, embedder, spec, report=report)
    await footnote.searcher.turn()
    return made


async def discard_other_models(footnote: Footnote) -> Sequence[str]:
    """Remove the vectors of every model but the one in use; the names of those models."""
    return await discard_inactive(footnote.pool)


@asynccontextmanager
async def _open_surroundings(settings: Settings) -> AsyncIterator[Surroundings]:
    policy = AddressPolicy.parse(settings.private_hosts)
    async with open_http_client(policy) as client:
        yield Surroundings(client, settings.data_dir / "cache", policy, _find_accounts(settings))


def _find_accounts(settings: Settings) -> dict[str, Account]:
    """The bot's own accounts, with which its channels can be read."""
    tokens = {
        "slack": (settings.slack_api_url, settings.slack_bot_token),
        "discord": (settings.discord_api_url, settings.discord_token),
    }
    return {
        platform: Account(url, token.get_secret_value())
        for platform, (url, token) in tokens.items()
        if token is not None
    }


def _find_slack_accounts(
    settings: Settings, installations: PostgresInstallations
) -> Callable[[TenantId], Awaitable[Sequence[Account]]] | None:
    """The accounts in a tenant's workspaces, where these install the app themselves."""
    client_id, client_secret = settings.slack_client_id, settings.slack_client_secret
    if not client_id or client_secret is None:
        return None
    installed = InstalledAccounts(
        installations,
        client_id=client_id,
        client_secret=client_secret.get_secret_value(),
        api_url=settings.slack_api_url,
    )

    async def find(tenant: TenantId) -> Sequence[Account]:
        tokens = await installed.list_tokens(tenant)
        return [Account(settings.slack_api_url, token) for token in tokens]

    return find


@dataclass(frozen=True, slots=True)
class EvaluationParts:
    """What an evaluation runs on."""

    database_url: str
    embedder: Embedder
    reranker: Reranker | None
    sentences: SentenceScorer
    brain: Brain


@asynccontextmanager
async def open_evaluation(settings: Settings) -> AsyncIterator[EvaluationParts]:
    """The database and the models, for evaluations, which keep to a schema of their own."""
    async with provide_database(settings) as url:
        await set_up_database(url)
        embedder = await build_embedder(settings.embedding_spec)
        scorer = open_scorer(embedder)
        yield EvaluationParts(
            database_url=url,
            embedder=embedder,
            reranker=build_reranker(settings, embedder),
            sentences=scorer,
            brain=build_brain(settings) or BuiltInBrain(scorer),
        )
