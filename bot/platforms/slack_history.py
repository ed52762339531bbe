"""What was said in conversations, read from Slack as if its events had told.

https://docs.slack.dev/reference/methods/conversations.history, conversations.replies and
users.conversations.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.platforms.slack_account import SlackAccount, SlackIdentity
from bot.platforms.slack_events import mentions

PAGE = 200
"""Messages that are asked for at a time; some apps get 15."""
LISTED = 999
MOST_PAGES = 50
"""Pages of a conversation that are read, the newest first, and of a listing."""

Json = Mapping[str, Any]
Call = Callable[[], Awaitable[AsyncSlackResponse]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that the bot is in; `kind` is the word of message events. `shared`: with
    another organisation.
    """

    id: str
    kind: str
    shared: bool


class SlackHistory:
    """Reads what was said in the conversations of a workspace. Raises CLIENT_ERRORS.

    `call` makes each call, as often and as slowly as Slack wants.
    """

    def __init__(
        self,
        account: SlackAccount,
        team: str,
        call: Callable[[Call], Awaitable[AsyncSlackResponse]],
    ) -> None:
        self._client = account.client
        self._team = team
        self._call = call

    async def list_conversations(self) -> list[Conversation]:
        """Every conversation that the bot is in."""

        def read(cursor: str | None) -> Call:
            return partial(
                self._client.users_conversations,
                types="public_channel,private_channel,mpim,im",
                exclude_archived=True,
                limit=LISTED,
                cursor=cursor,
                team_id=self._team,
            )

        return [read_conversation(each) for each in await self._read_pages(read, "channels")]

    async def read_recent(self, conversation: Conversation, after: float) -> list[Json]:
        """What was said outside threads, the newest first, back to `after`.

        The newest page is read whole: it costs the same, and shows in which threads of before
        somebody has replied since.
        """

        def read(cursor: str | None) -> Call:
            return partial(
                self._client.conversations_history,
                channel=conversation.id,
                limit=PAGE,
                cursor=cursor,
            )

        return await self._read_pages(read, "messages", back_to=after)

    async def read_replies(
        self, conversation: Conversation, thread: str, after: float
    ) -> list[Json]:
        """What was replied in a thread after `after`."""

        def read(cursor: str | None) -> Call:
            return partial(
                self._client.conversations_replies,
                channel=conversation.id,
                ts=thread,
                oldest=f"{after:.6f}",
                limit=PAGE,
                cursor=cursor,
            )

        found = await self._read_pages(read, "messages")
        # Each page may begin with the message that began the thread.
        return [message for message in found if message["ts"] != thread]

    async def _read_pages(
        self, read: Callable[[str | None], Call], field: str, *, back_to: float = 0.0
    ) -> list[Json]:
        found: list[Json] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._call(read(cursor))
            items = page[field]
            found += items
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor or (items and back_to and float(items[-1]["ts"]) <= back_to):
                break
        else:
            log.warning("slack: more %s of %s are not read", field, self._team)
        return found


def read_conversation(channel: Json) -> Conversation:
    """A conversation as users.conversations tells of it."""
    kind = "channel"
    if channel.get("is_im"):
        kind = "im"
    elif channel.get("is_mpim"):
        kind = "mpim"
    elif channel.get("is_private") or channel.get("is_group"):
        kind = "group"
    return Conversation(str(channel["id"]), kind, shared=bool(channel.get("is_ext_shared")))


def choose_conversations(
    conversations: Sequence[Conversation], asked: Sequence[str], *, few: int, every: bool
) -> list[Conversation]:
    """Those that are to be read: first where something was asked of late, as `asked` is ordered.

    The others only if `every` one is to be read, or if there are just a `few`.
    """
    places = {channel: place for place, channel in reversed(list(enumerate(asked)))}
    ordered = sorted(conversations, key=lambda each: places.get(each.id, len(asked)))
    if every or len(ordered) <= few:
        return ordered
    return [each for each in ordered if each.id in places]


def find_threads(
    messages: Sequence[Json], after: float, ours: frozenset[str], asked: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """The threads of these messages in which somebody else than we replied after `after`.

    First those in which we take part, by our replies or as something was `asked` there; then the
    others, in which we may have been mentioned.
    """
    taking_part: list[str] = []
    others: list[str] = []
    for message in messages:
        if float(message.get("latest_reply") or 0) <= after or _is_answered_by(message, ours):
            continue
        known = message["ts"] in asked or ours & set(message.get("reply_users") or ())
        (taking_part if known else others).append(str(message["ts"]))
    return taking_part, others


def list_payloads(
    team: str,
    conversation: Conversation,
    messages: Sequence[Json],
    identity: SlackIdentity,
    *,
    after: float,
    heard_until: float,
) -> Iterator[Json]:
    """What events would have told of these messages since `after`, in the order of time.

    Whether it answers what is not addressed to it, the bot decides by what was said until then, so
    of that nothing is told that it has heard already. A deleted message that has replies is told
    of whenever it was deleted, for that is not known.
    """
    ours = list_own_ids(identity)
    for ts, message in sorted({str(each["ts"]): each for each in messages}.items()):
        if ours & {message.get("user"), message.get("bot_id")}:
            continue
        event_id = f"read:{conversation.id}:{ts}"
        edited = str((message.get("edited") or {}).get("ts") or "")
        is_gone = message.get("subtype") == "tombstone"
        addressed = conversation.kind == "im" or mentions(
            message.get("text") or "", identity.bot_user
        )
        if float(ts) > (after if addressed else max(after, heard_until)) and not is_gone:
            yield _wrap(team, conversation, event_id, message)
        if is_gone or float(edited or 0) > after:
            change = {"subtype": "message_changed", "message": message, "ts": edited or ts}
            yield _wrap(team, conversation, f"{event_id}:{edited}", {**change, "hidden": True})


def list_own_ids(identity: SlackIdentity) -> frozenset[str]:
    """The ids by which Slack tells who wrote what the bot said."""
    return frozenset({identity.bot_user, identity.bot_id})


def _is_answered_by(parent: Json, ours: frozenset[str]) -> bool:
    """Whether all replies are known to be ours."""
    repliers = set(parent.get("reply_users") or ())
    return repliers <= ours and len(repliers) == parent.get("reply_users_count")


def _wrap(team: str, conversation: Conversation, event_id: str, message: Json) -> Json:
    place = {"type": "message", "channel": conversation.id, "channel_type": conversation.kind}
    return {
        "type": "event_callback",
        "team_id": team,
        "event_id": event_id,
        "event": {**message, **place},
        "is_ext_shared_channel": conversation.shared,
    }
