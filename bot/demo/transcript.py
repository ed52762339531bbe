"""Conversations as text, from what the platforms were told to show."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One message: who said what, how deep in a thread; `only_for` names its only reader."""

    author: str
    text: str
    depth: int = 0
    only_for: str | None = None


def read_slack(entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Line]:
    """The messages of a channel, replies below what they answer."""
    return list(_walk_slack(entries, names, 0))


def _walk_slack(
    entries: Sequence[Mapping[str, Any]], names: Mapping[str, str], depth: int
) -> Iterator[Line]:
    for entry in entries:
        own = "\n\n".join(filter(None, map(_slack_block, entry["blocks"]))) or entry["text"]
        text = entry["text"] if not entry["is_bot"] else own
        reader = names.get(entry["visible_to"] or "", entry["visible_to"])
        yield Line(entry["user_name"], _plain_slack(text, names), depth, reader)
        yield from _walk_slack(entry["replies"], names, depth + 1)


def _slack_block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "markdown":
            return str(block["text"])
        case "section" | "header":
            fields = [field["text"] for field in block.get("fields", [])]
            return "\n".join([(block.get("text") or {}).get("text", ""), *fields]).strip()
        case "context":
            return "  ".join(str(part.get("text", "")) for part in block["elements"])
        case "rich_text":
            return "\n".join(_rich_text(part) for part in block["elements"])
        case _:
            return ""


def _rich_text(part: Mapping[str, Any]) -> str:
    if "elements" not in part:
        text = str(part.get("text") or part.get("url") or "")
        return f"`{text}`" if (part.get("style") or {}).get("code") else text
    children = [_rich_text(child) for child in part["elements"]]
    match part["type"]:
        case "rich_text_list":
            sign = "{}. " if part.get("style") == "ordered" else "• "
            margin = "  " * int(part.get("indent", 0))
            return "\n".join(
                margin + sign.format(number) + child for number, child in enumerate(children, 1)
            )
        case _:
            return "".join(children)


def _plain_slack(text: str, names: Mapping[str, str]) -> str:
    text = re.sub(r"<@(\w+)>", lambda found: "@" + names.get(found[1], found[1]), text)
    text = re.sub(r"<([^|<>\s]+)\|([^<>]+)>", r"\2 (\1)", text)
    text = re.sub(r"<(https?://[^<>\s]+)>", r"\1", text)
    for coded, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(coded, plain)
    return text.strip()


def read_discord(entries: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Line]:
    """The messages of a channel; a reply stands one step in."""
    return list(_walk_discord(entries, names, 0))


def _walk_discord(
    entries: Sequence[Mapping[str, Any]], names: Mapping[str, str], depth: int
) -> Iterator[Line]:
    for entry in entries:
        if "text" in entry:
            step = 1 if entry.get("reply_to") or entry.get("command") else 0
            if entry.get("command"):
                yield Line(str(entry["asked_by"]), f"/{entry['command']}", depth)
            if entry.get("deleted"):
                continue
            text = _plain_discord(entry["text"], names)
            yield Line(entry["author"], text, depth + step, entry.get("only_for"))
        if "thread" in entry:
            yield from _walk_discord(entry["thread"]["messages"], names, depth + 1)


def _plain_discord(text: str, names: Mapping[str, str]) -> str:
    text = re.sub(r"<@!?(\d+)>", lambda found: "@" + names.get(found[1], found[1]), text)
    label = r"\[((?:\\.|[^\[\]\\])+|\[\d+\])\]"
    text = re.sub(label + r"\(<?(https?://[^)>\s]+)>?\)", r"\1 (\2)", text)
    text = re.sub(r"^(?:-#|###) |(?<!\\)\*\*", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\([^A-Za-z0-9\s])", r"\1", text).replace("\u200b", "")
    return text.strip()


def render_lines(lines: Sequence[Line]) -> str:
    """A channel for a terminal."""
    shown = []
    for line in lines:
        margin = "    " * (line.depth + 1)
        reader = f"  (only {line.only_for} sees this)" if line.only_for else ""
        shown.append(f"{margin}{line.author}:{reader}")
        shown.extend(f"{margin}  {part}".rstrip() for part in line.text.splitlines())
        shown.append("")
    return "\n".join(shown)
