"""Slash commands, buttons, shortcuts, modals and the Home tab, as the person's client does them."""

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import SlackError
from .shapes import message_json, view_json
from .state import Channel, Message, User, View
from .validators import check_blocks, check_content, check_options, check_text, check_view

if TYPE_CHECKING:
    from .backend import Backend

TRIGGER_LIFETIME = 3.0
RESPONSE_URL_LIFETIME = 1800.0
RESPONSE_URL_USES = 5
VIEW_STACK = 3


@dataclass(slots=True)
class Trigger:
    """A trigger_id: when it was made, for whom, and whether it was exchanged for a view."""

    user: str
    at: float
    used: bool = False
    view_id: str | None = None


@dataclass(slots=True)
class ResponseTarget:
    """Where a response_url leads, and how often it was used."""

    channel: str
    user: str
    at: float
    source: Message | None = None
    uses: int = field(default=0)


class Interactions:
    """Triggers, response_urls and views, and the payloads that carry them."""

    def __init__(self, backend: "Backend") -> None:
        self._backend = backend
        self.triggers: dict[str, Trigger] = {}
        self.targets: dict[str, ResponseTarget] = {}

    # What the person does

    async def command(
        self, user: User, channel: Channel, command: str, text: str
    ) -> dict[str, Any]:
        """Run a slash command; what the app says in its ack is posted."""
        backend = self._backend
        if "commands" not in backend.app.scopes:
            raise SlackError("missing_scope", needed="commands")
        response_url = self.new_response_url(channel, user)
        trigger_id = self.new_trigger(user)
        payload = {
            "token": backend.app.verification_token,
            "team_id": backend.workspace.team_id,
            "team_domain": backend.workspace.domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": backend.app.app_id,
            "is_enterprise_install": str(backend.org_wide).lower(),
            "enterprise_id": backend.organisation or "",
            "response_url": response_url,
            "trigger_id": trigger_id,
        }
        backend.journal.append("command.sent", command=command, text=text, user=user.id)
        outcome = await backend.courier.deliver("slash_commands", payload)
        result: dict[str, Any] = {
            "acked": outcome.acked, "body": outcome.body, "response_url": response_url,
            "trigger_id": trigger_id, "channel": channel.id, "user": user.id, "ts": None,
            "error": None if outcome.acked else _command_error(outcome.reason),
        }  # fmt: skip
        backend.journal.append("command.answered", command=command, **_brief(result))
        body = outcome.body
        if outcome.acked and isinstance(body, dict) and (body.get("text") or body.get("blocks")):
            message = self._respond(self.targets[_key(response_url)], body)
            result["ts"] = message.ts
        return result

    async def act(
        self, user: User, action: dict[str, Any], *, message: Message | None, view: View | None
    ) -> dict[str, Any]:
        """Use an interactive element of a message or a view (block_actions)."""
        payload = self._base("block_actions", user, view)
        response_url = None
        if message is not None:
            channel = self._backend.workspace.channels[message.channel]
            response_url = self.new_response_url(channel, user, source=message)
            payload |= self._message_part(message, channel)
            payload |= {"response_url": response_url, "state": {"values": {}}}
        if view is not None:
            payload |= {
                "container": {"type": "view", "view_id": view.id},
                "view": self._view_json(view),
            }
        action.setdefault("action_ts", self._backend.workspace.next_ts())
        payload["actions"] = [action]
        outcome = await self._interact(payload)
        return {**outcome, "response_url": response_url}

    async def suggest(
        self, user: User, block_id: str, action_id: str, typed: str, *, view: View
    ) -> list[dict[str, Any]]:
        """Open or type into an external select of a view; the options that the app offers."""
        payload = self._base("block_suggestion", user)
        del payload["trigger_id"]
        payload |= {
            "container": {"type": "view", "view_id": view.id},
            "view": self._view_json(view),
            "block_id": block_id,
            "action_id": action_id,
            "value": typed,
        }
        outcome = await self._interact(payload)
        body = outcome["body"] if isinstance(outcome["body"], dict) else {}
        return check_options(body.get("options"))

    async def submit(
        self, user: User, view: View, values: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        """Submit a modal; the app's response_action is carried out."""
        view.values = values
        payload = self._base("view_submission", user, view)
        payload |= {"view": self._view_json(view), "response_urls": []}
        outcome = await self._interact(payload)
        body = outcome["body"] if isinstance(outcome["body"], dict) else {}
        action = body.get("response_action")
        outcome["errors"] = body.get("errors") if action == "errors" else None
        shown = {block.get("block_id") for block in view.definition["blocks"]}
        if outcome["errors"] and not outcome["errors"].keys() <= shown:
            outcome["error"] = "invalid_response"  # 'We had some trouble connecting'
        outcome["view_id"] = None
        if not outcome["acked"] or action == "errors":
            outcome["view_id"] = view.id
        elif action == "update":
            self._redefine(view, check_view(body["view"]))
            outcome["view_id"] = view.id
        elif action == "push":
            outcome["view_id"] = self.open_view(user.id, body["view"], under=view).id
        else:
            self._close(view, all_of_stack=action == "clear")
        return outcome

    async def close(self, user: User, view: View) -> dict[str, Any]:
        """Close a modal; the app hears of it if the view asked for that."""
        view.closed = True
        self._backend.journal.append("view.closed", view_id=view.id, user=user.id)
        if not view.definition.get("notify_on_close"):
            return {"acked": True, "body": None, "error": None}
        payload = self._base("view_closed", user)
        return await self._interact({**payload, "view": self._view_json(view), "is_cleared": False})

    async def shortcut(
        self, user: User, callback_id: str, message: Message | None
    ) -> dict[str, Any]:
        """Use a message shortcut, or a global one when there is no message."""
        payload = self._base("message_action" if message else "shortcut", user)
        payload |= {"callback_id": callback_id, "action_ts": self._backend.workspace.next_ts()}
        response_url = None
        if message is not None:
            channel = self._backend.workspace.channels[message.channel]
            response_url = self.new_response_url(channel, user)
            part = self._message_part(message, channel)
            del part["container"]
            payload |= {**part, "message_ts": message.ts, "response_url": response_url}
        outcome = await self._interact(payload)
        return {**outcome, "response_url": response_url}

    # What the app does with it

    def new_trigger(self, user: User, view_id: str | None = None) -> str:
        """A trigger_id for the person, good for 3 s and one view."""
        trigger_id = (
            f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        )
        self.triggers[trigger_id] = Trigger(user.id, self._backend.clock.now(), view_id=view_id)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use up a trigger_id."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._backend.clock.now() - trigger.at > TRIGGER_LIFETIME:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def open_view(self, user: str, definition: Any, *, under: View | None = None) -> View:
        """Show a modal to the person, on top of another one or alone."""
        checked = check_view(definition)
        if checked["type"] != "modal":
            raise SlackError("invalid_arguments")
        workspace = self._backend.workspace
        if under is not None and self._depth(under) >= VIEW_STACK:
            raise SlackError("push_limit_reached")
        view_id = workspace.next_id("V")
        view = View(
            view_id, user, checked, secrets.token_hex(4),
            root_id=under.root_id if under else view_id, previous_id=under.id if under else None,
        )  # fmt: skip
        workspace.views[view_id] = view
        self._backend.journal.append(
            "view.opened", view_id=view_id, user=user, callback_id=checked.get("callback_id", "")
        )
        return view

    def update_view(self, view: View, definition: Any, given_hash: str | None) -> View:
        """Change an open modal."""
        if given_hash and given_hash != view.hash:
            raise SlackError("hash_conflict")
        if view.closed:
            raise SlackError("not_found")
        self._redefine(view, check_view(definition))
        return view

    def publish_home(self, user: User, definition: Any, given_hash: str | None) -> View:
        """Set the Home tab that the person sees."""
        if not self._backend.app.home_tab:
            raise SlackError("not_enabled")
        checked = check_view(definition)
        if checked["type"] != "home":
            raise SlackError("invalid_arguments")
        homes = self._backend.workspace.homes
        view = homes.get(user.id)
        if view is not None and given_hash and given_hash != view.hash:
            raise SlackError("hash_conflict")
        if view is None:
            view_id = self._backend.workspace.next_id("V")
            view = homes[user.id] = View(view_id, user.id, checked, "", root_id=view_id)
            self._backend.workspace.views[view_id] = view
        view.definition, view.hash = checked, secrets.token_hex(4)
        self._backend.journal.append("home.published", user=user.id, view_id=view.id)
        return view

    def new_response_url(
        self, channel: Channel, user: User, *, source: Message | None = None
    ) -> str:
        """A response_url, good for 5 uses in 30 minutes."""
        key = secrets.token_urlsafe(18)
        self.targets[key] = ResponseTarget(channel.id, user.id, self._backend.clock.now(), source)
        return f"{self._backend.origin}/response/{self._backend.workspace.team_id}/{key}"

    def use_response_url(self, key: str, body: dict[str, Any]) -> None:
        """Carry out a post to a response_url."""
        target = self.targets.get(key)
        if target is None:
            raise SlackError("invalid_url")
        if self._backend.clock.now() - target.at > RESPONSE_URL_LIFETIME:
            raise SlackError("expired_url")
        if target.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        if body.get("delete_original"):
            target.uses += 1
            if target.source is not None:
                self._backend.delete(target.source)
            return
        self._respond(target, body)
        target.uses += 1

    # Parts

    def _respond(self, target: ResponseTarget, body: dict[str, Any]) -> Message:
        backend = self._backend
        text = body.get("text") or ""
        check_text(text)
        blocks = check_blocks(body["blocks"]) if body.get("blocks") else []
        attachments = body.get("attachments") or []
        check_content(text, blocks, attachments, [])
        if target.source is not None and body.get("replace_original"):
            previous = message_json(backend.workspace, target.source, metadata=False)
            target.source.text, target.source.blocks = text, blocks
            target.source.attachments = attachments
            backend.announce_change(target.source, previous)
            return target.source
        private = body.get("response_type", "ephemeral") != "in_channel"
        message = Message(
            ts=backend.workspace.next_ts(), channel=target.channel, user=backend.app.bot_user,
            bot_id=backend.app.bot_id, text=text, blocks=blocks, attachments=attachments,
            thread_ts=body.get("thread_ts"), metadata=body.get("metadata"),
            ephemeral_for=target.user if private else None,
            unfurl_links=body.get("unfurl_links"), unfurl_media=body.get("unfurl_media"),
        )  # fmt: skip
        backend.post(message)
        return message

    def _base(self, kind: str, user: User, view: View | None = None) -> dict[str, Any]:
        backend = self._backend
        workspace, app = backend.workspace, backend.app
        return {
            "type": kind,
            "team": {"id": workspace.team_id, "domain": workspace.domain},
            "enterprise": {"id": backend.organisation} if backend.organisation else None,
            "is_enterprise_install": backend.org_wide,
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": user.team_id,
            },
            "api_app_id": app.app_id,
            "token": app.verification_token,
            "trigger_id": self.new_trigger(user, view.id if view else None),
        }

    def _message_part(self, message: Message, channel: Channel) -> dict[str, Any]:
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_for is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        name = "directmessage" if channel.kind == "im" else channel.name
        return {
            "container": container,
            "channel": {"id": channel.id, "name": name},
            "message": message_json(self._backend.workspace, message),
        }

    async def _interact(self, payload: dict[str, Any]) -> dict[str, Any]:
        journal, kind = self._backend.journal, payload["type"]
        user, trigger_id = payload["user"]["id"], payload.get("trigger_id")
        journal.append("interaction.sent", type=kind, user=user)
        outcome = await self._backend.courier.deliver("interactive", payload)
        error = None if outcome.acked else (outcome.reason or "timeout")
        result = {"acked": outcome.acked, "body": outcome.body, "error": error}
        journal.append("interaction.answered", type=kind, user=user, **_brief(result))
        return {**result, "trigger_id": trigger_id}

    def _view_json(self, view: View) -> dict[str, Any]:
        app = self._backend.app
        return view_json(self._backend.workspace, view, app_id=app.app_id, bot_id=app.bot_id)

    def _redefine(self, view: View, definition: dict[str, Any]) -> None:
        view.definition, view.hash = definition, secrets.token_hex(4)
        self._backend.journal.append("view.updated", view_id=view.id, user=view.user)

    def _close(self, view: View, *, all_of_stack: bool) -> None:
        for item in self._backend.workspace.views.values():
            if item is view or (all_of_stack and item.root_id == view.root_id):
                item.closed = True
                self._backend.journal.append("view.closed", view_id=item.id, user=item.user)

    def _depth(self, view: View) -> int:
        views = self._backend.workspace.views.values()
        return sum(item.root_id == view.root_id and not item.closed for item in views)


def _key(response_url: str) -> str:
    return response_url.rsplit("/", 1)[-1]


def _command_error(reason: str | None) -> str:
    """What Slack tells the person: `/ask failed with the error "…"`."""
    return "operation_timeout" if reason in ("timeout", "http_timeout") else "dispatch_failed"


def _brief(result: dict[str, Any]) -> dict[str, Any]:
    body = result["body"]
    return {
        "acked": result["acked"],
        "error": result["error"],
        "body": json.loads(json.dumps(body)) if isinstance(body, dict) else body,
    }
