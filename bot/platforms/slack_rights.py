"""Which of Slack's events tell that rights have changed. Pure.

https://docs.slack.dev/reference/events
"""

from collections.abc import Mapping
from typing import Any

RIGHTS_EVENTS = frozenset(
    {
        "channel_shared",
        "channel_unshared",
        "member_joined_channel",
        "member_left_channel",
        "subteam_created",
        "subteam_members_changed",
        "subteam_updated",
        "team_join",
        "user_change",
    }
)
"""Events that are subscribed to for this alone."""

GROUPS = "groups"
GUESTS = "guests"

_CONVERSIONS = frozenset({"channel_convert_to_private", "channel_convert_to_public"})

Payload = Mapping[str, Any]


def name_user(user: str) -> str:
    """The subject 'what a person is'."""
    return f"user {user}"


def name_channels_of(user: str) -> str:
    """The subject 'in which channels a person is'."""
    return f"channels of {user}"


def name_channel(channel: str) -> str:
    """The subject 'what a channel is'."""
    return f"channel {channel}"


def name_members(channel: str) -> str:
    """The subject 'who is in a channel'."""
    return f"members of {channel}"


def list_changes(payload: Payload) -> frozenset[str]:
    """What an event_callback makes out of date, by the names above."""
    event: Payload = payload["event"]
    channel, user = event.get("channel"), event.get("user")
    match event.get("type"):
        case "member_joined_channel" | "member_left_channel":
            return frozenset({name_members(str(channel)), name_channels_of(str(user))})
        case "channel_shared" | "channel_unshared":
            return frozenset({name_channel(str(channel)), name_members(str(channel))})
        case "message" if event.get("subtype") in _CONVERSIONS:
            return frozenset({name_channel(str(channel))})
        case "subteam_created" | "subteam_members_changed" | "subteam_updated":
            return frozenset({GROUPS})
        case "user_change" | "team_join" if isinstance(user, Mapping):
            return _list_changes_of(user)
        case _:
            return frozenset()


def _list_changes_of(user: Payload) -> frozenset[str]:
    """A guest who was none before reads along at once; one who is none any more waits.

    These events tell of every new status of everybody, so that the list of guests would never be
    kept if each of them made it out of date.
    """
    own = {name_user(str(user.get("id"))), name_channels_of(str(user.get("id")))}
    guest = user.get("is_restricted") or user.get("is_ultra_restricted")
    return frozenset(own | {GUESTS} if guest else own)
