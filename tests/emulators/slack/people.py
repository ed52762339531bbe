"""What people do in the workspace."""

import base64
import time
from typing import Any

from .backend import Backend
from .controls import action_of, elements_of, find_control, initial_value, input_state
from .shapes import message_json, rich_text
from .state import Channel, Message, User, View


class People:
    """Acts as people; every action takes names or ids and returns JSON values."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._workspace = backend.workspace

    async def post(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: list[dict[str, str]] | None = None,
        duplicates: int = 0,
        app_context: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Post a message; a `<@…>` of the bot in it makes both a message and an app_mention event.

        `files`: `{"name", "mimetype", "content"}` with base64 content. `duplicates`: how often
        each event is delivered once more. Returns channel, ts, thread_ts and event_ids.
        """
        author, place = self._member(user, channel)
        if thread_ts is not None:
            self._workspace.thread(place, thread_ts)
        shapes = [self._store_file(author, file) for file in files or []]
        message = self._backend.person_message(
            author, place, text, thread_ts=thread_ts, blocks=rich_text(text), files=shapes,
            subtype="file_share" if shapes else None, app_context=app_context,
        )  # fmt: skip
        event_ids = self._backend.post(message)
        for event_id in event_ids * duplicates:
            self._backend.courier.redeliver(event_id)
        return _receipt(message, event_ids)

    async def mention(self, user: str, channel: str, text: str, **options: Any) -> dict[str, Any]:
        """Post a message that begins with a mention of the bot."""
        return await self.post(user, channel, f"<@{self._backend.app.bot_user}> {text}", **options)

    async def dm(
        self, user: str, text: str, *, in_view: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """Write to the bot in a direct message, with a channel `in_view` in the agent's pane."""
        place = self._workspace.direct(user, self._backend.app.bot_user)
        context = self._make_context(in_view) if in_view else None
        return await self.post(user, place.id, text, app_context=context, **options)

    async def look_at(self, user: str, channel: str) -> dict[str, Any]:
        """Open a channel while the agent's pane is open beside it."""
        person = self._workspace.user(user)
        place = self._workspace.direct(person.id, self._backend.app.bot_user)
        event = {"type": "app_context_changed", "user": person.id, "channel": place.id}
        event_id = self._backend.publish({**event, "context": self._make_context(channel)})
        return {"channel": place.id, "event_ids": [event_id] if event_id else []}

    def _make_context(self, channel: str) -> dict[str, Any]:
        entity = {
            "type": "slack#/types/channel_id",
            "value": self._workspace.channel(channel).id,
            "team_id": self._workspace.team_id,
        }
        return {"entities": [entity]}

    async def edit(self, user: str, channel: str, ts: str, text: str) -> dict[str, Any]:
        """Edit a message of one's own."""
        message = self._message(channel, ts)
        previous = message_json(self._workspace, message, metadata=False)
        message.text, message.blocks = text, rich_text(text)
        author = self._workspace.user(user)
        message.edited = {"user": author.id, "ts": self._workspace.next_ts()}
        return _receipt(message, self._backend.announce_change(message, previous))

    async def delete(self, user: str, channel: str, ts: str) -> dict[str, Any]:
        """Delete a message of one's own, or any as an admin."""
        message = self._message(channel, ts)
        author = self._workspace.user(user)
        if message.user != author.id and not author.is_admin:
            raise ValueError(f"{author.name} may not delete a message of {message.user}")
        return _receipt(message, self._backend.delete(message))

    async def react(self, user: str, channel: str, ts: str, name: str) -> dict[str, Any]:
        """Add a reaction."""
        message = self._message(channel, ts)
        person = self._workspace.user(user)
        return _receipt(message, self._backend.react(message, person, name, add=True))

    async def unreact(self, user: str, channel: str, ts: str, name: str) -> dict[str, Any]:
        """Take a reaction away."""
        message = self._message(channel, ts)
        person = self._workspace.user(user)
        return _receipt(message, self._backend.react(message, person, name, add=False))

    async def command(
        self, user: str, channel: str, command: str, text: str = ""
    ) -> dict[str, Any]:
        """Run a slash command and wait for its ack.

        Returns acked, body (what the ack said), error, response_url, trigger_id, and ts of the
        message that the ack made, if any. `channel` may be "dm".
        """
        person = self._workspace.user(user)
        place = self._place(person, channel)
        return await self._backend.interactions.command(person, place, command, text)

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, value: Any = None
    ) -> dict[str, Any]:
        """Use a button, select or feedback button of a message, ephemeral ones too.

        `value` picks among buttons that share an action_id, names the option or user chosen, and
        is "positive" or "negative" for feedback buttons. Returns acked, body, response_url.
        """
        message = self._message(channel, ts)
        block_id, element = find_control(message.blocks, action_id, value)
        action = action_of(block_id, element, value)
        person = self._workspace.user(user)
        return await self._backend.interactions.act(person, action, message=message, view=None)

    async def click_view(
        self, user: str, view_id: str, action_id: str, value: Any = None
    ) -> dict[str, Any]:
        """Use an element of a modal or, with the view_id "home", of one's Home tab."""
        person = self._workspace.user(user)
        view = self._view(person, view_id)
        block_id, element = find_control(view.definition["blocks"], action_id, value)
        action = action_of(block_id, element, value)
        return await self._backend.interactions.act(person, action, message=None, view=view)

    async def suggest(
        self, user: str, view_id: str, action_id: str, typed: str = ""
    ) -> list[dict[str, Any]]:
        """Open an external select of a modal, or type into it; the options that are offered."""
        person = self._workspace.user(user)
        view = self._view(person, view_id)
        block_id, element = find_control(view.definition["blocks"], action_id)
        if len(typed) < element.get("min_query_length", 3):
            raise ValueError(f"Slack asks after {element.get('min_query_length', 3)} characters")
        return await self._backend.interactions.suggest(
            person, block_id, action_id, typed, view=view
        )

    async def submit(
        self, user: str, view_id: str, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a modal with values by action_id; inputs not named keep their initial value.

        Returns acked, body, errors (by block_id, the modal stays open), view_id (still open).
        """
        person = self._workspace.user(user)
        view = self._view(person, view_id)
        state = _fill_in(view, dict(values or {}))
        return await self._backend.interactions.submit(person, view, state)

    async def close_view(self, user: str, view_id: str) -> dict[str, Any]:
        """Close a modal."""
        person = self._workspace.user(user)
        return await self._backend.interactions.close(person, self._view(person, view_id))

    async def shortcut(
        self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None
    ) -> dict[str, Any]:
        """Use a shortcut on a message, or a global one."""
        message = self._message(channel, ts) if channel and ts else None
        person = self._workspace.user(user)
        return await self._backend.interactions.shortcut(person, callback_id, message)

    async def open_home(self, user: str, tab: str = "home") -> dict[str, Any]:
        """Open the app's Home or Messages tab."""
        person = self._workspace.user(user)
        place = self._workspace.direct(person.id, self._backend.app.bot_user)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": place.id,
            "tab": tab,
        }
        if tab == "home" and person.id in self._workspace.homes:
            view = self._workspace.homes[person.id]
            event["view"] = {**view.definition, "id": view.id, "hash": view.hash}
        event_id = self._backend.publish(event)
        return {"channel": place.id, "event_ids": [event_id] if event_id else []}

    async def stop_stream(self, user: str, channel: str, ts: str) -> dict[str, Any]:
        """Press Stop on an answer that is being streamed."""
        message = self._message(channel, ts)
        if message.stream is None or not message.stream.is_open(self._backend.clock.now()):
            raise ValueError("that message is not being streamed")
        message.stream.state = "stopped_by_user"
        self._backend.journal.append("stream.stopped_by_user", channel=channel, ts=ts, user=user)
        return _receipt(message, [])

    async def join(self, user: str, channel: str) -> dict[str, Any]:
        """Let someone, the bot too, join a channel."""
        place, person = self._workspace.channel(channel), self._workspace.user(user)
        return {"event_ids": self._backend.change_member(place, person, joins=True)}

    async def leave(self, user: str, channel: str) -> dict[str, Any]:
        """Let someone, the bot too, leave a channel."""
        place, person = self._workspace.channel(channel), self._workspace.user(user)
        return {"event_ids": self._backend.change_member(place, person, joins=False)}

    def _place(self, person: User, channel: str) -> Channel:
        if channel == "dm":
            return self._workspace.direct(person.id, self._backend.app.bot_user)
        return self._workspace.channel(channel)

    def _channel(self, channel: str, person: User | None) -> Channel:
        return self._place(person, channel) if person else self._workspace.channel(channel)

    def _member(self, user: str, channel: str) -> tuple[User, Channel]:
        person = self._workspace.user(user)
        place = self._place(person, channel)
        if person.id not in place.members:
            raise ValueError(f"{person.name} is not in #{place.name or place.id}")
        return person, place

    def _message(self, channel: str, ts: str) -> Message:
        place = self._workspace.channel(channel)
        for message in place.ephemerals:
            if message.ts == ts:
                return message
        return self._workspace.message(place, ts)

    def _view(self, person: User, view_id: str) -> View:
        if view_id == "home":
            return self._workspace.homes[person.id]
        view = self._workspace.views[view_id]
        if view.user != person.id or view.closed:
            raise ValueError(f"{person.name} has no open view {view_id}")
        return view

    def _said(self, place: Channel, thread_ts: str | None) -> list[Message]:
        if thread_ts is None:
            return [message for message in place.messages.values() if not message.is_reply]
        parent = place.messages.get(thread_ts)
        replies = parent.replies if parent is not None else []
        return [place.messages[ts] for ts in replies]

    def _store_file(self, author: User, file: dict[str, str]) -> dict[str, Any]:
        content = base64.b64decode(file["content"])
        file_id = self._workspace.next_id("F")
        url = f"{self._backend.origin}/files/{file_id}/{file['name']}"
        shape = {
            "id": file_id, "name": file["name"], "title": file["name"], "user": author.id,
            "mimetype": file.get("mimetype", "text/plain"), "size": len(content),
            "filetype": file["name"].rsplit(".", 1)[-1], "mode": "hosted", "is_external": False,
            "created": int(time.time()), "url_private": url, "url_private_download": url,
        }  # fmt: skip
        self._workspace.files[file_id] = {"content": content, "shape": shape}
        return shape


def _receipt(message: Message, event_ids: list[str]) -> dict[str, Any]:
    return {
        "channel": message.channel, "ts": message.ts, "thread_ts": message.thread_ts,
        "event_ids": event_ids,
    }  # fmt: skip


def _fill_in(view: View, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    optional = {b["block_id"]: b.get("optional", False) for b in view.definition["blocks"]}
    inputs = {b["block_id"] for b in view.definition["blocks"] if b["type"] == "input"}
    state: dict[str, dict[str, Any]] = {}
    for block_id, element in elements_of(view.definition["blocks"]):
        action_id = element.get("action_id", "")
        if element["type"] in ("button", "image"):
            continue
        value = values.pop(action_id, initial_value(element))
        if value is None and block_id in inputs and not optional[block_id]:
            raise ValueError(f"the input {action_id!r} must be filled in")
        state.setdefault(block_id, {})[action_id] = input_state(element, value)
    if values:
        raise LookupError(f"the view has no inputs {sorted(values)}")
    return state
