"""The HTTP server."""

import asyncio
import json
from typing import Any, Self

from aiohttp import web

from ..journal import Journal
from .bedrock import Bedrock
from .dialects import Anthropic, Dialect, Google, Ollama, OpenAi
from .script import Fault, Reply, Request, Script, load_script


class ChatModelServer:
    """Answers as the script says; use as an async context manager.

    Journal: `request` for each request, `reply` when one was sent whole, `fault` when one went
    wrong by script, `left` when the client went away before the end.
    """

    def __init__(self, script: Script | None = None, *, port: int = 0) -> None:
        self.script = script or Script()
        self.journal = Journal()
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.url = ""

    @property
    def openai_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, oldest first."""
        return [entry.data["request"] for entry in self.journal.of_kind("request")]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 * 2**20)
        app.on_response_prepare.append(_close_after)
        app.router.add_post("/v1/chat/completions", self._handler(OpenAi))
        azure = "/openai/deployments/{deployment}/chat/completions"
        app.router.add_post(azure, self._handler(OpenAi))
        app.router.add_post("/v1/messages", self._handler(Anthropic))
        app.router.add_post("/api/chat", self._handler(Ollama))
        app.router.add_post("/v1beta/models/{model}:{method}", self._handler(Google))
        app.router.add_post("/model/{model}/{method:converse(-stream)?}", self._handler(Bedrock))
        app.router.add_get("/_emulator/journal", self._show_journal)
        app.router.add_put("/_emulator/script", self._replace_script)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def _handler(self, dialect: Dialect) -> Any:
        async def handle(http: web.Request) -> web.StreamResponse:
            try:
                body = {**_read_path(http), **await http.json()}
                request = dialect.read(body, dict(http.headers))
            except (KeyError, TypeError, ValueError) as error:
                refusal = dialect.error(Fault("status", 400, message=f"bad request: {error!r}"))
                return web.json_response(refusal, status=400)
            self.journal.append("request", request=request)
            try:
                return await self._answer(http, dialect, request)
            except (asyncio.CancelledError, ConnectionResetError):
                self.journal.append("left", model=request.model)
                raise

        return handle

    async def _answer(
        self, http: web.Request, dialect: Dialect, request: Request
    ) -> web.StreamResponse:
        rule = self.script.choose(request)
        if rule is None:
            unmatched = Fault("status", 500, message=f"no rule for: {request.last[:200]}")
            self.journal.append("unmatched", last=request.last)
            return web.json_response(dialect.error(unmatched), status=500)
        if rule.delay:
            await asyncio.sleep(rule.delay)
        reply = rule.reply(request) if callable(rule.reply) else rule.reply
        fault = rule.fault
        if fault is not None:
            self.journal.append("fault", fault=fault.kind, status=fault.status)
            if fault.kind == "status":
                return _refuse(dialect, fault)
            if fault.kind == "broken_json" and not request.stream:
                return web.Response(
                    body=b'{"id": "x", "choices": [{', content_type="application/json"
                )
        if request.stream:
            return await self._stream(http, dialect, request, reply, fault)
        if fault is not None:
            await self._break_off(http, fault)
        response = web.json_response(dialect.write(request, reply))
        self.journal.append("reply", model=request.model, text=reply.content)
        return response

    async def _stream(
        self,
        http: web.Request,
        dialect: Dialect,
        request: Request,
        reply: Reply,
        fault: Fault | None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": dialect.media_type})
        await response.prepare(http)
        for at, piece in enumerate(dialect.stream(request, reply)):
            if fault is not None and at >= fault.after:
                if fault.kind == "broken_json":
                    await response.write(b'data: {"choices": [{"delta": \n\n')
                await self._break_off(http, fault)
            if reply.pause:
                await asyncio.sleep(reply.pause)
            await response.write(piece)
        await response.write_eof()
        self.journal.append("reply", model=request.model, text=reply.content)
        return response

    async def _break_off(self, http: web.Request, fault: Fault) -> None:
        """Hold the connection in silence, or cut it. Does not return."""
        if fault.kind == "stall":
            await self._closing.wait()
        if http.transport is not None:
            http.transport.abort()
        raise ConnectionResetError("cut by script")

    async def _show_journal(self, _: web.Request) -> web.Response:
        entries = [
            {"seq": entry.seq, "kind": entry.kind, **_plain(dict(entry.data))}
            for entry in self.journal.entries
        ]
        return web.json_response(entries)

    async def _replace_script(self, http: web.Request) -> web.Response:
        try:
            self.script = load_script(await http.json())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"rules": len(self.script.rules)})


async def _close_after(_: web.Request, response: web.StreamResponse) -> None:
    """Keep no connection open: the SDKs never close theirs, and would leave them to the loop."""
    response.force_close()
    response.headers["Connection"] = "close"


def _read_path(http: web.Request) -> dict[str, Any]:
    """What Google and Bedrock have in the address, and others in the body."""
    if "method" not in http.match_info:
        return {}
    streams = http.match_info["method"] in {"streamGenerateContent", "converse-stream"}
    return {"model": http.match_info["model"], "stream": streams}


def _refuse(dialect: Dialect, fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return web.json_response(dialect.error(fault), status=fault.status, headers=headers)


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    request = data.pop("request", None)
    if request is not None:
        data |= {
            "dialect": request.dialect,
            "model": request.model,
            "messages": list(request.messages),
            "stream": request.stream,
            "schema": request.schema_name,
            "tools": list(request.tools),
        }
    json.dumps(data)
    return data
