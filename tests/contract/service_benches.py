"""The services of connectors, each with people who write, and with what may go wrong."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from retrieval.ports import Connector
from retrieval.sources import discord as discord_source
from retrieval.sources import slack_reader
from retrieval.sources.confluence import ConfluenceConnector, ConfluenceSettings
from retrieval.sources.discord import DiscordConnector, DiscordSettings
from retrieval.sources.github import GitHubConnector, GitHubSettings
from retrieval.sources.google_drive import (
    GoogleDriveConnector,
    GoogleDriveSettings,
    ServiceAccount,
    read_account,
)
from retrieval.sources.http import HttpClient
from retrieval.sources.notion import NotionConnector, NotionSettings
from retrieval.sources.slack import SlackConnector, SlackSettings
from retrieval.sources.surroundings import Surroundings
from tests.contract.source_benches import LOOPBACK, SourceBench
from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.faults import Fault
from tests.emulators.services import confluence, github, notion
from tests.emulators.services.confluence import ConfluenceServer
from tests.emulators.services.github import GitHubServer
from tests.emulators.services.google_drive import GoogleDriveServer
from tests.emulators.services.notion import NotionServer
from tests.emulators.slack import SlackEmulator

HOURS = 3600.0


class ServiceBench(SourceBench, Protocol):
    """A service on this machine. `link` is what its documents' links look like."""

    link: re.Pattern[str]

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector: ...

    async def fail(
        self, status: int, *, listing: bool, after: int = 0, retry_after: int | None = None
    ) -> None:
        """Answer what lists, or what shows a document, with a status, `after` so many requests."""
        ...

    async def heal(self) -> None:
        """Let requests pass again."""
        ...


class HttpBench:
    """What benches of ServiceServer have in common: `listing` and `document` are globs of paths."""

    listing: str
    document: str

    def __init__(self, server: Any) -> None:
        self.server = server
        self.documents: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    async def fail(
        self, status: int, *, listing: bool, after: int = 0, retry_after: int | None = None
    ) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        path = self.listing if listing else self.document
        times = 1 if retry_after is not None and retry_after < 60 else None
        self.server.fail(status, path, after=after, headers=headers, times=times)

    async def heal(self) -> None:
        self.server.faults.clear()


class GitHubBench(HttpBench):
    """Issues of a repository."""

    link = re.compile(r"https://github\.com/acme/app/issues/\d+")
    listing = "/repos/acme/app/issues"
    document = "/repos/acme/app/issues/[0-9]*"

    def __init__(self) -> None:
        super().__init__(GitHubServer())

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        settings = GitHubSettings(
            "acme/app", ("issues", "discussions"), token or github.TOKEN, self.server.url
        )
        # only a wiki needs the cache
        return GitHubConnector(settings, Surroundings(http, Path("cache"), LOOPBACK))

    async def put(self, name: str, text: str) -> None:
        if name in self.documents:
            self.server.edit(self.documents[name], text)
        else:
            self.documents[name] = self.server.open_topic("issue", name, text)

    async def remove(self, name: str) -> None:
        self.server.delete(self.documents.pop(name))


class ConfluenceBench(HttpBench):
    """Pages of a space."""

    link = re.compile(r"http://127\.0\.0\.1:\d+/wiki/spaces/ENG/pages/\d+/\S+")
    listing = "/wiki/api/v2/spaces/*/pages"
    document = "/wiki/api/v2/pages/*"

    def __init__(self) -> None:
        super().__init__(ConfluenceServer())

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        settings = ConfluenceSettings(
            self.server.url, "ENG", confluence.EMAIL, token or confluence.TOKEN
        )
        return ConfluenceConnector(settings, http)

    async def put(self, name: str, text: str) -> None:
        if name in self.documents:
            self.server.edit(self.documents[name], f"<p>{text}</p>")
        else:
            self.documents[name] = self.server.create(name, f"<p>{text}</p>")

    async def remove(self, name: str) -> None:
        self.server.trash(self.documents.pop(name))


class NotionBench(HttpBench):
    """Rows of a database."""

    link = re.compile(r"https://www\.notion\.so/[0-9a-f]{32}")
    listing = "/v1/data_sources/*"
    document = "/v1/pages/*"

    def __init__(self) -> None:
        super().__init__(NotionServer())
        self.database = self.server.add_database(self.server.root, "Handbook")

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        settings = NotionSettings((self.database.id,), token or notion.TOKEN, self.server.url)
        return NotionConnector(settings, http)

    async def put(self, name: str, text: str) -> None:
        if name in self.documents:
            self.server.rewrite(self.documents[name], [text])
        else:
            self.documents[name] = self.server.add_page(self.database, name, [text])

    async def remove(self, name: str) -> None:
        self.server.trash(self.documents.pop(name))


