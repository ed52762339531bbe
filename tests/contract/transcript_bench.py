"""A channel of Slack whose events are written down while nothing else listens."""

from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from bot.model import Platform
from bot.platforms.slack_transcript import SlackTranscriber
from bot.storage.directory import PostgresWorkspaces
from retrieval.model import EVERYONE, Source, TenantId
from retrieval.ports import Connector
from retrieval.postgres.pool import open_pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.transcripts import PostgresTranscripts
from retrieval.sources.http import HttpClient
from retrieval.sources.registry import open_connector
from retrieval.sources.surroundings import Account, Surroundings
from tests.conftest import clone_database
from tests.contract.service_benches import HOURS
from tests.contract.source_benches import LOOPBACK
from tests.emulators.slack import SlackEmulator

TENANT = TenantId("default")


class TranscriptBench:
    """Messages in #general, hours apart, whose events come in after each of them."""

    def __init__(self, postgres_url: str, template: str, **options: Any) -> None:
        self.slack = SlackEmulator()
        self.documents: dict[str, str] = {}
        self.is_listening = True
        self._database = postgres_url, template
        self._options = options
        self._stack = AsyncExitStack()
        self._taken = 0

    async def __aenter__(self) -> Self:
        url = await self._stack.enter_async_context(_clone(*self._database))
        self.pool = await self._stack.enter_async_context(open_pool(url, size=4))
        await self._stack.enter_async_context(self.slack)
        self.transcripts = PostgresTranscripts(self.pool, **self._options)
        self.transcriber = SlackTranscriber(self.transcripts)
        workspaces = PostgresWorkspaces(self.pool)
        await workspaces.link(Platform.SLACK, self.slack.team_id, "Footnote Works")
        self.channel = self.slack.workspace.channel("general").id
        self.source = await self.add_source("general", self.channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def add_source(self, name: str, *channels: str, **config: str) -> Source:
        return await PostgresSourceStore(self.pool).add_source(
            TENANT, name, "slack", {"channels": list(channels), **config}, frozenset({EVERYONE})
        )

    def connect(self, http: HttpClient, source: Source | None = None) -> Connector:
        source = source or self.source
        surroundings = Surroundings(
            http,
            cache=None,  # type: ignore[arg-type]  # nothing is cached
            policy=LOOPBACK,
            accounts={"slack": Account(self.slack.api_url, self.slack.bot_token)},
            transcript=self.transcripts.open_for(source),
        )
        return open_connector(source, surroundings)

    async def put(self, name: str, text: str) -> None:
        driver = self.slack.driver
        if name in self.documents:
            await driver.edit("alma", self.channel, self.documents[name], text)
        else:
            await driver.advance(5 * HOURS)
            self.documents[name] = (await driver.post("alma", self.channel, text))["ts"]
        await self.listen()

    async def remove(self, name: str) -> None:
        await self.slack.driver.delete("alma", self.channel, self.documents.pop(name))
        await self.listen()

    async def listen(self) -> None:
        """Take down the events since the last time, or miss them."""
        sent = list(self.slack.backend.courier.sent.values())
        for payload in sent[self._taken :] if self.is_listening else ():
            await self.transcriber.note(payload)
        self._taken = len(sent)


@asynccontextmanager
async def _clone(postgres_url: str, template: str) -> Any:
    async for url in clone_database(postgres_url, template):
        yield url
