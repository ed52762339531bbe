"""The Web API over HTTP: arguments, tokens, scopes, faults, and the table of methods."""

import asyncio
import json
import math
import socket
import struct
from typing import Any

from aiohttp import web

from . import methods_apps, methods_chat, methods_reading, methods_streams
from .backend import Backend
from .calls import Call, Method
from .errors import RateLimited, SlackError
from .faults import Fault
from .installing import Installing, read_client

METHODS: dict[str, Method] = {
    **methods_apps.METHODS,
    **methods_chat.METHODS,
    **methods_reading.METHODS,
    **methods_streams.METHODS,
}
_STREAMING = frozenset(methods_streams.METHODS)
_JSON_ARGUMENTS = ("blocks", "attachments", "metadata", "view", "prompts", "chunks",
                   "loading_messages")  # fmt: skip


class WebApi:
    """Serves /api/METHOD, response_urls and the pages of installations, for all workspaces."""

    def __init__(self, backends: list[Backend]) -> None:
        self._backends = backends
        self._backend = backends[0]
        self._installing = Installing(backends)
        self._closing = asyncio.Event()
        self._next_calls: dict[tuple[str, str], float] = {}

    def routes(self) -> list[web.RouteDef]:
        """The routes of the API."""
        return [
            web.route("*", "/api/{method}", self._handle),
            web.post("/response/{team}/{key}", self._handle_response_url),
            web.get("/files/{id}/{name}", self._handle_file),
            web.get("/oauth/v2/authorize", self._installing.handle_consent),
        ]

    def close(self) -> None:
        """Let calls that hang because of a fault end."""
        self._closing.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        fault = self._backend.faults.take(name)
        if fault is not None and (spoiled := await self._strike(request, name, fault)) is not None:
            return spoiled
        try:
            args, token = await _arguments(request)
        except SlackError as refusal:
            return web.json_response(refusal.body())
        if name == "oauth.v2.access":
            args |= read_client(request.headers.get("Authorization", ""))
        try:
            body, scopes = self._call(name, args, token)
        except RateLimited as limit:
            self._backend.journal.append("api.limited", method=name, retry_after=limit.retry_after)
            return _limit(limit.retry_after)
        self._backend.journal.append(
            "api.called", method=name, args=args, ok=body["ok"], error=body.get("error"),
            ts=body.get("ts"),
        )  # fmt: skip
        if fault is not None and fault.kind == "lost_response":
            return _reset(request)
        headers = {"x-oauth-scopes": ",".join(sorted(scopes))} if scopes else {}
        return web.json_response(body, headers=headers)

    def _call(
        self, name: str, args: dict[str, Any], token: str | None
    ) -> tuple[dict[str, Any], set[str]]:
        scopes: set[str] = set()
        try:
            if name == "oauth.v2.access":
                return {"ok": True, **self._installing.exchange(args)}, scopes
            method = METHODS.get(name)
            if method is None or (name in _STREAMING and not self._backend.app.streaming):
                raise SlackError("unknown_method", req_method=name)
            backend, scopes = self._authorize(token, method, args)
            call = Call(backend, args, scopes)
            call.require(*method.scopes)
            if method.rationed and backend.app.rationed:
                self._ration(backend, name)
            return {"ok": True, **method.run(call)}, scopes
        except RateLimited:
            raise
        except SlackError as refusal:
            return refusal.body(), scopes

    def _ration(self, backend: Backend, name: str) -> None:
        """Let an app of a workspace call a method once a minute."""
        now, key = backend.clock.now(), (backend.workspace.team_id, name)
        if (left := self._next_calls.get(key, 0.0) - now) > 0:
            raise RateLimited(math.ceil(left))
        self._next_calls[key] = now + 60

    def _authorize(
        self, token: str | None, method: Method, args: dict[str, Any]
    ) -> tuple[Backend, set[str]]:
        """The workspace that a call is for, and what its token may do."""
        if not token:
            raise SlackError("not_authed")
        served = [
            each for each in self._backends if token in (each.app.bot_token, each.app.app_token)
        ]
        if not served:
            raise SlackError("token_revoked" if token in self._installing.gone else "invalid_auth")
        backend = _find_meant(served, args)
        app = backend.app
        if not app.installed:
            raise SlackError("account_inactive")
        if method.app_token != (token == app.app_token):
            raise SlackError("not_allowed_token_type")
        return backend, app.app_token_scopes if method.app_token else app.scopes

    async def _strike(
        self, request: web.Request, name: str, fault: Fault
    ) -> web.StreamResponse | None:
        self._backend.journal.append("api.spoiled", method=name, kind=fault.kind)
        if fault.kind == "rate_limited":
            return _limit(fault.retry_after)
        if fault.kind == "server_error":
            return web.Response(status=fault.status, text="<html>upstream error</html>")
        if fault.kind == "error":
            return web.json_response({"ok": False, "error": fault.code})
        if fault.kind == "reset":
            return _reset(request)
        if fault.kind == "timeout":
            try:
                async with asyncio.timeout(fault.seconds):
                    await self._closing.wait()
            except TimeoutError:
                return web.Response(status=504)
            return _reset(request)
        return None  # lost_response strikes after the call

    async def _handle_response_url(self, request: web.Request) -> web.StreamResponse:
        fault = self._backend.faults.take("response_url")
        if fault is not None:
            spoiled = await self._strike(request, "response_url", fault)
            if spoiled is not None:
                return spoiled
        error, status = None, 200
        try:
            body = await request.json()
            team, key = request.match_info["team"], request.match_info["key"]
            meant = [each for each in self._backends if each.workspace.team_id == team]
            (meant or self._backends)[0].interactions.use_response_url(key, body)
        except ValueError:
            error, status = "invalid_payload", 400
        except SlackError as refusal:
            error = refusal.code
            status = 404 if error in ("expired_url", "used_url", "invalid_url") else 400
        self._backend.journal.append("api.called", method="response_url", error=error)
        if fault is not None:
            return _reset(request)
        if error is None:
            return web.Response(text="ok")
        return web.json_response({"ok": False, "error": error}, status=status)

    async def _handle_file(self, request: web.Request) -> web.StreamResponse:
        file = self._backend.workspace.files.get(request.match_info["id"])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if file is None:
            raise web.HTTPNotFound
        if token != self._backend.app.bot_token or "files:read" not in self._backend.app.scopes:
            # Slack answers 200 with its sign-in page, a well-known trap.
            return web.Response(text="<html>Sign in to Slack</html>", content_type="text/html")
        return web.Response(body=file["content"], content_type=file["shape"]["mimetype"])


def _limit(retry_after: int) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"},
        status=429,
        headers={"Retry-After": str(retry_after)},
    )


def _find_meant(served: list[Backend], args: dict[str, Any]) -> Backend:
    """An organisation's token serves many workspaces: the one that the arguments name."""
    names = ("channel", "channel_id", "team_id", "user", "user_id")
    named = {str(args.get(name)) for name in names}
    for backend in served:
        there = backend.workspace
        if named & {there.team_id, *there.channels, *there.users}:
            return backend
    return served[0]


async def _arguments(request: web.Request) -> tuple[dict[str, Any], str | None]:
    """Arguments from query and body, and the bearer or argument token."""
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        args |= _json_object(await request.text())
    elif request.can_read_body:
        form = await request.post()
        args |= {k: v for k, v in form.items() if isinstance(v, str)}
    for name in _JSON_ARGUMENTS:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                continue  # refused by the method, with its own code
    token = args.pop("token", None)
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        token = header.removeprefix("Bearer ")
    return args, token


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection with a TCP reset; the response returned never leaves."""
    transport = request.transport
    if transport is not None:
        link = transport.get_extra_info("socket")
        if link is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
