"""One call of a Web API method: its arguments and what the token may do."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .backend import Backend
from .errors import SlackError, invalid_arguments
from .state import Channel

READ_SCOPES = {
    "channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read",
}  # fmt: skip
HISTORY_SCOPES = {
    "channel": "channels:history", "group": "groups:history", "im": "im:history",
    "mpim": "mpim:history",
}  # fmt: skip

RATION = 15
"""Messages in an answer to an app that is sold outside of the Marketplace."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what runs it, the scopes of which it needs one, and the kind of its token.

    `scopes_by_kind`: the scope that it needs besides, by the kind of the conversation; `rationed`:
    a rationed app may call it once a minute.
    """

    run: Callable[["Call"], dict[str, Any]]
    scopes: tuple[str, ...] = ()
    app_token: bool = False
    scopes_by_kind: Mapping[str, str] = field(default_factory=dict)
    rationed: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments as sent, with typed access."""

    backend: Backend
    args: dict[str, Any]
    scopes: set[str]

    def require(self, *one_of: str) -> None:
        """Refuse the call unless the token has one of these scopes."""
        if one_of and not self.scopes.intersection(one_of):
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=one_of[0], provided=provided)

    def string(self, name: str, *, required: bool = False) -> str:
        """A string argument, empty if not given."""
        value = self.args.get(name)
        if value is None or value == "":
            if required:
                raise invalid_arguments(f"missing required field: {name}")
            return ""
        return str(value)

    def flag(self, name: str) -> bool | None:
        """A boolean in any of the spellings that Slack takes; None if not given."""
        value = self.args.get(name)
        if value is None:
            return None
        return str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        """A count from 1 to `most`."""
        try:
            value = int(self.args.get(name) or default)
        except ValueError:
            raise SlackError("invalid_limit") from None
        if not 1 <= value <= most:
            raise SlackError("invalid_limit")
        return value

    def rationed(self, limit: int) -> int:
        """How many messages are given of those that are asked for."""
        return min(limit, RATION) if self.backend.app.rationed else limit

    def listing(self, name: str) -> list[Any]:
        """A list argument, or its items separated by commas."""
        value = self.args.get(name)
        if value in (None, ""):
            return []
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return [item.strip() for item in value.split(",")]
        return value if isinstance(value, list) else [value]

    def channel(self, name: str = "channel") -> Channel:
        """The conversation, if the bot can see it."""
        wanted = self.string(name, required=True)
        channel = self.backend.workspace.channels.get(wanted)
        if channel is None or (channel.kind != "channel" and not self.is_member(channel)):
            raise SlackError("channel_not_found")
        return channel

    def is_member(self, channel: Channel) -> bool:
        """Whether the bot is in the conversation."""
        return self.backend.app.bot_user in channel.members

    def page(self, items: list[Any], limit: int) -> tuple[list[Any], str]:
        """The page at `cursor`, and the cursor of the next one."""
        start = 0
        if cursor := self.string("cursor"):
            try:
                start = int(base64.b64decode(cursor, validate=True).decode().split(":")[1])
            except (binascii.Error, ValueError, IndexError):
                raise SlackError("invalid_cursor") from None
        end = start + limit
        following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return items[start:end], following
