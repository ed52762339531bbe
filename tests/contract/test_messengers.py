"""The in-memory messenger keeps the contract that the platforms' messengers keep."""

from collections.abc import Mapping, Sequence

import pytest

from bot.errors import DeliveryRefused, RateLimited
from bot.model import ChannelKind, Place, Platform
from bot.rendering.reply import Reply
from tests.contract.messenger_suite import MessengerSuite, World
from tests.fakes.messenger import InMemoryMessenger

OPEN = Place(Platform.CLI, "w", "open", ChannelKind.PUBLIC, "t")
CLOSED = Place(Platform.CLI, "w", "closed", ChannelKind.PUBLIC)


class _Messenger(InMemoryMessenger):
    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
        draft: str | None = None,
    ) -> str:
        if place == CLOSED:
            raise DeliveryRefused
        return await super().post(
            place, reply, key=key, reply_token=reply_token, retry=retry, draft=draft
        )


class _World:
    place = OPEN
    closed_place = CLOSED

    def __init__(self) -> None:
        self.messenger = _Messenger()

    async def read_texts(self, place: Place) -> Sequence[str]:
        return [posted.text for posted in self.messenger.posts if posted.place == place]

    async def forget(self) -> None:
        """The messages are the platform's; there is no other memory."""

    async def limit_next_call(self, seconds: float) -> None:
        self.messenger.faults.append(RateLimited(retry_after=seconds))


class TestInMemoryMessenger(MessengerSuite):
    @pytest.fixture
    def world(self) -> World:
        return _World()
