"""The Discord messenger and directory against a guild; the contract first."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import DeliveryRefused
from bot.model import ChannelKind, Person, Place, Platform
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_directory import DiscordDirectory
from bot.platforms.discord_messenger import DiscordMessenger, make_mark, make_nonce
from bot.rendering.reply import Mark, Paragraph, Reply, SourceLine, Text
from tests.contract.messenger_suite import MessengerSuite, World
from tests.emulators.discord import DiscordEmulator

FLAGS_QUIET = (1 << 2) | (1 << 15)


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    keep_addresses(monkeypatch)
    async with DiscordEmulator() as emulator:
        yield emulator


def keep_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library's addresses put back after the test."""
    import discord.gateway
    import discord.http

    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", socket.DEFAULT_GATEWAY)


@pytest.fixture
async def client(discord: DiscordEmulator) -> AsyncIterator[DiscordClient]:
    client = build_client(discord)
    yield client
    await client.close()


def build_client(discord: DiscordEmulator) -> DiscordClient:
    return DiscordClient(
        discord.bot_token, api_url=discord.api_url, gateway_url=discord.gateway_url
    )


@pytest.fixture
def messenger(client: DiscordClient) -> DiscordMessenger:
    return DiscordMessenger(client)


def number(discord: DiscordEmulator, name: str) -> str:
    return str(discord.world.find_channel(name).id)


def guild(discord: DiscordEmulator) -> str:
    return str(next(iter(discord.world.guilds)))


async def ask(discord: DiscordEmulator, channel: str = "#help") -> Place:
    """The place of a question in a channel."""
    question = await discord.driver.mention("ben", channel, "how many days?")
    return Place(
        Platform.DISCORD, guild(discord), question["channel_id"], ChannelKind.PUBLIC, question["id"]
    )


@pytest.fixture
async def place(discord: DiscordEmulator) -> Place:
    return await ask(discord)


def say(words: str, *, private: bool = False) -> Reply:
    return Reply((Paragraph((Text(words),)),), private=private)


async def said(discord: DiscordEmulator, channel: str) -> list[dict[str, Any]]:
    """The bot's messages in a channel."""
    found = await discord.driver.messages(channel)
    return [message for message in found if message["author"]["bot"]]


class DiscordWorld:
    """What the contract looks into."""

    def __init__(self, discord: DiscordEmulator, client: DiscordClient, place: Place) -> None:
        self.place = place
        self.messenger = DiscordMessenger(client)
        self.closed_place = Place(
            Platform.DISCORD,
            guild(discord),
            number(discord, "#vault"),
            ChannelKind.PRIVATE,
            "123456789012345678",
        )
        self._discord, self._client = discord, client

    async def read_texts(self, place: Place) -> list[str]:
        return [message["text"] for message in await said(self._discord, place.channel)]

    async def forget(self) -> None:
        self.messenger = DiscordMessenger(self._client)

    async def limit_next_call(self, seconds: float) -> None:
        await self._discord.driver.add_fault(
            "rate_limit", "POST", "/channels/*/messages", retry_after=seconds
        )


class TestDiscordMessenger(MessengerSuite):
    @pytest.fixture
    def world(self, discord: DiscordEmulator, client: DiscordClient, place: Place) -> World:
        return DiscordWorld(discord, client, place)
