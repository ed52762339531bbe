"""Waiting for what the bot does, the same in-process and over HTTP."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

LOADING = 1 << 7
Predicate = Callable[[dict[str, Any]], Any]


class Waits:
    """Waiting in terms of methods that a driver or its client provides."""

    async def messages(self, channel: Any, after: Any = None) -> list[dict[str, Any]]:
        raise NotImplementedError

    async def replies(self, message: Any) -> list[dict[str, Any]]:
        raise NotImplementedError

    async def interaction(self, interaction: Any) -> dict[str, Any]:
        raise NotImplementedError

    async def wait_for_change(self, since: int = 0, timeout: float = 10) -> int:
        raise NotImplementedError

    async def directory(self) -> dict[str, Any]:
        raise NotImplementedError

    async def wait_until(self, probe: Callable[[], Awaitable[Any]], timeout: float = 10) -> Any:
        """Wait until `await probe()` gives something true, and return it.

        Asked again after every change of the emulator. Raises TimeoutError.
        """
        deadline = time.monotonic() + timeout
        seen = await self.wait_for_change(0, 0)
        while not (found := await probe()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the awaited condition did not come true in {timeout:g} s")
            seen = await self.wait_for_change(seen, min(left, 5))
        return found

    async def wait_for_message(
        self,
        channel: Any,
        predicate: Predicate | None = None,
        *,
        contains: str | None = None,
        author: str | None = "bot",
        after: Any = None,
        timeout: float = 10,
    ) -> dict[str, Any]:
        """The first finished message of a channel that fits.

        `author` is a name, `bot` or None for anybody; `after` a message. Raises TimeoutError.
        """

        async def probe() -> dict[str, Any] | None:
            for message in await self.messages(channel, after):
                if _fits(message, predicate, contains, author):
                    return message
            return None

        return await self._named(probe, f"no such message in {channel!r}", timeout)

    async def wait_for_reply(
        self,
        message: dict[str, Any],
        predicate: Predicate | None = None,
        *,
        contains: str | None = None,
        timeout: float = 10,
    ) -> dict[str, Any]:
        """The bot's answer to a message: a reply, or a message in the thread opened from it.

        In a thread or a direct message any later message of the bot counts. Raises TimeoutError.
        """

        async def probe() -> dict[str, Any] | None:
            for found in await self.replies(message):
                if _fits(found, predicate, contains, "bot"):
                    return found
            return None

        return await self._named(probe, f"no reply to {message['content']!r:.80}", timeout)

    async def wait_for_response(
        self,
        interaction: dict[str, Any],
        statuses: tuple[str, ...] = ("answered",),
        *,
        predicate: Predicate | None = None,
        timeout: float = 10,
    ) -> dict[str, Any]:
        """The interaction once its status is one of these (and the predicate holds).

        Raises TimeoutError.
        """

        async def probe() -> dict[str, Any] | None:
            view = await self.interaction(interaction)
            fits = view["status"] in statuses and (predicate is None or predicate(view))
            return view if fits else None

        what = f"interaction {interaction['name']!r} did not become {' or '.join(statuses)}"
        return await self._named(probe, what, timeout)

    async def wait_until_connected(self, sessions: int = 1, timeout: float = 20) -> None:
        """Wait for this many live gateway sessions. Raises TimeoutError."""

        async def probe() -> bool:
            return int((await self.directory())["sessions"]) >= sessions

        await self._named(probe, f"fewer than {sessions} sessions", timeout)

    async def _named(self, probe: Callable[[], Awaitable[Any]], what: str, timeout: float) -> Any:
        try:
            return await self.wait_until(probe, timeout)
        except TimeoutError:
            raise TimeoutError(f"{what} in {timeout:g} s") from None


def _fits(
    message: dict[str, Any], predicate: Predicate | None, contains: str | None, author: str | None
) -> bool:
    if message["flags"] & LOADING or message["type"] in (18, 21):
        return False
    person = message["author"]
    if author == "bot" and not person["bot"]:
        return False
    if author not in (None, "bot") and author != person["username"]:
        return False
    if contains is not None and contains not in message["text"]:
        return False
    return predicate is None or bool(predicate(message))
