"""The driver over HTTP: `POST /_driver/<method>` with its arguments as JSON."""

import inspect
import json
from typing import Any

from aiohttp import web

from .driver import DiscordDriver
from .errors import ApiError, DriverError
from .waits import Waits

# Waiting with predicates happens in the client, on top of these.
_LOCAL = frozenset(vars(Waits)) - {
    "messages",
    "replies",
    "interaction",
    "wait_for_change",
    "directory",
}
METHODS = {
    name: method
    for name, method in inspect.getmembers(DiscordDriver, inspect.iscoroutinefunction)
    if not name.startswith("_") and name not in _LOCAL
}


def mount(app: web.Application, driver: DiscordDriver) -> None:
    """Serve the driver below `/_driver`."""

    async def call(request: web.Request) -> web.Response:
        name = request.match_info["method"]
        if name not in METHODS:
            return _json(404, {"error": f"the driver has no method {name!r}"})
        try:
            raw = await request.read()
            arguments: dict[str, Any] = json.loads(raw) if raw else {}
        except ValueError:
            return _json(400, {"error": "the body is not JSON"})
        return await _call(driver, name, arguments)

    async def read(request: web.Request) -> web.Response:
        name = request.match_info["method"]
        if name not in ("transcript", "directory", "commands", "messages"):
            return _json(404, {"error": f"GET knows no {name!r}; POST it"})
        return await _call(driver, name, dict(request.query))

    app.router.add_post("/_driver/{method}", call)
    app.router.add_get("/_driver/{method}", read)


async def _call(driver: DiscordDriver, name: str, arguments: dict[str, Any]) -> web.Response:
    try:
        bound = inspect.signature(METHODS[name]).bind(driver, **arguments)
        return _json(200, {"result": await METHODS[name](*bound.args, **bound.kwargs)})
    except (DriverError, ApiError, TypeError, KeyError, ValueError) as fault:
        return _json(400, {"error": f"{name}: {fault}"})


def _json(status: int, body: Any) -> web.Response:
    return web.json_response(body, status=status)
