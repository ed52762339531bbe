"""The program without three of its precautions, to see whether a fault run notices.

It acks questions that it does not write down, does not look whether a message is there before it
posts it again, and gives Discord no nonce.
"""

import itertools
from typing import Any

from bot.intake import InboxIntake
from bot.model import Acceptance, IncomingMessage
from bot.platforms import discord_posts
from bot.platforms.discord_client import DiscordClient
from bot.platforms.slack_posts import SlackPosts
from tests.bench import forks

FORGETS_EACH = 5


def grow_careless() -> None:
    """Take the precautions away from this process and those that are forked from it."""
    accept = InboxIntake.accept
    count = itertools.count(1)

    async def accept_most(intake: InboxIntake, message: IncomingMessage) -> Acceptance:
        if next(count) % FORGETS_EACH == 0:
            return Acceptance.ACCEPTED
        return await accept(intake, message)

    async def find_nothing(*_: Any) -> dict[int, Any]:
        return {}

    request = DiscordClient.request

    async def request_without_nonce(
        client: DiscordClient, *route: Any, body: dict[str, Any] | None = None, **more: Any
    ) -> Any:
        plain = {name: value for name, value in (body or {}).items() if "nonce" not in name}
        return await request(client, *route, body=plain if body else body, **more)

    InboxIntake.accept = accept_most  # type: ignore[method-assign]
    SlackPosts.find = find_nothing  # type: ignore[assignment, method-assign]
    discord_posts.DiscordPosts.find = find_nothing  # type: ignore[assignment, method-assign]
    DiscordClient.request = request_without_nonce  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    grow_careless()
    forks.main()
