"""What people do in the workspace, what goes wrong around it, and waiting for what follows.

Every action takes names or ids and returns JSON values, so that the same calls work in-process
(`SlackEmulator.driver`) and from another process (`SlackDriverClient`).
"""

import json
from typing import Any, get_args

from .browser import install_in_browser
from .events import DeliveryKind
from .shapes import user_json
from .state import ChannelKind
from .watching import Watching


class Driver(Watching):
    """Acts as people, and as the network between Slack and the app."""

    ACTIONS = frozenset(
        [
            "abort_sockets", "add_channel", "add_user", "advance", "archive", "click",
            "click_view", "close_view", "command", "delete", "disconnect_sockets", "dm", "edit",
            "emit", "fault", "clear_faults", "forge", "half_open_sockets", "home", "join",
            "journal", "kill_urls", "leave", "mention", "open_home", "post", "prompts", "react",
            "redeliver", "set_request_url", "set_usergroup", "share",
            "change_user", "shortcut", "status",
            "stop_stream", "submit", "suggest", "thread", "transcript", "unreact", "views",
            "wait_for_entry", "wait_for_ephemeral", "wait_for_growth", "wait_for_reply",
            "wait_for_sockets", "wait_for_view",
        ]
    )  # fmt: skip

    # The workspace

    async def add_user(self, name: str, **options: Any) -> dict[str, Any]:
        """Add a person or, with bot_id, a bot; is_admin, team_id, email, real_name."""
        return {"id": self._workspace.add_user(name, **options).id}

    async def add_channel(
        self, name: str, members: list[str], kind: ChannelKind = "channel", **options: Any
    ) -> dict[str, Any]:
        """Add a channel, or a private one with kind "group"."""
        return {"id": self._workspace.add_channel(name, members=members, kind=kind, **options).id}

    async def archive(self, channel: str) -> dict[str, Any]:
        """Archive a channel."""
        place = self._workspace.channel(channel)
        place.archived = True
        event_id = self._backend.publish({"type": "channel_archive", "channel": place.id})
        return {"event_ids": [event_id] if event_id else []}

    async def share(self, channel: str, team: str | None = "T0ELSEWHERE") -> dict[str, Any]:
        """Share a channel with another organisation, or with None end that."""
        place = self._workspace.channel(channel)
        place.is_ext_shared = team is not None
        event = {"type": "channel_shared" if team else "channel_unshared", "channel": place.id}
        event_id = self._backend.publish({**event, "connected_team_id": team or ""})
        return {"event_ids": [event_id] if event_id else []}

    async def change_user(self, user: str, **changes: Any) -> dict[str, Any]:
        """Change what a person is, such as is_admin, is_restricted or deleted."""
        person = self._workspace.user(user)
        for name, value in changes.items():
            setattr(person, name, value)
        shape = user_json(person, with_email=False)
        event_id = self._backend.publish({"type": "user_change", "user": shape})
        return {"event_ids": [event_id] if event_id else []}

    async def set_usergroup(self, handle: str, users: list[str]) -> dict[str, Any]:
        """Make a user group or change who is in it."""
        groups = self._workspace.usergroups
        group_id = next((k for k, g in groups.items() if g["handle"] == handle), None)
        group_id = group_id or self._workspace.next_id("S")
        ids = [self._workspace.user(user).id for user in users]
        groups[group_id] = {
            "id": group_id, "team_id": self._workspace.team_id, "is_usergroup": True,
            "name": handle.title(), "handle": handle, "users": ids, "date_delete": 0,
        }  # fmt: skip
        event = {"type": "subteam_members_changed", "subteam_id": group_id, "users": ids}
        self._backend.publish({**event, "team_id": self._workspace.team_id})
        return {"id": group_id}

    async def install(self, url: str, redirect_url: str, *, agree: bool = True) -> dict[str, Any]:
        """Install the app from its install page, as a person with a browser does.

        Returns status and text of the page to which Slack leads back.
        """
        self._backend.redirect_url = redirect_url
        return await install_in_browser(
            url, self._backend.origin, self._workspace.team_id, agree=agree
        )

    async def uninstall(self) -> dict[str, Any]:
        """Remove the app from the workspace; its token is good no more."""
        app = self._backend.app
        revoked: dict[str, list[str]] = {"oauth": [], "bot": [app.bot_user]}
        event_ids = [
            self._backend.publish({"type": "tokens_revoked", "tokens": revoked}),
            self._backend.publish({"type": "app_uninstalled"}),
        ]
        app.installed = False
        return {"event_ids": [event_id for event_id in event_ids if event_id]}

    async def emit(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send any other event to the app."""
        event_id = self._backend.publish(dict(event))
        return {"event_ids": [event_id] if event_id else []}

    # The network and time

    async def redeliver(
        self, event_id: str, attempt: int = 1, reason: str = "timeout"
    ) -> dict[str, Any]:
        """Deliver an event once more, as Slack does when it saw no ack."""
        self._backend.courier.redeliver(event_id, attempt=attempt, reason=reason)
        return {"event_id": event_id}

    async def fault(self, method: str, kind: str, **options: Any) -> dict[str, Any]:
        """Queue a fault; see FaultQueue.add."""
        self._backend.faults.add(method, kind, **options)  # type: ignore[arg-type]
        return {}

    async def clear_faults(self) -> dict[str, Any]:
        """Forget the faults that have not struck."""
        self._backend.faults.clear()
        return {}

    async def advance(self, seconds: float) -> dict[str, Any]:
        """Move the emulator's clock forward."""
        self._backend.clock.advance(seconds)
        return {"now": self._backend.clock.now()}

    async def disconnect_sockets(
        self, reason: str = "refresh_requested", connection: int | None = None
    ) -> dict[str, Any]:
        """Announce the end of connections: refresh_requested, warning, link_disabled."""
        return {"told": await self._backend.sockets.disconnect(reason, connection=connection)}

    async def abort_sockets(self, connection: int | None = None) -> dict[str, Any]:
        """Cut connections without a word."""
        return {"cut": self._backend.sockets.abort(connection=connection)}

    async def half_open_sockets(self, connection: int | None = None) -> dict[str, Any]:
        """Let connections hang: up, but without any answer."""
        return {"hanging": self._backend.sockets.half_open(connection=connection)}

    async def kill_urls(self, count: int = 1) -> dict[str, Any]:
        """Let the next WebSocket URLs that are handed out answer 404."""
        self._backend.sockets.dead_urls += count
        return {}

    async def set_request_url(
        self, url: str | None, kinds: list[str] | None = None, verify: bool = True
    ) -> dict[str, Any]:
        """Deliver to an HTTP URL (None: to sockets again): events_api, slash_commands, interactive.

        With `verify`, the URL must echo the challenge of url_verification, or ValueError.
        """
        if url is not None and verify and not await self._backend.courier.verify_url(url):
            raise ValueError(f"{url} did not answer with the value of the challenge parameter")
        urls = self._backend.courier.request_urls
        for kind in get_args(DeliveryKind):
            if kinds is not None and kind not in kinds:
                continue
            urls.pop(kind, None)
            if url is not None:
                urls[kind] = url
        return {}

    async def forge(
        self,
        body: dict[str, Any],
        *,
        url: str | None = None,
        age: float = 0,
        secret: str | None = None,
        signature: str | None = None,
    ) -> dict[str, Any]:
        """POST any JSON body to the request URL, signed as wished; returns status and text."""
        target = url or self._backend.courier.request_urls["events_api"]
        status, text, _ = await self._backend.courier.send_signed(
            target, json.dumps(body), content_type="application/json",
            age=age, secret=secret, signature=signature,
        )  # fmt: skip
        return {"status": status, "text": text}
