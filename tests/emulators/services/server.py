"""What the emulated services have in common: a server, a journal of requests, and faults."""

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from aiohttp import web

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, and the status of its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    status: int


@dataclass(slots=True)
class Fault:
    """What requests of a path are answered instead; `path` is a glob, `after` lets some through."""

    status: int
    path: str = "*"
    times: int | None = None
    after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class ServiceServer:
    """Serves one service while it is entered. Subclasses add the routes, and the words of refusals.

    `journal` holds every request; `faults` are looked at in order, the first that fits strikes.
    """

    def __init__(self) -> None:
        self.journal: list[Request] = []
        self.faults: list[Fault] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._moment = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def routes(self) -> list[web.RouteDef]:
        """The routes of the service."""
        raise NotImplementedError

    def refuse(self, status: int, message: str) -> dict[str, Any]:
        """The body with which the service refuses a request."""
        raise NotImplementedError

    def fail(self, status: int, path: str = "*", **options: Any) -> None:
        """Answer requests of a path with a status: `times`, `after`, `headers`, `body`."""
        self.faults.append(Fault(status, path, **options))

    def next_moment(self) -> datetime:
        """The service's time, which moves on by a minute with each look."""
        self._moment += timedelta(minutes=1)
        return self._moment

    async def start(self) -> Self:
        """Listen on a free port."""
        app = web.Application(middlewares=[self._watch])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        """Stop listening; connections to the port are refused from now on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        raw = await request.read()
        fault = self._take_fault(request.path)
        response: web.StreamResponse
        if fault is not None:
            body = self.refuse(fault.status, "fault") if fault.body is None else fault.body
            response = _answer(fault.status, body, fault.headers)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as refusal:
                reason = refusal.reason
                response = _answer(refusal.status, self.refuse(refusal.status, reason), {})
        self.journal.append(
            Request(
                request.method, request.path, dict(request.query), _parse(raw),
                dict(request.headers), response.status,
            )
        )  # fmt: skip
        return response

    def _take_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if not fnmatch.fnmatchcase(path, fault.path):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault
        return None


def stamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as most services write a moment."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(status: int, body: Any, headers: Mapping[str, str]) -> web.Response:
    if isinstance(body, str):
        return web.Response(status=status, text=body, headers=headers)
    return web.json_response(body, status=status, headers=headers)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")