class GoogleDriveBench(HttpBench):
    """Files in a folder."""

    link = re.compile(r"https://drive\.google\.com/file/d/[\w-]+/view")
    listing = "/drive/v3/files"
    document = "/drive/v3/files/*"

    def __init__(self) -> None:
        super().__init__(GoogleDriveServer())

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        account = read_account(self.server.key)
        if token is not None:
            account = ServiceAccount("other@acme.example", account.private_key, account.token_url)
        settings = GoogleDriveSettings(self.server.root.id, account, self.server.url)
        return GoogleDriveConnector(settings, http)

    async def put(self, name: str, text: str) -> None:
        if name in self.documents:
            self.server.change(self.documents[name], text.encode())
        else:
            self.documents[name] = self.server.add(
                f"{name}.md", "text/markdown", text.encode(), parent=self.server.root
            )

    async def remove(self, name: str) -> None:
        self.server.trash(self.documents.pop(name))


class SlackBench:
    """Messages in a channel, hours apart."""

    link = re.compile(r"https://footnote-works\.slack\.com/archives/C0GENERAL01/p\d{16}")

    def __init__(self) -> None:
        self.slack = SlackEmulator()
        self.documents: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self.slack.__aenter__()
        self.channel = self.slack.backend.workspace.channel("general").id
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.slack.__aexit__(None, None, None)

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        token = token or self.slack.backend.app.bot_token
        settings = SlackSettings((self.channel,), token, api_url=self.slack.api_url)
        return SlackConnector(settings, http)

    async def put(self, name: str, text: str) -> None:
        driver = self.slack.driver
        if name in self.documents:
            await driver.edit("alma", self.channel, self.documents[name], text)
        else:
            await driver.advance(5 * HOURS)
            self.documents[name] = (await driver.post("alma", self.channel, text))["ts"]

    async def remove(self, name: str) -> None:
        await self.slack.driver.delete("alma", self.channel, self.documents.pop(name))

    async def fail(
        self, status: int, *, listing: bool, after: int = 0, retry_after: int | None = None
    ) -> None:
        codes = {403: "missing_scope", 404: "channel_not_found" if listing else "thread_not_found"}
        method = "conversations.history" if listing else "conversations.replies"
        kind = {429: "rate_limited", 503: "server_error"}.get(status, "error")
        more: dict[str, Any] = {"status": status, "code": codes.get(status, "internal_error")}
        if retry_after is not None:
            more["retry_after"] = retry_after
        times = 1 if retry_after is not None and retry_after < 60 else None
        await self.slack.driver.fault(method, kind, after=after, times=times, **more)

    async def heal(self) -> None:
        await self.slack.driver.clear_faults()


class DiscordBench:
    """Messages in a channel, hours apart."""

    link = re.compile(r"https://discord\.com/channels/\d+/\d+/\d+")

    def __init__(self) -> None:
        self.discord = DiscordEmulator()
        self.documents: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self.discord.__aenter__()
        self.channel = str(self.discord.world.find_channel("#general").id)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.discord.__aexit__(None, None, None)

    def connect(self, http: HttpClient, *, token: str | None = None) -> Connector:
        token = token or self.discord.bot_token
        return DiscordConnector(DiscordSettings((self.channel,), token, self.discord.api_url), http)

    async def put(self, name: str, text: str) -> None:
        driver = self.discord.driver
        if name in self.documents:
            await driver.edit("ben", self.documents[name], text)
        else:
            await driver.advance(5 * HOURS)
            self.documents[name] = await driver.post("ben", "#general", text)

    async def remove(self, name: str) -> None:
        await self.discord.driver.delete("ben", self.documents.pop(name))

    async def fail(
        self, status: int, *, listing: bool, after: int = 0, retry_after: int | None = None
    ) -> None:
        # a conversation is read from the same path as the listing
        path = "/channels/*/messages"
        kind = "rate_limit" if status == 429 else "error"
        times = 1 if retry_after is not None and retry_after < 60 else 1000
        # the emulator rounds up to whole seconds
        wait = 0.0 if retry_after is None else retry_after - 0.6
        self.discord.faults.add(
            Fault(kind, path=path, status=status, after=after, times=times, retry_after=wait)
        )

    async def heal(self) -> None:
        self.discord.faults.clear()


SERVICES: dict[str, Callable[[], Any]] = {
    "github": GitHubBench,
    "confluence": ConfluenceBench,
    "notion": NotionBench,
    "slack": SlackBench,
    "discord": DiscordBench,
    "drive": GoogleDriveBench,
}

SMALL_PAGES = ((slack_reader, "_PAGE"), (discord_source, "_PAGE"))
"""Sizes of pages that the client asks for; the other services keep their pages small."""
