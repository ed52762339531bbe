"""The wire formats: reading a request, writing a reply, a piece of a stream, an error."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .bedrock import Bedrock
from .counting import count_usage
from .script import Fault, Reply, Request

_ids = itertools.count(1)


def _flatten(content: Any) -> str:
    if isinstance(content, str) or content is None:
        return content or ""
    parts = [part if isinstance(part, str) else part.get("text", "") for part in content]
    return "".join(parts)


def _messages(raw: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"role": one["role"], "content": _flatten(one.get("content"))} for one in raw]


class OpenAi:
    """Chat completions: platform.openai.com/docs/api-reference/chat."""

    name = "openai"
    media_type = "text/event-stream"

    @staticmethod
    def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        wanted = (body.get("response_format") or {}).get("json_schema") or {}
        tools = [tool["function"]["name"] for tool in body.get("tools", ())]
        choice = body.get("tool_choice")
        forced = choice["function"]["name"] if isinstance(choice, dict) else ""
        return Request(
            "openai",
            body["model"],
            _messages(body["messages"]),
            bool(body.get("stream")),
            wanted.get("schema"),
            wanted.get("name") or forced,
            tools,
            headers,
        )

    @staticmethod
    def write(request: Request, reply: Reply) -> dict[str, Any]:
        given, made = count_usage(request, reply)
        calls = _openai_calls(request, reply)
        message: dict[str, Any] = {"role": "assistant", "content": None if calls else reply.content}
        if calls:
            message["tool_calls"] = calls
        return {
            "id": f"chatcmpl-{next(_ids)}",
            "object": "chat.completion",
            "created": 1,
            "model": request.model,
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "tool_calls" if calls else "stop",
                    "logprobs": None,
                }
            ],
            "usage": {
                "prompt_tokens": given,
                "completion_tokens": made,
                "total_tokens": given + made,
            },
        }

    @staticmethod
    def stream(request: Request, reply: Reply) -> Iterator[bytes]:
        given, made = count_usage(request, reply)
        base = {
            "id": f"chatcmpl-{next(_ids)}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": request.model,
        }

        def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return _sse({**base, "choices": [choice]})

        calls = _openai_calls(request, reply)
        if calls:
            numbered = [{"index": at, **call} for at, call in enumerate(calls)]
            yield event({"role": "assistant", "tool_calls": numbered})
        else:
            for at, piece in enumerate(reply.pieces):
                yield event(
                    {"role": "assistant", "content": piece} if at == 0 else {"content": piece}
                )
        yield event({}, "tool_calls" if calls else "stop")
        usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
        yield _sse({**base, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    @staticmethod
    def error(fault: Fault) -> dict[str, Any]:
        kind = "rate_limit_error" if fault.status == 429 else "server_error"
        return {"error": {"message": fault.message, "type": kind, "param": None, "code": None}}


def _openai_calls(request: Request, reply: Reply) -> list[dict[str, Any]]:
    calls = list(reply.tool_calls)
    if reply.data is not None and request.schema is None and request.schema_name:
        calls = [{"name": request.schema_name, "arguments": reply.data}]
    return [
        {
            "id": f"call_{next(_ids)}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"])},
        }
        for call in calls
    ]


class Anthropic:
    """Messages: docs.anthropic.com/en/api/messages."""

    name = "anthropic"
    media_type = "text/event-stream"

    @staticmethod
    def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        messages = _messages(body["messages"])
        if body.get("system"):
            messages.insert(0, {"role": "system", "content": _flatten(body["system"])})
        choice = body.get("tool_choice") or {}
        tools = [tool["name"] for tool in body.get("tools", ())]
        return Request(
            "anthropic",
            body["model"],
            messages,
            bool(body.get("stream")),
            None,
            choice.get("name", ""),
            tools,
            headers,
        )

    @staticmethod
    def write(request: Request, reply: Reply) -> dict[str, Any]:
        given, made = count_usage(request, reply)
        calls = list(reply.tool_calls)
        if reply.data is not None and request.schema_name:
            calls = [{"name": request.schema_name, "arguments": reply.data}]
        content: list[dict[str, Any]] = [
            {
                "type": "tool_use",
                "id": f"toolu_{next(_ids)}",
                "name": call["name"],
                "input": call["arguments"],
            }
            for call in calls
        ] or [{"type": "text", "text": reply.content}]
        return {
            "id": f"msg_{next(_ids)}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": content,
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": given, "output_tokens": made},
        }

    @staticmethod
    def stream(request: Request, reply: Reply) -> Iterator[bytes]:
        whole = Anthropic.write(request, reply)
        usage = whole["usage"]
        opening = {**whole, "content": [], "stop_reason": None}
        opening["usage"] = {"input_tokens": usage["input_tokens"], "output_tokens": 0}
        yield _event("message_start", {"message": opening})
        yield _event(
            "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
        )
        for piece in reply.pieces:
            delta = {"type": "text_delta", "text": piece}
            yield _event("content_block_delta", {"index": 0, "delta": delta})
        yield _event("content_block_stop", {"index": 0})
        ended = {"stop_reason": "end_turn", "stop_sequence": None}
        used = {"output_tokens": usage["output_tokens"]}
        yield _event("message_delta", {"delta": ended, "usage": used})
        yield _event("message_stop", {})

    @staticmethod
    def error(fault: Fault) -> dict[str, Any]:
        kind = "rate_limit_error" if fault.status == 429 else "api_error"
        return {"type": "error", "error": {"type": kind, "message": fault.message}}


class Ollama:
    """Chat: github.com/ollama/ollama, docs/api.md."""

    name = "ollama"
    media_type = "application/x-ndjson"

    @staticmethod
    def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        wanted = body.get("format")
        schema = wanted if isinstance(wanted, dict) else None
        return Request(
            "ollama",
            body["model"],
            _messages(body["messages"]),
            bool(body.get("stream", True)),
            schema,
            (schema or {}).get("title", ""),
            [tool["function"]["name"] for tool in body.get("tools") or ()],
            headers,
        )

    @staticmethod
    def write(request: Request, reply: Reply) -> dict[str, Any]:
        given, made = count_usage(request, reply)
        return {
            "model": request.model,
            "created_at": "2024-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": reply.content},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": given,
            "eval_count": made,
        }

    @staticmethod
    def stream(request: Request, reply: Reply) -> Iterator[bytes]:
        last = Ollama.write(request, Reply(input_tokens=0, output_tokens=0))
        given, made = count_usage(request, reply)
        base = {"model": request.model, "created_at": "2024-01-01T00:00:00Z", "done": False}
        for piece in reply.pieces:
            line = {**base, "message": {"role": "assistant", "content": piece}}
            yield json.dumps(line).encode() + b"\n"
        yield json.dumps({**last, "prompt_eval_count": given, "eval_count": made}).encode() + b"\n"

    @staticmethod
    def error(fault: Fault) -> dict[str, Any]:
        return {"error": fault.message}


class Google:
    """Gemini: ai.google.dev/api/generate-content."""

    name = "google"
    media_type = "text/event-stream"

    @staticmethod
    def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        system = body.get("systemInstruction") or {}
        turns = [{"role": "system", **system}] if system else []
        turns += [{**turn, "role": turn.get("role", "user")} for turn in body["contents"]]
        generation = body.get("generationConfig") or {}
        schema = generation.get("responseJsonSchema") or generation.get("responseSchema")
        declared = [
            function["name"]
            for tool in body.get("tools") or ()
            for function in tool.get("functionDeclarations") or ()
        ]
        return Request(
            "google",
            body["model"],
            [{"role": turn["role"], "content": _flatten(turn["parts"])} for turn in turns],
            bool(body["stream"]),
            schema,
            (schema or {}).get("title", ""),
            declared,
            headers,
        )

    @staticmethod
    def write(request: Request, reply: Reply) -> dict[str, Any]:
        given, made = count_usage(request, reply)
        parts: list[dict[str, Any]] = [
            {"functionCall": {"name": call["name"], "args": call["arguments"]}}
            for call in reply.tool_calls
        ] or [{"text": reply.content}]
        return {
            "candidates": [
                {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
            ],
            "modelVersion": request.model,
            "usageMetadata": {
                "promptTokenCount": given,
                "candidatesTokenCount": made,
                "totalTokenCount": given + made,
            },
        }

    @staticmethod
    def stream(request: Request, reply: Reply) -> Iterator[bytes]:
        whole = Google.write(request, reply)
        for piece in reply.pieces:
            content = {"role": "model", "parts": [{"text": piece}]}
            yield _sse({"candidates": [{"content": content, "index": 0}]})
        ending = {"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP"}
        yield _sse({**whole, "candidates": [{**ending, "index": 0}]})

    @staticmethod
    def error(fault: Fault) -> dict[str, Any]:
        status = "RESOURCE_EXHAUSTED" if fault.status == 429 else "INTERNAL"
        return {"error": {"code": fault.status, "message": fault.message, "status": status}}


def _sse(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


Dialect = type[OpenAi] | type[Anthropic] | type[Ollama] | type[Google] | type[Bedrock]
