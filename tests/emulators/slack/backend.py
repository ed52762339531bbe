"""What happens in the workspace: every change of state, its journal entry and its events."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from ..journal import Journal
from .clock import Clock
from .events import Courier
from .faults import FaultQueue
from .interactions import Interactions
from .shapes import channel_json, mentions, message_json
from .sockets import SocketHub
from .state import DEFAULT_SCOPES, DEFAULT_SUBSCRIPTIONS, Channel, Message, User, Workspace

MESSAGE_EVENTS = {
    "channel": ("message.channels", "channels:history"),
    "group": ("message.groups", "groups:history"),
    "im": ("message.im", "im:history"),
    "mpim": ("message.mpim", "mpim:history"),
}
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_created": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "user_change": "users:read",
    "team_join": "users:read",
    "channel_shared": "channels:read",
    "channel_unshared": "channels:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
}


@dataclass(slots=True)
class App:
    """The installed app: who it is, and what it may do.

    `ack_timeout` and `retry_delays` are seconds on the emulator's clock: a first delivery that is
    not acked in time is repeated after each of the delays in turn, then given up. `rationed`: it is
    sold outside of the Marketplace, so that it reads history once a minute, 15 messages at a time.
    """

    app_id: str = "A0FOOTNOTE1"
    name: str = "footnote"
    bot_user: str = "U0FOOTNOTE1"
    bot_id: str = "B0FOOTNOTE1"
    bot_token: str = "xoxb-emulator"
    app_token: str = "xapp-emulator"
    signing_secret: str = "emulator-signing-secret"
    verification_token: str = "legacy"
    scopes: set[str] = field(default_factory=lambda: set(DEFAULT_SCOPES))
    client_id: str = "1111.2222"
    client_secret: str = "emulator-client-secret"
    refresh_token: str = ""
    installed: bool = True
    app_token_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    subscriptions: set[str] = field(default_factory=lambda: set(DEFAULT_SUBSCRIPTIONS))
    streaming: bool = True
    rationed: bool = False
    home_tab: bool = True
    ack_timeout: float = 3.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)


class Backend:
    """The workspace with its app, journal, clock, faults and deliveries.

    A workspace `beside` another shares the latter four with it. `organisation` is the E… that it is
    of; `org_wide`: the app came with the organisation, whose one token serves all its workspaces.
    """

    def __init__(
        self,
        app: App,
        *,
        frozen: bool = False,
        seed: int = 0,
        team: dict[str, str],
        organisation: str | None = None,
        beside: "Backend | None" = None,
    ) -> None:
        self.app = app
        self.organisation = organisation
        self.org_wide = False
        self.rotates = False
        self.token_seconds = 43_200
        self.redirect_url = ""
        if beside is not None:
            self.clock, self.journal, self.faults = beside.clock, beside.journal, beside.faults
            self.sockets, self.courier, self.origin = beside.sockets, beside.courier, beside.origin
            self.workspace = Workspace(self.clock, **team)
            self.interactions = Interactions(self)
            return
        self.clock = Clock(frozen=frozen)
        self.journal = Journal(self.clock.now)
        self.faults = FaultQueue(seed)
        self.workspace = Workspace(self.clock, **team)
        self.sockets = SocketHub(self.journal, app.app_id)
        self.courier = Courier(
            self.journal, self.clock, self.faults, self.sockets,
            signing_secret=app.signing_secret, ack_timeout=app.ack_timeout,
            retry_delays=app.retry_delays,
        )  # fmt: skip
        self.interactions = Interactions(self)
        self.origin = ""

    @property
    def bot(self) -> User:
        """The app's bot user."""
        return self.workspace.users[self.app.bot_user]

    def publish(self, event: dict[str, Any], *, subscription: str | None = None) -> str | None:
        """Send an event to the app if it is subscribed and has the scope; returns the event_id."""
        name = subscription or event["type"]
        scope = EVENT_SCOPES.get(name) or next(
            (scope for sub, scope in MESSAGE_EVENTS.values() if sub == name), None
        )
        subscribed = self.app.installed and name in self.app.subscriptions
        if not subscribed or (scope and scope not in self.app.scopes):
            self.journal.append("event.withheld", type=name)
            return None
        event_id = self.workspace.next_id("Ev")
        event.setdefault("event_ts", self.workspace.next_ts())
        self.courier.publish(
            {
                "token": self.app.verification_token,
                "team_id": self.workspace.team_id,
                "context_team_id": self.workspace.team_id,
                "enterprise_id": self.organisation,
                "context_enterprise_id": self.organisation,
                "api_app_id": self.app.app_id,
                "event": event,
                "type": "event_callback",
                "event_id": event_id,
                "event_time": int(self.clock.now()),
                "authorizations": [
                    {
                        "enterprise_id": self.organisation,
                        "team_id": self.workspace.team_id,
                        "user_id": self.app.bot_user,
                        "is_bot": True,
                        "is_enterprise_install": self.org_wide,
                    }
                ],
                "is_ext_shared_channel": self._is_shared(event),
                "event_context": f"4-{event_id}",
            }
        )
        return event_id

    def post(self, message: Message) -> list[str]:
        """Put a message into its channel; returns the ids of its events."""
        self.workspace.store(message)
        channel = self.workspace.channels[message.channel]
        if message.user == self.app.bot_user and message.thread_ts is not None:
            self.workspace.statuses.pop((channel.id, message.thread_ts), None)
        kind = "message.ephemeral" if message.ephemeral_for else "message.posted"
        self._note(kind, message)
        if message.ephemeral_for is not None or self.app.bot_user not in channel.members:
            return []
        body = message_json(self.workspace, message, metadata=False)
        body |= {"channel": channel.id, "event_ts": message.ts}
        ids = []
        if (
            channel.kind != "im"
            and message.user != self.app.bot_user
            and message.subtype in (None, "file_share", "thread_broadcast")
            and self.app.bot_user in mentions(message.text)
        ):
            mention = {k: v for k, v in body.items() if k not in ("subtype", "parent_user_id")}
            ids.append(self.publish({**mention, "type": "app_mention"}))
        ids.append(self._publish_message({**body, "channel_type": channel.kind}, channel))
        return [event_id for event_id in ids if event_id is not None]

    def announce_change(self, message: Message, previous: dict[str, Any]) -> list[str]:
        """Journal that a message was changed and send message_changed."""
        self._note("message.updated", message)
        if message.ephemeral_for is not None:
            return []
        body = message_json(self.workspace, message, metadata=False)
        change = {"subtype": "message_changed", "message": body, "previous_message": previous}
        return self._hidden(message, change)

    def delete(self, message: Message) -> list[str]:
        """Take a message away; returns the ids of its events."""
        previous = message_json(self.workspace, message, metadata=False)
        self.workspace.remove(message)
        self._note("message.deleted", message)
        if message.ephemeral_for is not None:
            return []
        left = self.workspace.channels[message.channel].messages.get(message.ts)
        if left is not None:
            body = message_json(self.workspace, left)
            change = {"subtype": "message_changed", "message": body, "previous_message": previous}
            return self._hidden(message, change)
        gone = {"subtype": "message_deleted", "deleted_ts": message.ts}
        return self._hidden(message, {**gone, "previous_message": previous})

    def react(self, message: Message, user: User, name: str, *, add: bool) -> list[str]:
        """Add or remove a reaction; the caller has checked that it can be."""
        people = message.reactions.setdefault(name, [])
        if add:
            people.append(user.id)
        else:
            people.remove(user.id)
            if not people:
                del message.reactions[name]
        kind = "reaction_added" if add else "reaction_removed"
        self.journal.append(
            f"reaction.{kind.removeprefix('reaction_')}",
            channel=message.channel, ts=message.ts, user=user.id, name=name,
        )  # fmt: skip
        channel = self.workspace.channels[message.channel]
        if self.app.bot_user not in channel.members:
            return []
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        event = {"type": kind, "user": user.id, "reaction": name, "item": item}
        event_id = self.publish({**event, "item_user": message.user})
        return [event_id] if event_id else []

    def change_member(self, channel: Channel, user: User, *, joins: bool) -> list[str]:
        """Let someone join or leave a channel."""
        told = self.app.bot_user in channel.members
        if joins == (user.id in channel.members):
            return []
        if joins:
            channel.members.append(user.id)
            told = self.app.bot_user in channel.members
        else:
            channel.members.remove(user.id)
        kind = "member_joined_channel" if joins else "member_left_channel"
        self.journal.append(f"channel.{kind}", channel=channel.id, user=user.id)
        if not told:
            return []
        shape = channel_json(self.workspace, channel, user.id)
        letter = "G" if shape.get("is_private") else "C"
        event = {"type": kind, "user": user.id, "channel": channel.id, "channel_type": letter}
        event_id = self.publish({**event, "team": self.workspace.team_id})
        return [event_id] if event_id else []

    def person_message(self, user: User, channel: Channel, text: str, **options: Any) -> Message:
        """A message as Slack's own client composes it, not posted yet."""
        return Message(
            ts=self.workspace.next_ts(), channel=channel.id, user=user.id, text=text,
            bot_id=user.bot_id, client_msg_id=None if user.bot_id else str(uuid.uuid4()),
            **options,
        )  # fmt: skip

    def _is_shared(self, event: dict[str, Any]) -> bool:
        channel = self.workspace.channels.get(str(event.get("channel")))
        return channel is not None and channel.is_ext_shared

    def _publish_message(self, event: dict[str, Any], channel: Channel) -> str | None:
        return self.publish(event, subscription=MESSAGE_EVENTS[channel.kind][0])

    def _hidden(self, message: Message, change: dict[str, Any]) -> list[str]:
        channel = self.workspace.channels[message.channel]
        if self.app.bot_user not in channel.members:
            return []
        ts = self.workspace.next_ts()
        base = {"type": "message", "hidden": True, "channel": channel.id, "ts": ts, "event_ts": ts}
        event = {**base, **change, "channel_type": channel.kind}
        event_id = self._publish_message(event, channel)
        return [event_id] if event_id else []

    def _note(self, kind: str, message: Message) -> None:
        self.journal.append(
            kind, channel=message.channel, ts=message.ts, thread_ts=message.thread_ts,
            user=message.user, text=message.text, visible_to=message.ephemeral_for,
        )  # fmt: skip
