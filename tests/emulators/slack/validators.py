"""Slack's limits on what an app may send, with the codes that Slack answers.

Sources: the vendor's Block Kit reference and method pages, and the limits in slack_sdk's models.
Lengths are in characters.
"""

import json
from collections.abc import Callable
from typing import Any

from .elements import Problems, check_element, check_text_object
from .errors import SlackError, invalid_arguments, invalid_blocks

TEXT_LIMIT = 40_000
UPDATE_TEXT_LIMIT = 4_000
MARKDOWN_LIMIT = 12_000
MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
METADATA_BYTES = 16_000
MESSAGE_BYTES = 13_200
"""Of the JSON of all blocks; Slack does not state it, and refuses somewhat above it. A table has
limits of its own, which are stated."""
TASK_STATES = ("pending", "in_progress", "complete", "error")

_ACTION_ELEMENTS = frozenset(
    [
        "button",
        "static_select",
        "external_select",
        "users_select",
        "conversations_select",
        "channels_select",
        "multi_static_select",
        "multi_external_select",
        "multi_users_select",
        "multi_conversations_select",
        "multi_channels_select",
        "overflow",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "checkboxes",
        "radio_buttons",
        "rich_text_input",
        "workflow_button",
    ]
)
_INPUT_ELEMENTS = (_ACTION_ELEMENTS - {"button", "overflow", "workflow_button"}) | frozenset(
    ["plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input"]
)
_MESSAGE_ONLY = frozenset(["markdown", "table", "context_actions", "plan", "task_card"])
_RICH_LEAVES = frozenset(
    ["text", "link", "user", "usergroup", "channel", "broadcast", "emoji", "date", "color", "team"]
)
_RICH_PARTS = frozenset(
    ["rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"]
)


def check_text(text: str, limit: int = TEXT_LIMIT) -> None:
    """Refuse a message text over the limit."""
    if len(text) > limit:
        raise SlackError("msg_too_long")


def check_content(text: str, blocks: list[Any], attachments: list[Any], files: list[Any]) -> None:
    """Refuse a message without anything to show."""
    if not (text.strip() or blocks or attachments or files):
        raise SlackError("no_text")


