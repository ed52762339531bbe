"""Amazon Bedrock's wire format: the Converse API, and the event stream that it streams in.

docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, and
smithy.io/2.0/aws/amazon-eventstream.html for the frames.
"""

import itertools
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from .counting import count_usage
from .script import Fault, Reply, Request

_ids = itertools.count(1)


class Bedrock:
    """Converse and ConverseStream."""

    name = "bedrock"
    media_type = "application/vnd.amazon.eventstream"

    @staticmethod
    def read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        tools = body.get("toolConfig") or {}
        forced = ((tools.get("toolChoice") or {}).get("tool") or {}).get("name", "")
        return Request(
            "bedrock",
            body["model"],
            [
                {
                    "role": turn["role"],
                    "content": "".join(part.get("text", "") for part in turn["content"]),
                }
                for turn in [*system, *body["messages"]]
            ],
            bool(body["stream"]),
            None,
            forced,
            [tool["toolSpec"]["name"] for tool in tools.get("tools", ()) if "toolSpec" in tool],
            headers,
        )

    @staticmethod
    def write(request: Request, reply: Reply) -> dict[str, Any]:
        calls = list(reply.tool_calls)
        if reply.data is not None and request.schema_name:
            calls = [{"name": request.schema_name, "arguments": reply.data}]
        content: list[dict[str, Any]] = [
            {
                "toolUse": {
                    "toolUseId": f"tooluse_{next(_ids)}",
                    "name": call["name"],
                    "input": call["arguments"],
                }
            }
            for call in calls
        ] or [{"text": reply.content}]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "tool_use" if calls else "end_turn",
            **_count(request, reply),
        }

    @staticmethod
    def stream(request: Request, reply: Reply) -> Iterator[bytes]:
        yield frame("messageStart", {"role": "assistant"})
        for piece in reply.pieces:
            yield frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})
        yield frame("contentBlockStop", {"contentBlockIndex": 0})
        yield frame("messageStop", {"stopReason": "end_turn"})
        yield frame("metadata", _count(request, reply))

    @staticmethod
    def error(fault: Fault) -> dict[str, Any]:
        return {"message": fault.message}


def frame(event: str, data: Mapping[str, Any]) -> bytes:
    """One event: lengths and their checksum, headers, JSON, and the checksum of all."""
    names = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", 7, len(value))
        + value.encode()
        for name, value in names.items()
    )
    payload = json.dumps(data).encode()
    lengths = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack("!I", crc32(lengths)) + headers + payload
    return message + struct.pack("!I", crc32(message))


def _count(request: Request, reply: Reply) -> dict[str, Any]:
    given, made = count_usage(request, reply)
    usage = {"inputTokens": given, "outputTokens": made, "totalTokens": given + made}
    return {"usage": usage, "metrics": {"latencyMs": 1}}
