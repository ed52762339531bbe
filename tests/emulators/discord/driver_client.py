"""`DiscordDriverClient`: the methods of the driver from another process."""

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp

from .driver_http import METHODS
from .errors import DriverError
from .waits import Waits


def _remote(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    async def call(self: "DiscordDriverClient", *args: Any, **kwargs: Any) -> Any:
        arguments = dict(signature.bind(self, *args, **kwargs).arguments)
        arguments.pop("self")
        # Keywords collected by **more travel as plain arguments.
        for parameter in signature.parameters.values():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                arguments |= arguments.pop(parameter.name, {})
        return await self.call(name, arguments)

    return call


class DiscordDriverClient(Waits):
    """Every public method of `DiscordDriver`, over HTTP; an async context manager.

    Raises DriverError with the emulator's words.
    """

    def __init__(self, driver_url: str) -> None:
        self._url = driver_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "DiscordDriverClient":
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Run one method of the driver by name."""
        if self._session is None:
            raise RuntimeError("enter the client with `async with` first")
        async with self._session.post(f"{self._url}/{name}", json=arguments) as response:
            body = await response.json()
        if "error" in body:
            raise DriverError(body["error"])
        return body["result"]


for _name, _method in METHODS.items():
    setattr(DiscordDriverClient, _name, _remote(_name, _method))
