"""chat.startStream, chat.appendStream, chat.stopStream."""

from typing import Any

from .calls import Call, Method
from .errors import SlackError, invalid_arguments
from .methods_chat import check_thread, writable
from .shapes import message_json, stream_text
from .state import Message, Stream
from .validators import MARKDOWN_LIMIT, check_blocks, check_chunks, check_metadata, check_text


def start(call: Call) -> dict[str, Any]:
    """chat.startStream; outside a DM the person who reads it must be named."""
    backend = call.backend
    channel = writable(call, call.channel())
    thread_ts = call.string("thread_ts") or None
    if thread_ts is None and channel.kind == "im":
        raise invalid_arguments("missing required field: thread_ts")
    if thread_ts is not None:
        check_thread(call, channel, thread_ts)
    if channel.kind != "im":
        for name in ("recipient_team_id", "recipient_user_id"):
            if not call.string(name):
                raise SlackError(f"missing_{name}")
    mode = call.string("task_display_mode") or "timeline"
    if mode not in ("timeline", "plan", "dense"):
        raise invalid_arguments("must be one of: timeline, plan [json-pointer:/task_display_mode]")
    markdown, chunks = _additions(call)
    stream = Stream(backend.clock.now(), task_display_mode=mode)
    message = Message(
        ts=backend.workspace.next_ts(), channel=channel.id, user=backend.app.bot_user,
        bot_id=backend.app.bot_id, thread_ts=thread_ts, stream=stream,
    )  # fmt: skip
    _extend(message, markdown, chunks)
    backend.post(message)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call) -> dict[str, Any]:
    """chat.appendStream."""
    message = _streaming(call)
    markdown, chunks = _additions(call)
    if not markdown and not chunks:
        raise SlackError("no_text")
    _extend(message, markdown, chunks)
    call.backend.journal.append(
        "stream.appended", channel=message.channel, ts=message.ts, text=message.text
    )
    return {"channel": message.channel, "ts": message.ts}


def stop(call: Call) -> dict[str, Any]:
    """chat.stopStream."""
    message = _streaming(call)
    markdown, chunks = _additions(call)
    blocks = check_blocks(call.args["blocks"]) if call.args.get("blocks") else []
    metadata = check_metadata(call.args.get("metadata"))
    previous = message_json(call.backend.workspace, message, metadata=False)
    assert message.stream is not None
    message.stream.blocks.extend(blocks)
    _extend(message, markdown, chunks)
    message.stream.state = "stopped"
    message.metadata = metadata
    call.backend.announce_change(message, previous)
    shape = message_json(call.backend.workspace, message)
    return {"channel": message.channel, "ts": message.ts, "message": shape}


def _additions(call: Call) -> tuple[str, list[dict[str, Any]]]:
    markdown = call.string("markdown_text")
    check_text(markdown, MARKDOWN_LIMIT)
    given = call.args.get("chunks")
    return markdown, check_chunks(given) if given else []


def _streaming(call: Call) -> Message:
    message = call.backend.workspace.message(call.channel(), call.string("ts", required=True))
    if message.user != call.backend.app.bot_user:
        raise SlackError("message_not_owned_by_app")
    stream = message.stream
    if stream is not None and stream.state == "stopped_by_user":
        raise SlackError("stopped_by_user")
    if stream is None or not stream.is_open(call.backend.clock.now()):
        raise SlackError("message_not_in_streaming_state")
    return message


def _extend(message: Message, markdown: str, chunks: list[dict[str, Any]]) -> None:
    stream = message.stream
    assert stream is not None
    stream.markdown += markdown
    for chunk in chunks:
        if chunk["type"] == "markdown_text":
            stream.markdown += chunk["text"]
        elif chunk["type"] == "plan_update":
            stream.plan_title = chunk["title"]
        elif chunk["type"] == "task_update":
            stream.tasks[chunk["id"]] = {**stream.tasks.get(chunk["id"], {}), **chunk}
        else:
            stream.blocks.extend(chunk["blocks"])
    message.text, message.blocks = stream_text(stream)


METHODS = {
    "chat.startStream": Method(start, ("chat:write",)),
    "chat.appendStream": Method(append, ("chat:write",)),
    "chat.stopStream": Method(stop, ("chat:write",)),
}
