"""What there is to see in the workspace, and waiting for it."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from ..journal import Entry
from .people import People
from .transcript import entry_of, transcript

T = TypeVar("T")


class Watching(People):
    """Sees the workspace and waits until something is there to see."""

    async def transcript(self, channel: str, user: str | None = None) -> list[dict[str, Any]]:
        """The channel as people see it, replies nested; with `user`, as that person sees it."""
        viewer = self._workspace.user(user) if user else None
        place = self._channel(channel, viewer)
        return transcript(self._workspace, place, viewer=viewer.id if viewer else None)

    async def thread(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """A parent and its replies in one list."""
        messages = self._workspace.thread(self._workspace.channel(channel), ts)
        return [entry_of(self._workspace, message) for message in messages]

    async def status(self, channel: str, thread_ts: str) -> dict[str, Any] | None:
        """The assistant status under a thread now."""
        found = self._workspace.status_of(self._workspace.channel(channel).id, thread_ts)
        if found is None:
            return None
        return {"status": found.status, "loading_messages": list(found.loading_messages)}

    async def prompts(self, user: str) -> dict[str, Any] | None:
        """The suggested prompts in the person's conversation with the bot."""
        place = self._workspace.direct(user, self._backend.app.bot_user)
        return self._workspace.prompts.get(place.id)

    async def home(self, user: str) -> dict[str, Any] | None:
        """The definition of the Home tab that the person sees."""
        view = self._workspace.homes.get(self._workspace.user(user).id)
        return None if view is None else view.definition

    async def views(self, user: str) -> list[dict[str, Any]]:
        """The person's open modals, the topmost last: view_id and definition."""
        person = self._workspace.user(user)
        return [
            {"view_id": view.id, **view.definition}
            for view in self._workspace.views.values()
            if view.user == person.id and not view.closed and view.definition["type"] == "modal"
        ]

    async def journal(self, after: int = 0, kinds: list[str] | None = None) -> list[dict[str, Any]]:
        """Entries of the journal after a sequence number."""
        entries = self._backend.journal.entries[after:]
        return [_entry_json(entry) for entry in entries if not kinds or entry.kind in kinds]

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 10) -> T:
        """Wait until a predicate over the emulator's state is true (in-process only)."""
        return await self._backend.journal.wait_for(predicate, timeout)

    async def wait_for_reply(
        self,
        channel: str,
        thread_ts: str | None,
        count: int = 1,
        *,
        containing: str | None = None,
        timeout: float = 10,
    ) -> list[dict[str, Any]]:
        """Wait for messages of the bot in a thread, or outside threads with None.

        A message that is being streamed does not count yet. `containing`: only messages with this
        in their text or blocks count, which is how to wait for a placeholder to be edited.
        """
        place = self._workspace.channel(channel)

        def replies() -> list[dict[str, Any]] | None:
            found = [
                entry_of(self._workspace, message)
                for message in self._said(place, thread_ts)
                if message.user == self._backend.app.bot_user
            ]
            found = [e for e in found if not e["streaming"] and _contains(e, containing)]
            return found if len(found) >= count else None

        return await self._backend.journal.wait_for(replies, timeout) or []

    async def wait_for_ephemeral(
        self, channel: str, user: str, count: int = 1, *,
        containing: str | None = None, timeout: float = 10,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Wait for messages in a channel that only this person sees."""
        person = self._workspace.user(user)
        place = self._channel(channel, person)

        def found() -> list[dict[str, Any]] | None:
            mine = [m for m in place.ephemerals if m.ephemeral_for == person.id]
            entries = [entry_of(self._workspace, message) for message in mine]
            entries = [entry for entry in entries if _contains(entry, containing)]
            return entries if len(entries) >= count else None

        return await self._backend.journal.wait_for(found, timeout) or []

    async def wait_for_view(
        self, user: str, *, callback_id: str | None = None, timeout: float = 10
    ) -> dict[str, Any]:
        """Wait for an open modal; returns view_id and definition."""
        person = self._workspace.user(user)

        def found() -> dict[str, Any] | None:
            for view in reversed(self._workspace.views.values()):
                fits = callback_id in (None, view.definition.get("callback_id"))
                modal = view.definition["type"] == "modal"
                if view.user == person.id and not view.closed and modal and fits:
                    return {"view_id": view.id, **view.definition}
            return None

        return await self._backend.journal.wait_for(found, timeout) or {}

    async def wait_for_entry(
        self, kind: str, count: int = 1, *,
        after: int = 0, match: dict[str, Any] | None = None, timeout: float = 10,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Wait for entries of the journal of a kind whose data agrees with `match`."""
        wanted = (match or {}).items()
        entries: list[Entry] = []
        position = after

        def found() -> bool:
            nonlocal position
            grown = self._backend.journal.entries[position:]
            position += len(grown)
            entries.extend(
                entry
                for entry in grown
                if entry.kind == kind and all(entry.data.get(k) == v for k, v in wanted)
            )
            return len(entries) >= count

        await self._backend.journal.wait_for(found, timeout)
        return [_entry_json(entry) for entry in entries]

    async def wait_for_growth(self, after: int, timeout: float = 10) -> dict[str, Any]:
        """Wait until the journal has an entry after a sequence number."""
        entries = self._backend.journal
        await entries.wait_for(lambda: len(entries.entries) > after, timeout)
        return {"seq": len(entries.entries)}

    async def wait_for_sockets(self, count: int = 1, timeout: float = 10) -> dict[str, Any]:
        """Wait until the app has `count` connections that answer."""
        sockets = self._backend.sockets

        def live() -> int:
            return sum(not (c.half_open or c.draining) for c in sockets.connections)

        await self._backend.journal.wait_for(lambda: live() >= count, timeout)
        return {"connections": live()}


def _contains(entry: dict[str, Any], part: str | None) -> bool:
    if part is None:
        return True
    return part in entry["text"] or part in json.dumps(entry["blocks"], ensure_ascii=False)


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {"seq": entry.seq, "at": entry.at, "kind": entry.kind, **dict(entry.data)}
