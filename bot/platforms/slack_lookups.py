"""What Slack is asked about people and channels. All raise CLIENT_ERRORS."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.model import ChannelKind
from bot.platforms.slack_account import SlackAccount

PAGE = 999
MOST_PAGES = 100
"""Pages of a listing that are read; a longer one counts as unknown."""

Json = Mapping[str, Any]


class TooLong(Exception):
    """A listing is longer than what is read of it."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """`shared`: with another organisation, or about to be."""

    kind: ChannelKind
    shared: bool


async def look_up_user(account: SlackAccount, user: str) -> Json:
    """The person as users.info tells."""
    found: Json = (await account.client.users_info(user=user, include_locale=True))["user"]
    return found


async def look_up_groups(account: SlackAccount, team: str) -> Mapping[str, frozenset[str]]:
    """The groups of each person. An organisation's token has to say whose groups it wants."""
    answer = await account.client.usergroups_list(include_users=True, team_id=team)
    members: dict[str, set[str]] = {}
    for group in answer["usergroups"]:
        for user in group.get("users") or ():
            members.setdefault(user, set()).add(group["id"])
    return {user: frozenset(groups) for user, groups in members.items()}


async def look_up_channel(account: SlackAccount, channel: str) -> ChannelFacts:
    """What a channel is."""
    found = (await account.client.conversations_info(channel=channel))["channel"]
    shared = bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))
    if found.get("is_im"):
        return ChannelFacts(ChannelKind.DIRECT, shared)
    private = found.get("is_private") or found.get("is_mpim") or found.get("is_group")
    return ChannelFacts(ChannelKind.PRIVATE if private else ChannelKind.PUBLIC, shared)


async def look_up_members(account: SlackAccount, channel: str) -> frozenset[str]:
    """Everyone in a channel. Raises TooLong."""
    client = account.client
    pages = _read_pages(
        lambda cursor: client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
    )
    return frozenset([str(member) async for page in pages for member in page["members"]])


async def look_up_guests(account: SlackAccount, team: str) -> frozenset[str]:
    """The guests of a workspace. Raises TooLong."""
    client = account.client
    pages = _read_pages(lambda cursor: client.users_list(limit=PAGE, cursor=cursor, team_id=team))
    return frozenset(
        [
            str(user["id"])
            async for page in pages
            for user in page["members"]
            if is_guest(user) and not user.get("deleted")
        ]
    )


async def look_up_channels_of(account: SlackAccount, team: str, user: str) -> frozenset[str]:
    """The channels a person is in, of private ones those that the bot is in too. Raises TooLong."""
    client = account.client
    pages = _read_pages(
        lambda cursor: client.users_conversations(
            user=user,
            types="public_channel,private_channel,mpim",
            limit=PAGE,
            cursor=cursor,
            team_id=team,
        )
    )
    return frozenset([str(channel["id"]) async for page in pages for channel in page["channels"]])


def is_guest(user: Json) -> bool:
    """Whether the person was only invited to some channels."""
    return bool(user.get("is_restricted") or user.get("is_ultra_restricted"))


async def _read_pages(
    read: Callable[[str | None], Awaitable[AsyncSlackResponse]],
) -> AsyncIterator[AsyncSlackResponse]:
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await read(cursor)
        yield page
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
    raise TooLong(f"more than {MOST_PAGES} pages")