def check_metadata(metadata: Any) -> dict[str, Any] | None:
    """The metadata, if it has the right form and is not too large."""
    if metadata in (None, "", {}):
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if "entities" not in metadata:
        kind, payload = metadata.get("event_type"), metadata.get("event_payload")
        if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
            raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def check_blocks(blocks: Any, *, surface: str = "message") -> list[dict[str, Any]]:
    """The blocks, each with a block_id, or `invalid_blocks` saying what is wrong where."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    problems = Problems()
    limit = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > limit:
        problems.add(f"no more than {limit} items allowed", "/blocks")
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        pointer = f"/blocks/{index}"
        _check_block_id(block, seen, pointer, problems)
        _check_block(block, pointer, problems, surface)
    if sum(block.get("type") == "table" for block in blocks) > 1:
        problems.add("only_one_table_allowed", "/blocks")
    if problems:
        raise invalid_blocks(*problems)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    counted = [block for block in blocks if block["type"] != "table"]
    size = len(json.dumps(counted, ensure_ascii=False).encode()) if surface == "message" else 0
    if markdown > MARKDOWN_LIMIT or size - markdown > MESSAGE_BYTES:
        raise SlackError("msg_blocks_too_long")
    return [
        {**block, "block_id": block.get("block_id") or f"b{n}"} for n, block in enumerate(blocks)
    ]


def check_chunks(chunks: Any) -> list[dict[str, Any]]:
    """The chunks of a streaming call, or `invalid_chunks`."""
    if not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    if sum(len(c.get("text") or "") for c in chunks if isinstance(c, dict)) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long")
    problems = Problems()
    for index, chunk in enumerate(chunks):
        _check_chunk(chunk, f"/chunks/{index}", problems)
    if problems:
        raise SlackError(
            "invalid_chunks",
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )
    return chunks


def check_options(options: Any) -> list[dict[str, Any]]:
    """The options for an external select, or `invalid_options`: 100 at most, there may be none."""
    problems = Problems()
    if options:
        check_element(
            {"type": "static_select", "options": options},
            "",
            problems,
            frozenset({"static_select"}),
        )
    if problems or not isinstance(options, list):
        raise SlackError("invalid_options", errors=list(problems))
    return options


def check_view(view: Any) -> dict[str, Any]:
    """The definition of a modal or a Home tab, or `invalid_arguments`/`invalid_blocks`."""
    if not isinstance(view, dict):
        raise invalid_arguments("failed to match all allowed schemas [json-pointer:/view]")
    problems = Problems()
    kind = view.get("type")
    if kind not in ("modal", "home"):
        problems.add("must be one of: modal, home", "/view/type")
    if kind == "modal":
        problems.text(view.get("title"), "/view/title", limit=24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                problems.text(view[name], f"/view/{name}", limit=24, plain=True)
    if kind == "home" and (unknown := view.keys() & {"title", "submit", "close"}):
        problems.add(f"no more keys allowed: {', '.join(sorted(unknown))}", "/view")
    for name, limit in (("callback_id", 255), ("private_metadata", 3000), ("external_id", 255)):
        if len(view.get(name) or "") > limit:
            problems.add(f"must be less than {limit + 1} characters", f"/view/{name}")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        problems.add("missing required field: blocks", "/view")
        blocks = []
    if kind == "modal" and not view.get("submit") and any(b.get("type") == "input" for b in blocks):
        problems.add("missing required field: submit", "/view")
    if problems:
        raise invalid_arguments(*problems)
    if len(json.dumps(view)) > 250_000:
        raise SlackError("view_too_large")
    return {**view, "blocks": check_blocks(blocks, surface=str(kind))}


def _check_block_id(
    block: dict[str, Any], seen: set[str], pointer: str, problems: Problems
) -> None:
    block_id = block.get("block_id")
    if block_id is None:
        return
    if not isinstance(block_id, str) or not 0 < len(block_id) <= 255:
        problems.add("must be less than 256 characters", f"{pointer}/block_id")
    elif block_id in seen:
        problems.add(f"block_id already exists: {block_id}", f"{pointer}/block_id")
    else:
        seen.add(block_id)


def _check_block(block: dict[str, Any], pointer: str, problems: Problems, surface: str) -> None:
    kind = block.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None or (kind in _MESSAGE_ONLY and surface != "message"):
        problems.add(f"unsupported type: {kind}", f"{pointer}/type")
    else:
        check(block, pointer, problems)


def _section(block: dict[str, Any], at: str, problems: Problems) -> None:
    text, fields = block.get("text"), block.get("fields")
    if text is None and not fields:
        problems.add("must define either `fields` or `text`", at)
    if text is not None:
        problems.text(text, f"{at}/text", limit=3000)
    if fields is not None and problems.items(fields, f"{at}/fields", 10):
        for index, item in enumerate(fields):
            problems.text(item, f"{at}/fields/{index}", limit=2000)
    if block.get("accessory") is not None:
        allowed = _ACTION_ELEMENTS | {"image"}
        check_element(block["accessory"], f"{at}/accessory", problems, allowed)


def _header(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.text(block.get("text"), f"{at}/text", limit=150, plain=True)


def _markdown(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.string(block.get("text"), f"{at}/text", MARKDOWN_LIMIT)


def _divider(block: dict[str, Any], at: str, problems: Problems) -> None:
    del block, at, problems


def _image(block: dict[str, Any], at: str, problems: Problems) -> None:
    check_element(block, at, problems, frozenset({"image"}))
    if block.get("title") is not None:
        problems.text(block["title"], f"{at}/title", limit=2000, plain=True)


def _context(block: dict[str, Any], at: str, problems: Problems) -> None:
    elements = block.get("elements")
    if not problems.items(elements, f"{at}/elements", 10):
        return
    for index, element in enumerate(elements or []):
        where = f"{at}/elements/{index}"
        if isinstance(element, dict) and element.get("type") in ("mrkdwn", "plain_text"):
            check_text_object(element, where, problems, limit=3000)
        else:
            check_element(element, where, problems, frozenset({"image"}))


def _elements(
    limit: int, allowed: frozenset[str]
) -> Callable[[dict[str, Any], str, Problems], None]:
    def check(block: dict[str, Any], at: str, problems: Problems) -> None:
        elements = block.get("elements")
        if not problems.items(elements, f"{at}/elements", limit):
            return
        seen: set[str] = set()
        for index, element in enumerate(elements or []):
            where = f"{at}/elements/{index}"
            check_element(element, where, problems, allowed)
            action_id = element.get("action_id") if isinstance(element, dict) else None
            if isinstance(action_id, str) and action_id in seen:
                problems.add(f"action_id already exists: {action_id}", f"{where}/action_id")
            seen.add(str(action_id))

    return check


def _input(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.text(block.get("label"), f"{at}/label", limit=2000, plain=True)
    if block.get("hint") is not None:
        problems.text(block["hint"], f"{at}/hint", limit=2000, plain=True)
    check_element(block.get("element"), f"{at}/element", problems, _INPUT_ELEMENTS)


def _rich_text(block: dict[str, Any], at: str, problems: Problems) -> None:
    elements = block.get("elements")
    if not isinstance(elements, list):
        problems.add("missing required field: elements", at)
        return
    for index, element in enumerate(elements):
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in _RICH_PARTS:
            problems.add(f"unsupported type: {kind}", f"{at}/elements/{index}/type")
        else:
            _check_rich_part(element, f"{at}/elements/{index}", problems)


def _check_rich_part(part: dict[str, Any], at: str, problems: Problems) -> None:
    children = part.get("elements")
    if not isinstance(children, list):
        problems.add("missing required field: elements", at)
        return
    if part["type"] == "rich_text_list" and part.get("style") not in ("bullet", "ordered"):
        problems.add("must be one of: bullet, ordered", f"{at}/style")
    for index, child in enumerate(children):
        where = f"{at}/elements/{index}"
        kind = child.get("type") if isinstance(child, dict) else None
        if part["type"] == "rich_text_list":
            if kind != "rich_text_section":
                problems.add(f"unsupported type: {kind}", f"{where}/type")
            else:
                _check_rich_part(child, where, problems)
        elif kind not in _RICH_LEAVES:
            problems.add(f"unsupported type: {kind}", f"{where}/type")
        elif kind == "text" or "text" in child:
            problems.string(child.get("text"), f"{where}/text", MESSAGE_BYTES)
        if kind == "link":
            problems.string(child.get("url"), f"{where}/url", 3000)


def _table(block: dict[str, Any], at: str, problems: Problems) -> None:
    rows = block.get("rows")
    if not problems.items(rows, f"{at}/rows", 100):
        return
    for index, row in enumerate(rows or []):
        if not problems.items(row, f"{at}/rows/{index}", 20):
            continue
        for column, cell in enumerate(row):
            kind = cell.get("type") if isinstance(cell, dict) else None
            if kind not in ("raw_text", "raw_number", "rich_text"):
                problems.add(f"unsupported type: {kind}", f"{at}/rows/{index}/{column}/type")


def _video(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.text(block.get("title"), f"{at}/title", limit=200, plain=True)
    for name in ("alt_text", "thumbnail_url", "video_url"):
        problems.string(block.get(name), f"{at}/{name}", 3000)


def _task_card(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.string(block.get("task_id"), f"{at}/task_id", 255)
    problems.string(block.get("title"), f"{at}/title", 256)
    if block.get("status") not in TASK_STATES:
        problems.add(f"must be one of: {', '.join(TASK_STATES)}", f"{at}/status")
    for name in ("details", "output"):
        part = block.get(name)
        if part is not None and (not isinstance(part, dict) or part.get("type") != "rich_text"):
            problems.add("must be a rich_text block", f"{at}/{name}")


def _plan(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.string(block.get("title"), f"{at}/title", 256)
    for index, task in enumerate(block.get("tasks") or []):
        _task_card(task, f"{at}/tasks/{index}", problems)


def _alert(block: dict[str, Any], at: str, problems: Problems) -> None:
    problems.text(block.get("text"), f"{at}/text", limit=3000)
    if block.get("level", "default") not in ("default", "info", "warning", "error", "success"):
        problems.add("must be one of: default, info, warning, error, success", f"{at}/level")


def _card(block: dict[str, Any], at: str, problems: Problems) -> None:
    if not any(block.get(name) for name in ("hero_image", "title", "actions", "body")):
        problems.add("one of hero_image, title, actions, body is required", at)
    for name, limit in (("title", 150), ("subtitle", 150), ("body", 200)):
        if block.get(name) is not None:
            problems.text(block[name], f"{at}/{name}", limit=limit)


def _carousel(block: dict[str, Any], at: str, problems: Problems) -> None:
    if problems.items(block.get("elements"), f"{at}/elements", 10):
        for index, card in enumerate(block["elements"]):
            _card(card, f"{at}/elements/{index}", problems)


def _check_chunk(chunk: Any, at: str, problems: Problems) -> None:
    kind = chunk.get("type") if isinstance(chunk, dict) else None
    if kind == "markdown_text":
        if not isinstance(chunk.get("text"), str):
            problems.add("missing required field: text", at)
    elif kind == "plan_update":
        problems.string(chunk.get("title"), f"{at}/title", 256)
    elif kind == "task_update":
        _check_task(chunk, at, problems)
    elif kind == "blocks":
        check_blocks(chunk.get("blocks"))
    else:
        problems.add(f"unsupported type: {kind}", f"{at}/type")


def _check_task(chunk: dict[str, Any], at: str, problems: Problems) -> None:
    problems.string(chunk.get("id"), f"{at}/id", 255)
    problems.string(chunk.get("title"), f"{at}/title", 256)
    if chunk.get("status") not in TASK_STATES:
        problems.add(f"must be one of: {', '.join(TASK_STATES)}", f"{at}/status")
    for name in ("details", "output"):
        if chunk.get(name) is not None:
            problems.string(chunk[name], f"{at}/{name}", 256)
    for index, source in enumerate(chunk.get("sources") or []):
        where = f"{at}/sources/{index}"
        if not isinstance(source, dict) or source.get("type") != "url":
            problems.add("unsupported type", f"{where}/type")
            continue
        problems.string(source.get("url"), f"{where}/url", 3000)
        problems.string(source.get("text"), f"{where}/text", 256)


_CHECKS: dict[str, Callable[[dict[str, Any], str, Problems], None]] = {
    "section": _section,
    "header": _header,
    "markdown": _markdown,
    "divider": _divider,
    "image": _image,
    "context": _context,
    "actions": _elements(25, _ACTION_ELEMENTS),
    "context_actions": _elements(5, frozenset({"feedback_buttons", "icon_button"})),
    "input": _input,
    "rich_text": _rich_text,
    "table": _table,
    "video": _video,
    "task_card": _task_card,
    "plan": _plan,
    "alert": _alert,
    "card": _card,
    "carousel": _carousel,
}
