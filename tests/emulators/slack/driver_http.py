"""The driver over HTTP, for programs in another process.

POST /_driver/ACTION with the arguments as JSON gives the action's result as JSON; what only looks
can be had by GET too, e.g. GET /_driver/transcript?channel=general. Refusals: 400 with
`{"error": …}`, a wait that ended in vain: 408.
"""

import inspect
import json
from typing import Any

from aiohttp import web

from .driver import Driver
from .errors import SlackError

_READABLE = frozenset(["transcript", "thread", "status", "prompts", "home", "views", "journal"])


class DriverHttp:
    """Serves the driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def routes(self) -> list[web.RouteDef]:
        """The routes of the driver."""
        return [
            web.get("/_driver/{action}", self._handle),
            web.post("/_driver/{action}", self._handle),
        ]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        action = request.match_info["action"]
        if action not in Driver.ACTIONS or (request.method == "GET" and action not in _READABLE):
            return _refuse(404, f"the driver has no action {action!r}")
        try:
            arguments = await _arguments(request, getattr(self._driver, action))
            result = await getattr(self._driver, action)(**arguments)
        except TimeoutError as error:
            return _refuse(408, str(error))
        except SlackError as error:
            return _refuse(400, error.code)
        except (ValueError, LookupError, TypeError) as error:
            return _refuse(400, str(error))
        return web.json_response(result)


async def _arguments(request: web.Request, action: Any) -> dict[str, Any]:
    if request.method == "POST":
        text = await request.text()
        return dict(json.loads(text)) if text else {}
    parameters = inspect.signature(action).parameters
    return {
        name: int(value) if parameters[name].annotation is int else value
        for name, value in request.query.items()
        if name in parameters
    }


def _refuse(status: int, error: str) -> web.Response:
    return web.json_response({"error": error}, status=status)
