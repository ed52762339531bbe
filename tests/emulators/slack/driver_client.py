# mypy: disable-error-code="no-any-return"
"""The driver's actions from another process; same names, arguments and results as `Driver`."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import aiohttp


class SlackDriverClient:
    """Acts in an emulator that runs elsewhere.

    `async with SlackDriverClient(driver_url) as driver: await driver.post("bruno", "help", "hi")`.
    Refusals raise ValueError, a wait that ended in vain raises TimeoutError. Beside the methods
    spelt out here, every other action of `Driver` can be called by its name with keyword arguments.
    """

    def __init__(self, driver_url: str) -> None:
        self._url = driver_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "SlackDriverClient":
        # Waits are bounded by the emulator, so the client must not give up first.
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def __getattr__(self, action: str) -> Callable[..., Awaitable[Any]]:
        if action.startswith("_"):
            raise AttributeError(action)

        async def perform(**arguments: Any) -> Any:
            return await self._do(action, arguments)

        return perform

    async def post(self, user: str, channel: str, text: str, **options: Any) -> dict[str, Any]:
        """Post a message; options: thread_ts, files, duplicates."""
        return await self._do("post", {"user": user, "channel": channel, "text": text, **options})

    async def mention(self, user: str, channel: str, text: str, **options: Any) -> dict[str, Any]:
        """Post a message that begins with a mention of the bot."""
        arguments = {"user": user, "channel": channel, "text": text, **options}
        return await self._do("mention", arguments)

    async def dm(self, user: str, text: str, **options: Any) -> dict[str, Any]:
        """Write to the bot in a direct message."""
        return await self._do("dm", {"user": user, "text": text, **options})

    async def edit(self, user: str, channel: str, ts: str, text: str) -> dict[str, Any]:
        """Edit a message of one's own."""
        return await self._do("edit", {"user": user, "channel": channel, "ts": ts, "text": text})

    async def delete(self, user: str, channel: str, ts: str) -> dict[str, Any]:
        """Delete a message."""
        return await self._do("delete", {"user": user, "channel": channel, "ts": ts})

    async def react(self, user: str, channel: str, ts: str, name: str) -> dict[str, Any]:
        """Add a reaction."""
        return await self._do("react", {"user": user, "channel": channel, "ts": ts, "name": name})

    async def command(
        self, user: str, channel: str, command: str, text: str = ""
    ) -> dict[str, Any]:
        """Run a slash command and wait for its ack."""
        arguments = {"user": user, "channel": channel, "command": command, "text": text}
        return await self._do("command", arguments)

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, value: Any = None
    ) -> dict[str, Any]:
        """Use an interactive element of a message."""
        place = {"user": user, "channel": channel, "ts": ts}
        return await self._do("click", {**place, "action_id": action_id, "value": value})

    async def suggest(
        self, user: str, view_id: str, action_id: str, typed: str = ""
    ) -> list[dict[str, Any]]:
        """Open an external select of a modal, or type into it."""
        arguments = {"user": user, "view_id": view_id, "action_id": action_id, "typed": typed}
        return await self._do("suggest", arguments)

    async def submit(
        self, user: str, view_id: str, values: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a modal."""
        return await self._do("submit", {"user": user, "view_id": view_id, "values": values})

    async def shortcut(
        self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None
    ) -> dict[str, Any]:
        """Use a message shortcut or a global one."""
        place = {"channel": channel, "ts": ts}
        return await self._do("shortcut", {"user": user, "callback_id": callback_id, **place})

    async def open_home(self, user: str, tab: str = "home") -> dict[str, Any]:
        """Open the app's Home or Messages tab."""
        return await self._do("open_home", {"user": user, "tab": tab})

    async def fault(self, method: str, kind: str, **options: Any) -> dict[str, Any]:
        """Queue a fault."""
        return await self._do("fault", {"method": method, "kind": kind, **options})

    async def advance(self, seconds: float) -> dict[str, Any]:
        """Move the emulator's clock forward."""
        return await self._do("advance", {"seconds": seconds})

    async def redeliver(self, event_id: str, **options: Any) -> dict[str, Any]:
        """Deliver an event once more."""
        return await self._do("redeliver", {"event_id": event_id, **options})

    async def set_request_url(self, url: str | None, **options: Any) -> dict[str, Any]:
        """Deliver over HTTP from now on, or to sockets again with None."""
        return await self._do("set_request_url", {"url": url, **options})

    async def transcript(self, channel: str, user: str | None = None) -> list[dict[str, Any]]:
        """The channel as people see it."""
        return await self._do("transcript", {"channel": channel, "user": user})

    async def thread(self, channel: str, ts: str) -> list[dict[str, Any]]:
        """A parent and its replies in one list."""
        return await self._do("thread", {"channel": channel, "ts": ts})

    async def journal(self, after: int = 0, kinds: list[str] | None = None) -> list[dict[str, Any]]:
        """Entries of the journal."""
        return await self._do("journal", {"after": after, "kinds": kinds})

    async def wait_for_reply(
        self, channel: str, thread_ts: str | None, count: int = 1, **options: Any
    ) -> list[dict[str, Any]]:
        """Wait for messages of the bot; options: containing, timeout."""
        arguments = {"channel": channel, "thread_ts": thread_ts, "count": count, **options}
        return await self._do("wait_for_reply", arguments)

    async def wait_for_ephemeral(
        self, channel: str, user: str, count: int = 1, **options: Any
    ) -> list[dict[str, Any]]:
        """Wait for messages that only this person sees; options: containing, timeout."""
        arguments = {"channel": channel, "user": user, "count": count, **options}
        return await self._do("wait_for_ephemeral", arguments)

    async def wait_for_view(self, user: str, **options: Any) -> dict[str, Any]:
        """Wait for an open modal; options: callback_id, timeout."""
        return await self._do("wait_for_view", {"user": user, **options})

    async def wait_for_entry(
        self, kind: str, count: int = 1, **options: Any
    ) -> list[dict[str, Any]]:
        """Wait for entries of the journal; options: after, match, timeout."""
        return await self._do("wait_for_entry", {"kind": kind, "count": count, **options})

    async def wait_for_sockets(self, count: int = 1, timeout: float = 10) -> dict[str, Any]:
        """Wait until the app has `count` connections that answer."""
        return await self._do("wait_for_sockets", {"count": count, "timeout": timeout})

    async def wait_for(self, predicate: Callable[[], Any], timeout: float = 10) -> Any:
        """Wait until a predicate is true, asked again whenever the emulator's journal has grown.

        The predicate may be async and look through this client.
        """
        loop_end = _now() + timeout
        seq = 0
        while True:
            value = predicate()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            remaining = loop_end - _now()
            arguments = {"after": seq, "timeout": max(0.0, remaining)}
            seq = (await self._do("wait_for_growth", arguments))["seq"]

    async def _do(self, action: str, arguments: dict[str, Any]) -> Any:
        if self._session is None:
            raise RuntimeError("use the driver client in `async with`")
        async with self._session.post(f"{self._url}/{action}", json=arguments) as response:
            body = await response.json()
            if response.status == 408:
                raise TimeoutError(body["error"])
            if response.status != 200:
                raise ValueError(body["error"])
            return body


def _now() -> float:
    return asyncio.get_running_loop().time()
