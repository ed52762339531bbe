"""The REST API, version 10: routing, authentication, rate limits, faults and error bodies."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from .errors import ApiError, api_error
from .faults import Fault, FaultQueue, RateLimits, refusal
from .gateway import Gateway
from .models import Channel
from .state import World

PREFIX = "/api/v10"
UPLOAD_MOST = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    content: bytes
    content_type: str


@dataclass(slots=True)
class Call:
    """One request as handlers see it: parameters of the path as text, query, body and files."""

    world: World
    gateway: Gateway
    params: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: dict[int, Upload] = field(default_factory=dict)

    def id(self, name: str) -> int:
        """A numeric part of the path. Raises ApiError 50035."""
        value = self.params[name]
        if not value.isdigit():
            error = {"code": "NUMBER_TYPE_COERCE", "message": f'Value "{value}" is not snowflake.'}
            raise ApiError(400, 50035, "Invalid Form Body", {name: {"_errors": [error]}})
        return int(value)

    def channel(self) -> Channel:
        """The channel of the path, which the bot must see. Raises ApiError 10003 or 50001."""
        channel = self.world.channel(self.id("channel_id"))
        need(self, channel, "view_channel", code=50001)
        return channel

    def form(self) -> dict[str, Any]:
        """The body as an object. Raises ApiError 50109."""
        if not isinstance(self.body, dict):
            raise api_error(50109)
        return self.body


# A handler returns a body (200), None (204) or a pair of status and body.
Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """`bucket` names the rate limit; `major` is the path part that it is counted by."""

    method: str
    path: str
    bucket: str
    handler: Handler
    major: str | None = None
    needs_token: bool = True


def need(call: Call, channel: Channel, name: str, *, code: int = 50013) -> None:
    """Require a permission of the bot in a channel. Raises ApiError."""
    if not call.world.can(channel, call.world.bot.id, name):
        raise api_error(code)


class RestApi:
    """Serves the routes of the API on an aiohttp application."""

    def __init__(
        self, world: World, gateway: Gateway, faults: FaultQueue, limits: RateLimits
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._faults = faults
        self._limits = limits
        self.closing = asyncio.Event()

    def mount(self, app: web.Application, routes: tuple[Route, ...]) -> None:
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._serve(route))
        app.router.add_route("*", "/api/{rest:.*}", self._unknown)

    async def _unknown(self, request: web.Request) -> web.Response:
        self._record(request, 404)
        return _json(404, {"message": "404: Not Found", "code": 0})

    def _record(self, request: web.Request, status: int, **more: Any) -> None:
        path = request.path.removeprefix(PREFIX)
        self._world.journal.append(
            "discord.request", method=request.method, path=path, status=status, **more
        )

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            fault = self._faults.take(request.method, request.path.removeprefix(PREFIX))
            if fault is not None and fault.kind != "lost":
                self._record(request, 0, fault=fault.kind)
                return await self._fail(request, fault)
            response = await self._answer(route, request)
            if fault is not None:
                self._record(request, response.status, fault="lost")
                return _cut(request)
            self._record(request, response.status)
            return response

        return serve

    async def _fail(self, request: web.Request, fault: Fault) -> web.Response:
        if fault.kind == "rate_limit":
            headers, body = refusal(fault.retry_after, fault.scope, via=fault.via)
            return _json(429, body, headers)
        if fault.kind == "error":
            return _json(fault.status, {"message": f"{fault.status}: Server Error", "code": 0})
        if fault.kind == "timeout":
            await self.closing.wait()
        return _cut(request)

    async def _answer(self, route: Route, request: web.Request) -> web.Response:
        expected = f"Bot {self._world.token}"
        if route.needs_token and request.headers.get("Authorization") != expected:
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        params = dict(request.match_info)
        headers, refused = self._limits.spend(route.bucket, params.get(route.major or "", ""))
        if refused is not None:
            return _json(429, refused, headers)
        call = Call(self._world, self._gateway, params, dict(request.query))
        try:
            await _read_body(request, call)
            result = route.handler(call)
        except ApiError as fault:
            return _json(fault.status, fault.body(), headers)
        if result is None:
            return web.Response(status=204, headers=headers)
        status, body = result if isinstance(result, tuple) else (200, result)
        return _json(status, body, headers)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    # Clients compare the content type literally, so no charset may follow it.
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _read_body(request: web.Request, call: Call) -> None:
    if request.method in ("GET", "DELETE"):
        return
    if request.content_type.startswith("multipart/"):
        await _read_multipart(request, call)
        return
    raw = await request.read()
    if raw:
        call.body = _parse(raw)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise api_error(50109) from None


async def _read_multipart(request: web.Request, call: Call) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            call.body = _parse(content)
        elif part.filename:
            if len(content) > UPLOAD_MOST:
                raise api_error(40005)
            number = len(call.files)
            name = part.name or ""
            if name.startswith("files[") and name[6:-1].isdigit():
                number = int(name[6:-1])
            kind = part.headers.get("Content-Type", "application/octet-stream")
            call.files[number] = Upload(part.filename, content, kind)
    if call.body is None:
        call.body = {}


def keep_upload(world: World, channel_id: int, upload: Upload) -> dict[str, Any]:
    """Store a file and return its attachment object."""
    number = world.snowflake()
    world.attachments[number] = upload.content
    url = f"{world.base_url}/_cdn/attachments/{channel_id}/{number}/{upload.filename}"
    return {
        "id": str(number),
        "filename": upload.filename,
        "size": len(upload.content),
        "url": url,
        "proxy_url": url,
        "content_type": upload.content_type,
    }


def attachments(
    call: Call, channel_id: int, body: dict[str, Any], kept: list[dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """The attachments that a body with files leaves on a message; None: as they were."""
    listed = body.get("attachments")
    if listed is None and not call.files:
        return None
    if listed is None:
        return kept + [
            keep_upload(call.world, channel_id, call.files[n]) for n in sorted(call.files)
        ]
    known = {item["id"]: item for item in kept}
    result = []
    for entry in listed:
        number = str(entry.get("id"))
        if number in known:
            result.append(known[number])
        elif number.isdigit() and int(number) in call.files:
            stored = keep_upload(call.world, channel_id, call.files[int(number)])
            result.append(stored | {k: entry[k] for k in ("description",) if entry.get(k)})
    return result
